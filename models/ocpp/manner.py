"""How plans are to be sent, and which profile carries the plan of a session: what CSMS and station agree on."""

from dataclasses import dataclass
from datetime import datetime

from models.domain.sending import Feature, PlanPurpose, Version
from models.domain.session import Session
from models.domain.site import Evse, Site, Station
from models.ocpp.capabilities import max_stack_level, station_of
from models.ocpp.profile import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What a request says for all stations; a station's own word in the scenario comes first."""

    version: Version = Version.V201
    purpose: PlanPurpose | None = None
    """What the CSMS passes on. None: a TxProfile with a transaction, the EVSE's default before it."""
    bundle: bool = False
    """Whether the maxima of stations and the defaults of EVSEs go with the plans."""
    plan_until: datetime | None = None
    """The fail-safe holds from then on: a few minutes after the next plan is due. None: to the end of the plan."""
    randomized_delay_s: int = 0
    """Rule S9: within which stations that can begin at a time of their own; 0 where an event is answered. [s]"""
    priority: bool = False
    """Whether EVSEs get a profile of PriorityCharging, for drivers that UsePriorityCharging lets past the plan."""
    max_offline_s: int = 900
    """After so long without contact a Dynamic profile gives way to the default; it has no tail of its own. [s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """The profile that carries a plan."""

    slot: Slot
    starts: bool = False
    """Whether it goes with the request that starts the transaction."""


def version_at(station: Station, manner: Manner) -> Version:
    """What a station speaks."""
    return station.ocpp_version or manner.version


def purpose_at(station: Station, manner: Manner) -> PlanPurpose | None:
    """What a station follows."""
    return station.plan_purpose or manner.purpose


def has(station: Station, manner: Manner, feature: Feature) -> bool:
    """Whether a station can be sent what only OCPP 2.1 knows; told by it, not guessed."""
    return version_at(station, manner) is Version.V21 and feature in station.features


def carrier(site: Site, evse: Evse, session: Session, manner: Manner) -> Carrier | str:
    """What carries the plan of a session, or why nothing can."""
    station = station_of(site, evse)
    purpose, known = purpose_at(station, manner), session.transaction_id is not None
    if purpose is PlanPurpose.STATION_MAX:
        count = len(evses_of(site, station))
        many = f"station {station.id} has {count} EVSEs: its maximum cannot carry the plan of one of them"
        return Carrier(slot=Slot.STATION_MAX) if count == 1 else many
    if purpose is PlanPurpose.TX_DEFAULT:
        return Carrier(slot=default_slot(site, station))
    if known:
        return Carrier(slot=Slot.PLAN)
    if purpose is None:
        return Carrier(slot=default_slot(site, station))
    if purpose is PlanPurpose.REMOTE_START and session.start_token is not None:
        return Carrier(slot=Slot.PLAN, starts=True)
    told = "no transaction is told yet; the default of its EVSE holds until then"
    return told if purpose is PlanPurpose.TX_PROFILE else f"{told}: give its start_token, or the transaction_id"


def default_slot(site: Site, station: Station) -> Slot:
    """Where a plan stands that a default carries: above the fail-safe, or in one profile with it for want of room."""
    number, most = len(evses_of(site, station)), station.max_profiles
    crowded = most is not None and most < 2 * number + (station.supply_current_a is not None)
    return Slot.FAIL_SAFE if max_stack_level(station) < 1 or crowded else Slot.PLAN_DEFAULT


def evses_of(site: Site, station: Station) -> tuple[Evse, ...]:
    """The EVSEs of a station, in the order of the site."""
    return tuple(evse for evse in site.evses if (evse.station or evse.id) == station.id)


def numbers_at(evse: Evse, session: Session | None, version: Version) -> tuple[int, ...]:
    """Under which numbers its station knows an EVSE; of one session in OCPP 1.6, that of its plug if it is known."""
    plugs = [c for c in evse.connectors if c.number_in_16 is not None] if version is Version.V16 else []
    used = None if session is None else session.connector
    told = [c.number_in_16 for c in plugs if used is None or c.id == used]
    return tuple(number for number in told if number is not None) or (evse.evse_number,)


def evse_at(site: Site, station_id: str, number: int, version: Version) -> Evse | None:
    """The EVSE that a station means by a number: evseId of OCPP 2.x, connectorId of OCPP 1.6. None: it has none."""
    there = (evse for evse in site.evses if (evse.station or evse.id) == station_id)
    return next((evse for evse in there if number in numbers_at(evse, None, version)), None)
