"""Reasons within a time: who waits for a signal takes another solve, and no answer is to wait for that for ever."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from optimizer.deadline import Work, in_this_process, in_worker
from optimizer.explain import Reason, reasons
from optimizer.explain.held import Held
from optimizer.explain.setpoints import held
from optimizer.settings import Settings

SECONDS_PER_SESSION = 0.002
"""Measured: 1.2 ms over a day of quarter hours. [s]"""
Reasons = tuple[Reason, ...]


def reasons_within(
    scenario: Scenario, schedule: Schedule, settings: Settings, *, within_s: float, worker: bool
) -> Reasons:
    """Every reason for a plan; without those who wait for a signal, where that is not known in time.

    ``worker``: whether the solver gets a process of its own. Raises ValueError when the plan is not one of this
    scenario.
    """
    if not scenario.signals or within_s <= 0.0:
        return reasons(scenario, schedule, settings, waiting=False)
    limited = replace(settings, time_limit_s=within_s)
    work: Work[Reasons] = partial(_tell_all, scenario, schedule, limited)
    told = (in_worker(work, within_s) if worker else in_this_process(work, within_s)).told
    return told[-1] if told else reasons(scenario, schedule, settings, waiting=False)


def held_within(scenario: Scenario, schedule: Schedule, settings: Settings, *, within_s: float) -> tuple[Held, ...]:
    """The reason of every setpoint; none where that would take longer. A plan is not kept back for its reasons."""
    if within_s < SECONDS_PER_SESSION * len(schedule.sessions):
        return ()
    work: Work[tuple[Held, ...]] = partial(_tell_held, scenario, schedule, settings)
    told = in_this_process(work, within_s).told
    return told[-1] if told else ()


def _tell_held(
    scenario: Scenario, schedule: Schedule, settings: Settings, tell: Callable[[tuple[Held, ...]], None]
) -> None:
    tell(held(scenario, schedule, settings))


def _tell_all(scenario: Scenario, schedule: Schedule, settings: Settings, tell: Callable[[Reasons], None]) -> None:
    tell(reasons(scenario, schedule, settings))
