"""The JSON document of a plan: what ``--json`` writes and ``POST /v1/plans`` answers.

Units are in the names, times are in UTC, numbers are finite: where there is no limit stands null. Powers and energies
of sessions are measured at the EVSE, those of nodes at grid.
"""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of the document."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Setpoint(Part):
    """Power that a session is given from ``start`` on, until ``end``."""

    start: datetime
    end: datetime
    charge_power_kw: float
    """What the car is expected to take."""
    offered_power_kw: float
    """What its EVSE is told to offer: the same, or more in the last period before the car has what it wants."""
    discharge_power_kw: float | None = None
    """What the car gives back; null where its energy is not followed."""


class Why(Part):
    """Why a session gets less, or gets it later, than it could."""

    code: str
    """Kind of reason: ``stay_too_short``, ``limit``, ``signal``, ``not_worth_it``, ``not_optimal``."""
    cause: str
    """Id of what stands in the way: a node, a signal, a tier; ``stay`` or a method where it is nothing with an id."""
    start: datetime
    end: datetime
    kwh_less: float
    """While a signal lasts, else at departure."""
    message: str
    """Times are local to the site."""


class Hold(Part):
    """What keeps a session's setpoints from being higher, over a stretch of time with one reason."""

    start: datetime
    end: datetime
    low_kw: float
    high_kw: float
    """Least and highest setpoint within."""
    by: str
    """``limit``, ``peak``, ``price``, ``maximum``, ``minimum_current``, ``unreachable``, ``taper``, ``value``,
    ``done``, ``rule``."""
    causes: list[str]
    """Ids of what is full or at its peak: a node, ``node/line``, a cabinet, a signal, a demand window; else what the
    reason is about: ``evse``, ``connector``, ``vehicle``, a tier, a method."""
    worth: float
    """What one more kW of the causes, all of them and throughout, would save at most."""
    message: str
    """Times are local to the site."""


class Inside(Part):
    """What is in a vehicle's battery."""

    at: datetime
    energy_kwh: float


class PlannedSession(Part):
    """What one session gets."""

    session_id: str
    evse_id: str
    tier: str | None
    arrival: datetime
    departure: datetime
    energy_remaining_kwh: float
    """What the target still lacked when the plan was made."""
    energy_kwh: float
    """What the plan delivers inside the horizon."""
    energy_expected_kwh: float | None = None
    """What of it is taken on average; null where departure and need are known for certain."""
    energy_given_back_kwh: float = 0.0
    """What the car gives back inside the horizon."""
    energy_after_horizon_kwh: float
    """What is left for the time between the end of the horizon and departure."""
    target_shortfall_kwh: float
    """What the target lacks at departure, beyond the guaranteed minimum."""
    minimum_shortfall_kwh: float
    """What the guaranteed minimum lacks at departure."""
    finish_time: datetime | None
    """When the last planned energy has flowed, crumbs below 0.05 kW aside; null when none is planned."""
    energy_cost: float
    """Its energy at the import price, in the document's currency."""
    setpoints: list[Setpoint]
    """Equal neighbours are merged; they cover the stay inside the horizon without a gap."""
    energy_in_battery: list[Inside] = []
    """At the ends of the plan's periods; empty where its energy is not followed."""
    why: list[Why]
    held: list[Hold] = []
    """The reasons of all setpoints, in order of time; empty when there was no time to tell."""


class PvOutput(Part):
    """What one PV plant feeds in, at grid; each list has one value for every period between two ``instants``."""

    pv_id: str
    node_id: str
    expected_kw: list[float | None]
    """Uncurtailed."""
    curtailed_kw: list[float | None]
    """What the plan holds back of it."""


class BatteryLoad(Part):
    """What one stationary battery does; powers at grid, one for every period between two ``instants``."""

    storage_id: str
    node_id: str
    charge_power_kw: list[float | None]
    discharge_power_kw: list[float | None]
    energy_kwh: list[float | None]
    """What is inside, at every one of the ``instants``."""


class NodeLoad(Part):
    """What one grid node carries; each list has one value for every period between two ``instants``."""

    node_id: str
    parent: str | None
    kind: str
    expected_kw: list[float | None]
    """Charging with its losses, stand-by and expected base load."""
    guaranteed_kw: list[float | None]
    """The same with every setpoint drawn in full and the high base load: what the limit is kept with."""
    import_limit_kw: list[float | None]
    """Null where power is not limited."""
    limit_set_by: list[str]
    """Who set the limit, per period; empty when no signal touches the node."""
    export_limit_set_by: list[str]
    """The same for export."""
    worth_per_kw: list[float | None]
    """What one more kW in that period is worth, as a bound."""


class CostLine(Part):
    """One component of the cost, beside that of charging without a plan."""

    component: str
    planned: float
    uncontrolled: float


class Comparison(Part):
    """The plan in a few figures, beside charging without a plan: each car at once, as fast as it can."""

    cost: float
    """What the owner pays: energy, carbon and demand charges."""
    uncontrolled_cost: float
    peak_kw: float
    """Highest mean of the expected import over any quarter hour of the clock."""
    uncontrolled_peak_kw: float
    energy_kwh: float
    energy_remaining_kwh: float
    """What all sessions together still lacked when the plan was made."""
    shortfall_kwh: float
    uncontrolled_import_kw: list[float]
    """Expected import without a plan, in the periods of this plan."""
    uncontrolled_excess_kw: float
    """By how much it would exceed the power limit of any node."""


class LedgerLine(Part):
    """What a driver has missed in all once the plan has been carried out."""

    driver: str
    missed_kwh: float


class LimitationLine(Part):
    """A stretch of time in which the plan holds a session below what station and car could take."""

    session_id: str
    start: datetime
    end: datetime
    power_kw: float
    """What it is left."""
    could_kw: float
    """What it could take: the least of EVSE, connector, vehicle and what it still wants."""
    reason: str
    """As in ``held``, and ``later`` where its energy comes at other times as cheaply; empty when not told."""
    causes: list[str]
    suspended: bool
    """Whether it is left nothing."""
    kwh_less: float
    """What it could take more, at most."""


class DemandPeak(Part):
    """Highest demand in one window of one billing period."""

    demand_window: str
    peak_kw: float
    floor_kw: float
    """What was set already and costs nothing more."""
    cost: float
    uncontrolled_peak_kw: float | None


class ContractLine(Part):
    """One side of a contract whose limit may be exceeded at a price."""

    contract: str
    """Contract id and side: ``transport:import``."""
    node_id: str
    limit_kw: list[float | None]
    """For every period between two ``instants``; null where there is none."""
    excess_kw: list[float | None]
    """Expected power above it."""
    largest: list[DemandPeak]
    """Of each billing period, where the largest excess has a price."""


class EventInterval(Part):
    """One settlement interval of an event, as far as the plan reaches it."""

    start: datetime
    end: datetime
    committed_kw: float
    baseline_kw: float
    load_kw: float
    """Mean at the measurement point."""
    delivered_kw: float
    """What counts of the difference."""
    shortfall_kw: float
    payment: float
    penalty: float


class EventLine(Part):
    """What a plan makes of a demand-response event."""

    event_id: str
    made: float
    """Payments less penalties and what follows."""
    after_cost: float
    """Of load above its limit after it, and of frozen hours that were not kept."""
    intervals: list[EventInterval]


class DispatchLine(Part):
    """How a plan follows a setpoint, for the periods from ``first_period`` on."""

    signal_id: str
    first_period: int
    setpoint_kw: list[float | None]
    load_kw: list[float | None]
    cost: float


class GroupLoad(Part):
    """What EVSEs that a signal caps together draw beyond PV and batteries, for every period between two instants."""

    cap_id: str
    drawn_kw: list[float | None]
    limit_kw: list[float | None]
    """Null outside the window of the cap."""
    worth_per_kw: list[float | None]


class AlarmLine(Part):
    """Something that an operator must know and that no plan could avoid."""

    code: str
    node: str
    start: datetime
    end: datetime
    excess_kw: float
    message: str


class AssumptionLine(Part):
    """Something that was not given and had to be assumed."""

    what: str
    value: str
    source: str


class AuditBreak(Part):
    """A rule that the plan breaks."""

    code: str
    where: str
    start: datetime | None
    amount: float | None
    limit: float | None
    message: str


class AuditResult(Part):
    """What an independent recomputation of the plan says."""

    passed: bool
    verdict: str
    breaks: list[AuditBreak]
    figures: dict[str, float | None]


class FailSafeInstant(Part):
    """Whether every limit is kept, whatever messages or stations are lost."""

    instant: str
    """``connected``, ``blind`` from the last contact until the last plan ends, ``after`` it."""
    proven: bool
    fullest: str
    loading: float
    exceeded: list[str]


class FailSafeResult(Part):
    """What holds without us, proven by the audit, and what that costs beside a plan without it."""

    policy: str
    plan_until: datetime
    """When stations leave the plan for their shares."""
    arrivals: int
    """How many cars may come to empty EVSEs until then."""
    instants: list[FailSafeInstant]
    inadmissible: list[str]
    """EVSEs whose share they cannot offer."""
    uncontrolled: list[str]
    """EVSEs that nothing holds without contact, counted at their rating."""
    reserve_kw: float
    reserve_kwh: float
    costs_kw: float | None
    """The most that cars are offered less at a time; null: no time was left to compare."""
    put_off_kwh: float | None
    missed_kwh: float | None


class OcppMessage(Part):
    """One OCPP request, ready to be sent by the CSMS."""

    station_id: str
    evse_id: str | None
    """Null: the station as a whole."""
    session_id: str | None
    """Null: whoever comes."""
    action: str
    payload: dict[str, Any]


class NotSent(Part):
    """A session without a request, and why."""

    session_id: str
    reason: str


class OcppMessages(Part):
    """The requests that bring the plan to the stations."""

    version: str
    as_of: datetime
    messages: list[OcppMessage]
    not_sent: list[NotSent]
    withheld: list[NotSent] = []
    """Sessions that are planned to give back and whose station is not told to: its limit is 0 then."""


class SolveStatistics(Part):
    """Size and effort of the solve."""

    columns: int
    rows: int
    nonzeros: int
    solves: int
    iterations: int
    cut_rounds: int
    solver_s: float
    total_s: float


class CandidateLine(Part):
    """A plan that could have been the answer."""

    method: str
    standing: str
    """``chosen``, ``not_better``, ``refused`` by its audit, or ``missing``."""
    reason: str
    objective: float | None
    """What is compared: costs and what is missing at its worth; null where it is missing."""
    minimum_shortfall_kwh: float | None
    """What guaranteed minima lack; comes before the objective."""


class PlanDocument(Part):
    """A plan: setpoints over time for every session, what they cost, what is missed and why, what limits carry."""

    name: str
    site_id: str
    time_zone: str
    currency: str
    method: str
    """How the plan was made: ``optimal``, or what stood in for it."""
    candidates: list[CandidateLine]
    """From the optimum down to the fail-safe shares: what could have been the plan, and why it is or is not."""
    stale_since: datetime | None = None
    """When this was read last, while the database cannot be asked for a newer plan; null otherwise."""
    start: datetime
    end: datetime
    instants: list[datetime]
    """Ends of the periods, one more than there are periods."""
    comparison: Comparison
    sessions: list[PlannedSession]
    nodes: list[NodeLoad]
    pv: list[PvOutput]
    storage: list[BatteryLoad]
    groups: list[GroupLoad]
    events: list[EventLine]
    dispatch: list[DispatchLine]
    costs: list[CostLine]
    peaks: list[DemandPeak]
    contracts: list[ContractLine]
    ledger: list[LedgerLine]
    """For the scenarios of those who come back; take it over when these cars have left."""
    limitations: list[LimitationLine]
    """For whoever bills parking, idle time or a blocked connector."""
    alarms: list[AlarmLine]
    assumptions: list[AssumptionLine]
    audit: AuditResult
    fail_safe_kw: dict[str, float]
    fail_safe: FailSafeResult | None
    """null where the site has no fail-safe."""
    """By EVSE: what it may draw when it hears nothing any more."""
    ocpp: OcppMessages | None
    """Null unless an OCPP version was asked for."""
    statistics: SolveStatistics


class Bill(Part):
    """What a day costs and carries."""

    cost: float
    """All components of the objective, wishes that are missed included."""
    costs: dict[str, float]
    peak_kw: float
    """Highest mean import of a period, at grid."""
    energy_kwh: float
    """Into vehicles, at evse."""


class PartWorth(Part):
    """One part of the site, and the day without it."""

    part: str
    without: Bill
    gain: float
    """What the day without it costs more."""


class WorthDocument(Part):
    """What ``POST /v1/worth`` answers: the day as it is, and the same day without each part, billed alike."""

    currency: str
    planned: Bill
    parts: list[PartWorth]
