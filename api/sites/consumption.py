"""What a site has drawn over a stretch of time, from measurements that callers told, and how far that is believed.

The meter of the connection counts where it was told; else those of its EVSEs and sessions together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from api.sites.forms import MeasurementBatch
from api.sites.keeping import Desk
from api.sites.readings import readings, root_of
from api.store.records import Kind
from models.domain.scenario import Scenario
from models.domain.schedule import Floats
from models.domain.site import Site
from models.domain.tariff import DemandCharge
from models.domain.times import seconds
from models.domain.units import hours_from_seconds, seconds_from_minutes
from models.domain.wire import kept_form
from models.settlement.load import Quality
from models.settlement.readings import Grid, Readings, series_of

HELD_S = 300.0
"""So long a power is taken to go on after it was measured. [s]"""
NEAR = timedelta(minutes=15)
"""Registers are read so far beyond the ends of a stretch."""
QUARTER_MINUTES = 15.0
"""By which demand is metered. [min]"""
WHOLE, HALF = 0.95, 0.5
"""Shares of a stretch that are metered, from which on its energy is as good as metered, or can be estimated."""


@dataclass(frozen=True, slots=True)
class Metered:
    """Energy of a stretch."""

    energy_kwh: float
    quality: Quality


def drawn(desk: Desk, start: datetime, end: datetime) -> Metered:
    """Energy that a site drew; raises NotFound for one that is not there. [kWh]"""
    site: Site = desk.get(Kind.SITE).value
    meters = readings(desk, start - NEAR, end + NEAR)
    root = meters.get(root_of(site))
    if root is not None:
        return _together([root], start, end, whole=True)
    inside = [meter for (kind, _), meter in meters.items() if kind != "node"]
    return _together(inside, start, end, whole=not site.base_loads)


def quarters_kw(desk: Desk, start: datetime, end: datetime) -> list[float]:
    """Mean loads of the full quarters of an hour of a stretch that were metered. [kW]"""
    site: Site = desk.get(Kind.SITE).value
    step_s = seconds_from_minutes(QUARTER_MINUTES)
    start_s = -(-seconds(start) // step_s) * step_s
    grid = Grid(start_s=start_s, step_s=step_s, count=int((seconds(end) - start_s) // step_s))
    if grid.count <= 0:
        return []
    counted = readings(desk, start - NEAR, end + NEAR, wanted=[root_of(site)])
    if not counted:
        meters = readings(desk, start - NEAR, end + NEAR)
        counted = {of: meter for of, meter in meters.items() if of[0] != "node"}
    loads = [series_of("", meter, grid).power_kw for meter in counted.values()]
    together = np.nansum(loads, axis=0) if loads else np.zeros(0)
    return [float(kw) for kw in together]


def with_metered(desk: Desk, scenario: Scenario) -> Scenario:
    """With what the present interval of each demand charge has drawn already: else a plan that is made in its middle
    would take what is left of it for all of it. Where nothing was measured, what the tariff says stays.
    """
    if scenario.tariff is None or scenario.horizon is None or not scenario.tariff.demand_charges:
        return scenario
    start = scenario.horizon.start
    charges = tuple(_metered_charge(desk, charge, start) for charge in scenario.tariff.demand_charges)
    return replace(scenario, tariff=replace(scenario.tariff, demand_charges=charges))


def _metered_charge(desk: Desk, charge: DemandCharge, start: datetime) -> DemandCharge:
    """Intervals are aligned to the clock, and all time zones are whole quarters of an hour apart."""
    into_s = seconds(start) % seconds_from_minutes(charge.demand_interval_min)
    if into_s <= 0.0:
        return charge
    found = drawn(desk, start - timedelta(seconds=into_s), start)
    counts = found.quality in (Quality.OK, Quality.ESTIMATED)
    return replace(charge, metered_kwh=max(0.0, found.energy_kwh)) if counts else charge


def _together(meters: Sequence[Readings], start: datetime, end: datetime, *, whole: bool) -> Metered:
    start_s, end_s = seconds(start), seconds(end)
    each = [_energy(meter, start_s, end_s) for meter in meters]
    covered = max((covered_s for _, covered_s in each), default=0.0) / max(end_s - start_s, 1e-9)
    energy_kwh = sum(kwh for kwh, _ in each)
    if covered < HALF:
        return Metered(energy_kwh, Quality.MISSING)
    if covered < WHOLE:
        return Metered(energy_kwh / covered, Quality.ESTIMATED)
    return Metered(energy_kwh, Quality.OK if whole else Quality.ESTIMATED)


def metered_until(desk: Desk) -> datetime | None:
    """When the newest measurement is from that was told last."""
    newest = desk.unit.latest(desk.tenant, desk.site, Kind.MEASUREMENT)
    times = [one.at for entry in newest for one in kept_form(MeasurementBatch, entry.body).measurements]
    return max(times, default=None)


def register_kwh(desk: Desk, now: datetime) -> float | None:
    """What the meter of the connection showed last; None where it tells none. [kWh]"""
    found = desk.find(Kind.SITE)
    meter = readings(desk, now - NEAR, now).get(root_of(found.value)) if found else None
    return None if meter is None else _last(meter.register_kwh)


def power_kw(desk: Desk, now: datetime) -> float | None:
    """What flows through the connection now, by its meter, else by all others together; None where none told. [kW]"""
    found = desk.find(Kind.SITE)
    if found is None:
        return None
    meters = readings(desk, now - timedelta(seconds=HELD_S), now)
    told = {of: kw for of, meter in meters.items() if (kw := _last(meter.power_kw)) is not None}
    root = root_of(found.value)
    if root in told:
        return told[root]
    inside = [kw for (kind, _), kw in told.items() if kind != "node"]
    return sum(inside) if inside else None


def _energy(meter: Readings, start_s: float, end_s: float) -> tuple[float, float]:
    """kWh, and how much of the stretch was metered: by the register where it was read on both sides. [kWh, s]"""
    told = np.isfinite(meter.register_kwh)
    at_s, register_kwh = meter.at_s[told], meter.register_kwh[told]
    if len(at_s) and at_s[0] <= start_s and at_s[-1] >= end_s:
        begin, until = np.interp([start_s, end_s], at_s, register_kwh)
        return max(0.0, float(until - begin)), end_s - start_s
    return _by_power(meter, start_s, end_s)


def _by_power(meter: Readings, start_s: float, end_s: float) -> tuple[float, float]:
    """A power goes on until the next one, for some minutes at most."""
    told = np.isfinite(meter.power_kw)
    at_s, power_kw = meter.at_s[told], meter.power_kw[told]
    until_s = np.minimum(np.minimum(np.append(at_s[1:], np.inf), at_s + HELD_S)[: len(at_s)], end_s)
    held_s = np.maximum(0.0, until_s - np.maximum(at_s, start_s))
    return hours_from_seconds(float(power_kw @ held_s)), float(held_s.sum())


def _last(numbers: Floats) -> float | None:
    """That was told; None where none was."""
    told = numbers[np.isfinite(numbers)]
    return float(told[-1]) if len(told) else None
