"""Tariff of 2.2.1 and of 2.3.0: elements of prices, and the restrictions under which each of them counts."""

import re
from datetime import date, time
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from models.ocpi.wire import OcpiObject, OcpiTime

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


class Dimension(StrEnum):
    """What a price is for."""

    ENERGY = "ENERGY"
    """Per kWh."""
    FLAT = "FLAT"
    """Once a session: no part of any marginal price."""
    PARKING_TIME = "PARKING_TIME"
    """Per hour without charging."""
    TIME = "TIME"
    """Per hour of charging."""


class Weekday(StrEnum):
    """In the order of ``date.weekday()``."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class TaxIncluded(StrEnum):
    """2.3.0: whether prices of components contain taxes."""

    YES = "YES"
    NO = "NO"
    NOT_APPLICABLE = "N/A"


def _clock(given: str) -> str:
    if not _CLOCK.fullmatch(given):
        raise ValueError("a time of day is HH:MM, from 00:00 to 23:59")
    return given


def _day(given: str) -> str:
    date.fromisoformat(given)
    return given


ClockText = Annotated[str, AfterValidator(_clock)]
DayText = Annotated[str, AfterValidator(_day)]


class Restrictions(OcpiObject):
    """All of those that are given must hold; times of day and days are local to the location."""

    start_time: ClockText | None = None
    end_time: ClockText | None = None
    """Before ``start_time`` it is that of the next day."""
    start_date: DayText | None = None
    end_date: DayText | None = None
    """Excluded."""
    min_kwh: float | None = None
    max_kwh: float | None = None
    """Excluded, as all maxima."""
    min_current: float | None = None
    max_current: float | None = None
    """Sum over phases. [A]"""
    min_power: float | None = None
    max_power: float | None = None
    """[kW]"""
    min_duration: int | None = None
    max_duration: int | None = None
    """[s]"""
    day_of_week: tuple[Weekday, ...] = ()
    reservation: str | None = None
    """Such an element counts for a reservation, never while a car is there."""

    @property
    def from_clock(self) -> time | None:
        return None if self.start_time is None else time.fromisoformat(self.start_time)

    @property
    def to_clock(self) -> time | None:
        return None if self.end_time is None else time.fromisoformat(self.end_time)


class PriceComponent(OcpiObject):
    type: Dimension
    price: float
    """Per kWh or per hour."""
    vat: float | None = Field(default=None, ge=0.0)
    """[%]"""
    step_size: int = Field(default=1, ge=0)
    """What is billed is rounded up to; of no consequence at the margin."""


class Element(OcpiObject):
    price_components: tuple[PriceComponent, ...] = Field(min_length=1)
    restrictions: Restrictions | None = None


class Tariff(OcpiObject):
    country_code: str
    party_id: str
    id: str
    currency: str = Field(min_length=3, max_length=3)
    type: str | None = None
    elements: tuple[Element, ...] = Field(min_length=1)
    start_date_time: OcpiTime | None = None
    end_date_time: OcpiTime | None = None
    tax_included: TaxIncluded | None = None
    """None in 2.2.1, whose prices are without VAT."""
    last_updated: OcpiTime
