"""What the plans of today saved, from the statement of the day; put together anew at most once a minute."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from api.sites.keeping import Desk
from api.sites.statements import daily
from models.domain.errors import NotFound

KEPT = timedelta(minutes=1)
"""A statement reads the accounts of all plans of the day."""


@dataclass(frozen=True, slots=True)
class Today:
    """Of one site, up to the plan that holds."""

    saved: float
    """Against the same cars charged at once. [currency]"""
    cost: float
    """[currency]"""
    currency: str
    energy_kwh: float


@dataclass(slots=True)
class Savings:
    """Those of a service, by tenant and site."""

    _known: dict[tuple[str, str], tuple[datetime, Today | None]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def today(self, desk: Desk, zone: ZoneInfo, now: datetime) -> Today | None:
        """None where no plan was made today."""
        place = desk.tenant, desk.site
        with self._lock:
            known = self._known.get(place)
        if known is not None and known[1] is not None and timedelta() <= now - known[0] < KEPT:
            return known[1]
        found = _of(desk, zone, now)
        with self._lock:
            self._known[place] = now, found
        return found


def _of(desk: Desk, zone: ZoneInfo, now: datetime) -> Today | None:
    try:
        told = daily(desk, now.astimezone(zone).date(), now)
    except NotFound:
        return None
    return Today(told.saved, told.cost, told.currency, told.energy_kwh)
