"""What is remembered of one plan to bill it later: loads, prices and cars over its periods, without the reasons.

A tenth of a plan's own document, so it can be kept for the years in which a statement may be asked for.
"""

from dataclasses import field
from datetime import datetime

import numpy as np

from models.domain.calendar import calendar_of
from models.domain.electrical import conversion_efficiency
from models.domain.price_events import export_prices, import_prices
from models.domain.prices import coincident_costs, mean_prices
from models.domain.scenario import Scenario
from models.domain.schedule import ContractPlan, EventPlan, Floats, Schedule, SessionPlan
from models.domain.series import UNLIMITED
from models.domain.session import Session
from models.domain.tariff import Tariff
from models.domain.value import value
from optimizer.statement.curves import means

DIGITS = 6
Powers = tuple[float, ...]
"""One a period; zeros at the end are left out. [kW]"""


@value
class CarAccount:
    """One session in one plan."""

    session: str
    evse: str
    delivered_kwh: float
    """When the plan was made. [kWh at evse]"""
    lacks_kwh: float
    """Of what is wanted in all, at that moment. [kWh at evse]"""
    told: bool
    """Whether somebody told what is wanted; else it was assumed, and nothing that lacks of it is missed."""
    missing_kwh: float
    """What the plan itself misses of what was told or promised, at departure. [kWh]"""
    power_kw: Powers = ()
    """As planned, at evse, less what is given back."""
    uncontrolled_kw: Powers | None = None
    """Charged at once, at grid; of the first plan that knows the session, None in those after it."""


@value
class EventAccount:
    """The settlement intervals of one demand-response event that a plan sees."""

    event: str
    ends_s: tuple[float, ...]
    payment: tuple[float, ...]
    """[currency]"""
    penalty: tuple[float, ...]
    """[currency]"""


@value
class ContractAccount:
    """Expected power above the limit of one side of a contract."""

    contract: str
    """Contract id and side: ``transport:import``."""
    excess_kw: Powers
    limit_kw: Powers | None = None
    """At the site connection, where the load without us is known as well; None for other nodes."""


@value
class Account:
    """One plan, over its whole horizon; which part of it was followed depends on when the next one came."""

    plan: str
    made_at: datetime
    method: str
    mode: str = ""
    """What became of the plans of the site then."""
    commands: dict[str, int] = field(default_factory=dict)
    """By EVSE: how many messages the plan has it sent; ``""`` for those to a whole station."""
    watched: dict[str, int] = field(default_factory=dict)
    """The same of EVSEs whose plan is only watched: what would have been sent."""
    currency: str
    time_zone: str
    instants_s: tuple[float, ...]
    import_kw: Powers
    export_kw: Powers = ()
    base_kw: Powers = ()
    """What the site draws without the cars when nobody steers; below 0 where it feeds in. [kW at grid]"""
    import_price: Powers
    """[currency/kWh]"""
    export_price: Powers = ()
    carbon_cost: Powers = ()
    """[currency/kWh]"""
    coincident_cost: Powers = ()
    """[currency/kWh]"""
    drivers_paid: Powers = ()
    """To drivers whose cars give back. [currency/h]"""
    cars: tuple[CarAccount, ...] = ()
    events: tuple[EventAccount, ...] = ()
    contracts: tuple[ContractAccount, ...] = ()
    tariff: Tariff | None = None
    """None: that of the account before."""
    tariff_digest: str = ""


def account_of(
    scenario: Scenario, plan: Schedule, uncontrolled: Schedule, *, known: frozenset[str], id: str, at: datetime
) -> Account:
    """The account of a plan for a completed scenario; ``known``: sessions that the account before has already."""
    assert scenario.tariff is not None, "the scenario is complete"
    tariff, calendar = scenario.tariff, calendar_of(scenario.tariff, scenario.site.time_zone)
    edges = plan.instants_s
    return Account(
        plan=id,
        made_at=at,
        method=plan.method,
        currency=plan.currency,
        time_zone=calendar.time_zone.key,
        instants_s=tuple(edges.tolist()),
        import_kw=_told(plan.grid_import_kw),
        export_kw=_told(plan.grid_export_kw),
        base_kw=_told(_base_kw(scenario, uncontrolled, edges)),
        import_price=_told(import_prices(scenario, edges, calendar)),
        export_price=_told(export_prices(scenario, edges, calendar)),
        carbon_cost=_told(tariff.carbon_price_per_kg * mean_prices(tariff.carbon_intensity, edges, calendar)),
        coincident_cost=_told(coincident_costs(tariff.coincident_peaks, edges)),
        drivers_paid=_told(_drivers_paid(plan)),
        cars=_cars(scenario, plan, uncontrolled, known),
        events=tuple(_event(event) for event in plan.events),
        contracts=tuple(_contract(scenario, one) for one in plan.contracts),
        tariff=tariff,
    )


def over_periods(told: Powers, count: int) -> Floats:
    """As an array again, with the zeros that were left out (T,)."""
    full = np.zeros(count)
    full[: len(told)] = told
    return full


def _told(numbers: Floats) -> Powers:
    rounded = np.round(numbers, DIGITS) + 0.0
    last = np.flatnonzero(rounded)
    return tuple(rounded[: last[-1] + 1].tolist()) if len(last) else ()


def _cars(scenario: Scenario, plan: Schedule, uncontrolled: Schedule, known: frozenset[str]) -> tuple[CarAccount, ...]:
    sessions = {session.id: session for session in scenario.sessions}
    at_once = {one.session_id: one for one in uncontrolled.sessions}
    assumed = _with_assumed_wish(plan, scenario.sessions)
    return tuple(
        CarAccount(
            session=one.session_id,
            evse=one.evse_id,
            delivered_kwh=sessions[one.session_id].delivered_kwh,
            lacks_kwh=round(one.energy_remaining_kwh, DIGITS),
            told=one.session_id not in assumed and one.energy_expected_kwh is None,
            missing_kwh=round(one.missing_kwh, DIGITS),
            power_kw=_told(_power_kw(plan, one)),
            uncontrolled_kw=None
            if one.session_id in known
            else _told(_at_grid_kw(scenario, uncontrolled, at_once[one.session_id], plan.instants_s)),
        )
        for one in plan.sessions
    )


def _with_assumed_wish(plan: Schedule, sessions: tuple[Session, ...]) -> set[str]:
    assumed = {one.what for one in plan.assumptions}
    return {one.id for i, one in enumerate(sessions) if f"sessions[{i}].energy_target_kwh" in assumed}


def _power_kw(plan: Schedule, session: SessionPlan) -> Floats:
    """Its mean over whole periods, also where it is plugged in for a part of one (T,). [kW at evse]"""
    power = np.zeros(plan.period_count)
    there = slice(session.first_period, session.first_period + len(session.charge_power_kw))
    drawn_kw = session.charge_power_kw - session.given_back_kw
    power[there] = drawn_kw * session.plugged_in_h / plan.period_h[there]
    return power


def _at_grid_kw(scenario: Scenario, plan: Schedule, session: SessionPlan, edges_s: Floats) -> Floats:
    evse = next(one for one in scenario.site.evses if one.id == session.evse_id)
    at_evse = means(_power_kw(plan, session), plan.instants_s, edges_s[:-1], edges_s[1:])
    return at_evse / conversion_efficiency(evse)


def _base_kw(scenario: Scenario, uncontrolled: Schedule, edges_s: Floats) -> Floats:
    net = uncontrolled.grid_import_kw - uncontrolled.grid_export_kw
    base = means(net, uncontrolled.instants_s, edges_s[:-1], edges_s[1:])
    for session in uncontrolled.sessions:
        base = base - _at_grid_kw(scenario, uncontrolled, session, edges_s)
    return base


def _drivers_paid(plan: Schedule) -> Floats:
    """What the plan pays drivers in all, over the periods in which their cars give back. [currency/h]"""
    given = np.zeros(plan.period_count)
    for session in plan.sessions:
        there = slice(session.first_period, session.first_period + len(session.charge_power_kw))
        given[there] += session.given_back_kw * session.plugged_in_h
    paid, total = plan.costs.get("discharge_paid", 0.0), float(given.sum())
    return paid * given / total / plan.period_h if total > 0.0 else given


def _contract(scenario: Scenario, plan: ContractPlan) -> ContractAccount:
    root = next(node.id for node in scenario.site.nodes if node.parent is None)
    limit = np.minimum(plan.limit_kw, UNLIMITED) if plan.node_id == root else None
    return ContractAccount(
        contract=plan.contract,
        excess_kw=_told(plan.excess_kw),
        limit_kw=None if limit is None else _told(limit),
    )


def _event(event: EventPlan) -> EventAccount:
    return EventAccount(
        event=event.event_id,
        ends_s=tuple(event.ends_s.tolist()),
        payment=tuple(np.round(event.payment, DIGITS).tolist()),
        penalty=tuple(np.round(event.penalty, DIGITS).tolist()),
    )
