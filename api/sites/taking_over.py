"""Taking over a site that somebody else steers: what is installed is listed, recorded, and cleared on request."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from api.operating import takeover
from api.sites.commanding import live_site
from api.sites.handing_back import RESTORED
from api.sites.keeping import Desk
from api.store.records import Kind
from models.ocpp.profile import Version
from optimizer.rolling.state import UNNAMED, ForeignProfile

LEFT_ALONE = ("ChargingStationExternalConstraints", "TxProfile")
"""Never touched by us, or gone with its transaction."""


class Seen(BaseModel):
    """From ``start`` on, at most so much is drawn, with all phases of the EVSE in use."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    start: datetime
    power_kw: float


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
    comes_to: list[Seen] = []
    """Of OCPP 1.6, which tells no profiles: what all that is installed comes to."""


def look(desk: Desk, now: datetime) -> int:
    """Have every station asked what it has; how many commands that takes. Raises NotFound."""
    before = live_site(desk, now)
    live = takeover.asked(before, now)
    desk.keep(Kind.STATE, live)
    return len(live.outbox) - len(before.outbox)


def foreign(desk: Desk, now: datetime) -> list[ForeignLine]:
    """Profiles of others, by station."""
    return [line_of(one) for station in live_site(desk, now).state.stations.values() for one in station.foreign]


def left_behind(desk: Desk, now: datetime) -> list[ForeignLine]:
    """What stood at stations before us and no hand-back sets again; adopted or replaced, its owner has to set it."""
    live = live_site(desk, now)
    recorded = [one for station in live.state.stations.values() for one in station.recorded]
    told = [one for one in recorded if live.version_of(one.station) is Version.V16 or one.profile_id != UNNAMED]
    lines = [line_of(one) for one in told if one.purpose not in LEFT_ALONE]
    return [line for line in lines if not line.restorable]


def adopt(desk: Desk, now: datetime) -> int:
    """Have the profiles of others cleared, where a CSMS may; how many. What they were stays recorded."""
    live, cleared = takeover.adopted(live_site(desk, now), now)
    desk.keep(Kind.STATE, live)
    desk.audit("adopted", desk.site, profiles=len(cleared))
    return len(cleared)


def line_of(one: ForeignProfile) -> ForeignLine:
    return ForeignLine(
        station=one.station,
        evse_number=one.evse_number,
        profile=None if one.profile_id < 0 else one.profile_id,
        purpose=one.purpose,
        stack_level=one.stack_level,
        source=one.source,
        restorable=bool(one.wire) and one.purpose in RESTORED,
        comes_to=[Seen(start=step.start, power_kw=round(step.value, 3)) for step in one.comes_to_kw],
    )
