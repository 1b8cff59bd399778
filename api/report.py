"""A plan as text for the person who runs the depot; everything in it is read from the plan's document."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api import chart
from api.document import BatteryLoad, ContractLine, NodeLoad, PlanDocument, PlannedSession, PvOutput, Setpoint
from models.domain.findings import Finding
from models.domain.schedule import Floats, Method
from models.domain.units import hours_from_seconds
from optimizer.worth import Bill, Worths

MISSED_KWH = 0.05
"""A smaller lack is not worth a line; no meter of a car shows it. [kWh]"""
EXCEEDED_KW = 1e-3
WINDOWS_SHOWN = 3
DAYS_SHOWN = 3
LEDGER_SHOWN = 5
ASSUMPTIONS_SHOWN = 12
NOT_SENT_SHOWN = 3

COMPONENTS = {
    "energy_import": "energy bought",
    "energy_export": "energy sold",
    "carbon": "carbon",
    "demand_charge": "demand charge, this plan's share",
    "coincident_peak": "chance of network peaks",
    "contract_excess": "above contracts",
    "storage_wear": "wear of batteries",
    "vehicle_wear": "wear of cars that give back",
    "vehicle_energy": "worth of energy left in cars",
    "discharge_paid": "paid to drivers for what they give back",
    "stored_energy": "worth of what batteries lose",
    "plan_change": "leaving the plan before, as declared",
    "green_wish": "carbon of green sessions, as declared",
    "event_payment": "paid for events",
    "event_penalty": "penalties of events",
    "rebound_excess": "load above its limit after events",
    "freeze_deviation": "load away from usual before events",
    "dispatch_deviation": "load away from setpoints asked for",
    "unmet_target": "worth of what drivers miss",
    "behind": "worth of falling behind guarantees",
    "not_taken": "the same, changed by chance of leaving",
    "revenue": "paid by drivers",
}


def print_report(document: PlanDocument, console: Console) -> None:
    """Print the whole report."""
    _print_headline(document, console)
    _print_sessions(document, console)
    _print_ledger(document, console)
    _print_load(document, console)
    _print_costs(document, console)
    _print_events(document, console)
    _print_alarms(document, console)
    _print_assumptions(document, console)
    _print_ocpp(document, console)
    _print_verdict(document, console)


def print_holds(document: PlanDocument, session_id: str, console: Console) -> None:
    """Print what keeps each setpoint of one session from being higher."""
    session = next(one for one in document.sessions if one.session_id == session_id)
    console.print(Text(f"\nWhy {session_id} is not charged with more", style="bold"))
    for hold in session.held:
        console.print(Text(f"  {hold.message}"))
    if not session.held:
        console.print("  no time was left to find the reasons: give a longer --deadline")


def print_findings(findings: Iterable[Finding], console: Console) -> None:
    """Print what is wrong with an input: place, reason, way out."""
    for finding in findings:
        place = Text(finding.path or "(document)", style="bold")
        console.print(Text("  ") + place + Text(f": {finding.message}"))
        console.print(Text(f"    -> {finding.remedy}"))


def print_worths(found: Worths, console: Console) -> None:
    """Print the day as it is and what each of its parts earns."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("")
    for name in (f"cost {found.currency}", f"earns {found.currency}", "peak kW", "into vehicles kWh"):
        table.add_column(name, justify="right")
    table.add_row(*_bill_cells("as it is", found.planned, ""))
    for part in found.parts:
        table.add_row(*_bill_cells(f"without {part.part}", part.without, f"{part.gain:+.2f}"))
    console.print(table)
    if not found.parts:
        console.print("There is nothing to leave out: no V2G, no battery, no PV, no demand charge.")


def _bill_cells(name: str, bill: Bill, earns: str) -> Iterable[Text]:
    return map(Text, (name, f"{bill.cost:.2f}", earns, f"{bill.peak_kw:.1f}", f"{bill.energy_kwh:.1f}"))


def missed_kwh(session: PlannedSession) -> float:
    """What a session is known to lack at departure: of a driver who told too little only what was promised. [kWh]"""
    wish_kwh = session.target_shortfall_kwh if session.energy_expected_kwh is None else 0.0
    return wish_kwh + session.minimum_shortfall_kwh


def connection(document: PlanDocument) -> NodeLoad:
    """The node towards the grid."""
    return next(node for node in document.nodes if node.parent is None)


def floats(numbers: Iterable[float | None]) -> Floats:
    """A list of the document as an array; null stands for no limit."""
    return np.array([np.inf if number is None else number for number in numbers], dtype=np.float64)


def _print_headline(document: PlanDocument, console: Console) -> None:
    clock, served = Clock(document), document.comparison
    title = document.name or document.site_id
    short = sum(missed_kwh(session) > MISSED_KWH for session in document.sessions)
    met = f"{short} of them miss {served.shortfall_kwh:.1f} kWh" if short else "all of them get what they need"
    times = f"{clock.date(document.start)} to {clock.date(document.end)}, {document.time_zone}"
    console.print(Text(f"{title}: {times}", style="bold"))
    console.print(f"{len(document.sessions)} sessions, {served.energy_kwh:.1f} kWh planned, {met}.\n")


def _print_sessions(document: PlanDocument, console: Console) -> None:
    clock, table = Clock(document), Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name, right in (("EVSE", 0), ("session", 0), ("there", 0), ("needs", 1), ("gets", 1), ("cost", 1)):
        table.add_column(f"{name} kWh" if name in ("needs", "gets") else name, justify="right" if right else "left")
    table.add_column("charges")
    table.add_column("misses, and why")
    for session in sorted(document.sessions, key=lambda one: (one.arrival, one.session_id)):
        table.add_row(*_session_row(session, clock))
    console.print(table)
    if any(session.energy_expected_kwh is not None for session in document.sessions):
        console.print(
            "In brackets: what is taken on average, where nobody told when a car leaves or how much it wants."
        )


def _session_row(session: PlannedSession, clock: "Clock") -> Iterable[Text]:
    given_kwh = session.energy_kwh + session.energy_after_horizon_kwh
    cells = (
        session.evse_id,
        session.session_id,
        clock.span(session.arrival, session.departure),
        f"{session.energy_remaining_kwh:.1f}",
        f"{given_kwh:.1f}" + ("" if session.energy_expected_kwh is None else f" ({session.energy_expected_kwh:.1f})"),
        f"{session.energy_cost:.2f}",
        _charges(session.setpoints, clock),
    )
    return (*map(Text, cells), Text(_missing(session), style="yellow"))


def _charges(setpoints: list[Setpoint], clock: "Clock") -> str:
    """``18:00-19:15; gives back 20:00-21:00``"""
    charging = _windows([s for s in setpoints if s.charge_power_kw > 0], clock)
    giving = [s for s in setpoints if (s.discharge_power_kw or 0.0) > 0]
    return f"{charging}; gives back {_windows(giving, clock)}" if giving else charging


def _windows(setpoints: list[Setpoint], clock: "Clock") -> str:
    """Neighbouring setpoints as one window."""
    windows: list[tuple[datetime, datetime]] = []
    for setpoint in setpoints:
        if windows and windows[-1][1] == setpoint.start:
            windows[-1] = (windows[-1][0], setpoint.end)
        else:
            windows.append((setpoint.start, setpoint.end))
    if len(windows) > WINDOWS_SHOWN:
        return f"{clock.span(windows[0][0], windows[-1][1])} in {len(windows)} parts"
    return ", ".join(clock.span(*window) for window in windows) or "-"


def _missing(session: PlannedSession) -> str:
    if missed_kwh(session) <= MISSED_KWH:
        return ""
    why = max(session.why, key=lambda one: one.kwh_less, default=None)
    return f"{missed_kwh(session):.1f} kWh" + (f": {why.message}" if why else "")


def _print_ledger(document: PlanDocument, console: Console) -> None:
    """Told where drivers miss something, for they may come back: ``Missed in all: anna 7.0 kWh``."""
    lines = sorted(document.ledger, key=lambda line: -line.missed_kwh)
    owed = [f"{line.driver} {line.missed_kwh:.1f} kWh" for line in lines if line.missed_kwh > MISSED_KWH]
    if owed:
        more = f" and {len(owed) - LEDGER_SHOWN} more: see --json" if len(owed) > LEDGER_SHOWN else ""
        console.print(Text(f"\nMissed in all, for the ledger: {', '.join(owed[:LEDGER_SHOWN])}{more}"))


def _print_load(document: PlanDocument, console: Console) -> None:
    node = connection(document)
    limit = floats(node.import_limit_kw)
    rows = {
        "planned": floats(node.expected_kw),
        "no plan": np.array(document.comparison.uncontrolled_import_kw),
    }
    steady = len(set(node.import_limit_kw)) == 1
    if not steady:
        rows["limit"] = np.where(np.isfinite(limit), limit, np.nan)
    top_kw = max(float(np.nanmax(np.where(np.isfinite(row), row, 0.0), initial=0.0)) for row in (*rows.values(), limit))
    console.print(Text(f"\nLoad at {node.node_id}, half hours, full block = {top_kw:.1f} kW", style="bold"))
    _print_days(document, rows, limit, top_kw, console)
    console.print(_limit_sentence(node, document))
    for plant in document.pv:
        console.print(_sun_sentence(plant, document))
    for battery in document.storage:
        console.print(_battery_sentence(battery, document))
    given_kwh = sum(session.energy_given_back_kwh for session in document.sessions)
    if given_kwh > MISSED_KWH:
        count = sum(session.energy_given_back_kwh > MISSED_KWH for session in document.sessions)
        console.print(f"Cars give back {given_kwh:.1f} kWh, {count} of them.")
    for contract in document.contracts:
        console.print(_contract_sentence(contract, document))


def _print_days(
    document: PlanDocument, rows: dict[str, Floats], limit: Floats, top_kw: float, console: Console
) -> None:
    zone, shown = ZoneInfo(document.time_zone), DAYS_SHOWN
    charted = {name: chart.days(document.instants, row, zone) for name, row in rows.items()}
    limits = chart.days(document.instants, np.where(np.isfinite(limit), limit, top_kw * 2), zone)
    console.print(" " * 19 + chart.scale(), highlight=False)
    for day in list(limits)[:shown]:
        for name, by_day in charted.items():
            line = Text(f"{day:%a %d %b}".ljust(11) + name.ljust(8))
            for power_kw, bound_kw in zip(by_day[day], limits[day], strict=True):
                over = name != "limit" and power_kw > bound_kw + EXCEEDED_KW
                line.append(chart.blocks(np.array([power_kw]), top_kw), style="red" if over else "cyan")
            console.print(line)
    if len(limits) > shown:
        console.print(f"and {len(limits) - shown} more days: see --plot or --json")


def _limit_sentence(node: NodeLoad, document: PlanDocument) -> str:
    figures = document.comparison
    limits = [limit for limit in node.import_limit_kw if limit is not None]
    bound = "no limit in kW here" if not limits else f"limit {min(limits):.1f} kW"
    if limits and max(limits) > min(limits):
        bound = f"limit between {min(limits):.1f} and {max(limits):.1f} kW"
    told = (
        f"Highest quarter hour {figures.peak_kw:.1f} kW, {bound}; without a plan {figures.uncontrolled_peak_kw:.1f} kW"
    )
    over_kw = figures.uncontrolled_excess_kw
    return told + (f", which breaks a limit by {over_kw:.1f} kW." if over_kw > EXCEEDED_KW else ".")


def _sun_sentence(plant: PvOutput, document: PlanDocument) -> str:
    """``PV roof: 31.2 kWh expected, 4.0 kWh of it curtailed.``"""
    hours = _hours(document)
    expected_kwh, curtailed_kwh = (float(hours @ floats(one)) for one in (plant.expected_kw, plant.curtailed_kw))
    held = f"{curtailed_kwh:.1f} kWh of it curtailed" if curtailed_kwh > MISSED_KWH else "none of it curtailed"
    return f"PV {plant.pv_id}: {expected_kwh:.1f} kWh expected, {held}."


def _battery_sentence(battery: BatteryLoad, document: PlanDocument) -> str:
    """``Battery bank: 12.0 kWh drawn, 8.1 kWh given back; 20.0 kWh inside at first, 23.3 kWh at the end.``"""
    hours = _hours(document)
    drawn_kwh, given_kwh = (float(hours @ floats(kw)) for kw in (battery.charge_power_kw, battery.discharge_power_kw))
    inside = floats(battery.energy_kwh)
    moved = f"{drawn_kwh:.1f} kWh drawn, {given_kwh:.1f} kWh given back"
    return (
        f"Battery {battery.storage_id}: {moved}; {inside[0]:.1f} kWh inside at first, {inside[-1]:.1f} kWh at the end."
    )


def _contract_sentence(contract: ContractLine, document: PlanDocument) -> str:
    """``Contract transport:import: 4.0 kWh above its limit, 2.0 kW at most.``"""
    excess = floats(contract.excess_kw)
    excess_kwh = float(_hours(document) @ excess)
    if excess_kwh <= MISSED_KWH:
        return f"Contract {contract.contract}: nothing above its limit."
    return f"Contract {contract.contract}: {excess_kwh:.1f} kWh above its limit, {excess.max():.1f} kW at most."


def _hours(document: PlanDocument) -> Floats:
    """Lengths of the periods. [h]"""
    return np.diff([hours_from_seconds(instant.timestamp()) for instant in document.instants])


def _print_costs(document: PlanDocument, console: Console) -> None:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(f"cost [{document.currency}]")
    table.add_column("planned", justify="right")
    table.add_column("no plan", justify="right")
    for line in document.costs:
        if line.planned or line.uncontrolled:
            table.add_row(COMPONENTS.get(line.component, line.component), *_money(line.planned, line.uncontrolled))
    figures = document.comparison
    table.add_row("to pay", *_money(figures.cost, figures.uncontrolled_cost), style="bold")
    console.print()
    console.print(table)


def _money(*amounts: float) -> list[str]:
    return [f"{amount:.2f}" for amount in amounts]


def _print_events(document: PlanDocument, console: Console) -> None:
    clock = Clock(document)
    for event in (event for event in document.events if event.intervals):
        hours = [hours_from_seconds((one.end - one.start).total_seconds()) for one in event.intervals]
        delivered = sum(h * one.delivered_kw for h, one in zip(hours, event.intervals, strict=True))
        committed = sum(h * one.committed_kw for h, one in zip(hours, event.intervals, strict=True))
        when = clock.span(event.intervals[0].start, event.intervals[-1].end)
        told = f"{when} {event.event_id}: {delivered:.1f} kWh delivered, {committed:.1f} committed"
        console.print(Text(f"\n{told}; it makes {event.made:.2f} {document.currency}"))
    for line in document.dispatch:
        console.print(Text(f"\n{line.signal_id}: away from its setpoint for {line.cost:.2f} {document.currency}"))


def _print_alarms(document: PlanDocument, console: Console) -> None:
    clock = Clock(document)
    for alarm in document.alarms:
        told = f"ALARM {clock.span(alarm.start, alarm.end)} {alarm.node}: {alarm.message}"
        console.print(Text(told, style="bold red"))


def _print_assumptions(document: PlanDocument, console: Console) -> None:
    if not document.assumptions:
        return
    console.print(Text("\nAssumed, because it was not given", style="bold"))
    for one in document.assumptions[:ASSUMPTIONS_SHOWN]:
        console.print(Text(f"  {one.what}: {one.value} ({one.source})"))
    if len(document.assumptions) > ASSUMPTIONS_SHOWN:
        console.print(f"  and {len(document.assumptions) - ASSUMPTIONS_SHOWN} more: see --json")


def _print_ocpp(document: PlanDocument, console: Console) -> None:
    if document.ocpp is None:
        return
    clock, sent = Clock(document), document.ocpp
    count = f"{len(sent.messages)} requests as of {clock.time(sent.as_of)}, {len(sent.not_sent)} sessions without one"
    console.print(Text(f"\nOCPP {sent.version}: {count}; the requests are in --json", style="bold"))
    for one in sent.not_sent[:NOT_SENT_SHOWN]:
        console.print(Text(f"  not sent: {one.session_id}: {one.reason}"))
    if len(sent.not_sent) > NOT_SENT_SHOWN:
        console.print(f"  and {len(sent.not_sent) - NOT_SENT_SHOWN} more: see --json")
    for one in sent.withheld[:NOT_SENT_SHOWN]:
        console.print(Text(f"  {one.session_id}: {one.reason}", style="yellow"))
    if len(sent.withheld) > NOT_SENT_SHOWN:
        console.print(f"  and {len(sent.withheld) - NOT_SENT_SHOWN} more: see --json")


def _print_verdict(document: PlanDocument, console: Console) -> None:
    audit, statistics = document.audit, document.statistics
    size = f"{statistics.columns} columns, {statistics.rows} rows, {statistics.total_s:.2f} s"
    console.print(Text(f"\nPlan: {document.method} ({size})"))
    _print_candidates(document, console)
    console.print(Text(f"Audit: {audit.verdict}", style="green" if audit.passed else "bold red"))
    for broken in audit.breaks[:ASSUMPTIONS_SHOWN]:
        console.print(Text(f"  {broken.code}: {broken.message}", style="red"))
    _print_fail_safe(document, console)


def _print_fail_safe(document: PlanDocument, console: Console) -> None:
    """``Without us: connected, blind and after proven; 11.0 kW kept free for 2 cars until 17:20 ...``"""
    told = document.fail_safe
    if told is None:
        return
    proven = [one.instant for one in told.instants if one.proven]
    open_ = [one for one in told.instants if not one.proven]
    verdict = f"proven {', '.join(proven)}" if proven else "proven at no time"
    lacking = "".join(f"; NOT {one.instant}: {one.exceeded[0]}" for one in open_)
    console.print(Text(f"Without us: {verdict}{lacking}", style="bold red" if open_ else "green"))
    until, cost = Clock(document).time(told.plan_until), ""
    if told.costs_kw is not None:
        cost = (
            f"; cars are offered up to {told.costs_kw:.1f} kW less, {told.put_off_kwh:.1f} kWh are put off, "
            f"{told.missed_kwh:.1f} kWh missed for it"
        )
    kept = f"{told.reserve_kw:.1f} kW, {told.reserve_kwh:.1f} kWh are kept free for {told.arrivals} cars until {until}"
    console.print(Text(f"  {kept}{cost}"))
    _print_unfit(told.inadmissible, "have a share that they cannot offer", console)
    _print_unfit(told.uncontrolled, "are held by nothing without contact", console)


def _print_unfit(evses: list[str], what: str, console: Console) -> None:
    if evses:
        more = f" and {len(evses) - NOT_SENT_SHOWN} more" if len(evses) > NOT_SENT_SHOWN else ""
        console.print(Text(f"  {', '.join(evses[:NOT_SENT_SHOWN])}{more} {what}", style="yellow"))


def _print_candidates(document: PlanDocument, console: Console) -> None:
    """Told when something stands in for the optimum: an operator must know what is carried out, and why."""
    if document.method == Method.OPTIMAL:
        return
    for one in document.candidates:
        told = f"  {one.method}: {one.standing.replace('_', ' ')}; {one.reason}"
        console.print(Text(told, style="yellow" if one.method in (Method.OPTIMAL, document.method) else ""))


class Clock:
    """Instants as local times; with the day, when the plan touches more than one."""

    def __init__(self, document: PlanDocument) -> None:
        self.zone = ZoneInfo(document.time_zone)
        self.first_day = document.start.astimezone(self.zone).date()

    def date(self, instant: datetime) -> str:
        """A local time with its date."""
        return f"{instant.astimezone(self.zone):%a %d %b %Y %H:%M}"

    def time(self, instant: datetime) -> str:
        """A local time, with the day unless it is the plan's first."""
        local = instant.astimezone(self.zone)
        return f"{local:%H:%M}" if local.date() == self.first_day else f"{local:%a %H:%M}"

    def span(self, start: datetime, end: datetime) -> str:
        """A stretch of local time, the day only where it changes."""
        first, last = start.astimezone(self.zone), end.astimezone(self.zone)
        told = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%a %H:%M}"
        return f"{self.time(start)}-{told}"
