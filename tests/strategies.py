"""Small random sites that are valid: one description, drawn by hypothesis or rolled from a seed.

    @given(scenarios())            # shrinks to the smallest site that fails
    random_scenario(seed=7)        # the same site on every machine

Sizes stay small (1 to 4 nodes, 1 to 6 EVSEs, about a dozen periods), the mixture wide: unequal periods, partial
presence, mixed wiring, DC, cabinets, delta-wye transformers, base loads above the limit, demand charges, caps,
promises.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from zlib import crc32
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import numpy as np
from hypothesis.strategies import DrawFn, SearchStrategy

from models.domain.before import MissedBefore, PlannedBefore
from models.domain.guarantees import Guarantees, PowerRule
from models.domain.habits import Habit, Habits
from models.domain.horizon import Horizon, Stretch
from models.domain.installed import Installed, InstalledProfile, OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.session import ChargingPreference, Session, TaperPoint, Vehicle, WantedPart
from models.domain.setpoints import OfferHistory, SetpointRules
from models.domain.signal import Cap, CapRule, Direction, Dispatch, Event, Freeze, PriceEvent, PriceMode, Rebound
from models.domain.site import (
    Allocator,
    BaseLoad,
    Battery,
    Connector,
    CurrentType,
    Evse,
    GridNode,
    LimitKind,
    MeasuringPoint,
    NodeKind,
    Phase,
    PhaseSeries,
    PowerCabinet,
    PvPlant,
    SessionDefaults,
    Site,
    Tier,
    Transformer,
    Wiring,
)
from models.domain.tariff import (
    BillingPeriod,
    ClassLimit,
    CoincidentPeak,
    Contract,
    DayKind,
    DemandCharge,
    DemandTier,
    Price,
    PriceSeries,
    Rate,
    Tariff,
    TimeClasses,
    TimeOfUse,
    Window,
)
from models.domain.units import hours_from_minutes
from models.domain.value import Series, Step

T = TypeVar("T")

ROTATIONS = ((Phase.L1, Phase.L2, Phase.L3), (Phase.L2, Phase.L3, Phase.L1), (Phase.L3, Phase.L1, Phase.L2))
PAIRS = ((Phase.L1, Phase.L2), (Phase.L2, Phase.L3), (Phase.L3, Phase.L1), (Phase.L1, Phase.L3))
# Local starts: a plain day, a day on which the clock jumps in each direction, the last evening of a month, a holiday.
STARTS = ("2026-03-02 16:00", "2026-03-29 00:30", "2026-10-25 00:15", "2026-03-31 20:00", "2026-12-25 09:45")
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles")


class Dice(Protocol):
    """Where random choices come from."""

    def pick(self, options: Sequence[T]) -> T: ...
    def whole(self, low: int, high: int) -> int: ...


@dataclass(frozen=True)
class SeededDice:
    """Rolled by numpy: the same on every machine."""

    generator: np.random.Generator

    def pick(self, options: Sequence[T]) -> T:
        return options[self.whole(0, len(options) - 1)]

    def whole(self, low: int, high: int) -> int:
        return int(self.generator.integers(low, high, endpoint=True))


@dataclass(frozen=True)
class DrawnDice:
    """Drawn by hypothesis, so that a failure shrinks."""

    draw: DrawFn

    def pick(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def whole(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))


@st.composite
def _scenarios(draw: DrawFn) -> Scenario:
    dice = DrawnDice(draw)
    scenario = with_contracts(dice, with_signals(dice, scenario_from(dice)))
    for feature in FEATURES:
        scenario = feature(dice, scenario)
    return scenario


def scenarios() -> SearchStrategy[Scenario]:
    """Small valid scenarios; put ``@settings(derandomize=True)`` beside ``@given``."""
    return _scenarios()


def random_scenario(seed: int) -> Scenario:
    """The small valid scenario of a seed; what came later is rolled from streams of its own."""
    scenario = scenario_from(SeededDice(np.random.default_rng(seed)))
    scenario = with_signals(SeededDice(np.random.default_rng((seed, 12))), scenario)
    scenario = with_contracts(SeededDice(np.random.default_rng((seed, 11))), scenario)
    for feature in FEATURES:
        stream = np.random.default_rng([seed, crc32(feature.__name__.encode())])
        scenario = feature(SeededDice(stream), scenario)
    return scenario


def scenario_from(dice: Dice) -> Scenario:
    zone = dice.pick(ZONES)
    horizon = a_horizon(dice, zone)
    nodes = a_tree(dice, zone, horizon)
    evses = tuple(an_evse(dice, f"e{k}", nodes) for k in range(dice.whole(1, 6)))
    exports = dice.whole(0, 4) == 0
    site = Site(
        id="site",
        nodes=nodes,
        evses=evses,
        time_zone=zone,
        voltage_v=dice.pick((None, 230.0, 120.0)),
        cabinets=cabinets(dice, evses),
        base_loads=base_loads(dice, nodes, horizon, exports),
        tiers=tiers(dice),
        session_defaults=dice.pick((None, SessionDefaults(stay_h=3.0, energy_target_kwh=9.0))),
    )
    scenario = Scenario(
        site=site,
        sessions=tuple(s for evse in evses for s in sessions_at(dice, evse, site, horizon)),
        tariff=a_tariff(dice, horizon, exports),
        signals=caps(dice, nodes, horizon),
        horizon=horizon,
    )
    return with_batteries(dice, with_roofs(dice, scenario, horizon))


def with_roofs(dice: Dice, scenario: Scenario, horizon: Horizon) -> Scenario:
    """One or two PV plants and an export limit here and there, where energy never costs less than export pays."""
    falls = scenario.tariff is not None and lowest_price(scenario.tariff.import_price) < 0.1
    if falls or not often(dice, 6):
        return scenario
    site = scenario.site
    nodes = tuple(
        replace(node, export_limit_kw=a_series(dice, horizon, 0.0, 25.0)) if often(dice, 4) else node
        for node in site.nodes
    )
    plants = tuple(
        PvPlant(
            id=f"pv{k}",
            node=dice.pick(nodes).id,
            expected_kw=a_series(dice, horizon, 0.0, 30.0),
            curtailable=often(dice, 7),
        )
        for k in range(dice.whole(1, 2))
    )
    return replace(scenario, site=replace(site, nodes=nodes, pv_plants=plants))


def with_batteries(dice: Dice, scenario: Scenario) -> Scenario:
    """One or two batteries below no limit in A, where energy is never free; some nodes count on them."""
    site = scenario.site
    free = [node.id for node in site.nodes if not any(limited_in_amperes(up) for up in way_up(site, node.id))]
    if scenario.tariff is None or lowest_price(scenario.tariff.import_price) < 0.1 or not free or not often(dice, 6):
        return scenario
    nodes = tuple(replace(node, firm_generation=often(dice, 3)) for node in site.nodes)
    batteries = tuple(a_battery(dice, f"b{k}", dice.pick(free)) for k in range(dice.whole(1, 2)))
    return replace(scenario, site=replace(site, nodes=nodes, batteries=batteries))


def a_battery(dice: Dice, name: str, node: str) -> Battery:
    return Battery(
        id=name,
        node=node,
        capacity_kwh=20.0,
        max_charge_kw=tenths(dice, 0.0, 12.0),
        max_discharge_kw=tenths(dice, 0.0, 12.0),
        charge_efficiency=dice.pick((1.0, 0.95)),
        discharge_efficiency=dice.pick((0.95, 0.9)),
        energy_at_start_kwh=tenths(dice, 0.0, 20.0),
        reserve_kwh=dice.pick((0.0, 4.0)),
        wear_price_per_kwh=dice.pick((0.0, 0.03)),
        terminal_value_per_kwh=dice.pick((None, 0.2)),
    )


def way_up(site: Site, name: str) -> Iterator[GridNode]:
    nodes = {node.id: node for node in site.nodes}
    here: GridNode | None = nodes[name]
    while here is not None:
        yield here
        here = nodes[here.parent] if here.parent is not None else None


def limited_in_amperes(node: GridNode) -> bool:
    primary = node.transformer.primary_current_limit_a if node.transformer else None
    return node.current_limit_a is not None or primary is not None


def lowest_price(price: Price) -> float:
    if isinstance(price, PriceSeries):
        return min(step.value for step in price.steps)
    return min(rate.price_per_kwh for rate in price.rates) if isinstance(price, TimeOfUse) else price


def often(dice: Dice, of_ten: int) -> bool:
    """True in so many of ten cases; hypothesis shrinks towards False."""
    return dice.whole(0, 9) >= 10 - of_ten


def tenths(dice: Dice, low: float, high: float) -> float:
    """A number of one decimal, so that failures can be followed by hand."""
    return dice.whole(round(low * 10), round(high * 10)) / 10


def a_horizon(dice: Dice, zone: str) -> Horizon:
    """Fine periods first, coarse ones later; now and then past the first 24 hours, where nothing is split."""
    begin = datetime.fromisoformat(dice.pick(STARTS)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    start = begin + timedelta(minutes=dice.pick((0, 5, 8)))
    stretches = [Stretch(count=dice.whole(2, 6), minutes=float(dice.pick((5, 10, 15))))]
    stretches.append(Stretch(count=dice.whole(1, 5), minutes=float(dice.pick((30, 60)))))
    if often(dice, 2):
        stretches.append(Stretch(count=dice.whole(6, 8), minutes=240.0))
    return Horizon(start=start, stretches=tuple(stretches))


def span_min(horizon: Horizon) -> int:
    return int(sum(s.count * s.minutes for s in horizon.stretches))


def inside(dice: Dice, horizon: Horizon) -> datetime:
    """Some minute of the horizon that need not be an instant of it."""
    return horizon.start + timedelta(minutes=dice.whole(1, span_min(horizon) - 1))


def a_series(dice: Dice, horizon: Horizon, low: float, high: float) -> Series:
    """A number, or steps of which the first begins with the horizon or before."""
    if not often(dice, 3):
        return tenths(dice, low, high)
    first = Step(start=horizon.start - timedelta(hours=1), value=tenths(dice, low, high))
    later = sorted({inside(dice, horizon) for _ in range(dice.whole(1, 2))})
    return (first, *(Step(start=at, value=tenths(dice, low, high)) for at in later))


def a_tree(dice: Dice, zone: str, horizon: Horizon) -> tuple[GridNode, ...]:
    """A connection and up to three nodes anywhere below it; at most one transformer."""
    transformer_at = dice.whole(0, 3) if often(dice, 3) else None
    nodes: list[GridNode] = []
    for k in range(dice.whole(1, 4)):
        parent = dice.pick(nodes).id if nodes else None
        nodes.append(a_node(dice, f"n{k}", parent, zone, horizon))
    if transformer_at is not None and transformer_at < len(nodes):
        return with_transformer(dice, nodes, transformer_at, horizon)
    return tuple(nodes)


def a_node(dice: Dice, name: str, parent: str | None, zone: str, horizon: Horizon) -> GridNode:
    # A site in the United States has no default of this factor.
    factors = (0.8, 1.0) if zone.startswith("America") else (None, 0.8, 1.0)
    return GridNode(
        id=name,
        parent=parent,
        kind=NodeKind.CONNECTION if parent is None else dice.pick((NodeKind.FEEDER, NodeKind.PANEL)),
        import_limit_kw=a_series(dice, horizon, 6.0, 60.0) if often(dice, 6) else None,
        current_limit_a=a_current_limit(dice, horizon) if often(dice, 4) else None,
        limit_kind=dice.pick(tuple(LimitKind)),
        continuous_factor=dice.pick(factors),
    )


def a_current_limit(dice: Dice, horizon: Horizon) -> Series | PhaseSeries:
    if often(dice, 5):
        return a_series(dice, horizon, 40.0, 120.0)
    return PhaseSeries(
        L1=a_series(dice, horizon, 40.0, 120.0),
        L2=a_series(dice, horizon, 40.0, 120.0),
        L3=dice.pick((None, 50.0, 90.0)),
    )


def with_transformer(dice: Dice, nodes: list[GridNode], at: int, horizon: Horizon) -> tuple[GridNode, ...]:
    """The nodes with a delta-wye transformer in one of them."""
    transformer = Transformer(
        primary_voltage_v=dice.pick((480.0, 400.0)),
        secondary_voltage_v=dice.pick((208.0, 400.0)),
        primary_current_limit_a=a_current_limit(dice, horizon) if often(dice, 8) else None,
    )
    return tuple(transformed(node, transformer) if k == at else node for k, node in enumerate(nodes))


def transformed(node: GridNode, transformer: Transformer) -> GridNode:
    kind = NodeKind.CONNECTION if node.parent is None else NodeKind.TRANSFORMER
    return replace(node, kind=kind, transformer=transformer)


def an_evse(dice: Dice, name: str, nodes: tuple[GridNode, ...]) -> Evse:
    """AC to neutral on one to three phases, AC between two or three lines, an unknown phase, or DC."""
    kind = dice.pick(("three", "one", "two", "pair", "delta", "unknown", "dc"))
    node = dice.pick(nodes).id
    standby = dice.pick((0.0, 0.0, 0.1))
    if kind == "dc":
        return dc_evse(dice, name, node, standby)
    wiring = Wiring.LINE_TO_LINE if kind in ("pair", "delta") else Wiring.LINE_TO_NEUTRAL
    connectors = (Connector(id=1, max_current_a=dice.pick((None, 20.0))), Connector(id=2, max_power_kw=4.6))
    return Evse(
        id=name,
        node=node,
        wiring=wiring,
        phases=phases_of(dice, kind),
        voltage_v=dice.pick((None, None, 208.0)) if kind == "pair" else None,
        max_current_a=dice.pick((16.0, 32.0)),
        max_power_kw=dice.pick((None, 11.0, 22.0)),
        measured_at=dice.pick(tuple(p for p in MeasuringPoint if p is not MeasuringPoint.BATTERY)),
        standby_kw=standby,
        connectors=dice.pick(((), (), connectors, connectors[:1])),
    )


def phases_of(dice: Dice, kind: str) -> tuple[Phase, ...] | None:
    if kind == "unknown":
        return None
    rotation = dice.pick(ROTATIONS)
    if kind == "pair":
        return dice.pick(PAIRS)
    return {"one": rotation[:1], "two": rotation[:2]}.get(kind, rotation)


def dc_evse(dice: Dice, name: str, node: str, standby_kw: float) -> Evse:
    return Evse(
        id=name,
        node=node,
        current=CurrentType.DC,
        phases=dice.pick(ROTATIONS),
        max_power_kw=dice.pick((25.0, 50.0)),
        measured_at=dice.pick((MeasuringPoint.EVSE, MeasuringPoint.GRID)),
        conversion_efficiency=dice.pick((None, 0.95, 0.9)),
        standby_kw=standby_kw,
    )


def cabinets(dice: Dice, evses: tuple[Evse, ...]) -> tuple[PowerCabinet, ...]:
    """Sometimes all DC outlets share the power of one cabinet."""
    outlets = tuple(evse.id for evse in evses if evse.current is CurrentType.DC)
    if not outlets or not often(dice, 7):
        return ()
    node = next(evse.node for evse in evses if evse.id == outlets[0])
    total = tenths(dice, 10.0, 60.0)
    point = dice.pick((MeasuringPoint.GRID, MeasuringPoint.EVSE))
    cabinet = PowerCabinet(
        id="c", node=node, evses=outlets, total_kw=total, measured_at=point, allocates=Allocator.OPTIMIZER
    )
    return (cabinet,)


def base_loads(dice: Dice, nodes: tuple[GridNode, ...], horizon: Horizon, exports: bool) -> tuple[BaseLoad, ...]:
    """None, one or two; the high value sometimes above the limit of a node; negative only where the site may export."""
    loads = []
    for _ in range(dice.whole(0, 2)):
        expected = a_series(dice, horizon, 0.0, 12.0)
        high = dice.pick((None, a_series(dice, horizon, 12.0, 70.0 if often(dice, 2) else 15.0)))
        loads.append(BaseLoad(node=dice.pick(nodes).id, expected_kw=expected, high_kw=high, high_current_a=amps(dice)))
    if exports:
        loads.append(BaseLoad(node=nodes[0].id, expected_kw=-20.0, high_kw=0.0))
    return tuple(loads)


def amps(dice: Dice) -> PhaseSeries | None:
    return PhaseSeries(L1=tenths(dice, 0.0, 9.0), L2=2.5) if often(dice, 3) else None


def tiers(dice: Dice) -> tuple[Tier, ...]:
    if not often(dice, 6):
        return ()
    guest = Tier(id="guest", rank=1, value_of_target_per_kwh=dice.pick((None, 2.0)))
    return (Tier(id="fleet", rank=0, value_of_target_per_kwh=tenths(dice, 1.0, 5.0)), guest)


def sessions_at(dice: Dice, evse: Evse, site: Site, horizon: Horizon) -> list[Session]:
    """None, one or two in a row; only the last may have an unknown departure."""
    found: list[Session] = []
    free_from = -120
    for k in range(dice.whole(0, 2) if evse.id != "e0" else 1):
        arrival = dice.whole(free_from, max(free_from, span_min(horizon) - 1))
        leaves = max(arrival, 0) + dice.whole(7, 400)
        last = often(dice, 2)
        found.append(a_session(dice, f"{evse.id}-s{k}", evse, site, horizon, (arrival, None if last else leaves)))
        free_from = leaves + dice.pick((0, 13))
        if last or free_from >= span_min(horizon):
            break
    return found


def a_session(dice: Dice, name: str, evse: Evse, site: Site, horizon: Horizon, stay: tuple[int, int | None]) -> Session:
    """A need between nothing and more than fits, some of it delivered, some of it promised."""
    begin, end = stay
    target = tenths(dice, 0.0, 30.0) if often(dice, 8) else None
    minimum = 0.0 if target is None or not often(dice, 4) else round(target * dice.pick((0.2, 0.5, 1.0)), 1)
    return Session(
        id=name,
        evse=evse.id,
        arrival=horizon.start + timedelta(minutes=begin),
        connector=dice.pick((*(c.id for c in evse.connectors), None)),
        departure=None if end is None else horizon.start + timedelta(minutes=end),
        energy_target_kwh=target,
        energy_minimum_kwh=minimum,
        delivered_kwh=dice.pick((0.0, 0.0, 1.5)),
        measured_at=dice.pick(tuple(MeasuringPoint)),
        tier=dice.pick((None, *(tier.id for tier in site.tiers))),
        vehicle=a_vehicle(dice, name) if often(dice, 6) else None,
        retail_price_per_kwh=dice.pick((None, 0.4)),
    )


def a_vehicle(dice: Dice, name: str) -> Vehicle:
    return Vehicle(
        id=f"{name}-car",
        max_charge_kw=dice.pick((None, 7.4, 11.0)),
        max_current_a=dice.pick((None, 10.0)),
        phases=dice.pick((None, 1, 2, 3)),
        charge_efficiency=dice.pick((None, 0.9)),
    )


def a_tariff(dice: Dice, horizon: Horizon, exports: bool) -> Tariff | None:
    """Import never below what export pays: else a site would earn by buying and selling the same energy."""
    if not exports and not often(dice, 9):
        return None
    # US-style prices fall below zero at times; with export they must not.
    low = 0.1 if exports else -0.1
    return Tariff(
        currency="EUR",
        time_zone=dice.pick((None, "Europe/Berlin")),
        import_price=a_price(dice, horizon, low),
        export_price=dice.pick((0.0, 0.05)) if exports else 0.0,
        demand_charges=demand_charges(dice),
        holidays=(datetime(2026, 3, 2).date(),) if often(dice, 2) else (),
        holiday_calendar=dice.pick((None, None, "DE")),
        carbon_price_per_kg=dice.pick((0.0, 0.1)),
        carbon_intensity=a_price(dice, horizon, 0.2) if often(dice, 3) else 0.3,
    )


def a_price(dice: Dice, horizon: Horizon, low: float) -> Price:
    kind = dice.pick(("flat", "hourly", "time of use"))
    if kind == "flat":
        return cents(dice, max(low, 0.0), 0.5)
    return hourly(dice, horizon, low) if kind == "hourly" else time_of_use(dice)


def cents(dice: Dice, low: float, high: float) -> float:
    return dice.whole(round(low * 100), round(high * 100)) / 100


def hourly(dice: Dice, horizon: Horizon, low: float) -> PriceSeries:
    """Published for every full hour from before the start to after the end; four numbers that repeat."""
    first = horizon.start.replace(minute=0)
    count = int(hours_from_minutes(span_min(horizon))) + 2
    day = [cents(dice, low, 0.5) for _ in range(4)]
    steps = tuple(Step(start=first + timedelta(hours=k), value=day[k % 4]) for k in range(count))
    return PriceSeries(steps=steps, end=first + timedelta(hours=count))


def time_of_use(dice: Dice) -> TimeOfUse:
    """An evening peak in a season that wraps the year, a night that wraps midnight, and the rest."""
    peak = Window(
        days=dice.pick(((DayKind.WEEKDAY,), (DayKind.WEEKDAY, DayKind.SUNDAY))),
        season_start="10-01",
        season_end="03-29",
        start=dice.pick(("16:00", "17:20")),
        end="21:00",
    )
    night = Window(start="23:00", end=dice.pick(("02:30", "06:00")))
    rates = (Rate(price_per_kwh=cents(dice, 0.3, 0.6), windows=(peak,)), Rate(price_per_kwh=0.12, windows=(night,)))
    return TimeOfUse(rates=(*rates, Rate(price_per_kwh=cents(dice, 0.15, 0.3))))


def demand_charges(dice: Dice) -> tuple[DemandCharge, ...]:
    """Facilities at all hours with energy metered already, and sometimes a peak window of its own."""
    if not often(dice, 6):
        return ()
    facilities = DemandCharge(
        id="facilities",
        rate_per_kw=tenths(dice, 1.0, 15.0),
        demand_interval_min=float(dice.pick((15, 30, 60))),
        metered_kwh=dice.pick((0.0, 1.2)),
        peak_set_kw=dice.pick((0.0, 7.5)),
        ratchet_kw=dice.pick((0.0, 5.0)),
        target_peak_kw=dice.pick((0.0, 12.0)),
    )
    evening = DemandCharge(id="evening", rate_per_kw=4.0, windows=(Window(start="16:00", end="21:00"),))
    return (facilities, evening) if often(dice, 4) else (facilities,)


def caps(dice: Dice, nodes: tuple[GridNode, ...], horizon: Horizon) -> tuple[Cap, ...]:
    found = []
    for k in range(dice.whole(0, 2)):
        start = inside(dice, horizon)
        end = start + timedelta(minutes=dice.pick((10, 45, 90)))
        node = dice.pick((None, *(n.id for n in nodes)))
        found.append(Cap(id=f"cap{k}", start=start, end=end, import_limit_kw=tenths(dice, 0.0, 30.0), node=node))
    return tuple(found)


def with_signals(dice: Dice, scenario: Scenario) -> Scenario:
    """More of what utilities ask, in half of all scenarios."""
    if not often(dice, 5):
        return scenario
    assert scenario.horizon is not None
    more = [*group_caps(dice, scenario), *export_caps(dice, scenario), *price_events(dice, scenario)]
    more += [*events(dice, scenario), *dispatches(dice, scenario)]
    return replace(scenario, signals=(*scenario.signals, *more))


def a_place(dice: Dice, scenario: Scenario) -> dict[str, Any]:
    """The site's meter, a node, or some EVSEs."""
    node, evses = dice.pick(scenario.site.nodes).id, tuple(e.id for e in scenario.site.evses if often(dice, 6))
    return dict(dice.pick(({}, {"node": node}, {"evses": evses})))


def events(dice: Dice, scenario: Scenario) -> Iterator[Event]:
    """One event, some of it before or after the plan, with all that may follow from it."""
    horizon = scenario.horizon
    assert horizon is not None
    if not often(dice, 5):
        return
    start = inside(dice, horizon) - timedelta(minutes=dice.pick((0, 0, 20)))
    if start + timedelta(minutes=30) <= horizon.start:
        start = horizon.start
    committed = tenths(dice, 0.0, 8.0)
    yield Event(
        id="event",
        start=start,
        end=start + timedelta(minutes=30 * dice.whole(1, 4)),
        direction=dice.pick(tuple(Direction)),
        baseline_kw=a_series(dice, replace(horizon, start=start), 0.0, 25.0),
        committed_kw=committed,
        accepted_kw=dice.pick((None, committed + 5.0)),
        payment_per_kwh=cents(dice, 0.0, 1.0),
        penalty_per_kwh=dice.pick((0.0, 0.3)),
        pays_from_share=dice.pick((0.0, 0.0, 0.5)),
        settlement_min=dice.pick((15.0, 30.0)),
        metered_kwh=dice.pick((None, 1.0)),
        rebound=dice.pick((None, *REBOUNDS)),
        freeze=a_freeze(dice, start),
        reference_kw=dice.pick((9.0, 9.0, None)),
        **a_place(dice, scenario),
    )


REBOUNDS = (
    Rebound(limit_kw=6.0),
    Rebound(hours=0.5, limit_kw=6.0, price_per_kwh=0.2),
    Rebound(above_reference_kw=2.0),
    Rebound(above_reference_kw=2.0, price_per_kwh=0.2),
)


def a_freeze(dice: Dice, before: datetime) -> Freeze | None:
    hours = timedelta(minutes=dice.pick((30, 60)))
    return Freeze(start=before - hours, end=before, price_per_kwh=0.1) if often(dice, 3) else None


def dispatches(dice: Dice, scenario: Scenario) -> Iterator[Dispatch]:
    assert scenario.horizon is not None
    if often(dice, 3):
        start, end = window(dice, scenario.horizon)
        yield Dispatch(
            id="dispatch",
            start=start,
            end=end,
            setpoint_kw=dice.pick((tenths(dice, -5.0, 20.0), (Step(start=start, value=3.0),))),
            price_above_per_kwh=cents(dice, 0.0, 0.5),
            price_below_per_kwh=cents(dice, 0.0, 0.5),
            **a_place(dice, scenario),
        )


def window(dice: Dice, horizon: Horizon) -> tuple[datetime, datetime]:
    start = inside(dice, horizon)
    return start, start + timedelta(minutes=dice.pick((10, 45, 90)))


def group_caps(dice: Dice, scenario: Scenario) -> Iterator[Cap]:
    """On some EVSEs; now and then what § 14a leaves to them."""
    assert scenario.horizon is not None
    if often(dice, 4):
        evses = tuple(evse.id for evse in scenario.site.evses if often(dice, 6)) or (scenario.site.evses[0].id,)
        start, end = window(dice, scenario.horizon)
        limit, rule = dice.pick(((tenths(dice, 0.0, 12.0), None), (None, CapRule.ENWG_14A)))
        yield Cap(id="group", start=start, end=end, evses=evses, import_limit_kw=limit, rule=rule)


def export_caps(dice: Dice, scenario: Scenario) -> Iterator[Cap]:
    assert scenario.horizon is not None
    if often(dice, 3):
        start, end = window(dice, scenario.horizon)
        node = dice.pick((None, *(n.id for n in scenario.site.nodes)))
        yield Cap(id="feed-in", start=start, end=end, node=node, export_limit_kw=tenths(dice, 0.0, 10.0))


def price_events(dice: Dice, scenario: Scenario) -> Iterator[PriceEvent]:
    """Other prices than the tariff's, never so low that energy is free."""
    assert scenario.horizon is not None
    if scenario.tariff is not None and often(dice, 4):
        start, end = window(dice, scenario.horizon)
        begins = Step(start=start - timedelta(minutes=5), value=cents(dice, 0.1, 0.9))
        other = (begins, Step(start=start + timedelta(minutes=7), value=cents(dice, 0.1, 0.9)))
        yield PriceEvent(
            id="prices",
            start=start,
            end=end,
            mode=dice.pick(tuple(PriceMode)),
            import_price=dice.pick((cents(dice, 0.1, 0.9), other)),
            export_price=dice.pick((None, 0.05)),
        )


def with_contracts(dice: Dice, scenario: Scenario) -> Scenario:
    """One or two limits that may be exceeded at a price, on any node, and now and then a billing period of its own."""
    tariff, horizon = scenario.tariff, scenario.horizon
    if tariff is None or horizon is None or not often(dice, 5):
        return scenario
    found = tuple(a_contract(dice, f"k{k}", scenario, horizon) for k in range(dice.whole(1, 2)))
    charges = tuple(replace(c, billing_period=a_billing_period(dice, scenario)) for c in tariff.demand_charges)
    return replace(scenario, tariff=replace(tariff, contracts=found, demand_charges=charges))


def a_contract(dice: Dice, name: str, scenario: Scenario, horizon: Horizon) -> Contract:
    by_energy = often(dice, 6)
    return Contract(
        id=name,
        node=dice.pick((None, *(node.id for node in scenario.site.nodes))),
        import_limit_kw=dice.pick((a_series(dice, horizon, 2.0, 20.0), time_classes(dice))),
        export_limit_kw=a_series(dice, horizon, 0.0, 5.0) if often(dice, 4) else None,
        price_per_kwh=dice.pick((0.1, 0.5)) if by_energy else None,
        price_per_kw=dice.pick((1.0, 12.0)) if not by_energy or often(dice, 4) else None,
        excess_set_kw=dice.pick((0.0, 0.0, 1.5)),
        billing_period=a_billing_period(dice, scenario),
    )


def time_classes(dice: Dice) -> TimeClasses:
    """A peak class in the evening, another for nights, and sometimes one for all the rest."""
    peak = ClassLimit(
        limit_kw=tenths(dice, 2.0, 9.0), windows=(Window(start="17:00", end=dice.pick(("19:10", "21:00"))),)
    )
    night = ClassLimit(limit_kw=tenths(dice, 9.0, 20.0), windows=(Window(start="22:00", end="06:00"),))
    return TimeClasses(classes=(peak, night, ClassLimit(limit_kw=12.0)) if often(dice, 5) else (peak, night))


def a_billing_period(dice: Dice, scenario: Scenario) -> BillingPeriod | None:
    """Some days around the start of the plan; it may end inside of the horizon."""
    tariff, horizon = scenario.tariff, scenario.horizon
    if tariff is None or horizon is None or not often(dice, 4):
        return None
    today = horizon.start.astimezone(ZoneInfo(tariff.time_zone or scenario.site.time_zone)).date()
    return BillingPeriod(
        first_day=today - timedelta(days=dice.whole(0, 20)), last_day=today + timedelta(days=dice.whole(0, 9))
    )


def with_followed_cars(dice: Dice, scenario: Scenario) -> Scenario:
    """V2G, charging curves and ceilings at some sites: cars of 80 kWh, half empty where they want more than a state."""
    if not often(dice, 4):
        return scenario
    evses = tuple(replace(evse, max_discharge_kw=dice.pick((None, 5.0, 10.0))) for evse in scenario.site.evses)
    assert scenario.horizon is not None
    sessions = tuple(
        a_followed_session(dice, session, scenario.horizon) if often(dice, 6) else session
        for session in scenario.sessions
    )
    return replace(scenario, site=replace(scenario.site, evses=evses), sessions=sessions)


def a_followed_session(dice: Dice, session: Session, horizon: Horizon) -> Session:
    vehicle = session.vehicle or Vehicle(id=f"{session.id}-car")
    retail = session.retail_price_per_kwh or 0.0
    vehicle = replace(
        vehicle,
        battery_capacity_kwh=80.0,
        max_discharge_kw=dice.pick((None, 7.0, 12.0)),
        discharge_efficiency=dice.pick((None, 0.9)),
        wear_price_per_kwh=dice.pick((0.0, 0.02)),
        taper=a_taper(dice) if often(dice, 4) else (),
    )
    soc = tenths(dice, 0.0, 0.9)
    told = {"energy_target_kwh": None, "energy_minimum_kwh": 0.0, "delivered_kwh": 0.0}
    wish: dict[str, float | None] = {"soc_target": tenths(dice, 0.2, 0.8), "soc_minimum": dice.pick((None, 0.2))}
    return replace(
        session,
        vehicle=vehicle,
        soc=soc,
        allows_discharge=often(dice, 7),
        soc_reserve=dice.pick((None, 0.0, 0.3)),
        energy_floor_kwh=a_series(dice, horizon, 0.0, 40.0) if often(dice, 2) else None,
        energy_ceiling_kwh=a_series(dice, horizon, 40.0, 80.0) if often(dice, 2) else None,
        discharge_price_per_kwh=dice.pick((None, retail / 0.8)),
        terminal_value_per_kwh=dice.pick((None, 0.2)),
        **(told | wish if soc > 0.5 or often(dice, 5) else {}),
    )


def a_taper(dice: Dice) -> tuple[TaperPoint, ...]:
    """Constant current, then constant voltage; or a rising start as well; or steps as of fast chargers."""
    constant = (TaperPoint(soc=0.4, power_kw=tenths(dice, 5.0, 12.0)), TaperPoint(soc=1.0, power_kw=0.0))
    rising = (TaperPoint(soc=0.0, power_kw=4.0), *constant)
    steps = [TaperPoint(soc=soc, power_kw=power) for soc, power in ((0.3, 12.0), (0.35, 6.0), (0.7, 6.0), (0.75, 2.0))]
    return dice.pick((constant, rising, tuple(steps)))


def with_turned_prices(dice: Dice, scenario: Scenario) -> Scenario:
    """At some sites energy costs less than nothing for hours, at some export is dearer than import."""
    tariff, horizon = scenario.tariff, scenario.horizon
    if tariff is None or horizon is None or not often(dice, 3):
        return scenario
    turned = replace(tariff, import_price=hourly(dice, horizon, -0.2)) if often(dice, 6) else tariff
    return replace(scenario, tariff=replace(turned, export_price=hourly(dice, horizon, -0.1)))


def with_habits(dice: Dice, scenario: Scenario) -> Scenario:
    """At some sites past sessions are counted, few or none, and more drivers tell nothing."""
    if not often(dice, 3):
        return scenario
    stays = tuple(dice.whole(0, 3) for _ in range(dice.whole(0, 12)))
    energies = tuple(dice.whole(0, 3) for _ in range(dice.whole(0, 9)))
    counted = (Habit(workday=dice.pick((True, False)), arrival_hour=dice.whole(0, 23), stays=stays, energies=energies),)
    habits = Habits(counted=counted if often(dice, 7) else (), source="drawn")
    silent = tuple(replace(s, energy_target_kwh=None) if often(dice, 3) else s for s in scenario.sessions)
    sessions = tuple(s if s.still_wants is None else replace(s, energy_target_kwh=None) for s in silent)
    return replace(scenario, site=replace(scenario.site, habits=habits), sessions=sessions)


def with_guarantees(dice: Dice, scenario: Scenario) -> Scenario:
    """At some sites ports give some power at once, first kWh come first, or cars wait for a gain only."""
    if not often(dice, 3):
        return scenario
    rules = Guarantees(
        power_rule=dice.pick((None, PowerRule.NEVI)),
        first_kwh=dice.pick((0.0, 2.5)),
        defer_gain_per_kwh=dice.pick((None, 0.02, 0.1)),
        price_per_kwh=dice.pick((None, 3.0)),
    )
    evses = tuple(
        replace(e, power_floor_kw=dice.pick((None, 0.0, 1.5)) if e.max_power_kw else None) for e in scenario.site.evses
    )
    sessions = tuple(replace(session, accepts_less=often(dice, 2)) for session in scenario.sessions)
    return replace(scenario, site=replace(scenario.site, guarantees=rules, evses=evses), sessions=sessions)


def with_chances(dice: Dice, scenario: Scenario) -> Scenario:
    """The same site, but of every other session departure or need are known as chances only."""
    assert scenario.horizon is not None
    start = scenario.horizon.start
    return replace(
        scenario, sessions=tuple(uncertain(dice, s, start) if often(dice, 4) else s for s in scenario.sessions)
    )


def uncertain(dice: Dice, session: Session, start: datetime) -> Session:
    """One whose driver told no departure, or no need, or neither."""
    kind = dice.whole(0, 2)
    if kind != 1:
        session = replace(session, still_there=falling(dice, max(session.arrival, start)))
    if kind != 0:
        session = replace(
            session, still_wants=wanted_parts(dice, session), energy_target_kwh=None, soc_target=None, soc_minimum=None
        )
    return session


def falling(dice: Dice, since: datetime) -> tuple[Step, ...]:
    """Four chances that fall, the last one sometimes to nothing."""
    chances = [1.0, dice.pick((1.0, 0.9)), dice.pick((0.75, 0.5)), dice.pick((0.25, 0.0))]
    times = [since + timedelta(minutes=k * dice.pick((7, 40, 90))) for k in (0, 1, 2, 3)]
    return tuple(Step(start=at, value=chance) for at, chance in zip(sorted(set(times)), chances, strict=False))


def wanted_parts(dice: Dice, session: Session) -> tuple[WantedPart, ...]:
    """Two to four parts that reach what is promised."""
    chances = (0.9, dice.pick((0.9, 0.6)), 0.4, 0.1)[: dice.whole(2, 4)]
    step = max(tenths(dice, 1.0, 8.0), session.energy_minimum_kwh)
    return tuple(WantedPart(up_to_kwh=round(step * (k + 1), 1), chance=chance) for k, chance in enumerate(chances))


def with_preferences(dice: Dice, scenario: Scenario) -> Scenario:
    """A third of the sites knows what drivers prefer: cheap or green; carbon then has a price, and an intensity."""
    if not often(dice, 3):
        return scenario
    wishes = (None, ChargingPreference.CHEAP, ChargingPreference.GREEN, ChargingPreference.REGULAR)
    sessions = tuple(replace(s, charging_preference=dice.pick(wishes)) for s in scenario.sessions)
    tariff = scenario.tariff
    intensity = tenths(dice, 0.0, 0.8)
    return replace(
        scenario,
        site=replace(scenario.site, green_price_per_kg=dice.pick((None, 0.1, 2.0))),
        sessions=sessions,
        tariff=None if tariff is None else replace(tariff, carbon_intensity=tariff.carbon_intensity or intensity),
    )


def with_a_past(dice: Dice, scenario: Scenario) -> Scenario:
    """Half of the sites remember: setpoints that a plan before had, what leaving it costs, and what was missed."""
    if not often(dice, 5):
        return scenario
    assert scenario.horizon is not None
    drivers = dice.pick((None, "one", "other"))
    sessions = tuple(replace(s, driver=dice.pick((None, drivers))) for s in scenario.sessions)
    named = [s for s in sessions if often(dice, 7)]
    tariff = scenario.tariff
    return replace(
        scenario,
        sessions=sessions,
        previous=tuple(planned_before(dice, s.id, scenario.horizon) for s in named),
        ledger=tuple(MissedBefore(driver=name, missed_kwh=tenths(dice, 0.0, 20.0)) for name in ("one", "e0-0")),
        tariff=None if tariff is None else replace(tariff, change_price_per_kwh=dice.pick((0.0, 0.0, 0.01, 0.2))),
    )


def planned_before(dice: Dice, session: str, horizon: Horizon) -> PlannedBefore:
    """Two setpoints, from the start of the horizon or an hour before it, until somewhere inside."""
    first = horizon.start - dice.pick((timedelta(0), timedelta(hours=1)))
    second, end = sorted((inside(dice, horizon), inside(dice, horizon)))
    powers = (0.0, tenths(dice, 0.0, 11.0), 50.0)
    steps = [Step(start=at, value=dice.pick(powers)) for at in dict.fromkeys((first, second))]
    return PlannedBefore(session=session, charge_power_kw=tuple(steps), end=end + timedelta(minutes=1))


def with_installed(dice: Dice, scenario: Scenario) -> Scenario:
    """What some EVSEs were sent before, and some that cannot be reached."""
    horizon = scenario.horizon
    if horizon is None or not often(dice, 4):
        return scenario
    found = tuple(an_installed(dice, evse, horizon) for evse in scenario.site.evses if often(dice, 6))
    return replace(scenario, installed=found, acknowledge_minutes=dice.pick((None, 2.0, 12.0)))


def an_installed(dice: Dice, evse: Evse, horizon: Horizon) -> Installed:
    return Installed(
        evse=evse.id,
        profiles=tuple(
            InstalledProfile(power_kw=a_series(dice, horizon, 0.0, 9.0), acknowledged=often(dice, 7))
            for _ in range(dice.whole(0, 2))
        ),
        reachable=often(dice, 6),
        offline=dice.pick(tuple(OfflineBehaviour)),
        default_kw=dice.pick((None, 1.4, 4.2)),
    )


def with_dearer_peaks(dice: Dice, scenario: Scenario) -> Scenario:
    """Tiers, minima and ratchets of demand charges, and hours in which a network may peak."""
    tariff, horizon = scenario.tariff, scenario.horizon
    if tariff is None or horizon is None or not often(dice, 5):
        return scenario
    charges = tuple(a_dearer_peak(dice, charge) for charge in tariff.demand_charges)
    chance = (
        Step(start=horizon.start - timedelta(hours=1), value=dice.pick((0.0, 0.1))),
        Step(start=inside(dice, horizon), value=dice.pick((0.0, 0.5))),
    )
    network = CoincidentPeak(
        id="network", price_per_kw=dice.pick((0.4, 3.0)), chance=chance, interval_min=dice.pick((60.0, 30.0))
    )
    return replace(
        scenario, tariff=replace(tariff, demand_charges=charges, coincident_peaks=(network,) if often(dice, 5) else ())
    )


def with_apparent_limits(dice: Dice, scenario: Scenario) -> Scenario:
    """Limits in kVA in place of some in kW, and loads with power factors."""
    if not often(dice, 3):
        return scenario
    site = scenario.site
    nodes = tuple(
        replace(node, import_limit_kw=None, import_limit_kva=node.import_limit_kw) if often(dice, 5) else node
        for node in site.nodes
    )
    evses = tuple(replace(evse, power_factor=dice.pick((1.0, 0.98, 0.9))) for evse in site.evses)
    loads = tuple(replace(load, power_factor=dice.pick((1.0, 0.8))) for load in site.base_loads)
    return replace(scenario, site=replace(site, nodes=nodes, evses=evses, base_loads=loads))


def a_dearer_peak(dice: Dice, charge: DemandCharge) -> DemandCharge:
    first = tenths(dice, 2.0, 12.0)
    tiers = (
        DemandTier(above_kw=first, rate_per_kw=charge.rate_per_kw + 2.0),
        DemandTier(above_kw=first + 6.0, rate_per_kw=charge.rate_per_kw + dice.pick((2.0, 9.0))),
    )
    return replace(
        charge,
        tiers=tiers[: dice.whole(0, 2)],
        minimum_kw=dice.pick((0.0, 2.5)),
        ratchet_share=dice.pick((0.0, 0.5)),
        earlier_peaks_kw=dice.pick(((), (9.0, 14.0))),
    )


def with_setpoint_rules(dice: Dice, scenario: Scenario) -> Scenario:
    """Three of ten sites say what EVSEs and cars can follow."""
    return with_rules(dice, scenario) if often(dice, 3) else scenario


def with_rules(dice: Dice, scenario: Scenario) -> Scenario:
    """Rules of setpoints, pilot levels, cabinets that cannot feed all outlets, and sessions that are on already."""
    site, minutes = scenario.site, (15.0, 0.0, 40.0)
    rules = SetpointRules(
        near_h=dice.pick((24.0, 1.0, 0.3)),
        max_starts=dice.pick((3, 1, None)),
        min_on_minutes=dice.pick(minutes),
        min_off_minutes=dice.pick(minutes),
    )
    return replace(
        scenario,
        site=replace(
            site,
            setpoints=rules,
            evses=tuple(with_levels(dice, evse) for evse in site.evses),
            cabinets=tuple(with_modules(dice, cabinet) for cabinet in site.cabinets),
        ),
        sessions=tuple(with_history(dice, session, scenario.horizon) for session in scenario.sessions),
    )


def with_levels(dice: Dice, evse: Evse) -> Evse:
    """Levels of which at least one can be offered."""
    if evse.current is CurrentType.DC or not often(dice, 4):
        return evse
    levels = ((0.0, 8.0, 16.0, 24.0, 32.0), (0.0, *map(float, range(6, 33))), (6.0, 10.0, 13.0, 16.0))
    return replace(evse, pilot_levels_a=dice.pick(levels))


def with_modules(dice: Dice, cabinet: PowerCabinet) -> PowerCabinet:
    return replace(
        cabinet,
        module_kw=dice.pick((None, min(10.0, cabinet.total_kw))),
        outlets_at_once=dice.pick((None, 1)),
        switch_over_s=dice.pick((0.0, 60.0)),
    )


def with_history(dice: Dice, session: Session, horizon: Horizon | None) -> Session:
    """What a session that is there when the plan begins was offered in the last half hour."""
    if horizon is None or session.arrival >= horizon.start or not often(dice, 6):
        return session
    since = max(session.arrival, horizon.start - timedelta(minutes=dice.whole(0, 30)))
    on = often(dice, 6)
    return replace(session, offer_history=OfferHistory(on=on, since=since, starts=dice.whole(int(on), 3)))


FEATURES: tuple[Callable[[Dice, Scenario], Scenario], ...] = (
    with_followed_cars,
    with_turned_prices,
    with_chances,
    with_guarantees,
    with_habits,
    with_a_past,
    with_installed,
    with_dearer_peaks,
    with_setpoint_rules,
    with_apparent_limits,
    with_preferences,
)
"""Drawn after everything else, each from a random stream of its own, so that none changes what the others draw."""
