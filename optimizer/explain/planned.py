"""A plan laid beside the arrays of its scenario."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule, SessionPlan
from models.domain.times import instant
from optimizer.instance import Instance, instance_of
from optimizer.response.reference import as_planned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

DONE_KWH = 1e-3
"""A period with less energy is not the one in which a car is done. [kWh]"""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and its instance; ``plans`` in the order of the instance's sessions."""

    instance: Instance
    schedule: Schedule
    plans: tuple[SessionPlan, ...]
    power_kw: Floats
    """Per cell (N,)."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.instance.scenario.site.time_zone)

    def cells(self, s: int) -> slice:
        """Cells of session s."""
        offset = self.instance.cells.offset
        return slice(int(offset[s]), int(offset[s + 1]))

    def missing_kwh(self, s: int) -> float:
        return self.plans[s].missing_kwh

    def span(self, s: int, cells: Ints | slice) -> tuple[datetime, datetime]:
        """From the first to the last of some cells of session s, in order of time, as far as it is there."""
        who, instants_s = self.instance.sessions, self.instance.periods.instants_s
        periods = self.instance.cells.period[cells]
        start_s = max(float(instants_s[periods[0]]), float(who.arrival_s[s]))
        end_s = min(float(instants_s[periods[-1] + 1]), float(who.departure_s[s]))
        return instant(start_s), instant(end_s)

    def done(self, s: int) -> datetime | None:
        """When its last energy has flowed; None if it gets none."""
        first, end = self.cells(s).start, self.cells(s).stop
        energy = self.instance.cells.hours[first:end] * self.power_kw[first:end]
        charging = first + np.flatnonzero(energy > DONE_KWH)
        return self.span(s, charging)[1] if len(charging) else None


def among(values: Ints, some: Ints | tuple[int, ...], count: int) -> Flags:
    """Which of the values, all from 0 and below ``count``, are some of these: a tenth of ``isin``'s time."""
    table = np.zeros(count, dtype=bool)
    table[np.asarray(some, dtype=np.int64)] = True
    return np.asarray(table[values])


def planned(scenario: Scenario, schedule: Schedule) -> Planned:
    """A completed scenario and its plan; raises ValueError when the plan is not one of it."""
    instance = instance_of(as_planned(scenario, schedule))
    plans = {plan.session_id: plan for plan in schedule.sessions}
    ordered = tuple(plans[session] for session in instance.sessions.ids if session in plans)
    lengths = [len(plan.charge_power_kw) for plan in ordered]
    same_time = np.array_equal(schedule.instants_s, instance.periods.instants_s)
    if not same_time or lengths != instance.cells.per_session.tolist():
        raise ValueError(
            f"the plan for {schedule.site_id} was made for other sessions or periods than those of the scenario; "
            "explain it with the scenario that it was made from"
        )
    power = np.concatenate([np.zeros(0), *(plan.charge_power_kw for plan in ordered)])
    return Planned(instance, schedule, ordered, power)
