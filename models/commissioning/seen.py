"""Facts that a script showed, each from answers and meter values alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from models.commissioning.drawing import DRAWS_A, Drawn, drawn, phases_drawn, settled, settled_window
from models.commissioning.observations import BACK, CUT, WAITED, Answered, Observations
from models.commissioning.record import Outcome, Shown
from models.commissioning.script import CUT_LIMIT_A, DEFAULT_A, PLAN_A
from models.domain.installed import OfflineBehaviour
from models.domain.site import RateUnit
from models.domain.units import amperes_from_kw, hours_from_seconds
from models.ocpp.station import Capability, Identity, capability

TOLERANCE_A, TOLERANCE_SHARE = 0.5, 0.03
"""By how much a meter may show more than a limit that is held."""
_NEAR_A = 0.8
"""How near a mean current is to the limit that it shows. [A]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Of EVSE 1."""

    observations: Observations
    draws: list[Drawn]
    most_a: float
    """The largest current that the car drew at any time. [A]"""
    shown: Mapping[str, Shown]
    """By step."""

    def outcome(self, step: str) -> Outcome:
        return self.shown[step].outcome if step in self.shown else Outcome.UNSEEN

    def held(self, *steps: str) -> bool:
        return all(self.outcome(step) is Outcome.HELD for step in steps)

    def measured_a(self, step: str) -> float | None:
        return self.shown[step].measured_a if step in self.shown else None


def seen(observations: Observations, expected_a: Mapping[str, float]) -> Seen:
    """``expected_a``: by step, the limit in force at its end. [A]"""
    draws = drawn(observations, 1)
    most_a = max((draw.current_a for draw in draws), default=0.0)
    shown = {step: _shown(observations, draws, step, limit_a, most_a) for step, limit_a in expected_a.items()}
    return Seen(observations=observations, draws=draws, most_a=most_a, shown=shown)


def above(limit_a: float) -> float:
    """A larger current breaks the limit. [A]"""
    return limit_a * (1.0 + TOLERANCE_SHARE) + TOLERANCE_A


def _shown(observations: Observations, draws: list[Drawn], step: str, limit_a: float, most_a: float) -> Shown:
    measured_a = settled(draws, settled_window(observations, step))
    outcome = Outcome.UNSEEN
    if measured_a is not None and measured_a > above(limit_a):
        outcome = Outcome.EXCEEDED
    elif measured_a is not None and (most_a > above(limit_a) or limit_a >= PLAN_A):
        outcome = Outcome.HELD
    followed_s = _followed_after_s(observations, draws, step, limit_a) if outcome is Outcome.HELD else None
    return Shown(step=step, outcome=outcome, expected_a=limit_a, measured_a=measured_a, followed_after_s=followed_s)


def _followed_after_s(observations: Observations, draws: list[Drawn], step: str, limit_a: float) -> float | None:
    """From the last profile of the step to the first reading after which none is above the limit. [s]"""
    sent = [a.at_s for a in observations.answered if a.step == step and a.action == "SetChargingProfile" and a.accepted]
    ends = [mark.at_s for mark in observations.of_step(step, WAITED)]
    if not sent or not ends:
        return None
    during = [draw for draw in draws if sent[-1] <= draw.end_s <= ends[0] + 1.0]
    broken = [draw.end_s for draw in during if draw.current_a > above(limit_a)]
    kept = [draw.end_s for draw in during if draw.end_s > max(broken, default=0.0)]
    return min(kept) - sent[-1] if kept else None


def total_a(observations: Observations, step: str) -> float | None:
    """Settled currents of all EVSEs together; None where one of them was not measured. [A]"""
    window = settled_window(observations, step)
    each = [settled(drawn(observations, evse + 1), window) for evse in range(observations.evses)]
    return None if any(current_a is None for current_a in each) else sum(a for a in each if a is not None)


def offline_seen(facts: Seen) -> OfflineBehaviour:
    """What it drew, on average, while there was no connection."""
    mean_a = _mean_during_cut_a(facts)
    if mean_a is None or not facts.most_a > above(CUT_LIMIT_A):
        return OfflineBehaviour.UNKNOWN
    if mean_a <= DRAWS_A:
        return OfflineBehaviour.STOPS
    if mean_a > above(CUT_LIMIT_A):
        return OfflineBehaviour.FULL
    near = {DEFAULT_A: OfflineBehaviour.DEFAULT, CUT_LIMIT_A: OfflineBehaviour.KEEPS}
    return next((found for a, found in near.items() if abs(mean_a - a) <= _NEAR_A), OfflineBehaviour.UNKNOWN)


def _mean_during_cut_a(facts: Seen) -> float | None:
    observations = facts.observations
    cuts, backs = observations.of_step("cut", CUT), observations.of_step("cut", BACK)
    if not cuts or not backs:
        return None
    register = [(at_s, m.energy_kwh) for at_s, m in observations.measured(1) if m.energy_kwh is not None]
    before = [reading for reading in register if reading[0] <= cuts[0].at_s + 1.0]
    after = [reading for reading in register if reading[0] >= backs[-1].at_s - 1.0]
    if before and after:
        (begin_s, first_kwh), (end_s, last_kwh) = before[-1], after[0]
        power_kw = (last_kwh - first_kwh) / hours_from_seconds(end_s - begin_s)
        return amperes_from_kw(power_kw, observations.voltage_v, phases_drawn(observations, 1) or 1)
    inside = [d.current_a for d in facts.draws if cuts[0].at_s <= d.begin_s and d.end_s <= backs[-1].at_s]
    return fmean(inside) if inside else None


def capability_seen(observations: Observations) -> Capability:
    """What it told, with what it took in the place of what it said that it takes."""
    told = capability_told(observations)
    units = tuple(
        unit
        for unit in RateUnit
        if unit in {_schedule(a).get("chargingRateUnit") for a in _taken(observations, "units")}
    )
    periods = [len(_schedule(a).get("chargingSchedulePeriod", ())) for a in _taken(observations, "periods")]
    levels = [level for level, taken in levels_tried(observations) if taken]
    refused = [level for level, taken in levels_tried(observations) if not taken]
    return replace(
        told,
        rate_units=units or told.rate_units,
        max_periods=max(periods, default=told.max_periods),
        max_stack_level=_level_seen(told.max_stack_level, levels, refused),
    )


def _level_seen(told: int | None, taken: list[int], refused: list[int]) -> int | None:
    """The highest that it took; what it told where nothing above that was refused."""
    if not taken:
        return told
    return max(taken) if told is None or any(level > max(taken) for level in refused) else told


def levels_tried(observations: Observations) -> list[tuple[int, bool]]:
    """Stack levels that were sent, and whether they were taken."""
    sent = [a for a in observations.answered if (a.step, a.action) == ("top-level", "SetChargingProfile")]
    return [(int(_profile(a).get("stackLevel", 0)), a.accepted) for a in sent]


def capability_told(observations: Observations) -> Capability:
    replies = [a.reply for a in observations.answered if a.step == "keys" and a.error is None]
    identity = Identity(station_id=observations.station_id)
    return capability(identity, observations.version, replies[0] if replies else {})


def metering_seen(observations: Observations) -> tuple[str, ...]:
    readings = [measured for _, measured in observations.measured(1)]
    told = {
        "energy": any(m.energy_kwh is not None for m in readings),
        "power": any(m.power_kw is not None for m in readings),
        "current": any(m.current_a for m in readings),
    }
    return tuple(name for name, there in told.items() if there)


def _taken(observations: Observations, step: str) -> list[Answered]:
    return [a for a in observations.answered if a.step == step and a.action == "SetChargingProfile" and a.accepted]


def _profile(answered: Answered) -> Mapping[str, Any]:
    payload = answered.payload
    found = payload.get("csChargingProfiles", payload.get("chargingProfile"))
    return found if isinstance(found, Mapping) else {}


def _schedule(answered: Answered) -> Mapping[str, Any]:
    found = _profile(answered).get("chargingSchedule")
    found = found[0] if isinstance(found, list) and found else found
    return found if isinstance(found, Mapping) else {}
