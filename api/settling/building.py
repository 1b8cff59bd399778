"""Statements as documents."""

from math import isfinite

from api.figures import rounded
from api.settling.document import (
    BaselineDocument,
    CapacityStatement,
    DayLookedAt,
    ErosionDocument,
    EventStatement,
    SettledInterval,
    SettlementDocument,
)
from api.settling.inputs import Case, together
from models.domain.times import instant
from models.settlement.methods import method
from optimizer.response.baselines import Baseline
from optimizer.response.erosion import erosion
from optimizer.response.settling import Capacity, Settled, Statement, settle


def settlement_of(case: Case) -> SettlementDocument:
    """Settle and tell. Raises InvalidScenario."""
    return settlement_document(settle(case.settling, case.meters), case)


def settlement_document(statement: Statement, case: Case) -> SettlementDocument:
    """The document of a statement; with what everyday optimisation did where sessions are known."""
    return SettlementDocument(
        events=[_event(one, case) for one in statement.events],
        capacity=[_capacity(one) for one in statement.capacity],
        opted_out=list(statement.opted_out),
        totals=statement.totals(),
    )


def _event(one: Settled, case: Case) -> EventStatement:
    found, event = one.measured, one.measured.event
    return EventStatement(
        id=event.id,
        programme=event.programme,
        currency=found.rule.currency,
        direction=event.direction,
        start=instant(event.start.timestamp()),
        end=instant(event.end.timestamp()),
        committed_kw=rounded(event.committed_kw),
        performance=rounded(found.performance),
        delivered_kwh=rounded(found.delivered_kwh.sum()),
        paid_kwh=rounded(found.paid_kwh.sum()),
        shortfall_kwh=rounded(found.shortfall_kwh.sum()),
        snap_back_kwh=rounded(found.snap_back_kwh),
        payment=one.energy.total,
        penalty=one.penalty.total,
        snap_back=one.snap_back,
        total=one.total,
        baseline=_baseline(found.baseline),
        intervals=[_interval(one, q) for q in range(len(found.hours))],
        erosion=_erosion(one, case),
    )


def _interval(one: Settled, q: int) -> SettledInterval:
    found, spans = one.measured, one.measured.baseline.spans
    load_kw = float(found.load_kw[q])
    return SettledInterval(
        start=instant(float(spans.starts_s[q])),
        end=instant(float(spans.ends_s[q])),
        raw_baseline_kw=rounded(found.baseline.raw_kw[q]),
        baseline_kw=rounded(found.baseline.adjusted_kw[q]),
        load_kw=rounded(load_kw) if isfinite(load_kw) else None,
        quality=found.quality[q],
        delivered_kwh=rounded(found.delivered_kwh[q]),
        shared_kwh=rounded(found.shared_kwh[q]),
        paid_kwh=rounded(found.paid_kwh[q]),
        shortfall_kwh=rounded(found.shortfall_kwh[q]),
        payment=one.energy.parts[q],
        penalty=one.penalty.parts[q],
    )


def _baseline(found: Baseline) -> BaselineDocument:
    by = method(found.method)
    return BaselineDocument(
        method=found.method,
        title=by.title,
        adjusted_by=None if found.adjusted_by is None else rounded(found.adjusted_by),
        unbounded=None if found.unbounded is None else rounded(found.unbounded),
        days=[
            DayLookedAt(day=one.day, use=one.use, mean_kw=None if one.mean_kw is None else rounded(one.mean_kw))
            for one in found.days
        ],
        told=list(found.told),
        unverified=list(by.unverified),
    )


def _erosion(one: Settled, case: Case) -> ErosionDocument | None:
    evses = one.measured.event.evses
    free = together(case.uncontrolled, evses)
    if free is None:
        return None
    found = erosion(one.measured, free, together(case.everyday, evses))
    return ErosionDocument(
        uncontrolled_kw=[rounded(kw) for kw in found.uncontrolled_kw],
        everyday_kw=[rounded(kw) for kw in found.everyday_kw],
        everyday_from="the plan without the event" if case.everyday else "the baseline",
        eroded_kwh=rounded(found.total_kwh),
        worth=rounded(found.worth),
    )


def _capacity(one: Capacity) -> CapacityStatement:
    return CapacityStatement(
        programme=one.programme,
        month=one.month,
        currency=one.currency,
        committed_kw=rounded(one.committed_kw),
        performance=rounded(one.performance),
        amount=one.amount,
    )
