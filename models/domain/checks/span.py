"""The horizon: it has periods, and not too many."""

from collections.abc import Iterator

import numpy as np

from models.domain.checks.ranges import MOST_PERIODS
from models.domain.findings import Finding
from models.domain.horizon import Horizon
from models.domain.scenario import Scenario
from models.domain.times import seconds
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR

LONGEST_DAYS = 35.0
"""A billing month and a few days; nobody knows sessions further ahead."""
MOST_POWERS = 2_000_000
"""Of sessions in the periods of their stays, and of nodes. A linear program takes one to three kB of memory for each:
5,000 connectors over a day of quarters have at most 480,000, and 1,440,000 of five minutes."""


def unfit_horizon(horizon: Horizon) -> Iterator[Finding]:
    """No periods, too many, or too long."""
    if not horizon.stretches:
        yield Finding(path="horizon.stretches", message="the horizon has no periods", remedy=_STRETCH_REMEDY)
    days = _minutes(horizon) / (HOURS_PER_DAY * MINUTES_PER_HOUR)
    if days > LONGEST_DAYS:
        message = f"the horizon is {days:g} days long, more than {LONGEST_DAYS:g}"
        yield Finding(path="horizon.stretches", message=message, remedy="plan fewer days at once")
    elif (periods := sum(s.count for s in horizon.stretches)) > MOST_PERIODS:
        message = f"the horizon has {periods} periods, more than {MOST_PERIODS:.0f}"
        yield Finding(path="horizon.stretches", message=message, remedy="write longer periods")


_STRETCH_REMEDY = 'write at least one, as in {"count": 96, "minutes": 15}, or leave out horizon'


def too_many_powers(scenario: Scenario, horizon: Horizon) -> Iterator[Finding]:
    """A scenario whose program would fill the memory of a large machine."""
    if _at_most(scenario, horizon) <= MOST_POWERS:
        return  # hardly any comes near it, and instants took a third of what it takes to judge one session
    instants_s = np.array([seconds(instant) for instant in horizon.instants()])
    stays = [(seconds(s.arrival), seconds(s.departure or horizon.end)) for s in scenario.sessions]
    stays += [(seconds(v.arrival), seconds(v.departure)) for v in scenario.visits]
    begins, ends = np.array(stays).reshape(-1, 2).T
    lasting = np.searchsorted(instants_s, ends) - np.searchsorted(instants_s, begins, side="right") + 1
    nodes = len(scenario.site.nodes) + len(scenario.site.cabinets)
    powers = int(np.maximum(lasting, 0).sum()) + nodes * len(instants_s)
    if powers > MOST_POWERS:
        message = f"stays and nodes have {powers} powers in these periods, more than {MOST_POWERS}"
        remedy = "plan fewer days, sites or sessions at once, or write longer periods"
        yield Finding(path="horizon.stretches", message=message, remedy=remedy)


def _at_most(scenario: Scenario, horizon: Horizon) -> int:
    """Powers where every stay lasts from before the first to after the last period."""
    site, periods = scenario.site, sum(stretch.count for stretch in horizon.stretches)
    lines = len(scenario.sessions) + len(scenario.visits) + len(site.nodes) + len(site.cabinets)
    return lines * (periods + 2)


def nothing_to_plan() -> Finding:
    """What to say when no horizon is given and nothing in the scenario has a time."""
    message = "there is no session, visit at an EVSE, signal or dated price from which a horizon could be taken"
    return Finding(path="horizon", message=message, remedy='write horizon: {"start": ..., "stretches": [...]}')


def _minutes(horizon: Horizon) -> float:
    return sum(stretch.count * stretch.minutes for stretch in horizon.stretches)
