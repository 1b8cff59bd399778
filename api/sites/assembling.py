"""From what is kept of a site to the scenario of its next plan. Pure.

What is missing, late or over is completed here, each time with an assumption that is told back with the plan.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from api.sites.forms import BaseLoadForecast, NodeLimit, Override, PriceForecast, PvForecast, SitePolicy
from api.sites.keeping import Desk
from api.sites.limiting import limited
from api.sites.same import OfTheSame
from api.sites.stays import Stay, session_of
from api.store.records import Kind
from models.domain.default_horizon import default_horizon, floor_start_s
from models.domain.findings import Assumption
from models.domain.horizon import Horizon
from models.domain.late_prices import with_estimates
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.signal import Signal
from models.domain.site import BaseLoad, GridNode, NodeKind, PvPlant, Site
from models.domain.tariff import PriceSeries, Tariff
from models.domain.times import instant, seconds, zone
from models.domain.value import Series, Step
from optimizer.rolling.base_load import metered
from optimizer.rolling.node_meter import NodeMeter

Told = TypeVar("Told")
OVERDUE = timedelta(hours=1)
"""Whoever is still plugged in when it was to leave is expected to stay so much longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that is kept of a site and counts for a plan."""

    site: Site
    policy: SitePolicy
    tariff: Tariff | None
    prices: PriceForecast | None
    base_loads: dict[str, BaseLoadForecast]
    """By node."""
    pv: dict[str, PvForecast]
    limits: dict[str, NodeLimit]
    """By node."""
    stays: tuple[Stay, ...]
    """Of vehicles that are there."""
    signals: tuple[Signal, ...]
    overrides: dict[str, Override] = field(default_factory=dict)
    """By EVSE; also those that are over."""
    meters: dict[str, NodeMeter] = field(default_factory=dict)
    """By node."""
    over_ocpi: frozenset[str] = frozenset()
    """EVSEs that a platform of OCPI is told profiles for."""


def contents(desk: Desk) -> Contents:
    """What is kept; raises NotFound for a site that is not."""
    policy, tariff, prices = (desk.find(kind) for kind in (Kind.POLICY, Kind.TARIFF, Kind.PRICES))
    way = desk.find(Kind.OCPI_WAY)
    return Contents(
        site=desk.get(Kind.SITE).value,
        policy=policy.value if policy else SitePolicy(),
        tariff=tariff.value if tariff else None,
        prices=prices.value if prices else None,
        base_loads={kept.id: kept.value for kept in desk.every(Kind.BASE_LOAD)},
        pv={kept.id: kept.value for kept in desk.every(Kind.PV)},
        limits={kept.id: kept.value for kept in desk.every(Kind.NODE_LIMIT)},
        stays=tuple(kept.value for kept in desk.every(Kind.SESSION)),
        overrides={kept.id: kept.value for kept in desk.every(Kind.OVERRIDE)},
        signals=(*(kept.value for kept in desk.every(Kind.SIGNAL)), *asked_of(desk)),
        meters={kept.id: kept.value for kept in desk.every(Kind.METER)},
        over_ocpi=frozenset(way.value.evses) if way else frozenset(),
    )


def asked_of(desk: Desk) -> Iterator[Signal]:
    """By utilities that the service is connected to."""
    for kept in desk.every(Kind.ASKED):
        yield from kept.value.signals


def assembled(known: Contents, now: datetime) -> Scenario:
    """The scenario of a plan from ``now`` on."""
    start = instant(floor_start_s(seconds(now)))
    sessions, told = _sessions(known.stays, start)
    signals = tuple(signal for signal in known.signals if signal.end > start)
    scenario = Scenario(site=site_now(known, start, now), sessions=sessions, tariff=known.tariff, signals=signals)
    horizon = default_horizon(scenario, seconds(start))
    assert horizon is not None, "a start was given"
    tariff, estimated = priced(known, horizon)
    return replace(
        scenario, tariff=tariff, horizon=horizon, signals=in_sight(signals, horizon), assumptions=(*told, *estimated)
    )


def alone(site: Site, stay: Stay, now: datetime) -> Scenario:
    """One session at its EVSE, and as much of a site as says something of it.

    A site was judged when it was told: with one more session, only that session can be wrong.
    """
    start = instant(floor_start_s(seconds(now)))
    sessions, _ = _sessions((stay,), start)
    scenario = Scenario(site=around(stay.told.evse, site), sessions=sessions)
    return replace(scenario, horizon=default_horizon(scenario, seconds(start)))


def _around(evse: str, site: Site) -> Site:
    connection = GridNode(id="connection", kind=NodeKind.CONNECTION)
    here = tuple(replace(one, node=connection.id) for one in site.evses if one.id == evse)
    nothing: dict[str, Any] = dict.fromkeys(("cabinets", "stations", "base_loads", "pv_plants", "batteries"), ())
    return replace(site, nodes=(connection,), evses=here, fail_safe=None, **nothing)


around = OfTheSame(_around)
"""An EVSE of a site right at the connection, and what holds for all sessions."""


def _sessions(stays: tuple[Stay, ...], start: datetime) -> tuple[tuple[Session, ...], list[Assumption]]:
    sessions, told = [], []
    for i, stay in enumerate(stays):
        session = session_of(stay)
        if session.departure is not None and session.departure <= start:
            session = replace(session, departure=start + OVERDUE)
            source = "it is still plugged in after its departure"
            told.append(Assumption(what=f"sessions[{i}].departure", value=f"{session.departure:%FT%TZ}", source=source))
        sessions.append(session)
    return tuple(sessions), told


def site_now(known: Contents, start: datetime, now: datetime) -> Site:
    """What stands there, with forecasts, meters and limits as they are told for a plan from ``start`` on."""
    site = _with_forecasts(known.site, known, start)
    loads, _ = metered(site.base_loads, known.meters, start, now)
    return limited(replace(site, base_loads=loads), known.limits, start)


def by_meters(known: Contents, now: datetime) -> list[Assumption]:
    """What meters change of the forecast of base loads."""
    start = instant(floor_start_s(seconds(now)))
    return metered(_with_forecasts(known.site, known, start).base_loads, known.meters, start, now)[1]


def _with_forecasts(site: Site, known: Contents, start: datetime) -> Site:
    """A forecast stands in place of what the site says of the same node or plant."""
    loads = [load for load in site.base_loads if load.node not in known.base_loads]
    loads += [_load(node, told, start) for node, told in known.base_loads.items()]
    plants = [_plant(plant, known.pv.get(plant.id), start) for plant in site.pv_plants]
    return replace(site, base_loads=tuple(loads), pv_plants=tuple(plants))


def _load(node: str, told: BaseLoadForecast, start: datetime) -> BaseLoad:
    return BaseLoad(
        node=node,
        expected_kw=_from(told.expected_kw, start),
        high_kw=None if told.high_kw is None else _from(told.high_kw, start),
        low_kw=None if told.low_kw is None else _from(told.low_kw, start),
    )


def _plant(plant: PvPlant, told: PvForecast | None, start: datetime) -> PvPlant:
    return plant if told is None else replace(plant, expected_kw=_from(told.expected_kw, start))


def _from(series: Series, start: datetime) -> Series:
    """A series that begins later has its first value before."""
    if not isinstance(series, tuple) or not series or series[0].start <= start:
        return series
    return (Step(start=start, value=series[0].value), *series)


def priced(known: Contents, horizon: Horizon) -> tuple[Tariff | None, list[Assumption]]:
    """The tariff with the prices of the forecast, which are estimated where they are not published yet."""
    if known.tariff is None:
        return None, []
    told = known.tariff
    if known.prices is not None:
        told = replace(told, import_price=known.prices.import_price)
        if known.prices.export_price is not None:
            told = replace(told, export_price=known.prices.export_price)
    where = zone(told.time_zone or known.site.time_zone)
    if where is None:  # which is told when the site is judged
        return told, []
    import_price, import_since = _filled(told.import_price, horizon, where)
    export_price, export_since = _filled(told.export_price, horizon, where)
    assumed = [*_estimated("import_price", import_since), *_estimated("export_price", export_since)]
    return replace(told, import_price=import_price, export_price=export_price), assumed


def _filled(price: Told, horizon: Horizon, where: ZoneInfo) -> tuple[Told | PriceSeries, datetime | None]:
    """A price without gaps, and from when on it is estimated; what is no series has none."""
    if not isinstance(price, PriceSeries):
        return price, None
    return with_estimates(_begun(price, horizon.start), horizon.end, where)


def _begun(price: PriceSeries, start: datetime) -> PriceSeries:
    steps = _from(price.steps, start)
    assert isinstance(steps, tuple)
    return replace(price, steps=steps)


def _estimated(name: str, since: datetime | None) -> Iterator[Assumption]:
    if since is not None:
        source = "estimated: the same hour of the last like day, not below the median, as no price is published yet"
        yield Assumption(what=f"tariff.{name}", value=f"from {since:%FT%RZ} on", source=source)


def in_sight(signals: tuple[Signal, ...], horizon: Horizon) -> tuple[Signal, ...]:
    """Those that begin after the horizon wait for a later plan."""
    return tuple(signal for signal in signals if signal.start < horizon.end)
