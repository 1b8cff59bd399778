"""From planned power to a limit that may be sent: rounded down to one decimal, then to what the EVSE can offer.

Limits are counted in tenths of the unit, as integers, so that comparing, merging and summing them is exact.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

from models.domain.electrical import NOMINAL_VOLTAGE_V, kw_per_ampere, min_current_a
from models.domain.session import Vehicle
from models.domain.site import CurrentType, Evse, RateUnit, Site
from models.domain.units import kw_from_watts, watts_from_kw

TENTHS = 10
CURRENT_TOLERANCE_A = 1e-6
"""A solver's 5.9999999 A is 6 A; else its noise would pause the car. [A]"""
POWER_TOLERANCE_KW = 1e-6
"""The same in power: what limits in the program are tightened by. [kW]"""

ONE_PHASE = Vehicle(id="one phase", phases=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitScale:
    """The limits that one EVSE can be sent for one vehicle, in one unit."""

    unit: RateUnit
    kw_per_unit: float
    """Power at evse that a limit of 1 counts as. [kW/A] or [kW/W]"""
    tolerance: float
    """In the unit."""
    smallest_tenths: int
    """Smallest limit other than 0."""
    level_tenths: tuple[int, ...] | None = None
    """The only limits other than 0, ascending; None: any."""

    def tenths(self, power_kw: float) -> int:
        """Highest limit that does not exceed the power by more than the tolerance; 0 below the smallest."""
        tenths = floor((power_kw / self.kw_per_unit + self.tolerance) * TENTHS)
        if self.level_tenths is not None:
            tenths = max((level for level in self.level_tenths if level <= tenths), default=0)
        return tenths if tenths >= self.smallest_tenths else 0

    def power_kw(self, tenths: int) -> float:
        """Power at evse that a limit lets flow. [kW]"""
        return tenths / TENTHS * self.kw_per_unit


def limit_scale(site: Site, evse: Evse, vehicle: Vehicle | None, unit: RateUnit) -> LimitScale:
    """The scale of an EVSE: smallest current and pilot levels, rounded up so that the EVSE does reach them.

    Their currents are no limits of a DC EVSE, because its voltage is the battery's. The power of a vehicle whose phases
    are unknown was counted on all of them: a limit in W lets it have no more current than that on one of them.
    """
    counted, told = _kw_per_ampere(site, evse, vehicle), _kw_per_ampere(site, evse, told_vehicle(evse, vehicle, unit))
    kw_per_unit, tolerance = counted, CURRENT_TOLERANCE_A
    if unit is RateUnit.W:
        kw_per_unit, tolerance = kw_from_watts(1.0) * counted / told, watts_from_kw(POWER_TOLERANCE_KW)
    currents = (0.0,) if evse.current is CurrentType.DC else (min_current_a(evse), *(evse.pilot_levels_a or ()))
    smallest, *levels = (ceil((a * counted / kw_per_unit - tolerance) * TENTHS) for a in currents)
    return LimitScale(
        unit=unit,
        kw_per_unit=kw_per_unit,
        tolerance=tolerance,
        smallest_tenths=max(0, smallest),
        level_tenths=_ascending(levels) if levels else None,
    )


def told_vehicle(evse: Evse, vehicle: Vehicle | None, unit: RateUnit) -> Vehicle | None:
    """For whom a limit is spelled: in W on AC, a vehicle of unknown phases may put all of it on one."""
    unknown = vehicle is None or vehicle.phases is None
    return ONE_PHASE if unknown and unit is RateUnit.W and evse.current is CurrentType.AC else vehicle


def fail_safe_power_kw(share_kw: float, site: Site, evse: Evse, vehicle: Vehicle | None) -> float:
    """What this vehicle may draw of its EVSE's fail-safe share. [kW]

    The share was counted on all phases of the EVSE. A vehicle on fewer of them gets the same current on each, not
    the whole power, or it would overload its phase: of 4.14 kW on three phases one phase carries 1.38 kW.
    """
    if evse.current is CurrentType.DC:
        return share_kw
    return share_kw * _kw_per_ampere(site, evse, vehicle) / _kw_per_ampere(site, evse, None)


def as_decimal(tenths: int) -> Decimal:
    """The limit as a number of one decimal: 81 is 8.1."""
    return Decimal(tenths).scaleb(-1)


def _kw_per_ampere(site: Site, evse: Evse, vehicle: Vehicle | None) -> float:
    return kw_per_ampere(evse, vehicle, site.voltage_v or NOMINAL_VOLTAGE_V)


def _ascending(levels: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(level for level in set(levels) if level > 0))
