"""What is told of drivers in chances: it can only fall with time and with energy, and fits the rest of the session."""

from collections.abc import Iterator
from itertools import pairwise

from models.domain.findings import Finding
from models.domain.habits import ENERGY_EDGES_KWH, STAY_EDGES_H
from models.domain.paths import label
from models.domain.scenario import Scenario
from models.domain.session import Session, WantedPart

MOST_PARTS = 4
"""Of what a driver may want: each costs a column for every period."""


def unfit_chances(scenario: Scenario) -> Iterator[Finding]:
    """Chances that rise, parts that are too many or in disorder, and a target that is not where the last one ends."""
    for i, session in enumerate(scenario.sessions):
        path = f"sessions[{i}]"
        if session.still_there is not None:
            yield from _rising(f"{path}.still_there", session)
        if session.still_wants is not None:
            yield from _parts(f"{path}.still_wants", session, session.still_wants)


def unfit_habits(scenario: Scenario) -> Iterator[Finding]:
    """Counts with more steps than there are, and two for the same drivers, day and hour."""
    first: dict[tuple[bool, int, str | None], int] = {}
    for i, habit in enumerate(scenario.site.habits.counted if scenario.site.habits else ()):
        path = f"site.habits.counted[{i}]"
        for field, edges in (("stays", STAY_EDGES_H), ("energies", ENERGY_EDGES_KWH)):
            count, most = len(getattr(habit, field)), len(edges) - 1
            if count > most:
                message = f"{count} steps, but {field} are counted in {most}"
                yield Finding(path=f"{path}.{field}", message=message, remedy="let `chargewright learn` count them")
        before = first.setdefault((habit.workday, habit.arrival_hour, habit.group), i)
        if before != i:
            message = f"site.habits.counted[{before}] has the same kind of day, hour and group"
            yield Finding(path=path, message=message, remedy="add up their counts")


def _rising(path: str, session: Session) -> Iterator[Finding]:
    for k, (before, after) in enumerate(pairwise(session.still_there or ()), start=1):
        if after.value > before.value:
            message = (
                f"{label(session)}: the chance that it is still there rises from {before.value:g} to {after.value:g}"
            )
            remedy = "write chances that never rise; who has left does not come back"
            yield Finding(path=f"{path}[{k}].value", message=message, remedy=remedy, ids=(session.id,))


def _parts(path: str, session: Session, parts: tuple[WantedPart, ...]) -> Iterator[Finding]:
    if not 1 <= len(parts) <= MOST_PARTS:
        message = f"{label(session)}: {len(parts)} parts of what it may want"
        remedy = f"write one to {MOST_PARTS} parts, or leave it out"
        yield Finding(path=path, message=message, remedy=remedy, ids=(session.id,))
        return
    for k, (before, after) in enumerate(pairwise(parts), start=1):
        if after.up_to_kwh <= before.up_to_kwh or after.chance > before.chance:
            message = f"{label(session)}: a part up to {after.up_to_kwh:g} kWh of chance {after.chance:g} comes after "
            message += f"one up to {before.up_to_kwh:g} kWh of chance {before.chance:g}"
            remedy = "sort the parts by energy; more is never likelier than less"
            yield Finding(path=f"{path}[{k}]", message=message, remedy=remedy, ids=(session.id,))
    yield from _ends(path, session, parts[-1])


def _ends(path: str, session: Session, last: WantedPart) -> Iterator[Finding]:
    """The target, where it is told as well, and the promised minimum lie where the parts say."""
    where, target = f"{path}[{len(session.still_wants or ()) - 1}].up_to_kwh", session.energy_target_kwh
    if target is not None and target != last.up_to_kwh:
        message = f"{label(session)}: the last part ends at {last.up_to_kwh:g} kWh, energy_target_kwh is {target:g}"
        yield Finding(path=where, message=message, remedy="leave out energy_target_kwh", ids=(session.id,))
    if session.soc_target is not None:
        message = f"{label(session)}: both soc_target and still_wants say what it wants"
        yield Finding(path=path, message=message, remedy="leave out one of them", ids=(session.id,))
    if session.energy_minimum_kwh > last.up_to_kwh:
        message = f"{label(session)}: energy_minimum_kwh {session.energy_minimum_kwh:g} is above {last.up_to_kwh:g} kWh"
        remedy = "lower it, or add a part that reaches it"
        yield Finding(path=where, message=message, remedy=remedy, ids=(session.id,))
