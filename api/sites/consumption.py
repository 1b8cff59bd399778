"""What a site has drawn over a stretch of time, from measurements that callers told, and how far that is believed.

The meter of the connection counts where it was told; else those of its EVSEs and sessions together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from api.sites.forms import Measurement, MeasurementBatch
from api.sites.keeping import Desk
from api.store.records import Kind
from models.domain.errors import NotFound
from models.domain.scenario import Scenario
from models.domain.site import Site
from models.domain.tariff import DemandCharge
from models.domain.times import seconds
from models.domain.units import hours_from_seconds, seconds_from_minutes
from models.domain.wire import kept_form
from models.settlement.load import Quality

HELD_S = 300.0
"""So long a power is taken to go on after it was measured. [s]"""
NEAR = timedelta(minutes=15)
"""Registers are read so far beyond the ends of a stretch."""
WHOLE, HALF = 0.95, 0.5
"""Shares of a stretch that are metered, from which on its energy is as good as metered, or can be estimated."""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Metered:
    """Energy of a stretch."""

    energy_kwh: float
    quality: Quality


@dataclass(slots=True)
class Meter:
    """What one meter showed, in order of time."""

    powers: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since 1970, and kW."""
    registers: list[tuple[float, float]] = field(default_factory=list)
    """And kWh."""

    def energy(self, start_s: float, end_s: float) -> tuple[float, float]:
        """kWh, and how much of the stretch was metered. [kWh, s]"""
        before = [one for one in self.registers if one[0] <= start_s]
        after = [one for one in self.registers if one[0] >= end_s]
        if before and after:
            return max(0.0, self._register(end_s) - self._register(start_s)), end_s - start_s
        return self._by_power(start_s, end_s)

    def _register(self, at_s: float) -> float:
        """Between two readings in a straight line."""
        low = [one for one in self.registers if one[0] <= at_s][-1]
        high = next(one for one in self.registers if one[0] >= at_s)
        span_s = high[0] - low[0]
        return low[1] if span_s <= 0.0 else low[1] + (high[1] - low[1]) * (at_s - low[0]) / span_s

    def _by_power(self, start_s: float, end_s: float) -> tuple[float, float]:
        energy_kwh = covered_s = 0.0
        ends = [*(at for at, _ in self.powers[1:]), float("inf")]
        for (at_s, power_kw), next_s in zip(self.powers, ends, strict=True):
            held_s = min(next_s, at_s + HELD_S, end_s) - max(at_s, start_s)
            if held_s > 0.0:
                energy_kwh += power_kw * hours_from_seconds(held_s)
                covered_s += held_s
        return energy_kwh, covered_s


def drawn(desk: Desk, start: datetime, end: datetime) -> Metered:
    """Energy that a site drew; raises NotFound for one that is not there. [kWh]"""
    site: Site = desk.get(Kind.SITE).value
    meters = _meters(desk, start - NEAR, end + NEAR)
    roots = {f"node {node.id}" for node in site.nodes if node.parent is None}
    at_roots = [meter for name, meter in meters.items() if name in roots]
    if at_roots:
        return _together(at_roots, start, end, whole=True)
    inside = [meter for name, meter in meters.items() if not name.startswith("node ")]
    return _together(inside, start, end, whole=not site.base_loads)


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


def _together(meters: Sequence[Meter], start: datetime, end: datetime, *, whole: bool) -> Metered:
    start_s, end_s = seconds(start), seconds(end)
    each = [meter.energy(start_s, end_s) for meter in meters]
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
    try:
        site: Site = desk.get(Kind.SITE).value
    except NotFound:
        return None
    roots = {f"node {node.id}" for node in site.nodes if node.parent is None}
    found = [m.registers[-1] for name, m in _meters(desk, now - NEAR, now).items() if name in roots and m.registers]
    return sum(kwh for _, kwh in found) if found else None


def power_kw(desk: Desk, now: datetime) -> float | None:
    """What flows through the connection now, by its meter, else by all others together; None where none told. [kW]"""
    found = desk.find(Kind.SITE)
    if found is None:
        return None
    roots = {f"node {node.id}" for node in found.value.nodes if node.parent is None}
    meters = {
        name: meter for name, meter in _meters(desk, now - timedelta(seconds=HELD_S), now).items() if meter.powers
    }
    mine = [meter for name, meter in meters.items() if name in roots]
    inside = [meter for name, meter in meters.items() if not name.startswith("node ")]
    told = [meter.powers[-1][1] for meter in (mine or inside)]
    return sum(told) if told else None


def _meters(desk: Desk, start: datetime, end: datetime) -> dict[str, Meter]:
    meters: dict[str, Meter] = {}
    seen = (one for batch in _batches(desk, start) for one in batch.measurements if start <= one.at <= end)
    for one in sorted(seen, key=lambda one: one.at):
        meter = meters.setdefault(_name(one), Meter())
        if one.power_kw is not None:
            meter.powers.append((seconds(one.at), one.power_kw))
        if one.register_kwh is not None:
            meter.registers.append((seconds(one.at), one.register_kwh))
    return meters


def _name(one: Measurement) -> str:
    if one.node is not None:
        return f"node {one.node}"
    return f"evse {one.evse}" if one.evse is not None else f"session {one.session}"


def _batches(desk: Desk, start: datetime) -> Iterator[MeasurementBatch]:
    """The newest first, until they were told before ``start``."""
    before: int | None = None
    while True:
        page = desk.unit.latest(desk.tenant, desk.site, Kind.MEASUREMENT, before=before, limit=_PAGE)
        for entry in page:
            if entry.recorded_at < start:
                return
            yield kept_form(MeasurementBatch, entry.body)
        if len(page) < _PAGE:
            return
        before = page[-1].sequence
