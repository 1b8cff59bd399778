"""What a meter shows, as energy delivered and power drawn, and what is wrong with the meter."""

from dataclasses import dataclass, replace
from datetime import timedelta

from models.domain.electrical import NOMINAL_VOLTAGE_V
from models.domain.events import Measured
from models.domain.units import hours_from_seconds, kw_from_amperes
from optimizer.rolling.allowed import SETTLE, allowed_kw, expected_kw
from optimizer.rolling.changing import (
    counted,
    evse_or_transaction,
    with_evse,
    with_session,
    with_verdict,
    without_verdicts,
)
from optimizer.rolling.following import followed
from optimizer.rolling.judging import judged
from optimizer.rolling.stages import staged
from optimizer.rolling.state import EvseRecord, Reading, SiteState
from optimizer.rolling.timing import Placed
from optimizer.rolling.verdict import Evidence, Flaw

LONGEST_SKEW = timedelta(days=1)
"""Of a station's clock, as far as readings are concerned: one that tells the year 9999 means nothing by it."""
MOST_READINGS = 60
"""Of an EVSE: an hour at one a minute."""
BEYOND_RATING = 1.25
"""No EVSE draws so many times its rating; a meter that says so is in another unit."""
SHORTEST_REGISTER = timedelta(seconds=50)
"""A register rises in steps: over less time its power is noise."""
LEAST_RISE_KWH = 0.02
PHASES = 3
STEADY = 0.15
"""Share by which two powers may differ that count as the same."""
DRAWS_A = 1.0
"""A phase with less is not used. [A]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Power by one measurement."""

    power_kw: float | None
    by_register_kw: float | None
    """What the register rose by since it was told last; None where it rose too little to tell. [kW]"""
    defect: str | None = None


def measured(state: SiteState, event: Measured, when: Placed) -> SiteState:
    """Old and repeated measurements change nothing; late ones tell energy only."""
    record = evse_or_transaction(state, event, event.transaction_id)
    if record is None:
        return state if event.evse_number == 0 else counted(state, event.station_id, "a measurement at no EVSE")
    if record.measured_at is not None and event.at <= record.measured_at:
        what = "told twice" if event.at == record.measured_at else "out of order"
        return counted(state, event.station_id, f"a measurement {what}")
    draw = drawn(record, event)
    defect = draw.defect or _fall(record, event)
    if defect is not None:
        state = counted(state, event.station_id, defect)
    record = _metered(record, event)
    return with_evse(state, record if when.late else _with_draw(record, event, draw, when))


def drawn(record: EvseRecord, event: Measured) -> Draw:
    """By the power that was told, else by currents, else by what the register rose. [kW at evse]"""
    by_register = _by_register(record, event)
    told = event.power_kw if event.power_kw is not None else _by_currents(record, event)
    if told is None:
        return Draw(power_kw=by_register, by_register_kw=by_register)
    if abs(told) > BEYOND_RATING * record.plate.rating_kw:
        return Draw(power_kw=by_register, by_register_kw=by_register, defect="a power beyond its rating")
    return Draw(power_kw=told, by_register_kw=by_register)


def _by_currents(record: EvseRecord, event: Measured) -> float | None:
    if not event.current_a or record.plate.dc:
        return None
    return sum(kw_from_amperes(a, event.voltage_v.get(p, NOMINAL_VOLTAGE_V)) for p, a in event.current_a.items())


def _by_register(record: EvseRecord, event: Measured) -> float | None:
    if event.energy_kwh is None or record.register_kwh is None or record.register_at is None:
        return None
    passed, rise_kwh = event.at - record.register_at, event.energy_kwh - record.register_kwh
    if passed < SHORTEST_REGISTER or rise_kwh < 0.0 or 0.0 < rise_kwh < LEAST_RISE_KWH:
        return None
    power_kw = rise_kwh / hours_from_seconds(passed.total_seconds())
    return power_kw if power_kw <= BEYOND_RATING * record.plate.rating_kw else None


def _fall(record: EvseRecord, event: Measured) -> str | None:
    known = record.register_kwh
    return "a register that falls" if event.energy_kwh is not None and event.energy_kwh < (known or 0.0) else None


def _metered(record: EvseRecord, event: Measured) -> EvseRecord:
    """Energy counts from the start of the session on; after a fall, from there."""
    record = replace(record, measured_at=event.at, kinds_told=_kinds(record, event))
    if event.soc is not None and 0.0 <= event.soc <= 1.0:
        record = with_session(record, soc=event.soc)
    if event.energy_kwh is None:
        return record
    session, register_kwh = record.session, event.energy_kwh
    fell = record.register_kwh is not None and register_kwh < record.register_kwh
    record = replace(record, register_kwh=register_kwh, register_at=event.at)
    if session is None:
        return record
    start_kwh = session.register_at_start_kwh
    if start_kwh is None or fell:
        start_kwh = register_kwh - session.delivered_kwh
    return with_session(
        record, register_at_start_kwh=start_kwh, delivered_kwh=max(session.delivered_kwh, register_kwh - start_kwh)
    )


def _kinds(record: EvseRecord, event: Measured) -> tuple[str, ...]:
    told = {
        "power": event.power_kw is not None,
        "current": bool(event.current_a),
        "energy": event.energy_kwh is not None,
    }
    return tuple(name for name, there in told.items() if there or name in record.kinds_told)


def _with_draw(record: EvseRecord, event: Measured, draw: Draw, when: Placed) -> EvseRecord:
    """A reading, and what follows from it: phases, stage, how far the limit follows, verdicts."""
    record = _meter_verdicts(record, event, draw, when)
    power_kw = _true_power_kw(record, draw)
    if power_kw is None:
        return record
    record = _with_phases(record, event, draw)
    record = replace(record, readings=(*record.readings, _reading(record, power_kw, when))[-MOST_READINGS:])
    return judged(followed(staged(record)))


def _reading(record: EvseRecord, power_kw: float, when: Placed) -> Reading:
    """Limits count for all phases of the EVSE; a vehicle on fewer has the same current on each."""
    session, plate = record.session, record.plate
    share = 1.0 if session is None or session.phases is None else session.phases / plate.phases
    skew = min(timedelta(seconds=abs(when.skew_s or 0.0)), LONGEST_SKEW)
    allowed, binding = allowed_kw(record, when.at - SETTLE - skew, when.at), expected_kw(record, when.at)
    return Reading(
        at=when.at,
        drawn_kw=power_kw,
        allowed_kw=None if allowed is None else allowed * share,
        binding_kw=None if binding is None else binding * share,
    )


def _with_phases(record: EvseRecord, event: Measured, draw: Draw) -> EvseRecord:
    """Phases are counted by their currents; of one that is told alone, by what the register rises by beside it.

    Nothing else will do: taken for a car on one phase, one on three would count for too little on the others.
    """
    largest_a = max(event.current_a.values(), default=0.0)
    if record.plate.dc or record.session is None or largest_a < DRAWS_A:
        return record
    if len(event.current_a) > 1:
        used = sum(a >= max(DRAWS_A, largest_a / 2) for a in event.current_a.values())
        return with_session(record, phases=min(used, record.plate.phases))
    (phase,) = event.current_a
    one_kw = kw_from_amperes(largest_a, event.voltage_v.get(phase, NOMINAL_VOLTAGE_V))
    used = round((draw.by_register_kw or 0.0) / one_kw)
    same = draw.by_register_kw is not None and abs(draw.by_register_kw - used * one_kw) <= STEADY * one_kw
    return with_session(record, phases=used) if same and 1 <= used <= record.plate.phases else record


def _meter_verdicts(record: EvseRecord, event: Measured, draw: Draw, when: Placed) -> EvseRecord:
    if record.kinds_told == ("energy",):
        seen = Evidence(at=when.at, what="its meter values hold energy only")
        if not any(verdict.flaw is Flaw.REGISTER_ONLY for verdict in record.verdicts):
            record = with_verdict(record, Flaw.REGISTER_ONLY, seen)
    else:
        record = without_verdicts(record, Flaw.REGISTER_ONLY)
    if _tells_one_of_three(record, event, draw):
        what = f"its register rises by {draw.by_register_kw:.2f} kW, its one phase shows {draw.power_kw:.2f} kW"
        seen = Evidence(at=when.at, what=what, drawn_kw=draw.by_register_kw)
        record = with_verdict(record, Flaw.ONE_PHASE_TOLD, seen)
    return record


def _tells_one_of_three(record: EvseRecord, event: Measured, draw: Draw) -> bool:
    """The register knows all phases; a steady power or current of one of them is a third of what it rises by."""
    if record.plate.phases != PHASES or not draw.by_register_kw or not draw.power_kw or len(event.current_a) > 1:
        return False
    before = record.readings[-1].drawn_kw if record.readings else 0.0
    steady = abs(before - draw.power_kw) <= STEADY * draw.power_kw
    return steady and abs(draw.by_register_kw / draw.power_kw - PHASES) <= PHASES * STEADY


def _true_power_kw(record: EvseRecord, draw: Draw) -> float | None:
    """Of a meter that tells one phase of three, what the register says, or three times what it tells."""
    if draw.power_kw is None or not any(verdict.flaw is Flaw.ONE_PHASE_TOLD for verdict in record.verdicts):
        return draw.power_kw
    return draw.by_register_kw if draw.by_register_kw is not None else PHASES * draw.power_kw
