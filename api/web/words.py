"""Numbers, times and names as people read them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR, SECONDS_PER_HOUR

FOLDER = Path(__file__).parent
NOTHING = "–"
UNAMBIGUOUS = timedelta(hours=20)
"""A time of day that is so near needs no day."""
LARGE = 100.0
"""From here on no decimals are shown."""
SECONDS_PER_MINUTE = SECONDS_PER_HOUR / MINUTES_PER_HOUR


def number(amount: float | None, digits: int = 1) -> str:
    """``7.4``, ``120``; a dash for what is not known."""
    if amount is None:
        return NOTHING
    shown = f"{amount:.{0 if abs(amount) >= LARGE else digits}f}"
    return shown.replace("-", "−") if float(shown) else shown.removeprefix("-")


def money(amount: float | None, currency: str | None) -> str:
    """``3.12 EUR``."""
    return NOTHING if amount is None else f"{number(amount, 2)} {currency or ''}".strip()


def clock(at: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """``17:40``; with the day where that could be another one."""
    if at is None:
        return NOTHING
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if abs(at - now) < UNAMBIGUOUS else f"{local:%a %H:%M}"


def lasting(span: timedelta) -> str:
    """``45 s``, ``12 min``, ``3 h 20 min``, ``2 d``."""
    seconds = max(0.0, span.total_seconds())
    if seconds < SECONDS_PER_MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / SECONDS_PER_MINUTE)
    hours, rest = divmod(minutes, int(MINUTES_PER_HOUR))
    if hours >= 2 * HOURS_PER_DAY:
        return f"{hours / HOURS_PER_DAY:.0f} d"
    return f"{hours} h {rest:02d} min" if hours else f"{minutes} min"


def told(name: str) -> str:
    """``handed_back`` as ``handed back``."""
    return name.replace("_", " ")


def moment(at: datetime | None) -> str:
    """For the attribute of a ``time``."""
    return "" if at is None else at.isoformat()


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "money": money,
    "clock": clock,
    "lasting": lasting,
    "told": told,
    "moment": moment,
}
