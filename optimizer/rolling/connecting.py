"""Stations that boot, vanish and come back, update their firmware, and serve or do not."""

from dataclasses import replace
from datetime import datetime

from models.domain.answers import AvailabilityAsked, ConnectionLost, FirmwareTold
from models.domain.events import Booted, StationEvent
from optimizer.rolling.changing import evse_of, of_station, with_evse, with_station, with_verdict
from optimizer.rolling.state import EvseRecord, SiteState
from optimizer.rolling.timing import Placed
from optimizer.rolling.verdict import Evidence, Flaw


def booted(state: SiteState, event: Booted, when: Placed) -> SiteState:
    """What it was sent may be gone: it is sent again, and counts when that is verified."""
    state = with_station(
        state,
        event.station_id,
        reachable=True,
        lost_at=None,
        booted_at=when.at,
        vendor=event.vendor,
        model=event.model,
        firmware=event.firmware,
    )
    return _unverified(state, event.station_id, when.at, "it booted")


def lost(state: SiteState, event: ConnectionLost, when: Placed) -> SiteState:
    known = state.stations[event.station_id]
    return with_station(state, event.station_id, reachable=False, lost_at=known.lost_at or when.at)


def regained(state: SiteState, event: StationEvent, when: Placed) -> SiteState:
    """Nobody knows what it did while it was away, nor how long that was where nobody told that it went."""
    state = with_station(state, event.station_id, reachable=True, lost_at=None)
    return _unverified(state, event.station_id, when.at, "it was out of reach")


def firmware(state: SiteState, event: FirmwareTold, when: Placed) -> SiteState:
    return with_station(state, event.station_id, firmware_status=event.status)


def availability(state: SiteState, event: AvailabilityAsked, when: Placed) -> SiteState:
    """Of one EVSE, or of all of a station."""
    one = evse_of(state, event) if event.evse_number else None
    for record in (one,) if one else of_station(state, event.station_id):
        state = with_evse(state, replace(record, operative=event.operative))
    return state


def _unverified(state: SiteState, station_id: str, at: datetime, why: str) -> SiteState:
    """EVSEs that were told nothing have nothing to forget."""
    for record in of_station(state, station_id):
        known = _forgotten(record)
        if known.told:
            known = with_verdict(known, Flaw.UNVERIFIED, Evidence(at=at, what=why))
        state = with_evse(state, known)
    return state


def _forgotten(record: EvseRecord) -> EvseRecord:
    """Whether it still has what it accepted is not known; what it did not answer to is taken back."""
    had = (one for one in record.told if one.answered_at is not None)
    told = tuple(replace(one, outcome=None, answered_at=None) for one in had)
    return replace(record, told=told, retry_at=None)
