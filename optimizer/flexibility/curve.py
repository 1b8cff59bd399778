"""The curve of flexibility: kW against cost and missed energy, with what each session would feel."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from math import inf

import numpy as np

from models.domain.completion import Completed
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule, SessionPlan
from models.domain.series import values
from models.domain.signal import Cap, Direction
from models.domain.times import instant
from models.domain.value import Series
from optimizer.completing import complete
from optimizer.flexibility.asking import COLUMN, Question
from optimizer.flexibility.breakpoints import Sample, bends
from optimizer.instance import Instance, instance_of
from optimizer.optimize import Shaped, optimize_shaped
from optimizer.settings import Settings
from optimizer.warm import Basis

MOST_SAMPLES = 16
"""Solves that look for bends. A curve with more of them is told by those that matter most."""
NOTICEABLE_KWH = 0.05
"""A session that feels less feels nothing. [kWh]"""
HAIR = 1e-9
"""Share of the greatest power that is left out, so that the solve at the end of the curve is feasible."""
LEAST_KW = 1e-3
"""Less power than this is none. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEffect:
    """What one session feels, against the plan without the request. At evse. [kWh]"""

    session_id: str
    window_kwh: float
    """More in the window; below 0 less."""
    missed_kwh: float
    """More missing at departure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlexPoint:
    """What ``power_kw`` throughout the window takes, against the plan without the request."""

    power_kw: float
    cost: float
    """Declared value of missed energy included: what a payment would have to be at least. [currency]"""
    paid: float
    """The part of it that is energy, carbon and demand charges. [currency]"""
    per_kw: float | None
    """What the next kW costs; None at the last point, after which there is none. [currency/kW]"""
    missed_kwh: float
    sessions: tuple[SessionEffect, ...]


NOTHING = FlexPoint(power_kw=0.0, cost=0.0, paid=0.0, per_kw=None, missed_kwh=0.0, sessions=())
"""The only point of a site that can do nothing: its plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flexibility:
    """The curve: straight between its points, no way beyond the last."""

    direction: Direction
    start: datetime
    end: datetime
    """The window that was counted: whole periods of the plan."""
    currency: str
    baseline_kw: Floats
    """Import less export in each period of the window that power is counted from. [kW at grid]"""
    points: tuple[FlexPoint, ...]
    """From 0 to the most that the site can do."""

    @property
    def most_kw(self) -> float:
        return self.points[-1].power_kw


@dataclass(frozen=True, slots=True)
class _Site:
    """A site whose plan is made, so that every question starts from its basis."""

    completed: Completed
    instance: Instance
    settings: Settings
    plan: Shaped
    question: Question

    def at(self, power_kw: float, basis: Basis, *, settings: Settings) -> Shaped:
        shape = partial(self.question.at, power_kw=power_kw)
        return optimize_shaped(self.completed, self.instance, settings, shape, basis)

    def most_kw(self) -> float:
        shape, basis = self.question.most, self.plan.basis
        answer = optimize_shaped(self.completed, self.instance, self._money, shape, basis).solved
        return float(answer.money.values[answer.money_program.columns[COLUMN].start])

    def sample(self, power_kw: float) -> Sample:
        answer = self.at(power_kw, self.plan.basis, settings=self._money).solved
        slope = answer.money.reduced_costs[answer.money_program.columns[COLUMN].start]
        return Sample(power_kw, answer.money.objective, float(slope))

    @property
    def _money(self) -> Settings:
        return replace(self.settings, preferences=False)


def flexibility(
    scenario: Scenario,
    direction: Direction,
    start: datetime,
    duration: timedelta,
    settings: Settings = Settings(),
    baseline_kw: Series | None = None,
) -> Flexibility:
    """How far a valid scenario's import can be held below (or above) a baseline throughout a window, and at what cost.

    ``baseline_kw`` at grid; None: the plan itself. Limits and promises hold as in the plan. Where the plan is on the
    wrong side of the baseline, the first point has a cost: that of coming there. Raises InvalidScenario for a window
    that is not inside the horizon; SolverFault or DeadlinePassed.
    """
    site = _planned(scenario, direction, start, start + duration, settings, baseline_kw)
    most_kw = site.most_kw() * (1.0 - HAIR)
    samples: list[Sample] = []
    if most_kw >= LEAST_KW:
        samples = bends(site.sample, site.sample(0.0), site.sample(most_kw), MOST_SAMPLES)
    span, periods = site.instance.periods.instants_s, site.question.periods
    return Flexibility(
        direction=direction,
        start=instant(float(span[periods[0]])),
        end=instant(float(span[periods[-1] + 1])),
        currency=site.plan.schedule.currency,
        baseline_kw=site.question.baseline_kw,
        points=tuple(_points(site, samples, from_plan=baseline_kw is None)) or (NOTHING,),
    )


def _planned(
    scenario: Scenario,
    direction: Direction,
    start: datetime,
    end: datetime,
    settings: Settings,
    baseline_kw: Series | None,
) -> _Site:
    completed = complete(scenario)
    horizon = completed.scenario.horizon
    assert horizon is not None
    if not horizon.start <= start < end <= horizon.end:
        raise InvalidScenario([_outside(start, end, horizon.start, horizon.end)])
    instance = instance_of(_with_edges(completed.scenario, start, end))
    plan = optimize_shaped(completed, instance, settings)
    instants_s = instance.periods.instants_s
    periods = np.flatnonzero((instants_s[:-1] < end.timestamp()) & (instants_s[1:] > start.timestamp()))
    planned = plan.schedule.grid_import_kw - plan.schedule.grid_export_kw
    baseline = (planned if baseline_kw is None else values(baseline_kw, instants_s))[periods]
    broken = np.array([session.minimum_shortfall_kwh for session in plan.schedule.sessions])
    return _Site(completed, instance, settings, plan, Question(direction, periods, baseline, broken))


def _with_edges(scenario: Scenario, start: datetime, end: datetime) -> Scenario:
    """The same, with periods split at the window: by a cap that limits nothing."""
    window = Cap(id="flexibility", start=start, end=end, import_limit_kw=inf)
    return replace(scenario, signals=(*scenario.signals, window))


def _outside(start: datetime, end: datetime, first: datetime, last: datetime) -> Finding:
    return Finding(
        path="start",
        message=f"the window {start.isoformat()} to {end.isoformat()} is not inside the plan",
        remedy=f"ask for a window between {first.isoformat()} and {last.isoformat()}",
    )


def _points(site: _Site, samples: list[Sample], *, from_plan: bool) -> Iterator[FlexPoint]:
    before = samples[0].value if from_plan and samples else site.plan.solved.money.objective
    for k, sample in enumerate(samples):
        after = samples[k + 1] if k + 1 < len(samples) else None
        per_kw = None if after is None else (after.value - sample.value) / (after.x - sample.x)
        yield _point(site, sample, per_kw, cost=sample.value - before)


def _point(site: _Site, sample: Sample, per_kw: float | None, *, cost: float) -> FlexPoint:
    before = site.plan.schedule
    after = site.at(sample.x, site.plan.basis, settings=site.settings).schedule
    return FlexPoint(
        power_kw=sample.x,
        cost=cost,
        paid=after.cost - before.cost,
        per_kw=per_kw,
        missed_kwh=_missed(after) - _missed(before),
        sessions=tuple(_effects(site, before, after)),
    )


def _missed(schedule: Schedule) -> float:
    return sum(map(_missing_kwh, schedule.sessions))


def _missing_kwh(session: SessionPlan) -> float:
    return session.target_shortfall_kwh + session.minimum_shortfall_kwh


def _effects(site: _Site, before: Schedule, after: Schedule) -> Iterator[SessionEffect]:
    first, end = int(site.question.periods[0]), int(site.question.periods[-1]) + 1
    for old, new in zip(before.sessions, after.sessions, strict=True):
        window_kwh = _within(new, first, end) - _within(old, first, end)
        missed_kwh = _missing_kwh(new) - _missing_kwh(old)
        if max(abs(window_kwh), abs(missed_kwh)) >= NOTICEABLE_KWH:
            yield SessionEffect(session_id=old.session_id, window_kwh=window_kwh, missed_kwh=missed_kwh)


def _within(session: SessionPlan, first: int, end: int) -> float:
    """Energy in the periods from ``first`` to ``end``. [kWh at evse]"""
    cells = slice(max(0, first - session.first_period), max(0, end - session.first_period))
    return float(session.charge_power_kw[cells] @ session.plugged_in_h[cells])
