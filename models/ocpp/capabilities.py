"""What a station can take, with what holds where it told nothing."""

from models.domain.electrical import conductors
from models.domain.session import Vehicle
from models.domain.site import CurrentType, Evse, RateUnit, Site, Station

FEWEST_MAX_PERIODS = 24
"""Smallest period limit seen in the field (MicroOCPP)."""
MOST_PERIODS = 1024
"""maxItems of chargingSchedulePeriod in the schemas of OCPP 2.0.1 and 2.1."""
DEFAULT_MAX_STACK_LEVEL = 1
PHASES_IF_ABSENT = 3
"""What an absent numberPhases means on AC (K01.FR.49)."""


def station_of(site: Site, evse: Evse) -> Station:
    """The EVSE's station; one that told nothing if the site does not list it."""
    station_id = evse.station or evse.id
    return next((station for station in site.stations if station.id == station_id), Station(id=station_id))


def allowed_rate_units(station: Station, evse: Evse | None) -> tuple[RateUnit, ...]:
    """Units the station takes; where it told none, A on AC, W on DC, and either for the station as a whole."""
    if station.rate_units is not None:
        return station.rate_units
    if evse is None:
        return tuple(RateUnit)
    return (RateUnit.W,) if evse.current is CurrentType.DC else (RateUnit.A,)


def rate_unit(station: Station, evse: Evse) -> RateUnit | None:
    """The unit to send: A before W on AC, W on DC; None if there is no way to limit this EVSE.

    Amperes cannot limit the power of a DC EVSE, because its voltage is the battery's.
    """
    allowed = allowed_rate_units(station, evse)
    wanted = (RateUnit.W,) if evse.current is CurrentType.DC else (RateUnit.A, RateUnit.W)
    return next((unit for unit in wanted if unit in allowed), None)


def max_periods(station: Station) -> int:
    """Most periods of one schedule."""
    return min(FEWEST_MAX_PERIODS if station.max_periods is None else station.max_periods, MOST_PERIODS)


def max_stack_level(station: Station) -> int:
    """Highest stack level."""
    return DEFAULT_MAX_STACK_LEVEL if station.max_stack_level is None else station.max_stack_level


def number_phases(evse: Evse, vehicle: Vehicle | None) -> int | None:
    """numberPhases to send: 1 or 2, None for three and for DC; a load between two lines is one."""
    if evse.current is CurrentType.DC:
        return None
    used = conductors(evse, vehicle)
    return None if used == PHASES_IF_ABSENT else used
