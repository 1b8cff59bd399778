"""Events and months of programmes as statements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

import numpy as np

from models.domain.calendar import Calendar
from models.domain.times import zone
from models.settlement.calls import CalledEvent, SettlementRule, Settling
from models.settlement.checks import refuse_defects
from optimizer.response.settling.delivering import Delivered, Meters, delivered, nothing_delivered
from optimizer.response.settling.money import CENT, Amounts, amounts
from optimizer.response.settling.paid_once import paid_once

EXACTLY = 1e-9
"""Of a share: performance at an end of a band counts as reaching it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What one event is paid; parts of amounts are one for each settlement interval."""

    measured: Delivered
    energy: Amounts
    penalty: Amounts
    snap_back: Decimal

    @property
    def total(self) -> Decimal:
        """Without capacity, which is paid by the month."""
        return self.energy.total - self.penalty.total - self.snap_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What one month of a programme is paid for being ready."""

    programme: str
    currency: str
    month: str
    """``YYYY-MM``, local."""
    committed_kw: float
    """The highest of its events. [kW]"""
    performance: float
    """Mean of its events, after the band. 0 to 1."""
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """All that is settled together."""

    events: tuple[Settled, ...]
    capacity: tuple[Capacity, ...]
    opted_out: tuple[str, ...] = ()
    """Ids of events that nobody took part in."""

    def totals(self) -> dict[str, Decimal]:
        """By currency: events and capacity."""
        found: dict[str, Decimal] = {}
        for one in self.events:
            currency = one.measured.rule.currency
            found[currency] = found.get(currency, Decimal(0)) + one.total
        for month in self.capacity:
            found[month.currency] = found.get(month.currency, Decimal(0)) + month.amount
        return found


def settle(settling: Settling, meters: Meters) -> Statement:
    """Settle all events of some programmes.

    Raises InvalidScenario with everything that is wrong with programmes and events, or with the first event whose meter
    or baseline is not there.
    """
    refuse_defects(settling)
    where = zone(settling.time_zone)
    assert where is not None, "it was looked up when defects were"
    calendar = Calendar(where, frozenset(settling.holidays), settling.holiday_calendar)
    found = [
        nothing_delivered(event, rule)
        if event.opted_out
        else delivered(event, rule, meters, calendar, _days_of_others(event, settling, calendar))
        for event, rule in _in_order(settling)
    ]
    settled = tuple(_paid(one) for one in paid_once(found))
    opted_out = tuple(event.id for event in settling.events if event.opted_out)
    return Statement(events=settled, capacity=tuple(_capacity(settled, calendar)), opted_out=opted_out)


def factor(performance: float, rule: SettlementRule) -> float:
    """What performance counts as, after the band of its programme."""
    if performance >= rule.whole_from_share - EXACTLY:
        return 1.0
    return performance if performance >= rule.pays_from_share - EXACTLY else 0.0


def _in_order(settling: Settling) -> Iterator[tuple[CalledEvent, SettlementRule]]:
    """Programme by programme, each by time."""
    for rule in settling.programmes:
        its = [one for one in settling.events if one.programme == rule.programme]
        events = [one for one in its if rule.opt_out_is_shortfall or not one.opted_out]
        yield from ((one, rule) for one in sorted(events, key=lambda one: (one.start, one.id)))


def _days_of_others(event: CalledEvent, settling: Settling, calendar: Calendar) -> frozenset[date]:
    """Days on which some other event touched the same meters."""
    others = [one for one in settling.events if one.id != event.id and not one.opted_out and _meet(one, event)]
    days = {calendar.local(at).date() for one in others for at in (one.start, one.end)}
    return frozenset((days | set(settling.other_event_days)) - {calendar.local(event.start).date()})


def _meet(one: CalledEvent, other: CalledEvent) -> bool:
    return not one.evses or not other.evses or not set(one.evses).isdisjoint(other.evses)


def _paid(one: Delivered) -> Settled:
    counts_as = factor(one.performance, one.rule)
    paid = 0.0 if counts_as == 0.0 else one.rule.payment_per_kwh
    taken = 0.0 if counts_as == 1.0 else one.rule.penalty_per_kwh
    snap_back = amounts([one.snap_back_kwh * one.rule.snap_back_per_kwh]).total
    return Settled(
        measured=one,
        energy=amounts(one.paid_kwh * paid),
        penalty=amounts(one.shortfall_kwh * taken),
        snap_back=snap_back,
    )


def _capacity(settled: Sequence[Settled], calendar: Calendar) -> Iterator[Capacity]:
    """Of every month in which a programme called: (its capacity price) times commitment times performance."""

    def month(one: Settled) -> tuple[str, str]:
        return one.measured.rule.programme, f"{calendar.local(one.measured.event.start):%Y-%m}"

    for (programme, name), group in groupby(settled, key=month):
        events = [one.measured for one in group]
        rule = events[0].rule
        if rule.capacity_per_kw_month > 0.0:
            committed_kw = max(one.event.committed_kw for one in events)
            performance = float(np.mean([factor(one.performance, rule) for one in events]))
            amount = amounts([rule.capacity_per_kw_month * committed_kw * performance]).total
            yield Capacity(
                programme=programme,
                currency=rule.currency,
                month=name,
                committed_kw=committed_kw,
                performance=performance,
                amount=amount.quantize(CENT),
            )
