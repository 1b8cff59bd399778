"""What stands at a site: the tree of grid nodes, EVSEs with their connectors, cabinets, loads, roofs, tiers."""

from enum import StrEnum

from models.domain.failsafe import FailSafe
from models.domain.guarantees import Guarantees
from models.domain.habits import Habits
from models.domain.installed import OfflineBehaviour
from models.domain.sending import Feature, PlanPurpose, Version
from models.domain.setpoints import SetpointRules
from models.domain.value import Series, value


class MeasuringPoint(StrEnum):
    """Where a power or an energy is measured."""

    GRID = "grid"
    """AC side: what limits and tariffs see."""
    EVSE = "evse"
    """The meter that bills; what an OCPP limit limits."""
    BATTERY = "battery"
    """What a state of charge counts."""


class Phase(StrEnum):
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"


class NodeKind(StrEnum):
    CONNECTION = "connection"
    TRANSFORMER = "transformer"
    FEEDER = "feeder"
    PANEL = "panel"
    CABINET = "cabinet"
    GROUP = "group"


class LimitKind(StrEnum):
    """Who says that a limit must hold."""

    RATING = "rating"
    """Equipment: the continuous factor applies."""
    STATUTORY = "statutory"
    CONTRACT = "contract"


class Wiring(StrEnum):
    """Between which conductors a single load of an EVSE lies."""

    LINE_TO_NEUTRAL = "line_to_neutral"
    LINE_TO_LINE = "line_to_line"


class CurrentType(StrEnum):
    AC = "AC"
    DC = "DC"


@value
class PhaseSeries:
    """A quantity for each phase. None: not limited."""

    L1: Series | None = None
    L2: Series | None = None
    L3: Series | None = None


@value
class Transformer:
    """A delta-wye transformer, its delta towards the grid, its wye towards the load.

    The node's own ``current_limit_a`` is on the secondary lines, ``primary_current_limit_a`` on the primary ones.
    With winding ratio n = primary line-to-line over secondary line-to-neutral voltage, primary line A carries
    (I_a - I_c) / n, line B (I_b - I_a) / n, line C (I_c - I_b) / n. Source: Lee et al., ACN-Sim (2021), section on
    the Caltech network.
    """

    primary_voltage_v: float
    """Line to line. [V]"""
    secondary_voltage_v: float
    """Line to line. [V]"""
    primary_current_limit_a: Series | PhaseSeries | None = None


@value
class GridNode:
    """A place where power is limited or counted: connection, transformer, feeder, panel, cabinet, or a group."""

    id: str
    parent: str | None = None
    """The next node towards the grid; None for the site connection, of which there is one."""
    kind: NodeKind = NodeKind.FEEDER
    import_limit_kw: Series | None = None
    import_limit_kva: Series | None = None
    """Of apparent power, in place of a limit in kW: loads below count with their power factors. [kVA]"""
    export_limit_kw: Series | None = None
    current_limit_a: Series | PhaseSeries | None = None
    """Per line conductor, on the load side of the node's transformer if it has one. [A]"""
    limit_kind: LimitKind = LimitKind.RATING
    continuous_factor: float | None = None
    """Share of a rating that may be loaded for hours: 0.8 for NEC breakers, 1.0 for fully rated IEC ones."""
    transformer: Transformer | None = None
    firm_generation: bool = False
    """Whether the import limit may count on batteries below that give back. Else as if they gave nothing."""


@value
class BaseLoad:
    """Load at a node that nobody here controls; negative where a building's own generation is larger."""

    node: str
    expected_kw: Series
    """What costs are counted with; measured at grid. [kW]"""
    high_kw: Series | None = None
    """A high quantile or the configured maximum: what limits are kept with. None: as expected. [kW]"""
    low_kw: Series | None = None
    """The mirror for export limits. None: as expected. [kW]"""
    high_current_a: PhaseSeries | None = None
    """Known only in size, so it is added to the length of the current. None: ``high_kw`` on three even phases. [A]"""
    power_factor: float = 1.0
    """Counts where a limit is in kVA."""


@value
class PvPlant:
    """A photovoltaic plant at a node. Measured at grid, as a positive number: what it feeds in."""

    id: str
    node: str
    expected_kw: Series
    """What it would feed in uncurtailed: costs count on it, import limits count on none of it. [kW]"""
    curtailable: bool = False
    """Whether a plan may hold its output below that."""


@value
class Battery:
    """A stationary battery at a node. Powers are measured at grid, energies inside it."""

    id: str
    node: str
    capacity_kwh: float
    max_charge_kw: float
    max_discharge_kw: float
    charge_efficiency: float
    """Energy stored over energy drawn."""
    discharge_efficiency: float
    """Energy given back over energy taken out."""
    energy_at_start_kwh: float
    """When the plan begins. [kWh]"""
    reserve_kwh: float = 0.0
    """Kept at every instant; where it starts lower, it is not discharged below that. [kWh]"""
    wear_price_per_kwh: float = 0.0
    """Of energy taken out. [currency/kWh]"""
    terminal_value_per_kwh: float | None = None
    """Of energy left when the plan ends. None: the mean import price times the discharge efficiency. [currency/kWh]"""


@value
class Connector:
    """A plug of an EVSE; an EVSE serves one vehicle at a time through one of its connectors."""

    id: int
    standard: str = ""
    max_current_a: float | None = None
    max_power_kw: float | None = None
    number_in_16: int | None = None
    """connectorId in OCPP 1.6, where each plug of an EVSE has one of its own. None: ``evse_number``."""


@value
class Evse:
    """Electric vehicle supply equipment: supplies one vehicle at a time."""

    id: str
    node: str
    """The grid node it hangs on."""
    station: str | None = None
    """Id of its charging station. None: an own station of the same id."""
    evse_number: int = 1
    """evseId in OCPP 2.x, connectorId in OCPP 1.6."""
    current: CurrentType = CurrentType.AC
    wiring: Wiring = Wiring.LINE_TO_NEUTRAL
    phases: tuple[Phase, ...] | None = (Phase.L1, Phase.L2, Phase.L3)
    """The site's phases in the order in which they land on the EVSE's terminals (its rotation). Two phases with
    line_to_line are one load between those lines. None: one phase, unknown which, counts in full on every phase."""
    voltage_v: float | None = None
    """Across one load: line to neutral, or line to line for line_to_line. None: from the site. [V]"""
    max_current_a: float | None = None
    """Per conductor. [A]"""
    max_power_kw: float | None = None
    """Measured at ``measured_at``. [kW]"""
    measured_at: MeasuringPoint = MeasuringPoint.EVSE
    max_discharge_kw: float | None = None
    """What it can take back from a vehicle, measured at evse. None: it cannot give back. [kW]"""
    min_current_a: float | None = None
    """Smallest current other than 0. None: 6 A on AC (IEC 61851-1), 0 on DC. [A]"""
    pilot_levels_a: tuple[float, ...] | None = None
    """The only currents it can offer, if it cannot offer any. [A]"""
    conversion_efficiency: float | None = None
    """Power at evse over power at grid. None: 1 on AC, 0.93 on DC."""
    power_factor: float = 1.0
    """Of its class, while it charges; counts where a limit is in kVA."""
    standby_kw: float = 0.0
    """Drawn at grid whether or not a car charges. [kW]"""
    power_floor_kw: float | None = None
    """What it gives at once to a car that can take it, unless its driver accepts less; measured at evse. None: what the
    site's guarantees say. [kW]"""
    connectors: tuple[Connector, ...] = ()
    offline: OfflineBehaviour | None = None
    """What it was seen to do without contact. None: what the site's fail-safe says."""


class Allocator(StrEnum):
    """Who shares a cabinet's power among its outlets."""

    CABINET = "cabinet"
    OPTIMIZER = "optimizer"


@value
class PowerCabinet:
    """Power electronics shared by several DC outlets; its total binds like a node."""

    id: str
    node: str
    evses: tuple[str, ...]
    total_kw: float
    measured_at: MeasuringPoint = MeasuringPoint.GRID
    module_kw: float | None = None
    """Power of one module, measured as the total; an outlet has whole modules to itself where the optimizer allocates
    them. [kW]"""
    outlets_at_once: int | None = None
    """How many of them can charge at a time. None: all."""
    switch_over_s: float = 0.0
    """What an outlet waits for power when it starts. [s]"""
    allocates: Allocator = Allocator.CABINET


class RateUnit(StrEnum):
    """chargingRateUnit of OCPP."""

    A = "A"
    W = "W"


@value
class Station:
    """What a charging station told of its smart charging; read these keys before sending (OCPP 1.6 and 2.x)."""

    id: str
    rate_units: tuple[RateUnit, ...] | None = None
    """ChargingScheduleAllowedChargingRateUnit, RateUnit. None: A on AC, W on DC."""
    max_periods: int | None = None
    """ChargingScheduleMaxPeriods, PeriodsPerSchedule. None: 24, the smallest seen in the field."""
    max_stack_level: int | None = None
    """ChargeProfileMaxStackLevel, ProfileStackLevel. None: 1."""
    max_profiles: int | None = None
    """MaxChargingProfilesInstalled, Entries[ChargingProfiles]. None: as many as it is sent."""
    takes_setpoints: bool = False
    """Whether V2XChargingCtrlr.SupportedOperationModes has CentralSetpoint: signed setpoints of OCPP 2.1."""
    features: tuple[Feature, ...] = ()
    """SupportsFeature and SupportedAdditionalPurposes of OCPP 2.1, ACPhaseSwitchingSupported of 2.x."""
    ocpp_version: Version | None = None
    """None: the one that the request names."""
    plan_purpose: PlanPurpose | None = None
    """None: what the request names for its CSMS; else ``tx_profile`` with a transaction, ``tx_default`` before it."""
    dynamic_plan: bool = False
    """Whether the plan goes as a Dynamic profile of OCPP 2.1, updated step by step, where the station has them."""
    supply_current_a: float | PhaseSeries | None = None
    """Rating of its supply, on each phase. None: no maximum of the station is sent. [A]"""
    update_interval_s: float | None = None
    """UpdateRateLimit: a purpose is not raised again sooner. None: the pace of the request. [s]"""
    reserved_ids_up_to: int = 0
    """MaxExternalConstraintsId of OCPP 2.1: ids of profiles that are not ours to give."""


@value
class Tier:
    """A class of drivers and what a missing kWh of theirs costs the owner of the site."""

    id: str
    rank: int = 0
    """Order of promises: guaranteed minima of a lower rank are kept first."""
    value_of_target_per_kwh: float | None = None
    """In addition to lost revenue. None: ten times the highest import price. [currency/kWh]"""


@value
class SessionDefaults:
    """What the site takes when a driver told nothing, from its own history."""

    stay_h: float | None = None
    energy_target_kwh: float | None = None
    source: str = "site default"


@value
class Site:
    """A place with one grid connection."""

    id: str
    nodes: tuple[GridNode, ...]
    evses: tuple[Evse, ...]
    time_zone: str = "UTC"
    voltage_v: float | None = None
    """Line to neutral, nominal. None: 230. [V]"""
    cabinets: tuple[PowerCabinet, ...] = ()
    stations: tuple[Station, ...] = ()
    base_loads: tuple[BaseLoad, ...] = ()
    pv_plants: tuple[PvPlant, ...] = ()
    batteries: tuple[Battery, ...] = ()
    tiers: tuple[Tier, ...] = ()
    protect_time_priced_sessions: bool = True
    """Whether drivers who pay for time (``Session.time_price_per_h``) are slowed by hard limits alone."""
    green_price_per_kg: float | None = None
    """Of carbon of sessions that asked for green energy, on top of the tariff's; paid to nobody. None: nobody is
    charged by carbon, and such wishes are turned down. [currency/kg]"""
    session_defaults: SessionDefaults | None = None
    habits: Habits | None = None
    """What past sessions show; then chances stand in for what a driver did not tell, not the defaults."""
    guarantees: Guarantees | None = None
    """None: energy may come at any time of a stay, but for what ports have a ``power_floor_kw``."""
    setpoints: SetpointRules | None = None
    """None: any power from 0 up is taken for one that an EVSE can offer."""
    fail_safe: FailSafe | None = None
    """None: plans keep no room for EVSEs that start while nobody is in contact."""
