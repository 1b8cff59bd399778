"""What an audit answers: every break of a rule, the recomputed figures, and one line for a human."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import Floats
from optimizer.audit.instants import FailSafeProof


class BreakCode(StrEnum):
    """The rules that a plan can break."""

    INSTANTS = "instants"
    """The ends of the periods are not finite, not increasing, or not those of the horizon."""
    ARRAYS = "arrays"
    """A number is not finite, or arrays do not fit together or into the plan."""
    SESSION_MISSING = "session_missing"
    SESSION_UNKNOWN = "session_unknown"
    SESSION_TWICE = "session_twice"
    EVSE_WRONG = "evse_wrong"
    POWER_NEGATIVE = "power_negative"
    POWER_TOO_HIGH = "power_too_high"
    """(4): more than EVSE, connector or vehicle can do."""
    OUTSIDE_STAY = "outside_stay"
    """Power before arrival or after departure."""
    PLUGGED_IN = "plugged_in"
    """The hours plugged in, or the periods that the plan covers, are not those of the stay."""
    ENERGY_BALANCE = "energy_balance"
    """(1): what is charged, missed and left for later is not what was lacking."""
    ENERGY_STATED = "energy_stated"
    """The energy told is not the energy of the setpoints, or not what the session lacks."""
    ENERGY_ABOVE_NEED = "energy_above_need"
    SHORTFALL_BOUNDS = "shortfall_bounds"
    EXPECTED = "expected"
    """(19): what is expected to be taken is not what the chances say."""
    LEDGER = "ledger"
    """What drivers have missed in all is not what they missed before and miss in this plan."""
    AFTER_HORIZON = "after_horizon"
    """More is left for after the horizon than the time until departure allows."""
    ABOVE_OFFER = "above_offer"
    """A car takes more than its EVSE offers."""
    OFFER_LEVEL = "offer_level"
    """S4: an offer is neither 0 nor at least the minimum, or on no level of the EVSE."""
    OFFER_NOT_TAKEN = "offer_not_taken"
    """A car that still wants energy is planned to take less than it is offered."""
    STARTS = "starts"
    """S5: charging starts more often than the site allows."""
    PAUSE_TOO_SHORT = "pause_too_short"
    """S5"""
    RUN_TOO_SHORT = "run_too_short"
    """S5: power ends too soon after a start, where no limit asks for it."""
    CABINET = "cabinet"
    """More outlets or modules than a power cabinet has."""
    IMPORT_LIMIT = "import_limit"
    """(5)"""
    ADDS_TO_EXCESS = "adds_to_excess"
    """Charging adds to load that alone exceeds the limit."""
    ALARM_MISSING = "alarm_missing"
    PHASE_CURRENT = "phase_current"
    """(6)"""
    EXPORT_LIMIT = "export_limit"
    """(5), export: PV could have been curtailed further."""
    GROUP_LIMIT = "group_limit"
    """(13): a group of EVSEs draws more than its cap, or the plan says otherwise."""
    FAIL_SAFE = "fail_safe"
    """The plan says nothing of the shares that it counts on, or others than those of the scenario."""
    EVENT_PLAN = "event_plan"
    """(12), (14): what an event or a dispatch is said to deliver, be paid or cost is not what was recomputed."""
    REBOUND = "rebound"
    """More load after an event than it allows."""
    PV_PLAN = "pv_plan"
    """A PV plant without a plan, or one that it cannot follow."""
    STORAGE_PLAN = "storage_plan"
    """(8), (3): a battery without a plan, or one that it cannot follow."""
    GIVEN_BACK = "given_back"
    """A car gives back without consent, more than it can, or while it charges."""
    VEHICLE_ENERGY = "vehicle_energy"
    """(2), (3): what is in a car's battery is not what was recomputed, or not within reserve and ceiling."""
    TAPER = "taper"
    """A setpoint above the charging curve."""
    SITE_BALANCE = "site_balance"
    """(7)"""
    IMPORT_AND_EXPORT = "import_and_export"
    NODE_PLAN = "node_plan"
    """What a node is said to carry, or its limit, is not what was recomputed."""
    UNREACHABLE = "unreachable"
    """S3: more is asked of an EVSE that cannot be reached than it follows."""
    PEAK_MISSING = "peak_missing"
    PEAK_UNKNOWN = "peak_unknown"
    PEAK_TOO_LOW = "peak_too_low"
    """(10): below the demand of a metering interval, or below the floor."""
    PEAK_FLOOR = "peak_floor"
    PEAK_COST = "peak_cost"
    CONTRACT_PLAN = "contract_plan"
    """(11): a contract without a plan, or an excess, a limit or a cost that is not what was recomputed."""
    COST = "cost"
    """A component of the costs is not what was recomputed."""
    OBJECTIVE = "objective"


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One rule that the plan breaks at one place and, where it has one, at one time."""

    code: BreakCode
    where: str
    """The session, node, line, cost component or other thing, by name."""
    start: datetime | None = None
    """Start of the stretch of time; None for a break of the whole plan."""
    amount: float
    """What was recomputed or found, in the unit that the message names."""
    limit: float
    """What it should have been, or should not have exceeded."""
    message: str

    def __str__(self) -> str:
        when = f" from {self.start:%Y-%m-%dT%H:%M:%SZ}" if self.start else ""
        return f"{self.code} at {self.where}{when}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """Whether a plan may be carried out, and the figures that the audit found for itself."""

    passed: bool
    breaks: tuple[Break, ...]
    figures: Mapping[str, float]
    """Recomputed, by name: ``peak_import_kw``, ``energy_kwh``, ``target_shortfall_kwh``, ``minimum_shortfall_kwh``;
    ``loading:NODE`` and ``current_loading:NODE`` as shares of the limit; ``offered_kw:NODE`` (all below, at evse) and
    ``offered_dc_kw:NODE`` (its DC outlets); ``demand_kw:WINDOW``; ``cost:COMPONENT``."""
    verdict: str
    """One line for a human."""
    fail_safe: FailSafeProof | None = None
    """None where the site has no fail-safe."""


def broken_at(broken: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Where a rule is broken, along one row. Asked of every stay: ``flatnonzero`` takes three times as long."""
    return broken.nonzero()[0]


def differ(stated: Floats, found: Floats, tolerance: float) -> NDArray[np.bool_]:
    """Where two rows are not the same: infinities are, what is no number never is. ``isclose`` takes thrice as long."""
    with np.errstate(invalid="ignore"):
        return np.asarray(~((np.abs(stated - found) <= tolerance) | (stated == found)))


def report(
    breaks: Sequence[Break], figures: Mapping[str, float], fail_safe: FailSafeProof | None = None
) -> AuditReport:
    """The answer, with its verdict worded."""
    verdict = _failed(breaks) if breaks else _passed(figures)
    return AuditReport(passed=not breaks, breaks=tuple(breaks), figures=figures, verdict=verdict, fail_safe=fail_safe)


def _failed(breaks: Sequence[Break]) -> str:
    noun = "break" if len(breaks) == 1 else "breaks"
    return f"failed: {len(breaks)} {noun}, the first: {breaks[0]}"


def _passed(figures: Mapping[str, float]) -> str:
    loadings = {name: share for name, share in figures.items() if name.partition(":")[0].endswith("loading")}
    sentence = f"passed: {figures['energy_kwh']:.1f} kWh at a peak of {figures['peak_import_kw']:.1f} kW"
    if not loadings:
        return f"{sentence}; no limit to keep"
    fullest = max(loadings, key=lambda name: loadings[name])
    return f"{sentence}; fullest: {fullest.partition(':')[2]} at {loadings[fullest]:.0%} of its limit"
