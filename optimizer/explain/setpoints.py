"""The reason of every setpoint: what keeps it from being higher, and what one more kW of that would be worth.

A session would use more in a cell when a kWh there costs less than what it saves: one that is charged at a dearer time,
or one that is missing. Then a full limit is the reason; else it is the price, a peak, or that nothing is left to want.
"""

from collections.abc import Iterator
from itertools import pairwise

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from optimizer.completing import complete
from optimizer.explain.causes import causes_in
from optimizer.explain.cells import Seen, cells_in, seen_in
from optimizer.explain.held import Held
from optimizer.explain.planned import planned
from optimizer.explain.wording import Run, told_as
from optimizer.settings import Settings


def held(
    scenario: Scenario, schedule: Schedule, settings: Settings = Settings(), *, only: str | None = None
) -> tuple[Held, ...]:
    """The reasons of all setpoints, session by session, in order of time; of one session with ``only``.

    ``settings`` are those that the schedule was made with. Raises ValueError when the schedule is not one of this
    scenario.
    """
    told = planned(complete(scenario).scenario, schedule)
    return tuple(_stretches(seen_in(told, settings), only))


def _stretches(seen: Seen, only: str | None) -> Iterator[Held]:
    """Neighbouring cells of one session with one cause; words are made for these alone."""
    told, cells = seen.told, cells_in(seen)
    causes, rate = causes_in(seen, cells), seen.rates
    for start, end in pairwise(causes.runs().tolist()):
        s = int(causes.session[start])
        if only in (None, told.instance.sessions.ids[s]):
            run = Run(told, seen.peaks, seen.rebounds, seen.priced, s, slice(start, end), causes.of(start))
            yield told_as(run, price=rate.price[start:end], gain=rate.gain[start:end])
