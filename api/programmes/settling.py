"""A month of a programme settled: every call over all sites that committed to it, and capacity."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from api.document import Part
from api.figures import rounded
from api.programmes.calls import signal_id
from api.programmes.forms import KeptCommitment
from api.programmes.keeping import Book
from api.settling.inputs import case_of
from api.sites.keeping import Desk
from api.sites.settling import inputs_of
from api.store.records import Kind
from models.domain.errors import InvalidScenario, NotFound
from models.domain.programme_calls import EventCall
from models.settlement.calls import CalledEvent, SettlementRule
from models.settlement.programmes import rule_of
from optimizer.response.settling import Delivered, settle
from optimizer.response.settling.delivering import nothing_delivered
from optimizer.response.settling.portfolio import CallSettled, capacity_of, settle_call


class SiteOfCall(Part):
    """What one site did for a call."""

    site: str
    committed_kw: float
    delivered_kwh: float
    paid_kwh: float
    """Of what all sites together are paid for."""
    lacking_kwh: float
    payment: Decimal
    penalty: Decimal
    told: str = ""
    """Why nothing counts: it stayed out, or was not metered."""


class CallStatement(Part):
    """One call, over all its sites: one may shed more where another sheds less."""

    call: str
    start: datetime
    end: datetime
    committed_kw: float
    performance: float
    payment: Decimal
    penalty: Decimal
    total: Decimal
    """Without capacity."""
    sites: list[SiteOfCall]


class ProgrammeStatement(Part):
    """A month of a programme; amounts are decimal texts in cents that add up."""

    programme: str
    month: str
    currency: str
    baseline: str
    calls: list[CallStatement]
    capacity_committed_kw: float
    """The highest of the calls."""
    capacity_performance: float
    """Mean of the calls, after the dead-band."""
    capacity: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class _Measured:
    site: str
    delivered: Delivered
    told: str = ""


def programme_month(book: Book, month: str, now: datetime) -> ProgrammeStatement:
    """Settle the calls of a month that are over, by what was measured at their sites. Raises NotFound."""
    terms = book.terms
    rule = rule_of(terms)
    calls = [kept.value for kept in book.every(Kind.CALL)]
    over = [one for one in calls if not one.cancelled and one.end <= now and f"{book.day(one.start):%Y-%m}" == month]
    settled = [
        found for call in sorted(over, key=lambda one: (one.start, one.id)) if (found := _call(book, call, rule))
    ]
    kw, performance, capacity = capacity_of([one for _, one, _ in settled], rule)
    return ProgrammeStatement(
        programme=book.id,
        month=month,
        currency=rule.currency,
        baseline=rule.baseline,
        calls=[_told(*one) for one in settled],
        capacity_committed_kw=rounded(kw),
        capacity_performance=rounded(performance),
        capacity=capacity,
        total=sum((one.total for _, one, _ in settled), capacity),
    )


def _call(book: Book, call: EventCall, rule: SettlementRule) -> tuple[EventCall, CallSettled, list[_Measured]] | None:
    """None where no site committed anything."""
    measured = list(_sites(book, call, rule))
    if not measured:
        return None
    return call, settle_call([one.delivered for one in measured], rule), measured


def _sites(book: Book, call: EventCall, rule: SettlementRule) -> Iterator[_Measured]:
    for kept in book.every(Kind.COMMITMENT):
        line: KeptCommitment = kept.value
        if not kept.id.startswith(f"{call.id}/") or line.committed_kw <= 0.0:
            continue
        if not line.opted_out:
            yield _site(book, call, line, rule)
        elif rule.opt_out_is_shortfall:
            yield _Measured(line.site, nothing_delivered(_promised(book, call, line), rule), "it stayed out")


def _site(book: Book, call: EventCall, line: KeptCommitment, rule: SettlementRule) -> _Measured:
    desk = Desk(book.unit, book.tenant, line.site, book.who)
    try:
        case = case_of(inputs_of(desk, signal_id(book.id, call.id), rule.baseline, book.id))
        (found,) = settle(case.settling, case.meters).events
    except (InvalidScenario, NotFound) as lacking:
        return _Measured(line.site, nothing_delivered(_promised(book, call, line), rule), _sentence(lacking))
    return _Measured(line.site, replace(found.measured, rule=rule))


def _promised(book: Book, call: EventCall, line: KeptCommitment) -> CalledEvent:
    name = signal_id(book.id, call.id)
    return CalledEvent(
        id=name,
        programme=book.id,
        start=call.start,
        end=call.end,
        direction=book.terms.direction,
        committed_kw=line.committed_kw,
    )


def _sentence(lacking: InvalidScenario | NotFound) -> str:
    return str(lacking.findings[0]) if isinstance(lacking, InvalidScenario) else str(lacking)


def _told(call: EventCall, settled: CallSettled, measured: list[_Measured]) -> CallStatement:
    return CallStatement(
        call=call.id,
        start=call.start,
        end=call.end,
        committed_kw=rounded(settled.committed_kw),
        performance=rounded(settled.performance),
        payment=settled.energy.total,
        penalty=settled.penalty.total,
        total=settled.total,
        sites=[_site_told(settled, measured, k) for k in range(len(measured))],
    )


def _site_told(settled: CallSettled, measured: list[_Measured], k: int) -> SiteOfCall:
    found = measured[k].delivered
    return SiteOfCall(
        site=measured[k].site,
        committed_kw=rounded(found.event.committed_kw),
        delivered_kwh=rounded(found.delivered_kwh.sum()),
        paid_kwh=rounded(settled.paid_kwh[k]),
        lacking_kwh=rounded(settled.lacking_kwh[k]),
        payment=settled.energy.parts[k],
        penalty=settled.penalty.parts[k],
        told=measured[k].told,
    )
