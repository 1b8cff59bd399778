"""Taking over a site that somebody else steers: what is installed is listed, recorded, and cleared on request."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from api.operating import takeover
from api.sites.commanding import live_site
from api.sites.handing_back import RESTORED
from api.sites.keeping import Desk
from api.store.records import Kind
from optimizer.rolling.state import ForeignProfile


class ForeignLine(BaseModel):
    """A profile that is not ours."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    station: str
    evse_number: int
    """0: the station."""
    profile: int | None
    """Its id; null where it is only seen by what it does."""
    purpose: str
    stack_level: int
    source: str = ""
    restorable: bool
    """Whether handing back sets it again."""


def look(desk: Desk, now: datetime) -> int:
    """Have every station asked what it has; how many commands that takes. Raises NotFound."""
    before = live_site(desk, now)
    live = takeover.asked(before, now)
    desk.keep(Kind.STATE, live)
    return len(live.outbox) - len(before.outbox)


def foreign(desk: Desk, now: datetime) -> list[ForeignLine]:
    """Profiles of others, by station."""
    return [_line(one) for station in live_site(desk, now).state.stations.values() for one in station.foreign]


def adopt(desk: Desk, now: datetime) -> int:
    """Have the profiles of others cleared, where a CSMS may; how many. What they were stays recorded."""
    live, cleared = takeover.adopted(live_site(desk, now), now)
    desk.keep(Kind.STATE, live)
    desk.audit("adopted", desk.site, profiles=len(cleared))
    return len(cleared)


def _line(one: ForeignProfile) -> ForeignLine:
    return ForeignLine(
        station=one.station,
        evse_number=one.evse_number,
        profile=None if one.profile_id < 0 else one.profile_id,
        purpose=one.purpose,
        stack_level=one.stack_level,
        source=one.source,
        restorable=bool(one.wire) and one.purpose in RESTORED,
    )
