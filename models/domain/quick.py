"""The smallest input that plans: a limit, and EVSEs with a car. Everything else is assumed and told back."""

import re
from dataclasses import replace
from datetime import datetime

from models.domain.checks.clock import EXAMPLE, unfit
from models.domain.default_horizon import START_MIN, default_horizon, floor_start_s
from models.domain.electrical import MIN_CURRENT_A, NOMINAL_VOLTAGE_V
from models.domain.errors import InvalidScenario
from models.domain.findings import Assumption, Finding
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import Evse, GridNode, NodeKind, Phase, Site
from models.domain.tariff import Price, PriceSeries, Tariff
from models.domain.times import instant, seconds, zone
from models.domain.units import kw_from_amperes
from models.domain.value import Series, value

NODE = "grid"
SITE = "quick"
CURRENCY = "EUR"


@value
class QuickCar:
    """Who is plugged in, or will be."""

    energy_kwh: float | None = None
    """What it is to get, measured at evse. None: assumed and told back. [kWh]"""
    departure: datetime | None = None
    """None: assumed and told back."""
    arrival: datetime | None = None
    """None: it is there already."""
    max_power_kw: float | None = None
    """None: as much as the EVSE gives. [kW]"""


@value
class QuickEvse:
    """An AC EVSE right at the site connection."""

    id: str
    max_power_kw: float
    """Measured at evse. [kW]"""
    car: QuickCar | None = None


@value
class Quick:
    """A limit and the cars behind it."""

    import_limit_kw: Series
    """Measured at grid. [kW]"""
    evses: tuple[QuickEvse, ...]
    start: datetime | None = None
    """Of the plan. None: now."""
    time_zone: str = "UTC"
    price_per_kwh: Series | None = None
    """One price, or steps. None: only time and the limit shape the plan. [currency/kWh]"""
    currency: str | None = None
    """None: EUR."""
    continuous_factor: float | None = None
    """Share of the limit that may be used for hours; has to be said at US sites."""


def expand(quick: Quick, now: datetime | None = None) -> Scenario:
    """The scenario that a quick input stands for, with what was assumed for it.

    ``now`` is the start where none was given, rounded down to five minutes. Raises InvalidScenario without either.
    """
    start, told = _start(quick, now)
    tariff, assumed = _tariff(quick)
    scenario = Scenario(
        site=_site(quick),
        sessions=tuple(_session(evse, evse.car, start) for evse in quick.evses if evse.car is not None),
        tariff=tariff,
        assumptions=(*told, *assumed, *_one_phase(quick)),
    )
    return replace(scenario, horizon=default_horizon(scenario, seconds(start)))


def original_path(path: str, quick: Quick) -> str:
    """Where in the quick input a finding about the expanded scenario belongs: ``evses[1].car.departure``."""
    of_session = re.fullmatch(r"sessions\[(\d+)\](.*)", path)
    if of_session is not None:
        with_car = [place for place, evse in enumerate(quick.evses) if evse.car is not None]
        field = of_session[2].removeprefix(".")
        return f"evses[{with_car[int(of_session[1])]}].car.{_CAR_FIELDS.get(field, field)}"
    for ours, theirs in _PLACES.items():
        if path.startswith(ours):
            return theirs + path.removeprefix(ours)
    return path


_CAR_FIELDS = {"energy_target_kwh": "energy_kwh", "vehicle.max_charge_kw": "max_power_kw"}
_PLACES = {
    "site.nodes[0].": "",
    "site.": "",
    "tariff.import_price.steps": "price_per_kwh",
    "tariff.import_price": "price_per_kwh",
    "tariff.": "",
}
"""Beginnings of paths in the order in which they are tried."""


def _start(quick: Quick, now: datetime | None) -> tuple[datetime, tuple[Assumption, ...]]:
    if quick.start is not None:
        defect = unfit(quick.start, zone(quick.time_zone))
        if defect is not None:
            message = f"start {quick.start.isoformat()} {defect[0]}"
            raise InvalidScenario([Finding(path="start", message=message, remedy=defect[1])])
        return quick.start, ()
    if now is None:
        message = "it is not said when the plan starts"
        raise InvalidScenario([Finding(path="start", message=message, remedy=f"write start, as in {EXAMPLE}")])
    start = instant(floor_start_s(seconds(now))).astimezone(now.tzinfo)
    source = f"now, rounded down to {START_MIN:g} minutes"
    return start, (Assumption(what="start", value=start.isoformat(), source=source),)


def _tariff(quick: Quick) -> tuple[Tariff | None, tuple[Assumption, ...]]:
    if quick.price_per_kwh is None:
        return None, ()
    steps = quick.price_per_kwh
    price: Price = PriceSeries(steps=steps) if isinstance(steps, tuple) else steps
    told = Assumption(what="currency", value=CURRENCY, source="none was given")
    return Tariff(currency=quick.currency or CURRENCY, import_price=price), () if quick.currency else (told,)


def _site(quick: Quick) -> Site:
    connection = GridNode(
        id=NODE,
        kind=NodeKind.CONNECTION,
        import_limit_kw=quick.import_limit_kw,
        continuous_factor=quick.continuous_factor,
    )
    return Site(id=SITE, nodes=(connection,), evses=tuple(map(_evse, quick.evses)), time_zone=quick.time_zone)


def _evse(evse: QuickEvse) -> Evse:
    phases = None if _has_one_phase(evse) else tuple(Phase)
    return Evse(id=evse.id, node=NODE, phases=phases, max_power_kw=evse.max_power_kw)


def _has_one_phase(evse: QuickEvse) -> bool:
    """Whether the smallest current would be more than its power on three phases: 4.14 kW."""
    return evse.max_power_kw < kw_from_amperes(MIN_CURRENT_A, NOMINAL_VOLTAGE_V, len(Phase))


def _one_phase(quick: Quick) -> tuple[Assumption, ...]:
    count = sum(map(_has_one_phase, quick.evses))
    source = f"on three phases {MIN_CURRENT_A:g} A would be more than their power"
    told = Assumption(what="evses[*].phases", value=f"one phase, unknown which, of {count} EVSEs", source=source)
    return (told,) if count else ()


def _session(evse: QuickEvse, car: QuickCar, start: datetime) -> Session:
    limit_kw = car.max_power_kw
    return Session(
        id=evse.id,
        evse=evse.id,
        arrival=start if car.arrival is None else car.arrival,
        departure=car.departure,
        energy_target_kwh=car.energy_kwh,
        vehicle=None if limit_kw is None else Vehicle(id=evse.id, max_charge_kw=limit_kw),
    )
