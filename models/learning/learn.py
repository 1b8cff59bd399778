"""Past sessions counted: the habits of a site."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from models.domain.habits import ENERGY_EDGES_KWH, STAY_EDGES_H, Floats, Habit, Habits
from models.domain.times import seconds
from models.domain.units import hours_from_seconds
from models.learning.history import PastSession

FRIDAY = 5
Cell = tuple[bool, int, str]


def learn(past: Iterable[PastSession], zone: ZoneInfo) -> Habits:
    """The habits that past sessions show: counts by kind of day, arrival hour and group, in order."""
    found: dict[Cell, list[PastSession]] = defaultdict(list)
    for session in past:
        found[(*day_and_hour(session.arrival, zone), session.group or "")].append(session)
    counted = [
        one_habit(workday, hour, group or None, np.array(list(map(_stay_h, members))), np.array(_energies(members)))
        for (workday, hour, group), members in sorted(found.items())
    ]
    return Habits(counted=tuple(counted), source=_source([one for members in found.values() for one in members]))


def one_habit(workday: bool, arrival_hour: int, group: str | None, stays_h: Floats, energies_kwh: Floats) -> Habit:
    """The counts of some sessions."""
    return Habit(
        workday=workday,
        arrival_hour=arrival_hour,
        group=group,
        stays=_counts(stays_h, STAY_EDGES_H),
        energies=_counts(energies_kwh, ENERGY_EDGES_KWH),
    )


def _counts(amounts: Floats, edges: Floats) -> tuple[int, ...]:
    step = np.clip(np.searchsorted(edges, amounts, side="left") - 1, 0, len(edges) - 2)
    return tuple(np.bincount(step).tolist())


def day_and_hour(arrival: datetime, zone: ZoneInfo) -> tuple[bool, int]:
    """Whether it was a workday, and the hour, on the site's clock."""
    local = arrival.astimezone(zone)
    return local.isoweekday() <= FRIDAY, local.hour


def _stay_h(session: PastSession) -> float:
    return hours_from_seconds(seconds(session.departure) - seconds(session.arrival))


def _energies(members: list[PastSession]) -> list[float]:
    return [session.energy_kwh for session in members]


def _source(past: list[PastSession]) -> str:
    if not past:
        return "no past session"
    first, last = (f(session.arrival.astimezone(UTC) for session in past) for f in (min, max))
    return f"{len(past)} past sessions from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
