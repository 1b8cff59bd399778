"""B1 with what EVSEs can offer: pilot levels of the Caltech garage, and starts and pauses that cars can follow (S5).

Offline, September 2018 at 30 kW, as tests.benchmarks.month; the levels are those of the EVSEs that stand there: 8 offer
0, 8, 16, 24 or 32 A, 46 offer 0 or 6 to 32 A. Goals: issue 3, "Must show".
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np

from api.backtesting.cases import Aim
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.schedule import Floats, Schedule
from models.domain.setpoints import SetpointRules
from optimizer.optimize import optimize
from optimizer.settings import Settings
from tests.benchmarks.caltech import september
from tests.benchmarks.reporting import Row

LIMIT_KW = 30.0
PERIOD_MIN = 5.0
SETTINGS = Settings(time_limit_s=3600.0)
"""With manners: rounding follows a plan that starts cars once instead of seven times."""
A_MONTH_H = 800.0
LEVELS = SetpointRules(near_h=A_MONTH_H, max_starts=None, min_on_minutes=0.0, min_off_minutes=0.0)
WITH_S5 = SetpointRules(near_h=A_MONTH_H, max_starts=3, min_on_minutes=15.0, min_off_minutes=15.0)
KINDS = (
    ("any power", None, None),
    ("pilot levels", LEVELS, 73.5),
    ("pilot levels, at most 3 starts, 15 min on and off", WITH_S5, 72.6),
)
"""What, under which rules, and the goal for the energy met. [%]"""
HEAD = ("30 kW, offline", "energy met [%]", "goal", "starts a session", "most", "changes a session", "s")


def rows(folder: Path) -> Iterator[Row]:
    """The whole month."""
    scenario = september(folder, LIMIT_KW, Aim.ENERGY)
    for name, rules, goal in KINDS:
        yield _row(scenario, name, rules, goal)


def day(scenario: Scenario, first: datetime) -> Scenario:
    """The sessions that come and go within 24 hours."""
    end = first + timedelta(days=1)
    inside = tuple(s for s in scenario.sessions if s.arrival >= first and s.departure and s.departure <= end)
    stretch = Stretch(count=288, minutes=PERIOD_MIN)
    return replace(scenario, sessions=inside, horizon=Horizon(start=first, stretches=(stretch,)))


def planned(scenario: Scenario, rules: SetpointRules | None) -> Schedule:
    return optimize(replace(scenario, site=replace(scenario.site, setpoints=rules)), SETTINGS)


def met_percent(plan: Schedule) -> float:
    """Energy that is charged, of what was wanted."""
    wanted = sum(session.energy_remaining_kwh for session in plan.sessions)
    return 100.0 * sum(session.energy_kwh for session in plan.sessions) / wanted


def starts(offers: Floats) -> int:
    """How often an offer rises from 0."""
    on = np.concatenate([[False], offers > 0.0])
    return int((on[1:] & ~on[:-1]).sum())


def changes(offers: Floats) -> int:
    """How often an offer is another one than five minutes before, the first included."""
    return int((np.abs(np.diff(offers, prepend=0.0)) > 1e-6).sum())


def _row(scenario: Scenario, name: str, rules: SetpointRules | None, goal: float | None) -> Row:
    began = perf_counter()
    plan = planned(scenario, rules)
    seconds, offers = perf_counter() - began, [session.limit_kw for session in plan.sessions]
    counted = [starts(one) for one in offers]
    met = met_percent(plan)
    cells = (
        name,
        f"{met:.3f}",
        "" if goal is None else f"{goal:.1f}",
        f"{np.mean(counted):.2f}",
        f"{max(counted)}",
        f"{np.mean([changes(one) for one in offers]):.1f}",
        f"{seconds:.0f}",
    )
    return Row(cells, None if goal is None else met >= goal)
