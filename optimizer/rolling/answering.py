"""What stations answer to what they were sent: trust grows by acceptance and is kept by what the meter shows."""

from dataclasses import replace
from datetime import timedelta

from models.domain.answers import CommandAnswered, CompositeTold, Outcome
from models.domain.events import LimitStep
from models.domain.value import Step
from optimizer.rolling.allowed import expected_kw
from optimizer.rolling.changing import of_station, with_evse, with_station, with_verdict, without_verdicts
from optimizer.rolling.state import UNNAMED, EvseRecord, ForeignProfile, SiteState, Told
from optimizer.rolling.timing import Placed
from optimizer.rolling.verdict import Evidence, Flaw

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
REMEMBERED = timedelta(minutes=10)
"""A limit that was replaced, for measurements that are on their way."""
TOLERANCE_KW = 0.05
"""By which a station's own account may be above what it was sent: it rounds. [kW]"""


def answered(state: SiteState, event: CommandAnswered, when: Placed) -> SiteState:
    for record in of_station(state, event.station_id):
        told = next((one for one in record.told if one.command_id == event.command_id), None)
        if told is not None:
            state = with_evse(state, _with_answer(record, told, event, when))
    return state


def _with_answer(record: EvseRecord, told: Told, event: CommandAnswered, when: Placed) -> EvseRecord:
    if event.outcome is Outcome.ACCEPTED:
        return _accepted(record, told, when)
    if event.outcome is Outcome.TIMED_OUT:
        record = _marked(record, replace(told, outcome=Outcome.TIMED_OUT))
        return _retried(with_verdict(record, Flaw.SILENT, Evidence(at=when.at, what="no answer in time")), when)
    kept = replace(record, told=tuple(one for one in record.told if one is not told))
    what = f"{event.outcome.value} {event.detail}".strip()
    return _retried(with_verdict(kept, Flaw.REFUSES, Evidence(at=when.at, what=what)), when)


def _accepted(record: EvseRecord, told: Told, when: Placed) -> EvseRecord:
    """Those with its id that were sent before it are replaced. Where nobody draws, there is nothing more to verify."""
    position = record.told.index(told)
    before = tuple(_replaced(one, told, when) for one in record.told[:position] if _remembered(one, when))
    now_told = replace(told, outcome=Outcome.ACCEPTED, answered_at=when.at)
    record = replace(record, told=(*before, now_told, *record.told[position + 1 :]), refusals=0, retry_at=None)
    believed = (Flaw.REFUSES, Flaw.SILENT, *((Flaw.UNVERIFIED,) if record.session is None else ()))
    return without_verdicts(record, *believed)


def _replaced(one: Told, by: Told, when: Placed) -> Told:
    return one if one.profile_id != by.profile_id or one.replaced_at else replace(one, replaced_at=when.at)


def _remembered(one: Told, when: Placed) -> bool:
    return one.replaced_at is None or when.at - one.replaced_at < REMEMBERED


def _marked(record: EvseRecord, told: Told) -> EvseRecord:
    return replace(record, told=tuple(told if o.command_id == told.command_id else o for o in record.told))


def _retried(record: EvseRecord, when: Placed) -> EvseRecord:
    """Later and later, and never not at all."""
    wait = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(record.refusals, 10))
    return replace(record, refusals=record.refusals + 1, retry_at=when.at + wait)


def composite(state: SiteState, event: CompositeTold, when: Placed) -> SiteState:
    """A station that says that it follows what it was sent is verified; one that says more is not.

    One that cannot tell is believed once it has accepted: there is nothing more to ask. One that says less follows
    somebody else too, and that is listed.
    """
    record = next((r for r in of_station(state, event.station_id) if r.number == event.evse_number), None)
    if record is None:
        return state
    told = [(_told_kw(record, step), expected_kw(record, max(step.start, when.at))) for step in event.steps]
    more = next(((kw, sent) for kw, sent in told if sent is not None and kw > sent + TOLERANCE_KW), None)
    if more is not None:
        seen = Evidence(at=when.at, what="it says that it follows more", limit_kw=more[1], drawn_kw=more[0])
        return with_evse(state, with_verdict(record, Flaw.UNVERIFIED, seen))
    if expected_kw(record, when.at) is not None:
        state = with_evse(state, without_verdicts(record, Flaw.UNVERIFIED))
    rating_kw = record.plate.rating_kw
    less = any(kw < (rating_kw if sent is None else sent) - TOLERANCE_KW for kw, sent in told)
    steps = tuple(Step(start=step.start, value=kw) for step, (kw, _) in zip(event.steps, told, strict=True))
    return _with_unnamed(state, record, steps) if less else state


def _with_unnamed(state: SiteState, record: EvseRecord, steps: tuple[Step, ...]) -> SiteState:
    """OCPP 1.6 tells what its profiles come to, not which they are; what they came to first is recorded for good."""
    unnamed = ForeignProfile(
        station=record.station,
        evse_number=record.number,
        profile_id=UNNAMED,
        purpose="seen in a composite schedule",
        stack_level=0,
        comes_to_kw=steps,
    )
    station = state.stations[record.station]
    others = tuple(one for one in station.foreign if not _is_same(one, unnamed))
    seen = any(_is_same(one, unnamed) for one in station.recorded)
    recorded = station.recorded if seen else (*station.recorded, unnamed)
    return with_station(state, record.station, foreign=(*others, unnamed), recorded=recorded)


def _is_same(one: ForeignProfile, other: ForeignProfile) -> bool:
    return (one.evse_number, one.profile_id) == (other.evse_number, other.profile_id)


def _told_kw(record: EvseRecord, step: LimitStep) -> float:
    """Below 0 means no limit, by which some stations say that nothing is installed."""
    told_kw = step.limit_kw if step.limit_kw is not None else (step.limit_a or 0.0) * record.plate.kw_per_ampere
    return record.plate.rating_kw if told_kw < 0.0 else told_kw
