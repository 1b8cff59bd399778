"""Which EVSE of which site is meant by a uid of OCPI, and in what a pushed location is otherwise than the site. Pure.

A pushed location changes no site: what it says of powers is told to the operator, and is no limit.
"""

from collections.abc import Iterator, Mapping

from api.ocpi.forms import LocationServed, OcpiParty
from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.site import CurrentType, Evse, Site
from models.ocpi.locations import Location, OcpiEvse
from models.ocpi.translate import evse_of

NEAR_SHARE = 0.02
"""Powers that differ by less are the same: 230 or 231 V."""
REMOVED = "REMOVED"


def served(party: OcpiParty, location_id: str) -> LocationServed | None:
    """What the operator says of a location; None where it is no site of ours."""
    return next((one for one in party.locations if one.location == location_id), None)


def evses_by_uid(told: LocationServed, site: Site, location: Location | None) -> Mapping[str, str]:
    """EVSE ids of the site by uid: as the operator says, else where uid or evse_id is the id."""
    there = {evse.id for evse in site.evses}
    found = {name: name for name in there}
    for evse in location.evses if location else ():
        for name in (evse.evse_id, evse.uid):
            if name in there and name is not None:
                found[evse.uid] = name
    return found | {uid: evse for uid, evse in told.evses.items() if evse in there}


def differences(told: LocationServed, site: Site, location: Location) -> Iterator[str]:
    """In words of the operator."""
    by_uid = evses_by_uid(told, site, location)
    evses = {evse.id: evse for evse in site.evses}
    for evse in location.evses:
        if evse.status == REMOVED:
            continue
        known = evses.get(by_uid.get(evse.uid, ""))
        if known is None:
            yield f"EVSE {evse.uid} is none of the site: name it in evses"
        else:
            yield from _of_evse(evse, known, site)
    for name in sorted(set(told.evses.values()) - set(evses)):
        yield f"{name} is no EVSE of the site"
    if location.time_zone != site.time_zone:
        yield f"its clock is {location.time_zone}, the site's {site.time_zone}"


def _of_evse(told: OcpiEvse, known: Evse, site: Site) -> Iterator[str]:
    meant = evse_of(told, known.node)
    if (meant.current is CurrentType.DC) != (known.current is CurrentType.DC):
        yield f"EVSE {told.uid} is told as {meant.current.upper()}, {known.id} is {known.current.upper()}"
    here_kw = evse_max_power_kw(known, None, site.voltage_v or NOMINAL_VOLTAGE_V)
    there_kw = meant.max_power_kw or 0.0
    if abs(here_kw - there_kw) > NEAR_SHARE * max(here_kw, there_kw):
        yield f"EVSE {told.uid} is told with {there_kw:.1f} kW, {known.id} has {here_kw:.1f} kW: the site's counts"


def planned_with(location: Location | None) -> tuple[object, ...]:
    """What of a location says which EVSE and tariff a session has."""
    if location is None:
        return ()
    plugs = (
        (evse.uid, evse.evse_id, tuple((plug.id, plug.tariff_ids) for plug in evse.connectors))
        for evse in location.evses
    )
    return (location.time_zone, *sorted(plugs, key=lambda one: one[0]))
