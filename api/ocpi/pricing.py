"""What the driver of a pushed session pays at the margin: which of the pushed tariffs, and what it comes to. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.domain.session import ChargingPreference
from models.domain.value import Series, Step
from models.ocpi.course import Course
from models.ocpi.locations import Location
from models.ocpi.sessions import OcpiSession
from models.ocpi.tariffs import Tariff
from models.ocpi.translate import prices_at, time_prices
from models.ocpi.wire import Refusal

AHEAD = timedelta(hours=48)
"""As far as any plan looks."""
GRID_S = 1800
"""Prices are told from a half hour on, so that the same price is the same text for as long."""
PROFILE_TYPES = {
    ChargingPreference.CHEAP: "PROFILE_CHEAP",
    ChargingPreference.FAST: "PROFILE_FAST",
    ChargingPreference.GREEN: "PROFILE_GREEN",
}
REGULAR = ("REGULAR", None)
"""A tariff without a type is for everybody."""


@dataclass(frozen=True, slots=True)
class Paid:
    """At the margin, without taxes."""

    energy_per_kwh: float | None = None
    time_per_h: Series | None = None


def tariff_of(
    told: OcpiSession,
    location: Location | None,
    tariffs: Mapping[str, Tariff],
    preference: ChargingPreference | None,
    now: datetime,
) -> Tariff | None:
    """What the session itself names; else of its connector's the one for its preference, else the regular one.

    ``tariffs`` by id. Where several are meant alike nobody knows which is paid, and none counts.
    """
    offered = [tariffs[name] for name in tariff_ids(told, location) if name in tariffs]
    if _named(told):
        return offered[0] if offered else None
    valid = [one for one in offered if _holds(one, now)]
    wanted = [one for one in valid if preference is not None and one.type == PROFILE_TYPES.get(preference)]
    meant = wanted or [one for one in valid if one.type in REGULAR]
    return meant[0] if len(meant) == 1 else None


def tariff_ids(told: OcpiSession, location: Location | None) -> tuple[str, ...]:
    """Of the last charging period, where that names one, else of the connector."""
    named = _named(told)
    if named:
        return (named,)
    evses = (evse for evse in (location.evses if location else ()) if evse.uid == told.evse_uid)
    plugs = (plug for evse in evses for plug in evse.connectors if plug.id == told.connector_id)
    return next((plug.tariff_ids for plug in plugs), ())


def paid(told: OcpiSession, tariff: Tariff, time_zone: str, now: datetime) -> Paid:
    """From the last half hour on; energy by the tier that has been reached."""
    since = now - timedelta(seconds=now.timestamp() % GRID_S)
    begun = max(told.start_date_time, since)
    course = Course(start=told.start_date_time, now=begun, until=begun + AHEAD, delivered_kwh=told.kwh)
    prices = prices_at(tariff, course, time_zone)
    if isinstance(prices, Refusal):
        return Paid()
    energy = prices.energy[0].value if prices.energy else None
    return Paid(energy_per_kwh=energy, time_per_h=_from(since, time_prices(prices)))


def _from(since: datetime, steps: tuple[Step, ...] | None) -> Series | None:
    """One price for always is one number: it stays the same while time passes."""
    if steps is None or len({step.value for step in steps}) == 1:
        return None if steps is None else steps[0].value
    return (replace(steps[0], start=min(since, steps[0].start)), *steps[1:])


def _named(told: OcpiSession) -> str | None:
    named = [period.tariff_id for period in told.charging_periods if period.tariff_id is not None]
    return named[-1] if named else None


def _holds(tariff: Tariff, now: datetime) -> bool:
    begun = tariff.start_date_time is None or tariff.start_date_time <= now
    return begun and (tariff.end_date_time is None or now < tariff.end_date_time)
