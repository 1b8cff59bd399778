"""A day planned anew again and again with what is known each time: who is there, and what each has got so far."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np

from api.hindsight import Hindsight, knowing_nothing
from models.domain.electrical import conversion_efficiency
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.times import seconds
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR, hours_from_minutes, hours_from_seconds
from optimizer.optimize import optimize
from optimizer.settings import Settings

SHORT_KWH = 0.05
"""A smaller lack is not counted; no meter of a car shows it. [kWh]"""
_DONE_KWH = 1e-6
SETTINGS = Settings(preferences=False)
"""Each plan is carried out for one step only."""


def planned_anew(truth: Scenario, *, minutes: float, target_peak_kw: float) -> Hindsight:
    """Follow plans made every so many minutes of a horizon, each for that long, with the cars of ``truth``.

    A plan knows the cars that are plugged in by then, not when they leave nor what they need; the site's habits stand
    in. Peaks up to the target, or up to the highest so far, cost nothing more.
    """
    got = {session.id: 0.0 for session in truth.sessions}
    load_kw: list[float] = []
    for here in _steps(truth, minutes):
        floor_kw = max([target_peak_kw, *load_kw])
        load_kw.append(_one_step(truth, here, got, floor_kw) / hours_from_minutes(minutes))
    needs = {session.id: _need_kwh(session) for session in truth.sessions}
    return Hindsight(
        energy_kwh=sum(got.values()),
        needed_kwh=sum(needs.values()),
        load_kw=np.array(load_kw),
        sessions_short=sum(needs[name] - kwh > SHORT_KWH for name, kwh in got.items()),
    )


def _steps(truth: Scenario, minutes: float) -> Iterator[Horizon]:
    """Horizons a day long, one for each step: the step itself in one period, then hours."""
    assert truth.horizon is not None, "the truth is complete"
    begin, end = truth.horizon.start, truth.horizon.end
    while begin < end:
        far = Stretch(count=int(HOURS_PER_DAY), minutes=MINUTES_PER_HOUR)
        yield Horizon(start=begin, stretches=(Stretch(count=1, minutes=minutes), far))
        begin += timedelta(minutes=minutes)


def _one_step(truth: Scenario, horizon: Horizon, got: dict[str, float], floor_kw: float) -> float:
    """Plan for who is there and let them take what they are offered; what they draw. [kWh at grid]"""
    here = [s for s in truth.sessions if _is_there(s, horizon) and got[s.id] < _need_kwh(s) - _DONE_KWH]
    if not here:
        return 0.0
    known = tuple(replace(session, delivered_kwh=got[session.id]) for session in here)
    plan = optimize(knowing_nothing(_at(replace(truth, sessions=known, horizon=horizon), floor_kw)), SETTINGS)
    efficiency = {evse.id: conversion_efficiency(evse) for evse in truth.site.evses}
    end_s, drawn_kwh = float(plan.instants_s[1]), 0.0
    for session, planned in zip(here, plan.sessions, strict=True):
        assert session.departure is not None, "the truth is complete"
        there_h = hours_from_seconds(min(end_s, seconds(session.departure)) - float(plan.instants_s[0]))
        taken_kwh = min(float(planned.charge_power_kw[0]) * there_h, _need_kwh(session) - got[session.id])
        got[session.id] += taken_kwh
        drawn_kwh += taken_kwh / efficiency[session.evse]
    return drawn_kwh


def _is_there(session: Session, horizon: Horizon) -> bool:
    assert session.departure is not None, "the truth is complete"
    return session.arrival <= horizon.start < session.departure


def _at(scenario: Scenario, floor_kw: float) -> Scenario:
    """With a peak that is set already, or expected anyway."""
    tariff = scenario.tariff
    assert tariff is not None, "the truth is complete"
    charges = tuple(replace(charge, target_peak_kw=floor_kw) for charge in tariff.demand_charges)
    return replace(scenario, tariff=replace(tariff, demand_charges=charges))


def _need_kwh(session: Session) -> float:
    assert session.energy_target_kwh is not None, "the truth is complete"
    return session.energy_target_kwh
