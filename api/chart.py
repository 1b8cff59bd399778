"""Load over the day as a line of text: one block for each half hour of local time."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from api.curves import means
from models.domain.schedule import Floats
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR

BLOCKS = "▁▂▃▄▅▆▇█"
NOTHING = "·"
SLOT_MIN = 30.0
SLOTS = round(HOURS_PER_DAY * MINUTES_PER_HOUR / SLOT_MIN)
HOURS_APART = 3


def scale() -> str:
    """The hours above the blocks."""
    width = HOURS_APART * SLOTS // round(HOURS_PER_DAY)
    return "".join(f"{hour:02d}".ljust(width) for hour in range(0, round(HOURS_PER_DAY), HOURS_APART))


def days(instants: Sequence[datetime], power_kw: Floats, zone: ZoneInfo) -> dict[date, Floats]:
    """Mean power in each half hour of each local day; nan outside the plan. [kW]

    A half hour that a change of clocks repeats keeps its larger mean.
    """
    seconds = np.array([instant.timestamp() for instant in instants])
    edges = list(slots(instants[0], instants[-1], zone))
    starts_s, ends_s = (
        np.clip([edge.timestamp() for edge in side], seconds[0], seconds[-1]) for side in zip(*edges, strict=True)
    )
    charted: dict[date, Floats] = {}
    for (start, _), mean_kw in zip(edges, means(power_kw, seconds, starts_s, ends_s), strict=True):
        local = start.astimezone(zone)
        row = charted.setdefault(local.date(), np.full(SLOTS, np.nan))
        slot = int((local.hour * MINUTES_PER_HOUR + local.minute) // SLOT_MIN)
        row[slot] = np.fmax(row[slot], mean_kw)
    return charted


def slots(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Half hours of the local clock that overlap the time from ``start`` to ``end``."""
    local = start.astimezone(zone)
    into_slot = timedelta(minutes=local.minute % SLOT_MIN, seconds=local.second, microseconds=local.microsecond)
    length, edge = timedelta(minutes=SLOT_MIN), start - into_slot
    while edge < end:
        yield edge, edge + length
        edge += length


def blocks(power_kw: Floats, top_kw: float) -> str:
    """One character a slot: a point for nothing, a space outside the plan, eighths of ``top_kw`` else."""
    return "".join(_block(float(power), top_kw) for power in power_kw)


def _block(power_kw: float, top_kw: float) -> str:
    if np.isnan(power_kw):
        return " "
    if power_kw <= 0 or top_kw <= 0:
        return NOTHING
    height = int(np.ceil(power_kw / top_kw * len(BLOCKS) - 1e-9))
    return BLOCKS[min(max(height, 1), len(BLOCKS)) - 1]
