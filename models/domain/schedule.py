"""Everything that one solve answers. Plans are arrays, with one object per session and per node."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.domain.before import MissedBefore
from models.domain.failsafe import Share
from models.domain.findings import Assumption
from models.domain.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]


class Method(StrEnum):
    """How a plan was made."""

    OPTIMAL = "optimal"
    FEASIBLE_AT_DEADLINE = "feasible_at_deadline"
    """Promises and money are settled, manners were not ready in time."""
    CARRIED_OVER = "carried_over"
    """The plan before, as far as sessions and limits allow it now."""
    FAIL_SAFE = "fail_safe"
    """Every car at what its EVSE may draw when nobody is in contact."""
    UNCONTROLLED = "uncontrolled"
    EQUAL_SHARE = "equal_share"
    EARLIEST_DEADLINE_FIRST = "earliest_deadline_first"
    LEAST_LAXITY_FIRST = "least_laxity_first"
    ROUND_ROBIN = "round_robin"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """What one session gets. Powers and energies are measured at evse."""

    session_id: str
    evse_id: str
    first_period: int
    """Index of the first period in which it is plugged in."""
    charge_power_kw: Floats
    """One setpoint a period, from ``first_period`` on, while it is plugged in. [kW]"""
    plugged_in_h: Floats
    """Hours of each of these periods in which it is plugged in; the setpoint times this is its energy. [h]"""
    energy_remaining_kwh: float
    """What the target still lacked when the plan was made. [kWh]"""
    energy_kwh: float
    """What the plan delivers inside the horizon. [kWh]"""
    energy_expected_kwh: float | None = None
    """What of that is taken on average, where departure or need are known as chances only (19). [kWh]"""
    energy_after_horizon_kwh: float = 0.0
    """What is left for the time between the end of the horizon and departure. [kWh]"""
    target_shortfall_kwh: float = 0.0
    """What the target lacks at departure, beyond the guaranteed minimum. [kWh]"""
    minimum_shortfall_kwh: float = 0.0
    """What the guaranteed minimum lacks at departure. [kWh]"""
    energy_cost: float = 0.0
    """Its energy at the import price, at grid, less what it gives back. [currency]"""
    discharge_power_kw: Floats | None = None
    """What it gives back in each of these periods; None where its energy is not followed. [kW]"""
    energy_in_battery_kwh: Floats | None = None
    """At the ends of these periods, one more than there are; None where its energy is not followed. [kWh]"""
    offered_power_kw: Floats | None = None
    """What its EVSE may draw in each of these periods, which limits count; the car takes no more than it wants, so
    ``charge_power_kw`` may be less. None: as charged. [kW]"""

    @property
    def limit_kw(self) -> Floats:
        """What is sent to the EVSE: the offer, for each of the periods. [kW]"""
        return self.charge_power_kw if self.offered_power_kw is None else self.offered_power_kw

    @property
    def missing_kwh(self) -> float:
        """What is known to be missing at departure: of a driver who told too little, only what was promised. [kWh]"""
        wish = self.target_shortfall_kwh if self.energy_expected_kwh is None else 0.0
        return wish + self.minimum_shortfall_kwh

    @property
    def given_back_kw(self) -> Floats:
        """``discharge_power_kw``, 0 where its energy is not followed. [kW]"""
        return np.zeros_like(self.charge_power_kw) if self.discharge_power_kw is None else self.discharge_power_kw

    @property
    def given_back_kwh(self) -> float:
        """Inside the horizon. [kWh]"""
        return float(self.plugged_in_h @ self.given_back_kw)


@dataclass(frozen=True, slots=True, kw_only=True)
class PvPlan:
    """What one PV plant feeds in, measured at grid; arrays have one value a period."""

    pv_id: str
    node_id: str
    expected_kw: Floats
    """Uncurtailed. [kW]"""
    curtailed_kw: Floats
    """What of it the plan holds back; 0 throughout for a plant that cannot be curtailed. [kW]"""

    @property
    def output_kw(self) -> Floats:
        """What is left to feed in. [kW]"""
        return self.expected_kw - self.curtailed_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePlan:
    """What one stationary battery does; powers at grid, one value a period; energies inside it, one an instant."""

    storage_id: str
    node_id: str
    charge_power_kw: Floats
    discharge_power_kw: Floats
    energy_kwh: Floats
    """At the ends of the periods (T+1,). [kWh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """What one grid node carries, measured at grid; arrays have one value a period."""

    node_id: str
    expected_kw: Floats
    """Charging with its losses, stand-by and expected base load, less what PV and batteries feed in. [kW]"""
    guaranteed_kw: Floats
    """Every setpoint drawn in full, stand-by, the high base load, no PV: what the import limit is kept with. [kW, or
    kVA where the node is limited in kVA]"""
    import_limit_kw: Floats
    """The least of rating times factor and every signal; inf where there is none. [as ``guaranteed_kw``]"""
    limit_set_by: tuple[str, ...]
    """Who set it, per period: the id of a signal, ``rating``, or nothing. Empty when no signal touches the node."""
    worth_per_kw: Floats
    """Dual of the import limit: what one more kW in that period is worth, as a bound. [currency/kW]"""
    export_limit_set_by: tuple[str, ...] = ()
    """As ``limit_set_by``, for export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """What EVSEs that one signal caps together draw beyond what PV and batteries give; one value a period."""

    cap_id: str
    drawn_kw: Floats
    """Every car in full, less PV at its least, batteries as planned; below 0 where these give more. [kW at grid]"""
    limit_kw: Floats
    """inf outside the window of the cap. [kW]"""
    worth_per_kw: Floats
    """Dual of the cap. [currency/kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPlan:
    """What a plan makes of one demand-response event; one value for each settlement interval that it reaches (Q,)."""

    event_id: str
    starts_s: Floats
    ends_s: Floats
    """Of the part of the interval that counts. [s]"""
    committed_kw: Floats
    baseline_kw: Floats
    load_kw: Floats
    """Mean at the measurement point, expected, with what was metered before the plan. [kW]"""
    delivered_kw: Floats
    """What counts: the difference to the baseline, up to what is accepted; 0 below the share that is needed. [kW]"""
    shortfall_kw: Floats
    payment: Floats
    """[currency]"""
    penalty: Floats
    """[currency]"""
    after_cost: float = 0.0
    """Of load above its limit after the event, and of frozen hours that were not kept. [currency]"""
    reference_kw: Floats | None = None
    """Load of the same day without the event, per period, where something is measured by it (T,). [kW]"""

    @property
    def made(self) -> float:
        """Payments less penalties and what follows. [currency]"""
        return float(self.payment.sum() - self.penalty.sum()) - self.after_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchPlan:
    """How a plan follows a setpoint; one value for each period inside the window."""

    signal_id: str
    first_period: int
    setpoint_kw: Floats
    load_kw: Floats
    """Expected, at the measurement point. [kW]"""
    cost: float
    """Of the deviations. [currency]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakPlan:
    """Highest demand in one window of one billing period."""

    demand_window: str
    """Charge id and billing period: ``facilities@2019-10``."""
    peak_kw: float
    floor_kw: float
    """What was set already and costs nothing more. [kW]"""
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPlan:
    """One side of a contract: how far expected power goes above its limit; arrays have one value a period."""

    contract: str
    """Contract id and side: ``transport:import``."""
    node_id: str
    limit_kw: Floats
    """inf where there is none. [kW]"""
    excess_kw: Floats
    largest: tuple[PeakPlan, ...] = ()
    """Largest excess of each billing period, ``transport:import@2026-03``, where it has a price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that an operator must know and that no plan could avoid."""

    code: str
    """``limit_exceeded_by_load``, ``evse_unreachable``."""
    node: str
    start: datetime
    end: datetime
    excess_kw: float
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailSafePlan:
    """What the plan counts on when nobody is in contact any more."""

    shares: tuple[Share, ...]
    """Of all EVSEs: what they follow once their plan has ended."""
    plan_until_s: float
    """When stations leave the plan for their shares, seconds since 1970 UTC: the end of the blind time. [s]"""
    arrivals: int
    """How many EVSEs without a car may start until then."""
    reserve_kw: Floats
    """Of the site connection, kept free for them (T,). [kW at grid]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DualBlock:
    """Duals of one block of rows; ``labels`` has one array of labels for each dim."""

    unit: str
    dims: tuple[str, ...]
    labels: tuple[NDArray[np.object_], ...]
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Size and effort of the solve."""

    columns: int = 0
    rows: int = 0
    nonzeros: int = 0
    solves: int = 0
    iterations: int = 0
    cut_rounds: int = 0
    solver_s: float = 0.0
    """Time inside the solver, passing and fetching included, over all solves. [s]"""
    first_solver_s: float = 0.0
    """The same of the first solve. [s]"""
    total_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A plan: setpoints over time for every session, what they cost, what is missed, what limits carry."""

    site_id: str
    method: Method
    currency: str
    instants_s: Floats
    """Ends of the periods as seconds since 1970 UTC (T+1,). [s]"""
    sessions: tuple[SessionPlan, ...]
    nodes: tuple[NodePlan, ...]
    grid_import_kw: Floats
    """Expected, per period. [kW]"""
    grid_export_kw: Floats
    pv: tuple[PvPlan, ...] = ()
    storage: tuple[StoragePlan, ...] = ()
    groups: tuple[GroupPlan, ...] = ()
    """One for each cap on a group of EVSEs."""
    events: tuple[EventPlan, ...] = ()
    dispatch: tuple[DispatchPlan, ...] = ()
    peaks: tuple[PeakPlan, ...] = ()
    contracts: tuple[ContractPlan, ...] = ()
    costs: Mapping[str, float] = field(default_factory=dict)
    """By component: energy_import, energy_export, carbon, demand_charge, contract_excess, unmet_target, not_taken (what
    chances change of the others), storage_wear, stored_energy (negative where batteries end fuller than they began),
    plan_change (the declared price of moving energy from where the plan before had it, paid to nobody), green_wish
    (the declared price of carbon of drivers who asked for green energy, paid to nobody), revenue
    (negative, as expected); with cars that give back also vehicle_wear, vehicle_energy (as stored_energy) and
    discharge_paid; with events or dispatch also event_payment (negative), event_penalty, rebound_excess,
    freeze_deviation and dispatch_deviation.
    Under the objective ``cost`` the revenue is left out of ``objective``; else they add up to it."""
    objective: float = 0.0
    ledger: tuple[MissedBefore, ...] = ()
    """What drivers have missed once this plan has been carried out; for the scenarios of those who come back."""
    alarms: tuple[Alarm, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    fail_safe: FailSafePlan | None = None
    """None where the site has no fail-safe."""
    duals: Mapping[str, DualBlock] = field(default_factory=dict)
    statistics: Statistics = Statistics()

    @property
    def period_count(self) -> int:
        return len(self.instants_s) - 1

    @property
    def period_h(self) -> Floats:
        """Lengths of the periods (T,). [h]"""
        return np.diff(self.instants_s) / SECONDS_PER_HOUR

    def instant(self, i: int) -> datetime:
        """The i-th end of a period, aware, in UTC."""
        return datetime.fromtimestamp(float(self.instants_s[i]), UTC)

    @property
    def cost(self) -> float:
        """What the owner pays, less what events pay, without revenue and unmet wishes. [currency]"""
        bought = ("energy_import", "energy_export", "carbon", "coincident_peak", "discharge_paid")
        peaks = ("demand_charge", "contract_excess")
        asked = ("event_payment", "event_penalty", "dispatch_deviation")
        return sum(self.costs.get(name, 0.0) for name in (*bought, *peaks, *asked))
