"""Builds `van-depot`: nineteen delivery vans, two power cabinets and twelve AC points, made up on public facts.

Run ``python -m models.samples.build_depot FOLDER``; the README of the sample names sources and assumptions.
"""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, Visit
from models.domain.site import (
    BaseLoad,
    CurrentType,
    Evse,
    GridNode,
    LimitKind,
    MeasuringPoint,
    NodeKind,
    PowerCabinet,
    RateUnit,
    Site,
    Station,
    Tier,
)
from models.domain.tariff import DemandCharge, Tariff
from models.domain.value import Step
from models.samples.depot_vans import PRESENT, VISITS, Expected, Present, vehicle
from models.samples.sources import day_ahead, rebuild

NAME = "van-depot"
ZONE = ZoneInfo("Europe/Berlin")
DAY = date(2025, 3, 20)
"""A Thursday with a steep evening price."""
NOW = time(15)
NEAR, FAR = Stretch(count=24, minutes=5.0), Stretch(count=68, minutes=15.0)
"""Two hours fine, then a quarter of an hour each until ten the next morning."""
HOURS = 19
FEES_AND_TAXES_PER_KWH = 0.06391
"""Network 1.58, levies 0.277 + 0.816 + 1.558, electricity tax 2.05, concession 0.11 ct/kWh; without VAT. [EUR/kWh]"""
NETWORK_PRICE_PER_KW_MONTH = 15.98
"""191.79 EUR/kW a year at medium voltage, 2,500 h/a and more, over twelve months. [EUR/kW]"""
PEAK_SET_KW = 150.0
CONTRACT_KW = 400.0
AC_PANEL_A, DC_FEEDER_A, AC_POINT_A = 160.0, 630.0, 32.0
AC_POINTS, CABINETS, OUTLETS = 12, 2, 3
OUTLET_KW, CABINET_KW, MODULE_KW, CABINET_EFFICIENCY, OUTLET_STANDBY_KW = 150.0, 300.0, 30.0, 0.94, 0.05
BUILDING_KW = (
    30.0, 30.0, 30.0, 32.0, 38.0, 52.0, 68.0, 74.0, 72.0, 66.0, 64.0, 62.0,
    60.0, 60.0, 62.0, 62.0, 64.0, 66.0, 58.0, 50.0, 44.0, 40.0, 36.0, 32.0,
)  # fmt: skip
"""Expected load of warehouse, sorting belts and office by local hour: our own shape. [kW]"""
HIGH_SHARE = 1.25
"""High load over expected load."""


def build(folder: Path) -> Scenario:
    """The scenario; only the prices come from the data folder."""
    start = _local(NOW)
    return Scenario(
        name=NAME,
        description=f"Depot of 19 delivery vans on {DAY} at 15:00: six plugged in, fifteen visits expected until 10:00",
        site=_site(start),
        sessions=tuple(_session(present) for present in PRESENT),
        visits=tuple(_visit(expected) for expected in VISITS),
        tariff=Tariff(
            name="day-ahead price DE-LU with fees, and a network price on the highest quarter of an hour",
            source="Bundesnetzagentur | SMARD.de, CC BY 4.0; Netze ODR price sheet 2025, netztransparenz.de",
            currency="EUR",
            import_price=day_ahead(folder, "DE_LU", start, start + timedelta(hours=HOURS), FEES_AND_TAXES_PER_KWH),
            demand_charges=(
                DemandCharge(
                    id="network",
                    rate_per_kw=NETWORK_PRICE_PER_KW_MONTH,
                    demand_interval_min=15.0,
                    peak_set_kw=PEAK_SET_KW,
                ),
            ),
        ),
        horizon=Horizon(start=start, stretches=(NEAR, FAR)),
    )


def _local(clock: time, next_day: bool = False) -> datetime:
    return datetime.combine(DAY + timedelta(days=next_day), clock, ZONE).astimezone(UTC)


def _departure(clock: time) -> datetime:
    """A departure before noon is one of the next morning."""
    return _local(clock, next_day=clock < time(12))


def _site(start: datetime) -> Site:
    outlets = [_outlet(cabinet, k) for cabinet in range(1, CABINETS + 1) for k in range(1, OUTLETS + 1)]
    points = [Evse(id=f"ac-{k:02d}", node="ac-panel", max_current_a=AC_POINT_A) for k in range(1, AC_POINTS + 1)]
    return Site(
        id=NAME,
        time_zone=ZONE.key,
        voltage_v=230.0,
        nodes=_nodes(),
        evses=(*outlets, *points),
        cabinets=tuple(_cabinet(cabinet, outlets) for cabinet in range(1, CABINETS + 1)),
        stations=tuple(
            Station(id=f"cabinet-{cabinet}", rate_units=(RateUnit.W,), max_periods=100, max_stack_level=10)
            for cabinet in range(1, CABINETS + 1)
        ),
        base_loads=(_building(start),),
        tiers=(
            Tier(id="early", rank=0, value_of_target_per_kwh=4.0),
            Tier(id="opportunistic", rank=1, value_of_target_per_kwh=0.45),
        ),
    )


def _nodes() -> tuple[GridNode, ...]:
    """The connection with its contract, the feeder of the cabinets, the panel of the AC points."""
    return (
        GridNode(
            id="connection",
            kind=NodeKind.CONNECTION,
            import_limit_kw=CONTRACT_KW,
            limit_kind=LimitKind.CONTRACT,
        ),
        GridNode(id="dc-feeder", parent="connection", current_limit_a=DC_FEEDER_A, continuous_factor=1.0),
        GridNode(
            id="ac-panel",
            parent="connection",
            kind=NodeKind.PANEL,
            current_limit_a=AC_PANEL_A,
            continuous_factor=1.0,
        ),
    )


def _outlet(cabinet: int, number: int) -> Evse:
    return Evse(
        id=f"dc-{cabinet}{number}",
        node="dc-feeder",
        station=f"cabinet-{cabinet}",
        evse_number=number,
        current=CurrentType.DC,
        max_power_kw=OUTLET_KW,
        conversion_efficiency=CABINET_EFFICIENCY,
        standby_kw=OUTLET_STANDBY_KW,
    )


def _cabinet(cabinet: int, outlets: list[Evse]) -> PowerCabinet:
    """Its nameplate counts direct current, so its total is measured at evse."""
    station = f"cabinet-{cabinet}"
    return PowerCabinet(
        id=station,
        node="dc-feeder",
        evses=tuple(outlet.id for outlet in outlets if outlet.station == station),
        total_kw=CABINET_KW,
        measured_at=MeasuringPoint.EVSE,
        module_kw=MODULE_KW,
    )


def _building(start: datetime) -> BaseLoad:
    """Warehouse and office, hour by hour over the horizon."""
    hours = [start + timedelta(hours=k) for k in range(HOURS)]
    expected = [(hour, BUILDING_KW[hour.astimezone(ZONE).hour]) for hour in hours]
    return BaseLoad(
        node="connection",
        expected_kw=tuple(Step(start=hour, value=kw) for hour, kw in expected),
        high_kw=tuple(Step(start=hour, value=kw * HIGH_SHARE) for hour, kw in expected),
    )


def _session(present: Present) -> Session:
    return Session(
        id=present.van,
        evse=present.evse,
        arrival=_local(present.arrival),
        departure=_departure(present.departure),
        energy_target_kwh=present.target_kwh,
        energy_minimum_kwh=present.minimum_kwh,
        delivered_kwh=present.delivered_kwh,
        tier=present.tier,
        vehicle=vehicle(present.van, present.kind),
    )


def _visit(expected: Expected) -> Visit:
    """A need told as state of charge counts at the battery, and so does its minimum."""
    fixed = len(expected.evses) == 1
    return Visit(
        id=f"{expected.van}-{expected.arrival:%H%M}",
        vehicle=vehicle(expected.van, expected.kind),
        arrival=_local(expected.arrival),
        departure=_departure(expected.departure),
        energy_minimum_kwh=expected.minimum_kwh,
        soc_needed=expected.soc_needed,
        soc_at_arrival=expected.soc_at_arrival,
        measured_at=MeasuringPoint.BATTERY,
        block=expected.block,
        preconditioning_kw=expected.preconditioning_kw,
        preconditioning_minutes=expected.preconditioning_minutes,
        evse=expected.evses[0] if fixed else None,
        pool=() if fixed else expected.evses,
        tier=expected.tier,
    )


if __name__ == "__main__":
    rebuild(NAME, build)
