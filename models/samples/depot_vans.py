"""The vans of `van-depot`, one a line: made up, with round figures inside the range of vans on sale."""

from dataclasses import dataclass
from datetime import time

from models.domain.session import Vehicle


@dataclass(frozen=True, slots=True)
class Kind:
    """A size of van; all charge on three phases."""

    battery_kwh: float
    ac_current_a: float
    dc_kw: float


@dataclass(frozen=True, slots=True)
class Present:
    """A van that is plugged in at 15:00; energies at evse."""

    van: str
    kind: str
    evse: str
    arrival: time
    departure: time
    target_kwh: float
    minimum_kwh: float
    delivered_kwh: float
    tier: str


@dataclass(frozen=True, slots=True)
class Expected:
    """A van that will come; its minimum counts at the battery."""

    van: str
    kind: str
    block: str
    evses: tuple[str, ...]
    """Where it may stand; one of them is its own place."""
    arrival: time
    departure: time
    soc_at_arrival: float
    soc_needed: float
    minimum_kwh: float
    tier: str
    preconditioning_kw: float = 0.0
    preconditioning_minutes: float = 0.0


KINDS = {
    "light": Kind(battery_kwh=50.0, ac_current_a=16.0, dc_kw=80.0),
    "medium": Kind(battery_kwh=75.0, ac_current_a=16.0, dc_kw=100.0),
    "large": Kind(battery_kwh=110.0, ac_current_a=16.0, dc_kw=115.0),
    "large22": Kind(battery_kwh=88.0, ac_current_a=32.0, dc_kw=130.0),
}
CHARGE_EFFICIENCY = 0.94
"""Energy at battery over energy at evse."""
EARLY, LATE = "early", "opportunistic"
POOL = ("dc-11", "dc-12", "dc-23")
"""Outlets for whoever comes."""


def vehicle(van: str, kind: str) -> Vehicle:
    """The domain's vehicle: current limits it on AC, power on DC."""
    size = KINDS[kind]
    return Vehicle(
        id=van,
        max_charge_kw=size.dc_kw,
        max_current_a=size.ac_current_a,
        phases=3,
        battery_capacity_kwh=size.battery_kwh,
        charge_efficiency=CHARGE_EFFICIENCY,
    )


def _at(clock: str) -> time:
    return time.fromisoformat(clock)


PRESENT = (
    Present("van-01", "large", "ac-01", _at("13:20"), _at("05:15"), 68.0, 50.0, 16.0, EARLY),
    Present("van-02", "medium", "ac-02", _at("14:05"), _at("05:30"), 44.0, 36.0, 9.0, EARLY),
    Present("van-03", "light", "ac-03", _at("14:30"), _at("08:00"), 28.0, 0.0, 5.0, LATE),
    Present("van-04", "large", "dc-11", _at("14:40"), _at("16:00"), 62.0, 45.0, 20.0, EARLY),
    Present("van-05", "medium", "dc-12", _at("14:50"), _at("16:15"), 40.0, 30.0, 7.0, EARLY),
    Present("van-06", "medium", "ac-04", _at("12:10"), _at("09:00"), 30.0, 0.0, 24.0, LATE),
)

# fmt: off
VISITS = (
    Expected("van-07", "large", "T-101", ("ac-05",), _at("15:45"), _at("05:15"), 0.28, 0.90, 55.0, EARLY, 4.0, 30.0),
    Expected("van-08", "medium", "T-102", ("ac-06",), _at("16:10"), _at("05:30"), 0.22, 0.95, 42.0, EARLY, 3.0, 20.0),
    Expected("van-09", "medium", "T-103", ("ac-07",), _at("16:30"), _at("05:45"), 0.35, 0.90, 30.0, EARLY, 3.0, 20.0),
    Expected("van-10", "large22", "T-104", ("ac-08",), _at("16:45"), _at("06:00"), 0.18, 0.95, 50.0, EARLY, 4.0, 30.0),
    Expected("van-11", "large22", "T-105", ("ac-09",), _at("17:00"), _at("06:15"), 0.30, 0.90, 36.0, EARLY, 4.0, 30.0),
    Expected("van-12", "light", "T-301", ("ac-10",), _at("17:10"), _at("08:00"), 0.40, 0.90, 0.0, LATE),
    Expected("van-13", "light", "T-302", ("ac-11",), _at("17:20"), _at("08:15"), 0.32, 0.90, 0.0, LATE),
    Expected("van-14", "large", "T-106", ("dc-13",), _at("17:30"), _at("05:00"), 0.12, 0.95, 80.0, EARLY, 4.0, 30.0),
    Expected("van-15", "large", "T-107", ("dc-21",), _at("17:45"), _at("05:10"), 0.10, 0.95, 80.0, EARLY, 4.0, 30.0),
    Expected("van-16", "large22", "T-201", ("dc-22",), _at("18:05"), _at("19:30"), 0.20, 0.80, 45.0, EARLY),
    Expected("van-17", "medium", "T-303", ("ac-12",), _at("18:20"), _at("08:30"), 0.45, 0.90, 0.0, LATE),
    Expected("van-18", "large", "T-108", POOL, _at("18:40"), _at("05:20"), 0.15, 0.92, 70.0, EARLY, 4.0, 30.0),
    Expected("van-19", "medium", "T-304", POOL, _at("19:00"), _at("07:30"), 0.25, 0.90, 0.0, LATE),
    Expected("van-04", "large", "T-109", ("dc-22",), _at("21:40"), _at("06:30"), 0.20, 0.90, 60.0, EARLY, 4.0, 30.0),
    Expected("van-05", "medium", "T-305", POOL, _at("22:15"), _at("07:00"), 0.30, 0.85, 0.0, LATE),
)
# fmt: on
