"""Plugs that have numbers of their own in OCPP 1.6: the declared map from them to EVSEs."""

from dataclasses import replace

from api.operating.live import LiveSite
from models.domain.events import StationEvent
from models.domain.sending import Version
from models.ocpp.manner import evse_at, numbers_at
from optimizer.rolling.changing import evse_of, with_evse, with_session


def at_evse(live: LiveSite, event: StationEvent) -> StationEvent:
    """With the number of the EVSE in place of that of its plug; 0 and none are the station."""
    if not event.evse_number or live.version_of(event.station_id) is not Version.V16:
        return event
    evse = evse_at(live.site, event.station_id, event.evse_number, Version.V16)
    return event if evse is None else replace(event, evse_number=evse.evse_number)


def with_plug(live: LiveSite, told: StationEvent, event: StationEvent) -> LiveSite:
    """The session knows its plug from the first message that names it."""
    record = evse_of(live.state, event)
    if record is None or record.session is None or record.session.connector is not None:
        return live
    evse = next((evse for evse in live.site.evses if evse.id == record.id), None)
    plugs = evse.connectors if evse is not None else ()
    plug = next((p.id for p in plugs if p.number_in_16 is not None and p.number_in_16 == told.evse_number), None)
    if plug is None or live.version_of(event.station_id) is not Version.V16:
        return live
    return replace(live, state=with_evse(live.state, with_session(record, connector=plug)))


def number_at(live: LiveSite, evse_id: str) -> int:
    """Under which a station is asked about an EVSE: that of the plug in use, else its first."""
    record = live.state.evses[evse_id]
    evse = next((evse for evse in live.site.evses if evse.id == evse_id), None)
    if evse is None:
        return record.number
    used = record.session.connector if record.session is not None else None
    plugs = [plug for plug in evse.connectors if used is None or plug.id == used]
    return numbers_at(replace(evse, connectors=tuple(plugs)), None, live.version_of(record.station))[0]
