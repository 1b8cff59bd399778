"""The reason of every setpoint: what keeps it from being higher, and what one more kW of that would be worth.

A session would use more in a cell when a kWh there costs less than what it saves: one that is charged at a dearer time,
or one that is missing. Then a full limit is the reason; else it is the price, a peak, or that nothing is left to want.
"""

from collections.abc import Iterator

import numpy as np

from models.domain.electrical import kw_per_ampere, min_current_a
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.site import CurrentType
from optimizer.completing import complete
from optimizer.explain.cells import Cells, Seen, cells_of, seen_in
from optimizer.explain.full import ROOM_KW, Place, powers_above
from optimizer.explain.held import Held, HeldBy
from optimizer.explain.marginal import NOTHING
from optimizer.explain.planned import Planned, planned
from optimizer.explain.wishes import Wishes, wishes_of
from optimizer.explain.wording import Cause, Run, told_as
from optimizer.settings import Settings


def held(
    scenario: Scenario, schedule: Schedule, settings: Settings = Settings(), *, only: str | None = None
) -> tuple[Held, ...]:
    """The reasons of all setpoints, session by session, in order of time; of one session with ``only``.

    ``settings`` are those that the schedule was made with. Raises ValueError when the schedule is not one of this
    scenario.
    """
    told = planned(complete(scenario).scenario, schedule)
    seen = seen_in(told, settings)
    names = told.instance.sessions.ids
    wanted = [s for s, name in enumerate(names) if only in (None, name) and told.instance.cells.per_session[s]]
    return tuple(one for s in wanted for one in _session(seen, s))


def _session(seen: Seen, s: int) -> Iterator[Held]:
    cells = cells_of(seen, s)
    wishes = wishes_of(cells)
    causes = [_cause(seen, cells, wishes, s, k) for k in range(len(cells.hours))]
    first = seen.told.cells(s).start
    for start, end in _runs(causes):
        at = np.arange(first + start, first + end)
        span = seen.told.span(s, at)
        run = Run(seen.told, seen.peaks, seen.rebounds, seen.priced, s, at, causes[start], *span)
        yield told_as(run, price=cells.price[start:end], gain=cells.gain[start:end])


def _runs(causes: list[Cause]) -> Iterator[tuple[int, int]]:
    """From and to, of equal neighbours."""
    start = 0
    for k in range(1, len(causes) + 1):
        if k == len(causes) or causes[k] != causes[start]:
            yield start, k
            start = k


def _cause(seen: Seen, cells: Cells, wishes: Wishes, s: int, k: int) -> Cause:
    """What holds the setpoint of cell k: hardware first, then limits and peaks that keep it from what it would use."""
    if wishes.at_most[k]:
        return Cause(HeldBy.MAXIMUM)
    if cells.unreachable[k]:
        return Cause(HeldBy.UNREACHABLE)
    if cells.taper[k]:
        return Cause(HeldBy.TAPER)
    wants, wants_freely = wishes.uses[k], wishes.uses_freely[k]
    if (cells.places[k] or cells.events[k]) and (wants or wants_freely):
        dearer = () if wishes.pays[k] else cells.priced[k]
        return Cause(HeldBy.LIMIT, cells.places[k], cells.windows[k], cells.events[k], dearer)
    if seen.marginal is None:
        return Cause(HeldBy.RULE if cells.missing or cells.later[k] else HeldBy.DONE)
    if wants and cells.room_kw[k] < _step_kw(seen.told, s, float(cells.power_kw[k])):
        return Cause(HeldBy.MINIMUM_CURRENT, _tightest(seen, s, k))
    if wants_freely and (charges := _charges(cells, k)):
        return Cause(charges[0], (), cells.windows[k], (), cells.priced[k])
    return Cause(_price_reason(cells, wishes, k))


def _charges(cells: Cells, k: int) -> list[HeldBy]:
    """What makes a kWh dear in cell k beside energy, the dearest first."""
    parts = {HeldBy.PEAK: cells.peak[k], HeldBy.EVENT: cells.event[k], HeldBy.CONTRACT: cells.contract[k]}
    found = [by for by in parts if parts[by] > 0.0 or (by is HeldBy.PEAK and cells.windows[k])]
    return sorted(found, key=lambda by: -parts[by])


def _price_reason(cells: Cells, wishes: Wishes, k: int) -> HeldBy:
    """Of a session that would not use more room; one that charges in its dearest hours has what it wants by then."""
    if cells.saved[k] == -np.inf or wishes.equal[k]:
        return HeldBy.DONE
    if cells.missing:
        return HeldBy.VALUE
    return HeldBy.DONE if wishes.charges[k] else HeldBy.PRICE


def _step_kw(told: Planned, s: int, power_kw: float) -> float:
    """To the next current that the EVSE can offer; 0 where it can offer any. [kW]"""
    session = told.instance.scenario.sessions[s]
    evse = told.instance.tree.evses[session.evse]
    volts = told.instance.scenario.site.voltage_v
    if evse.current is not CurrentType.AC or volts is None:
        return 0.0
    per_ampere = kw_per_ampere(evse, session.vehicle, volts)
    levels = evse.pilot_levels_a or ((min_current_a(evse),) if power_kw < ROOM_KW else ())
    above = [level * per_ampere - power_kw for level in levels if level * per_ampere > power_kw + NOTHING]
    return min(above, default=0.0)


def _tightest(seen: Seen, s: int, k: int) -> tuple[Place, ...]:
    """The node that leaves least."""
    period = int(seen.told.instance.cells.period[seen.told.cells(s).start + k])
    left = {node: float(left_kw[period]) for node, left_kw in powers_above(seen.told, seen.rooms, s)}
    return (Place(min(left, key=lambda node: left[node])),) if left else ()
