"""What a utility may be told of an interval: what was metered, what is expected, what could be shed."""

from datetime import datetime

from models.domain.signal import Direction
from models.domain.units import hours_from_seconds
from models.domain.value import value
from models.settlement.load import Quality


@value
class StorageState:
    """Batteries of a resource, and of vehicles that give back, together."""

    usable_kwh: float
    """When full, without what is kept in reserve."""
    charge_level: float
    """Of ``usable_kwh``, 0 to 1."""
    max_charge_kw: float
    max_discharge_kw: float


@value
class ReportSpan:
    """One interval of a report; None: not known, so nothing is reported of it."""

    interval_id: int
    start: datetime
    length_s: float
    load_kw: float | None = None
    """Mean that was metered; below 0 where more was fed in. [kW]"""
    baseline_kw: float | None = None
    expected_kw: float | None = None
    """Mean that a plan has. [kW]"""
    shed_kw: float | None = None
    """How much less it could be; below 0 how much more. [kW]"""
    asked: Direction | None = None
    """By an event. None: no event lasts."""
    opted_out: bool = False
    storage: StorageState | None = None
    quality: Quality = Quality.OK

    @property
    def hours(self) -> float:
        return hours_from_seconds(self.length_s)
