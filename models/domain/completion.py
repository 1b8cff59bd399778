"""What a scenario leaves open, filled in: from the site's own defaults and from standards, and told back as assumed.

Pure, without a clock; for scenarios without findings. Stays and needs of drivers are completed in models.domain.stays.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.domain.calendar import calendar_of
from models.domain.checks.equipment import has_limit
from models.domain.checks.span import nothing_to_plan
from models.domain.default_horizon import default_horizon
from models.domain.demand import floor_kw
from models.domain.dimming import least_draw_kw
from models.domain.electrical import DC_CONVERSION_EFFICIENCY, MIN_CURRENT_A, NOMINAL_VOLTAGE_V
from models.domain.errors import InvalidScenario
from models.domain.findings import Assumption
from models.domain.floors import told_of_floors
from models.domain.horizon import Horizon
from models.domain.price_events import import_prices, price_events
from models.domain.prices import highest_price
from models.domain.protection import nothing_from_protected
from models.domain.scenario import Scenario
from models.domain.series import highest
from models.domain.signal import Cap, CapRule, PriceMode
from models.domain.site import CurrentType, GridNode, LimitKind, Site, Tier
from models.domain.states import follow_energies, without_terminal_value
from models.domain.stays import complete_sessions, more_than_wanted, sessions_of_visits
from models.domain.tariff import Tariff
from models.domain.utilisation import class_of, hours_of_use, in_class
from models.domain.value import value

CURRENCY = "EUR"
CONTINUOUS_FACTOR = 1.0
"""Of ratings outside of the US: IEC breakers are rated for continuous load (IEC 60364-7-722)."""
TIER = "standard"
PRICES_PER_TARGET = 10.0
"""A missing kWh costs as many times the highest import price: nobody's target is given up to save on energy."""
LEAST_VALUE_OF_TARGET = 1.0
"""Where energy is nearly free, or free. [currency/kWh]"""


@value
class Completed:
    """A scenario that leaves nothing open, and what was assumed for that, by its author and here."""

    scenario: Scenario
    assumptions: tuple[Assumption, ...]


_Answer = tuple[Scenario, list[Assumption]]


def complete(scenario: Scenario) -> Completed:
    """The same scenario with tariff, tiers, voltage, factors, departures, targets, tiers of sessions and horizon set.

    Visits with a fixed EVSE become sessions, unless it is taken then. What was given is not touched; of a complete
    scenario the same object is returned. Raises InvalidScenario when nothing in it has a time.
    """
    told = list(scenario.assumptions)
    for step in _STEPS:
        scenario, assumed = step(scenario)
        told += assumed
    return Completed(scenario=scenario, assumptions=tuple(told))


def complete_place(site: Site, tariff: Tariff | None) -> tuple[Site, Tariff | None]:
    """A site and its tariff as :func:`complete` completes them where no signal asks for a price.

    A scenario of these is completed sooner, and nothing else is assumed for its sessions.
    """
    scenario = Scenario(site=site, tariff=tariff)
    for step in _OF_THE_PLACE:
        scenario, _ = step(scenario)
    return scenario.site, scenario.tariff


def _cap_rules(scenario: Scenario) -> _Answer:
    """What § 14a EnWG leaves to the EVSEs of a cap."""
    signals, told = list(scenario.signals), []
    for i, cap in enumerate(signals):
        if isinstance(cap, Cap) and cap.rule is CapRule.ENWG_14A and cap.import_limit_kw is None:
            least_kw = least_draw_kw(len(cap.evses))
            signals[i] = replace(cap, import_limit_kw=least_kw)
            amount = f"{least_kw:g} kW for {len(cap.evses)} EVSEs together"
            source = "§ 14a EnWG, BNetzA BK6-22-300"
            told.append(Assumption(what=f"signals[{i}].import_limit_kw", value=amount, source=source))
    return (replace(scenario, signals=tuple(signals)) if told else scenario), told


def _tariff(scenario: Scenario) -> _Answer:
    """A tariff, and the time zone of its windows."""
    tariff, zone = scenario.tariff, scenario.site.time_zone
    if tariff is None:
        free = Tariff(currency=CURRENCY, import_price=0.0, time_zone=zone)
        source = "no tariff was given; only time and limits shape the plan"
        told = Assumption(what="tariff", value=f"price 0, currency {CURRENCY}", source=source)
        return replace(scenario, tariff=free), [told]
    if tariff.time_zone is None:
        return replace(scenario, tariff=replace(tariff, time_zone=zone)), []
    return scenario, []


def _utilisation(scenario: Scenario) -> _Answer:
    """One class of utilisation: the chosen one, or that of what is expected apart from this plan."""
    tariff = scenario.tariff
    if tariff is None or tariff.utilisation is None:
        return scenario, []
    told = tariff.utilisation
    charge = next(charge for charge in tariff.demand_charges if charge.id == told.demand_charge)
    hours = hours_of_use(told.energy_kwh, floor_kw(charge, begun=True))
    by_name = {one.id: one for one in told.classes}
    chosen = class_of(told.classes, hours) if told.chosen is None else by_name[told.chosen]
    source = f"{hours:,.0f} hours of use are expected" if told.chosen is None else "chosen"
    assumed = Assumption(what="tariff.utilisation", value=f"class {chosen.id}", source=source)
    return replace(scenario, tariff=in_class(tariff, chosen)), [assumed]


def _tiers(scenario: Scenario) -> _Answer:
    """At least one class of drivers, and what a missing kWh of each costs."""
    site, told = scenario.site, []
    currency = scenario.tariff.currency if scenario.tariff else CURRENCY
    tiers = list(site.tiers or (Tier(id=TIER),))
    for i, tier in enumerate(tiers):
        if tier.value_of_target_per_kwh is None:
            tiers[i] = replace(tier, value_of_target_per_kwh=_value_of_target(scenario))
            told.append(_tier_assumption(i, tiers[i], currency))
    return (replace(scenario, site=replace(site, tiers=tuple(tiers))) if told else scenario), told


def _value_of_target(scenario: Scenario) -> float:
    """No target is given up for a price that a price event asks either."""
    base = highest_price(scenario.tariff.import_price) if scenario.tariff else 0.0
    told = [(e, highest(e.import_price)) for e in price_events(scenario) if e.import_price is not None]
    dearest = max([base, *(price for event, price in told if event.mode is PriceMode.REPLACE)])
    dearest += sum(max(0.0, price) for event, price in told if event.mode is PriceMode.ADD)
    return max(PRICES_PER_TARGET * dearest, LEAST_VALUE_OF_TARGET)


def _tier_assumption(i: int, tier: Tier, currency: str) -> Assumption:
    source = f"{PRICES_PER_TARGET:g} times the highest import price, at least {LEAST_VALUE_OF_TARGET:g}"
    amount = f"{tier.value_of_target_per_kwh:g} {currency}/kWh for tier {tier.id}"
    return Assumption(what=f"site.tiers[{i}].value_of_target_per_kwh", value=amount, source=source)


def _nodes(scenario: Scenario) -> _Answer:
    """Continuous factors; told where there is a rating to which they apply."""
    nodes = scenario.site.nodes
    if all(node.continuous_factor is not None for node in nodes):
        return scenario, []
    told = [
        Assumption(
            what=f"site.nodes[{i}].continuous_factor",
            value=f"{CONTINUOUS_FACTOR:g} for node {node.id}",
            source="equipment rated for continuous load (IEC 60364-7-722)",
        )
        for i, node in enumerate(nodes)
        if node.continuous_factor is None and node.limit_kind is LimitKind.RATING and has_limit(node)
    ]
    return replace(scenario, site=replace(scenario.site, nodes=tuple(map(_with_factor, nodes)))), told


def _with_factor(node: GridNode) -> GridNode:
    return node if node.continuous_factor is not None else replace(node, continuous_factor=CONTINUOUS_FACTOR)


def _equipment(scenario: Scenario) -> _Answer:
    """The voltage of the site; and what models.domain.electrical takes where an EVSE told nothing, once for all."""
    site, told = scenario.site, _of_evses(scenario.site)
    if site.voltage_v is not None:
        return scenario, told
    volts = f"{NOMINAL_VOLTAGE_V:g} V line to neutral"
    told.insert(0, Assumption(what="site.voltage_v", value=volts, source="IEC 60038"))
    return replace(scenario, site=replace(site, voltage_v=NOMINAL_VOLTAGE_V)), told


def _of_evses(site: Site) -> list[Assumption]:
    told, dc, ac = [], CurrentType.DC, CurrentType.AC
    lossy = [e for e in site.evses if e.conversion_efficiency is None and e.current is dc]
    if lossy:
        share = f"{DC_CONVERSION_EFFICIENCY:g} on {len(lossy)} DC EVSEs"
        source = "published figures of 150 kW class chargers lie between 0.92 and 0.95"
        told.append(Assumption(what="site.evses[*].conversion_efficiency", value=share, source=source))
    unsaid = [e for e in site.evses if e.min_current_a is None and e.current is ac]
    if unsaid:
        least = f"{MIN_CURRENT_A:g} A on {len(unsaid)} AC EVSEs"
        told.append(Assumption(what="site.evses[*].min_current_a", value=least, source="IEC 61851-1"))
    return told


def _horizon(scenario: Scenario) -> _Answer:
    if scenario.horizon is not None:
        return scenario, []
    horizon = default_horizon(scenario)
    if horizon is None:
        raise InvalidScenario([nothing_to_plan()])
    span = f"{horizon.start.isoformat()} to {horizon.end.isoformat()}"
    source = "from the first arrival to the last departure, at most seven days"
    return replace(scenario, horizon=horizon), [Assumption(what="horizon", value=span, source=source)]


def _offers_so_far(scenario: Scenario) -> _Answer:
    """Whether a session that is there already is charging matters to its next start; told where nobody said."""
    horizon = scenario.horizon
    if horizon is None or scenario.site.setpoints is None:
        return scenario, []
    unsaid = [s for s in scenario.sessions if s.offer_history is None and s.arrival < horizon.start]
    if not unsaid:
        return scenario, []
    amount = f"not charging, and free to start, for {len(unsaid)} sessions that are there already"
    return scenario, [Assumption(what="sessions[*].offer_history", value=amount, source="no offer was told")]


def _acknowledgement(scenario: Scenario) -> _Answer:
    """How long EVSEs may follow what is installed, where anything is."""
    if not scenario.installed or scenario.acknowledge_minutes is not None or scenario.horizon is None:
        return scenario, []
    minutes = scenario.horizon.stretches[0].minutes
    told = Assumption(what="acknowledge_minutes", value=f"{minutes:g} min", source="the first period of the horizon")
    return replace(scenario, acknowledge_minutes=minutes), [told]


def _terminal_values(scenario: Scenario) -> _Answer:
    """What is left in a battery is worth what it saves later, or it would be drained by the end of every plan."""
    tariff, horizon, site = scenario.tariff, scenario.horizon, scenario.site
    if tariff is None or horizon is None or all(b.terminal_value_per_kwh is not None for b in site.batteries):
        return scenario, []
    price = _mean_import_price(scenario, tariff, horizon)
    batteries, told = list(site.batteries), []
    for i, battery in enumerate(batteries):
        if battery.terminal_value_per_kwh is None:
            worth = price * battery.discharge_efficiency
            batteries[i] = replace(battery, terminal_value_per_kwh=worth)
            what, amount = f"site.batteries[{i}].terminal_value_per_kwh", f"{worth:g} {tariff.currency}/kWh"
            told.append(Assumption(what=what, value=amount, source="mean import price times discharge efficiency"))
    return replace(scenario, site=replace(site, batteries=tuple(batteries))), told


def _terminal_values_of_sessions(scenario: Scenario) -> _Answer:
    """The same for V2G sessions that stay longer than the horizon."""
    tariff, horizon, lacking = scenario.tariff, scenario.horizon, without_terminal_value(scenario)
    if tariff is None or horizon is None or not lacking:
        return scenario, []
    price, sessions = _mean_import_price(scenario, tariff, horizon), list(scenario.sessions)
    for i in lacking:
        vehicle = sessions[i].vehicle
        efficiency = 1.0 if vehicle is None else vehicle.discharge_efficiency or 1.0
        sessions[i] = replace(sessions[i], terminal_value_per_kwh=price * efficiency)
    amount = f"{price:g} {tariff.currency}/kWh times discharge efficiency for {len(lacking)} sessions"
    source = "the mean import price: energy left in a car that stays is used later"
    return replace(scenario, sessions=tuple(sessions)), [
        Assumption(what="sessions[*].terminal_value_per_kwh", value=amount, source=source)
    ]


def _mean_import_price(scenario: Scenario, tariff: Tariff, horizon: Horizon) -> float:
    """Over the horizon; never below 0. [currency/kWh]"""
    span_s = np.array([horizon.start.timestamp(), horizon.end.timestamp()])
    return max(0.0, float(import_prices(scenario, span_s, calendar_of(tariff, scenario.site.time_zone))[0]))


_OF_THE_PLACE: tuple[Callable[[Scenario], _Answer], ...] = (_tariff, _utilisation, _tiers, _nodes, _equipment)
"""They look at no session, and at signals for prices alone."""
_STEPS: tuple[Callable[[Scenario], _Answer], ...] = (
    _cap_rules,
    *_OF_THE_PLACE,
    told_of_floors,
    nothing_from_protected,
    follow_energies,
    complete_sessions,
    more_than_wanted,
    sessions_of_visits,
    _horizon,
    _offers_so_far,
    _terminal_values,
    _terminal_values_of_sessions,
    _acknowledgement,
)
"""In this order: each takes what the ones before filled in."""
