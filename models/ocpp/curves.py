"""What profiles let an EVSE draw or give back over time, counted with all of its phases in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

import numpy as np
from numpy.typing import NDArray

from models.domain.electrical import NOMINAL_VOLTAGE_V, conductors, evse_max_power_kw, kw_per_ampere
from models.domain.site import CurrentType, Evse, RateUnit, Site
from models.domain.times import seconds
from models.domain.units import kw_from_watts
from models.domain.value import Step
from models.ocpp.capabilities import PHASES_IF_ABSENT
from models.ocpp.profile import EvseProfile, Period, ProfileKind
from models.ocpp.share import DAY_S

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Steps; the first one holds before its start as well, the last one for ever."""

    starts_s: tuple[float, ...]
    """Ascending, since 1970. [s]"""
    charge_kw: tuple[float, ...]
    back_kw: tuple[float, ...]
    """Given back at most, not negative. [kW]"""

    def charge_at(self, instants_s: Floats) -> Floats:
        """What may be drawn from each instant to the next step. [kW]"""
        return np.array(self.charge_kw)[self._index(instants_s)]

    def back_at(self, instants_s: Floats) -> Floats:
        """What may be given back. [kW]"""
        return np.array(self.back_kw)[self._index(instants_s)]

    def _index(self, instants_s: Floats) -> NDArray[np.intp]:
        found: NDArray[np.intp] = np.searchsorted(np.array(self.starts_s), instants_s, side="right") - 1
        return np.maximum(found, 0)


def constant(charge_kw: float, back_kw: float = 0.0) -> Curve:
    """The same for ever."""
    return Curve(starts_s=(-inf,), charge_kw=(charge_kw,), back_kw=(back_kw,))


def rating(site: Site, evse: Evse) -> Curve:
    """What an EVSE can do that follows nothing. [kW]"""
    most_kw = evse_max_power_kw(evse, None, site.voltage_v or NOMINAL_VOLTAGE_V)
    return constant(most_kw, evse.max_discharge_kw or 0.0)


def highest(curves: Sequence[Curve]) -> Curve:
    """At each instant the most that any of them allows; of several profiles nobody knows which one is followed."""
    starts = sorted({start for curve in curves for start in curve.starts_s})
    at = np.array(starts)
    charge = np.max([curve.charge_at(at) for curve in curves], axis=0)
    back = np.max([curve.back_at(at) for curve in curves], axis=0)
    return Curve(starts_s=tuple(starts), charge_kw=tuple(charge.tolist()), back_kw=tuple(back.tolist()))


def curve_of(site: Site, evse: Evse, profile: EvseProfile, now: datetime) -> Curve:
    """What one profile allows. Of a daily one two days from ``now`` on, and its most for the time after them."""
    schedule = profile.profile.schedule
    charge, back = zip(*(_counted_kw(site, evse, schedule.unit, period) for period in schedule.periods), strict=True)
    starts = tuple(seconds(schedule.start) + period.start_s for period in schedule.periods)
    curve = Curve(starts_s=starts, charge_kw=charge, back_kw=back)
    if profile.profile.kind is not ProfileKind.DAILY:
        return curve
    shift_s = (seconds(now) - starts[0]) // DAY_S * DAY_S
    days = [tuple(start + shift_s + k * DAY_S for start in starts) for k in (0, 1)]
    return Curve(
        starts_s=(*days[0], *days[1], starts[0] + shift_s + 2 * DAY_S),
        charge_kw=(*charge, *charge, max(charge)),
        back_kw=(*back, *back, max(back)),
    )


def installed_series(site: Site, evse: Evse, profile: EvseProfile, now: datetime) -> tuple[Step, ...]:
    """The same as ``power_kw`` of an installed profile of a scenario."""
    curve = curve_of(site, evse, profile, now)
    epoch = datetime.fromtimestamp(0, now.tzinfo)
    pairs = zip(curve.starts_s, curve.charge_kw, strict=True)
    return tuple(Step(start=epoch + timedelta(seconds=start), value=kw) for start, kw in pairs)


def kw_per_unit(site: Site, evse: Evse, unit: RateUnit, number_phases: int | None) -> float:
    """What a limit of 1 counts as; W on fewer phases than the EVSE has are the same current on all of them. [kW]"""
    if unit is RateUnit.A:
        return kw_per_ampere(evse, None, site.voltage_v or NOMINAL_VOLTAGE_V)
    if evse.current is CurrentType.DC:
        return kw_from_watts(1.0)
    present = conductors(evse, None)
    return kw_from_watts(1.0) * present / min(present, number_phases or PHASES_IF_ABSENT)


def _counted_kw(site: Site, evse: Evse, unit: RateUnit, period: Period) -> tuple[float, float]:
    factor = kw_per_unit(site, evse, unit, period.number_phases)
    limit = max(period.limit, *(period.limits_l2_l3 or ()), period.limit)
    return float(limit) * factor, -float(period.setpoint or 0) * factor
