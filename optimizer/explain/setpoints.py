"""The reason of every setpoint: what keeps it from being higher, and what one more kW of that would be worth.

A session would use more in a cell when a kWh there costs less than what it saves: one that is charged at a dearer time,
or one that is missing. Then a full limit is the reason; else it is the price, a peak, or that nothing is left to want.
"""

from collections.abc import Iterator

import numpy as np

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from optimizer.completing import complete
from optimizer.explain.causes import causes_in
from optimizer.explain.cells import Seen, cells_in, seen_in
from optimizer.explain.held import Held
from optimizer.explain.planned import Floats, Ints, planned
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
    of_plan = (told, seen.peaks, seen.rebounds, seen.priced)
    for start, end, low_kw, high_kw in _runs(causes.runs(), told.power_kw):
        s, here = int(causes.session[start]), slice(start, end)
        if only in (None, told.instance.sessions.ids[s]):
            run = Run(*of_plan, s, here, causes.of(start), low_kw, high_kw, *told.span(s, here))
            yield told_as(run, price=rate.price[here], gain=rate.gain[here])


def _runs(ends: Ints, power_kw: Floats) -> Iterator[tuple[int, int, float, float]]:
    """From and to, with the least and the highest setpoint within. [kW]"""
    if len(power_kw):
        power = np.maximum(0.0, power_kw)
        low, high = (of.reduceat(power, ends[:-1]).tolist() for of in (np.minimum, np.maximum))
        yield from zip(ends[:-1].tolist(), ends[1:].tolist(), low, high, strict=True)
