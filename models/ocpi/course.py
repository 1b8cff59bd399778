"""How a session is taken to go on: what restrictions of a tariff that count energy, power or time are held against."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.domain.units import hours_from_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A session from ``now`` on at one power, until some time."""

    start: datetime
    now: datetime
    until: datetime
    delivered_kwh: float = 0.0
    """Until ``now``. [kWh]"""
    power_kw: float | None = None
    """None: unknown, so what depends on power or later energy is not counted. [kW]"""
    current_a: float | None = None
    """Sum over phases. [A]"""

    def energy_kwh(self, at: datetime) -> float:
        """What will have flowed. [kWh]"""
        hours = hours_from_seconds((at - self.now).total_seconds())
        return self.delivered_kwh + (self.power_kw or 0.0) * hours

    def duration_s(self, at: datetime) -> float:
        return (at - self.start).total_seconds()

    def reaches(self, energy_kwh: float) -> datetime | None:
        """When so much has flowed; None if not by its end."""
        lacking_kwh = energy_kwh - self.delivered_kwh
        if not self.power_kw or lacking_kwh <= 0.0:
            return None
        left_h = hours_from_seconds((self.until - self.now).total_seconds())
        if lacking_kwh > self.power_kw * left_h:
            return None
        return self.now + timedelta(hours=lacking_kwh / self.power_kw)
