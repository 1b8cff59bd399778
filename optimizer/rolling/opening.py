"""The state of a site of which nothing was heard yet."""

from models.domain.electrical import (
    NOMINAL_VOLTAGE_V,
    conductors,
    evse_max_power_kw,
    kw_per_ampere,
    min_current_a,
)
from models.domain.site import CurrentType, Evse, Site
from optimizer.rolling.state import EvseRecord, NamePlate, SiteState, StationRecord


def opening(site: Site, groups: dict[str, str] | None = None) -> SiteState:
    """A record for every station and EVSE; nothing is known to be installed, so each counts at its rating."""
    evses = {evse.id: _record(evse, site.voltage_v or NOMINAL_VOLTAGE_V) for evse in site.evses}
    stations = {record.station: StationRecord(id=record.station) for record in evses.values()}
    return SiteState(site_id=site.id, stations=stations, evses=evses, groups=groups or {})


def _record(evse: Evse, voltage_v: float) -> EvseRecord:
    dc, per_ampere = evse.current is CurrentType.DC, kw_per_ampere(evse, None, voltage_v)
    plate = NamePlate(
        rating_kw=evse_max_power_kw(evse, None, voltage_v),
        least_kw=0.0 if dc else min_current_a(evse) * per_ampere,
        kw_per_ampere=per_ampere,
        phases=conductors(evse, None),
        dc=dc,
    )
    return EvseRecord(id=evse.id, station=evse.station or evse.id, number=evse.evse_number, plate=plate)
