"""What commissioning found, written into the site: units and numbers a station takes, what it does without contact."""

from collections.abc import Mapping
from dataclasses import replace

from models.commissioning.record import Grade, Record
from models.domain.installed import OfflineBehaviour
from models.domain.site import Evse, Site, Station


def declared(site: Site, records: Mapping[str, Record]) -> Site:
    """The site with the records of its stations, by id; stations and EVSEs without one stay as they are.

    Of grade A an EVSE counts at the larger of plan and default until its plan ends, whatever it does when the
    connection is cut: a boot, or the next car, takes the plan away. Of grade B or C it counts at its rating.
    """
    listed = {station.id: station for station in site.stations}
    names = dict.fromkeys([*listed, *(name for name in records if name not in listed)])
    stations = tuple(_station(listed.get(name, Station(id=name)), records.get(name)) for name in names)
    evses = tuple(_evse(evse, records.get(evse.station or evse.id)) for evse in site.evses)
    return replace(site, stations=stations, evses=evses)


def _station(station: Station, record: Record | None) -> Station:
    if record is None:
        return station
    seen = record.capability
    return replace(
        station,
        ocpp_version=record.version,
        rate_units=seen.rate_units or station.rate_units,
        max_periods=station.max_periods if seen.max_periods is None else seen.max_periods,
        max_stack_level=station.max_stack_level if seen.max_stack_level is None else seen.max_stack_level,
        max_profiles=station.max_profiles if seen.max_profiles is None else seen.max_profiles,
    )


def _evse(evse: Evse, record: Record | None) -> Evse:
    """The smallest current that its car drew says something of the car as well, so it is not taken over."""
    if record is None:
        return evse
    return replace(evse, offline=OfflineBehaviour.DEFAULT if record.grade is Grade.A else OfflineBehaviour.FULL)
