"""The range of every number of a scenario: one table, and one look at each number."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from types import MappingProxyType

from models.domain.before import MissedBefore, PlannedBefore
from models.domain.checks.leaves import Leaf
from models.domain.failsafe import DailyStep, FailSafe, Share
from models.domain.findings import Finding
from models.domain.futures import Future
from models.domain.guarantees import Guarantees
from models.domain.habits import Habit
from models.domain.horizon import Stretch
from models.domain.installed import Installed, InstalledProfile
from models.domain.paths import ids_of, label, path_text
from models.domain.scenario import Scenario
from models.domain.session import Session, TaperPoint, Vehicle, Visit, WantedPart
from models.domain.setpoints import OfferHistory, SetpointRules
from models.domain.signal import Cap, Dispatch, Event, Freeze, Rebound
from models.domain.site import (
    BaseLoad,
    Battery,
    Connector,
    Evse,
    GridNode,
    PowerCabinet,
    PvPlant,
    SessionDefaults,
    Site,
    Station,
    Tier,
    Transformer,
)
from models.domain.tariff import (
    ClassLimit,
    CoincidentPeak,
    Contract,
    DemandCharge,
    DemandTier,
    Tariff,
    Utilisation,
    UtilisationClass,
)
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR

LARGEST = 1e9
"""No power, energy, price or current of a site comes near; beyond it a solver's tolerances mean nothing."""
MOST_PERIODS = 5 * 7 * HOURS_PER_DAY * MINUTES_PER_HOUR
"""Five weeks of single minutes."""
LONGEST_STAY_H = 5 * 7 * HOURS_PER_DAY
"""Of a usual stay: as long as the longest horizon. [h]"""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers that a field may hold; with ``above`` the lowest one is left out."""

    low: float = -LARGEST
    high: float = LARGEST
    above: bool = False

    def holds(self, number: float) -> bool:
        """Whether a number lies inside; NaN does not."""
        return (self.low < number if self.above else self.low <= number) and number <= self.high

    def __str__(self) -> str:
        low = f"above {self.low:g}" if self.above else f"at least {self.low:g}"
        return low if self.high == LARGEST else f"{low} and at most {self.high:g}"


ANY = Range()
NOT_NEGATIVE = Range(low=0.0)
POSITIVE = Range(low=0.0, above=True)
SHARE = Range(low=0.0, high=1.0)
EFFICIENCY = Range(low=0.01, high=1.0)
COUNT = Range(low=1)
VOLTAGE = Range(low=1.0)
MINUTES = Range(low=0.1)
"""Of a period: a shorter one is no time in which a car follows a setpoint."""

_STAGGERED = Range(low=0.0, high=MINUTES_PER_HOUR)
RANGES: dict[type, dict[str, Range]] = {
    Site: {"voltage_v": VOLTAGE, "green_price_per_kg": NOT_NEGATIVE},
    GridNode: {
        "import_limit_kw": NOT_NEGATIVE,
        "import_limit_kva": NOT_NEGATIVE,
        "export_limit_kw": NOT_NEGATIVE,
        "current_limit_a": NOT_NEGATIVE,
        "continuous_factor": EFFICIENCY,
    },
    Transformer: {
        "primary_voltage_v": VOLTAGE,
        "secondary_voltage_v": VOLTAGE,
        "primary_current_limit_a": NOT_NEGATIVE,
    },
    Evse: {
        "evse_number": COUNT,
        "voltage_v": VOLTAGE,
        "max_current_a": NOT_NEGATIVE,
        "max_power_kw": NOT_NEGATIVE,
        "max_discharge_kw": NOT_NEGATIVE,
        "min_current_a": NOT_NEGATIVE,
        "pilot_levels_a": NOT_NEGATIVE,
        "conversion_efficiency": EFFICIENCY,
        "power_factor": EFFICIENCY,
        "standby_kw": NOT_NEGATIVE,
        "power_floor_kw": NOT_NEGATIVE,
    },
    Connector: {
        "id": NOT_NEGATIVE,
        "max_current_a": NOT_NEGATIVE,
        "max_power_kw": NOT_NEGATIVE,
        "number_in_16": COUNT,
    },
    PowerCabinet: {
        "total_kw": NOT_NEGATIVE,
        "module_kw": POSITIVE,
        "outlets_at_once": COUNT,
        "switch_over_s": NOT_NEGATIVE,
    },
    BaseLoad: {"power_factor": EFFICIENCY},
    PvPlant: {"expected_kw": NOT_NEGATIVE},
    Battery: {
        "capacity_kwh": POSITIVE,
        "max_charge_kw": NOT_NEGATIVE,
        "max_discharge_kw": NOT_NEGATIVE,
        "charge_efficiency": EFFICIENCY,
        "discharge_efficiency": EFFICIENCY,
        "energy_at_start_kwh": NOT_NEGATIVE,
        "reserve_kwh": NOT_NEGATIVE,
        "wear_price_per_kwh": NOT_NEGATIVE,
        "terminal_value_per_kwh": NOT_NEGATIVE,
    },
    Future: {"weight": SHARE},
    Station: {
        "max_periods": COUNT,
        "max_stack_level": NOT_NEGATIVE,
        "max_profiles": COUNT,
        "supply_current_a": POSITIVE,
        "update_interval_s": NOT_NEGATIVE,
        "reserved_ids_up_to": NOT_NEGATIVE,
    },
    Tier: {"value_of_target_per_kwh": NOT_NEGATIVE},
    Guarantees: {
        "first_kwh": NOT_NEGATIVE,
        "defer_gain_per_kwh": NOT_NEGATIVE,
        "defer_room_minutes": NOT_NEGATIVE,
        "price_per_kwh": NOT_NEGATIVE,
    },
    Habit: {"arrival_hour": Range(low=0, high=23), "stays": NOT_NEGATIVE, "energies": NOT_NEGATIVE},
    SessionDefaults: {"stay_h": Range(low=0.0, high=LONGEST_STAY_H, above=True), "energy_target_kwh": NOT_NEGATIVE},
    Session: {
        "connector": NOT_NEGATIVE,
        "energy_target_kwh": NOT_NEGATIVE,
        "energy_minimum_kwh": NOT_NEGATIVE,
        "delivered_kwh": NOT_NEGATIVE,
        "soc": SHARE,
        "soc_target": SHARE,
        "soc_minimum": SHARE,
        "soc_reserve": SHARE,
        "energy_floor_kwh": NOT_NEGATIVE,
        "energy_ceiling_kwh": NOT_NEGATIVE,
        "discharge_price_per_kwh": NOT_NEGATIVE,
        "terminal_value_per_kwh": NOT_NEGATIVE,
        "still_there": SHARE,
        "time_price_per_h": NOT_NEGATIVE,
    },
    TaperPoint: {"soc": SHARE, "power_kw": NOT_NEGATIVE},
    WantedPart: {"up_to_kwh": NOT_NEGATIVE, "chance": SHARE},
    Vehicle: {
        "max_charge_kw": NOT_NEGATIVE,
        "max_current_a": NOT_NEGATIVE,
        "phases": Range(low=1, high=3),
        "battery_capacity_kwh": POSITIVE,
        "charge_efficiency": EFFICIENCY,
        "max_discharge_kw": NOT_NEGATIVE,
        "discharge_efficiency": EFFICIENCY,
        "wear_price_per_kwh": NOT_NEGATIVE,
    },
    Visit: {
        "energy_needed_kwh": NOT_NEGATIVE,
        "energy_minimum_kwh": NOT_NEGATIVE,
        "soc_needed": SHARE,
        "soc_at_arrival": SHARE,
        "soc_reserve": SHARE,
        "preconditioning_kw": NOT_NEGATIVE,
        "preconditioning_minutes": NOT_NEGATIVE,
    },
    Cap: {"import_limit_kw": NOT_NEGATIVE, "export_limit_kw": NOT_NEGATIVE, "stagger_minutes": _STAGGERED},
    Event: {
        "stagger_minutes": _STAGGERED,
        "committed_kw": NOT_NEGATIVE,
        "accepted_kw": NOT_NEGATIVE,
        "payment_per_kwh": NOT_NEGATIVE,
        "penalty_per_kwh": NOT_NEGATIVE,
        "pays_from_share": SHARE,
        "settlement_min": Range(low=1.0),
    },
    Rebound: {
        "hours": Range(low=0.0, high=HOURS_PER_DAY, above=True),
        "limit_kw": NOT_NEGATIVE,
        "above_reference_kw": NOT_NEGATIVE,
        "price_per_kwh": NOT_NEGATIVE,
    },
    Freeze: {"price_per_kwh": NOT_NEGATIVE},
    Dispatch: {
        "price_above_per_kwh": NOT_NEGATIVE,
        "price_below_per_kwh": NOT_NEGATIVE,
        "stagger_minutes": _STAGGERED,
    },
    Tariff: {"carbon_price_per_kg": NOT_NEGATIVE, "change_price_per_kwh": NOT_NEGATIVE},
    PlannedBefore: {"charge_power_kw": NOT_NEGATIVE},
    MissedBefore: {"missed_kwh": NOT_NEGATIVE},
    DemandCharge: {
        "rate_per_kw": NOT_NEGATIVE,
        "demand_interval_min": MINUTES,
        "metered_kwh": NOT_NEGATIVE,
        "peak_set_kw": NOT_NEGATIVE,
        "ratchet_kw": NOT_NEGATIVE,
        "target_peak_kw": NOT_NEGATIVE,
        "ratchet_share": SHARE,
        "earlier_peaks_kw": NOT_NEGATIVE,
        "minimum_kw": NOT_NEGATIVE,
    },
    DemandTier: {"above_kw": POSITIVE, "rate_per_kw": NOT_NEGATIVE},
    Utilisation: {"energy_kwh": NOT_NEGATIVE},
    UtilisationClass: {"from_hours": NOT_NEGATIVE, "rate_per_kw": NOT_NEGATIVE},
    CoincidentPeak: {"price_per_kw": NOT_NEGATIVE, "chance": SHARE, "interval_min": MINUTES},
    SetpointRules: {
        "near_h": Range(low=0.0, high=LONGEST_STAY_H, above=True),
        "max_starts": COUNT,
        "min_on_minutes": Range(low=0.0, high=HOURS_PER_DAY * MINUTES_PER_HOUR),
        "min_off_minutes": Range(low=0.0, high=HOURS_PER_DAY * MINUTES_PER_HOUR),
    },
    OfferHistory: {"starts": NOT_NEGATIVE},
    FailSafe: {
        "turns_a_day": Range(low=1, high=HOURS_PER_DAY),
        "guard_minutes": Range(low=0.0, high=MINUTES_PER_HOUR),
        "arrivals": NOT_NEGATIVE,
        "blind_minutes": Range(low=0.0, high=HOURS_PER_DAY * MINUTES_PER_HOUR, above=True),
    },
    Share: {"power_kw": NOT_NEGATIVE},
    DailyStep: {
        "start_s": Range(low=0.0, high=HOURS_PER_DAY * MINUTES_PER_HOUR * 60.0),
        "power_kw": NOT_NEGATIVE,
    },
    Contract: {
        "import_limit_kw": NOT_NEGATIVE,
        "export_limit_kw": NOT_NEGATIVE,
        "price_per_kwh": NOT_NEGATIVE,
        "price_per_kw": NOT_NEGATIVE,
        "excess_set_kw": NOT_NEGATIVE,
    },
    ClassLimit: {"limit_kw": NOT_NEGATIVE},
    Scenario: {
        "acknowledge_minutes": Range(low=0.0, high=HOURS_PER_DAY * MINUTES_PER_HOUR),
        "common_minutes": NOT_NEGATIVE,
    },
    Installed: {"default_kw": NOT_NEGATIVE},
    InstalledProfile: {"power_kw": NOT_NEGATIVE},
    Stretch: {"count": Range(low=1, high=MOST_PERIODS), "minutes": MINUTES},
}
"""By kind and field; a number that is not here may be anything finite: prices, base loads, emission intensities."""


def out_of_range(
    found: Iterable[Leaf], ranges: Mapping[type, Mapping[str, Range]] = MappingProxyType(RANGES)
) -> Iterator[Finding]:
    """Numbers that are not finite, or not what their field can hold."""
    for leaf in found:
        if isinstance(leaf.value, datetime):
            continue
        allowed = ranges.get(type(leaf.owner), {}).get(leaf.field, ANY)
        if not allowed.holds(leaf.value):
            yield Finding(
                path=path_text(leaf.where),
                message=f"{label(leaf.owner)}: {leaf.field} is {_defect(leaf.value, allowed)}",
                remedy=f"write a number of {allowed}" if allowed is not ANY else "write a number below 1e9 in size",
                ids=ids_of(leaf.owner),
            )


def _defect(number: float, allowed: Range) -> str:
    if not isfinite(number) or abs(number) > LARGEST:
        return f"{number:g}, which no site can have"
    if number < allowed.low or number == allowed.low:
        return f"{number:g}, {'not above' if allowed.above else 'below'} {allowed.low:g}"
    return f"{number:g}, above {allowed.high:g}"
