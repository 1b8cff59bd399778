"""From an answer to its JSON document."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from api.build_explanation import fail_safe, held_of, limitations, why_of
from api.curves import import_peak_kw, means
from api.document import (
    AlarmLine,
    AssumptionLine,
    AuditBreak,
    AuditResult,
    BatteryLoad,
    CandidateLine,
    Comparison,
    ContractLine,
    CostLine,
    DemandPeak,
    DispatchLine,
    EventInterval,
    EventLine,
    GroupLoad,
    Hold,
    Inside,
    LedgerLine,
    NodeLoad,
    NotSent,
    OcppMessage,
    OcppMessages,
    PlanDocument,
    PlannedSession,
    PvOutput,
    Setpoint,
    SolveStatistics,
    Why,
)
from api.figures import DIGITS, finite, finite_list, rounded, rounded_list
from api.planning import Answer
from models.domain.limitations import PAUSED_KW
from models.domain.schedule import EventPlan, NodePlan, PeakPlan, Schedule, SessionPlan
from models.domain.session import Session
from models.domain.times import instant
from optimizer.ladder import Candidate


def document(answer: Answer) -> PlanDocument:
    """The document of an answer."""
    scenario, schedule = answer.scenario, answer.schedule
    instants = [schedule.instant(i) for i in range(schedule.period_count + 1)]
    return PlanDocument(
        name=scenario.name,
        site_id=schedule.site_id,
        time_zone=scenario.site.time_zone,
        currency=schedule.currency,
        method=schedule.method,
        candidates=[_candidate(one) for one in answer.candidates],
        start=instants[0],
        end=instants[-1],
        instants=instants,
        comparison=_comparison(schedule, answer.uncontrolled),
        sessions=_sessions(answer, instants),
        nodes=_nodes(answer),
        pv=_pv(schedule),
        storage=_storage(schedule),
        groups=_groups(schedule),
        events=[event_line(plan) for plan in schedule.events],
        dispatch=_dispatch(schedule),
        costs=_costs(schedule, answer.uncontrolled),
        peaks=_peaks(schedule.peaks, answer.uncontrolled.peaks),
        contracts=_contracts(schedule, answer.uncontrolled),
        ledger=[LedgerLine(driver=one.driver, missed_kwh=rounded(one.missed_kwh)) for one in schedule.ledger],
        limitations=limitations(answer),
        alarms=_alarms(schedule),
        assumptions=[AssumptionLine(what=a.what, value=a.value, source=a.source) for a in schedule.assumptions],
        audit=_audit(answer),
        fail_safe=fail_safe(answer),
        fail_safe_kw={evse: rounded(power_kw) for evse, power_kw in answer.fail_safe_kw.items()},
        ocpp=_ocpp(answer),
        statistics=_statistics(schedule),
    )


def _comparison(schedule: Schedule, uncontrolled: Schedule) -> Comparison:
    plans = schedule.sessions
    edges_s = schedule.instants_s
    other = means(uncontrolled.grid_import_kw, uncontrolled.instants_s, edges_s[:-1], edges_s[1:])
    return Comparison(
        cost=rounded(schedule.cost),
        uncontrolled_cost=rounded(uncontrolled.cost),
        peak_kw=rounded(import_peak_kw(schedule)),
        uncontrolled_peak_kw=rounded(import_peak_kw(uncontrolled)),
        energy_kwh=rounded(sum(plan.energy_kwh for plan in plans)),
        energy_remaining_kwh=rounded(sum(plan.energy_remaining_kwh for plan in plans)),
        shortfall_kwh=rounded(sum(plan.missing_kwh for plan in plans)),
        uncontrolled_import_kw=rounded_list(other),
        uncontrolled_excess_kw=rounded(max((_excess_kw(node) for node in uncontrolled.nodes), default=0.0)),
    )


def _excess_kw(node: NodePlan) -> float:
    return float((node.guaranteed_kw - node.import_limit_kw).max(initial=0.0))


def _sessions(answer: Answer, instants: list[datetime]) -> list[PlannedSession]:
    """``instants`` are the ends of the periods, in UTC."""
    sessions = {session.id: session for session in answer.scenario.sessions}
    why, held = why_of(answer), held_of(answer)
    return [
        _session(plan, sessions[plan.session_id], instants, why.get(plan.session_id, []), held)
        for plan in answer.schedule.sessions
    ]


def _session(
    plan: SessionPlan, session: Session, instants: list[datetime], why: list[Why], held: dict[str, list[Hold]]
) -> PlannedSession:
    assert session.departure is not None, "the scenario is completed"
    arrival, departure = session.arrival.astimezone(UTC), session.departure.astimezone(UTC)
    setpoints = _setpoints(plan, arrival, departure, instants)
    return PlannedSession(
        session_id=plan.session_id,
        evse_id=plan.evse_id,
        tier=session.tier,
        arrival=arrival,
        departure=departure,
        energy_remaining_kwh=rounded(plan.energy_remaining_kwh),
        energy_kwh=rounded(plan.energy_kwh),
        energy_expected_kwh=None if plan.energy_expected_kwh is None else rounded(plan.energy_expected_kwh),
        energy_given_back_kwh=rounded(plan.given_back_kwh),
        energy_after_horizon_kwh=rounded(plan.energy_after_horizon_kwh),
        target_shortfall_kwh=rounded(plan.target_shortfall_kwh),
        minimum_shortfall_kwh=rounded(plan.minimum_shortfall_kwh),
        finish_time=max((s.end for s in setpoints if s.charge_power_kw >= PAUSED_KW), default=None),
        energy_cost=rounded(plan.energy_cost),
        setpoints=setpoints,
        energy_in_battery=_inside(plan, arrival, departure, instants),
        why=why,
        held=held.get(plan.session_id, []),
    )


def _setpoints(plan: SessionPlan, arrival: datetime, departure: datetime, instants: list[datetime]) -> list[Setpoint]:
    """Runs of equal power and offer, cut to the stay."""
    if not plan.charge_power_kw.size:
        return []
    told = np.round([plan.charge_power_kw, plan.limit_kw, plan.given_back_kw], DIGITS)
    starts = [0, *(1 + np.flatnonzero((told[:, 1:] != told[:, :-1]).any(axis=0))).tolist()]
    runs = zip(starts, [*starts[1:], told.shape[1]], told[:, starts].T.tolist(), strict=True)
    first, gives_back = plan.first_period, plan.discharge_power_kw is not None
    return [
        Setpoint(
            start=max(instants[first + start], arrival),
            end=min(instants[first + end], departure),
            charge_power_kw=rounded(power_kw),
            offered_power_kw=rounded(offered_kw),
            discharge_power_kw=rounded(back_kw) if gives_back else None,
        )
        for start, end, (power_kw, offered_kw, back_kw) in runs
    ]


def _inside(plan: SessionPlan, arrival: datetime, departure: datetime, instants: list[datetime]) -> list[Inside]:
    if plan.energy_in_battery_kwh is None:
        return []
    within = instants[plan.first_period : plan.first_period + len(plan.energy_in_battery_kwh)]
    return [
        Inside(at=min(max(at, arrival), departure), energy_kwh=energy)
        for at, energy in zip(within, rounded_list(plan.energy_in_battery_kwh), strict=True)
    ]


def _nodes(answer: Answer) -> list[NodeLoad]:
    nodes = {node.id: node for node in answer.scenario.site.nodes}
    return [
        NodeLoad(
            node_id=plan.node_id,
            parent=nodes[plan.node_id].parent if plan.node_id in nodes else _cabinet_parent(answer, plan.node_id),
            kind=nodes[plan.node_id].kind if plan.node_id in nodes else "cabinet",
            expected_kw=finite_list(plan.expected_kw),
            guaranteed_kw=finite_list(plan.guaranteed_kw),
            import_limit_kw=finite_list(plan.import_limit_kw),
            limit_set_by=list(plan.limit_set_by),
            export_limit_set_by=list(plan.export_limit_set_by),
            worth_per_kw=finite_list(plan.worth_per_kw),
        )
        for plan in answer.schedule.nodes
    ]


def _pv(schedule: Schedule) -> list[PvOutput]:
    return [
        PvOutput(
            pv_id=plan.pv_id,
            node_id=plan.node_id,
            expected_kw=finite_list(plan.expected_kw),
            curtailed_kw=finite_list(plan.curtailed_kw),
        )
        for plan in schedule.pv
    ]


def _storage(schedule: Schedule) -> list[BatteryLoad]:
    return [
        BatteryLoad(
            storage_id=plan.storage_id,
            node_id=plan.node_id,
            charge_power_kw=finite_list(plan.charge_power_kw),
            discharge_power_kw=finite_list(plan.discharge_power_kw),
            energy_kwh=finite_list(plan.energy_kwh),
        )
        for plan in schedule.storage
    ]


def _groups(schedule: Schedule) -> list[GroupLoad]:
    return [
        GroupLoad(
            cap_id=plan.cap_id,
            drawn_kw=finite_list(plan.drawn_kw),
            limit_kw=finite_list(plan.limit_kw),
            worth_per_kw=finite_list(plan.worth_per_kw),
        )
        for plan in schedule.groups
    ]


def event_line(plan: EventPlan) -> EventLine:
    """An event, interval by interval."""
    columns = (plan.committed_kw, plan.baseline_kw, plan.load_kw, plan.delivered_kw, plan.shortfall_kw)
    money = (plan.payment, plan.penalty)
    numbers = zip(*(map(rounded, column.tolist()) for column in (*columns, *money)), strict=True)
    spans = zip(plan.starts_s.tolist(), plan.ends_s.tolist(), strict=True)
    names = ("committed_kw", "baseline_kw", "load_kw", "delivered_kw", "shortfall_kw", "payment", "penalty")
    intervals = [
        EventInterval(start=instant(start), end=instant(end), **dict(zip(names, told, strict=True)))
        for (start, end), told in zip(spans, numbers, strict=True)
    ]
    after = rounded(plan.after_cost)
    return EventLine(event_id=plan.event_id, made=rounded(plan.made), after_cost=after, intervals=intervals)


def _dispatch(schedule: Schedule) -> list[DispatchLine]:
    return [
        DispatchLine(
            signal_id=plan.signal_id,
            first_period=plan.first_period,
            setpoint_kw=finite_list(plan.setpoint_kw),
            load_kw=finite_list(plan.load_kw),
            cost=rounded(plan.cost),
        )
        for plan in schedule.dispatch
    ]


def _cabinet_parent(answer: Answer, node_id: str) -> str | None:
    """Power cabinets are nodes of a plan, named ``cabinet:`` and their id."""
    cabinets = {f"cabinet:{cabinet.id}": cabinet.node for cabinet in answer.scenario.site.cabinets}
    return cabinets.get(node_id)


def _costs(schedule: Schedule, uncontrolled: Schedule) -> list[CostLine]:
    components = dict.fromkeys([*schedule.costs, *uncontrolled.costs])
    return [
        CostLine(
            component=component,
            planned=rounded(schedule.costs.get(component, 0.0)),
            uncontrolled=rounded(uncontrolled.costs.get(component, 0.0)),
        )
        for component in components
    ]


def _peaks(peaks: tuple[PeakPlan, ...], uncontrolled: tuple[PeakPlan, ...]) -> list[DemandPeak]:
    others = {peak.demand_window: rounded(peak.peak_kw) for peak in uncontrolled}
    return [
        DemandPeak(
            demand_window=peak.demand_window,
            peak_kw=rounded(peak.peak_kw),
            floor_kw=rounded(peak.floor_kw),
            cost=rounded(peak.cost),
            uncontrolled_peak_kw=others.get(peak.demand_window),
        )
        for peak in peaks
    ]


def _contracts(schedule: Schedule, uncontrolled: Schedule) -> list[ContractLine]:
    others = {plan.contract: plan.largest for plan in uncontrolled.contracts}
    return [
        ContractLine(
            contract=plan.contract,
            node_id=plan.node_id,
            limit_kw=finite_list(plan.limit_kw),
            excess_kw=finite_list(plan.excess_kw),
            largest=_peaks(plan.largest, others.get(plan.contract, ())),
        )
        for plan in schedule.contracts
    ]


def _alarms(schedule: Schedule) -> list[AlarmLine]:
    return [
        AlarmLine(
            code=alarm.code,
            node=alarm.node,
            start=alarm.start.astimezone(UTC),
            end=alarm.end.astimezone(UTC),
            excess_kw=rounded(alarm.excess_kw),
            message=alarm.message,
        )
        for alarm in schedule.alarms
    ]


def _candidate(one: Candidate) -> CandidateLine:
    return CandidateLine(
        method=one.method,
        standing=one.standing,
        reason=one.reason,
        objective=None if one.objective is None else finite(one.objective),
        minimum_shortfall_kwh=None if one.minimum_shortfall_kwh is None else finite(one.minimum_shortfall_kwh),
    )


def _audit(answer: Answer) -> AuditResult:
    report = answer.audit
    return AuditResult(
        passed=report.passed,
        verdict=report.verdict,
        breaks=[
            AuditBreak(
                code=str(rule.code),
                where=rule.where,
                start=rule.start,
                amount=finite(rule.amount),
                limit=finite(rule.limit),
                message=rule.message,
            )
            for rule in report.breaks
        ],
        figures={name: finite(figure) for name, figure in report.figures.items()},
    )


def _ocpp(answer: Answer) -> OcppMessages | None:
    sent = answer.ocpp
    if sent is None:
        return None
    messages = [
        OcppMessage(
            station_id=request.station_id,
            evse_id=request.evse_id,
            session_id=request.session_id,
            action=request.action,
            payload=_plain(request.payload),
        )
        for request in sent.requests
    ]
    not_sent = [NotSent(session_id=one.session_id, reason=one.reason) for one in sent.not_sent]
    withheld = [NotSent(session_id=one.session_id, reason=one.reason) for one in sent.withheld]
    return OcppMessages(
        version=sent.manner.version, as_of=answer.as_of, messages=messages, not_sent=not_sent, withheld=withheld
    )


def _plain(payload: Any) -> Any:
    """Decimals as JSON numbers: 8.1 stays 8.1."""
    if isinstance(payload, Mapping):
        return {key: _plain(value) for key, value in payload.items()}
    if isinstance(payload, list | tuple):
        return [_plain(value) for value in payload]
    if isinstance(payload, Decimal):
        return int(payload) if payload == payload.to_integral_value() else float(payload)
    return payload


def _statistics(schedule: Schedule) -> SolveStatistics:
    statistics = schedule.statistics
    return SolveStatistics(
        columns=statistics.columns,
        rows=statistics.rows,
        nonzeros=statistics.nonzeros,
        solves=statistics.solves,
        iterations=statistics.iterations,
        cut_rounds=statistics.cut_rounds,
        solver_s=rounded(statistics.solver_s),
        total_s=rounded(statistics.total_s),
    )
