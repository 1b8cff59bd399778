"""The faults, by family of equations. The names say what the programmer would have done."""

import numpy as np

from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR, SQRT3
from tests.faults.planted import (
    Fault,
    coefficient,
    flipped,
    late,
    late_need,
    need,
    next_column,
    next_row,
    not_one,
    not_zero,
    number,
    plus,
    put,
    times,
    unit,
)
from tests.oracle.paper_loads import DC_EFFICIENCY, REACHABLE_AFTER_HORIZON

ENERGY, LIMIT, LEG, PHASE, BALANCE, PEAK = (
    "session_energy",
    "node_import_limit",
    "leg_current_definition",
    "node_phase_current",
    "site_balance",
    "peak_import_definition",
)
POWER, TARGET, MINIMUM, LATER = "charge_power", "target_shortfall", "minimum_shortfall", "energy_after_horizon"
IMPORT, EXPORT, PEAK_IMPORT, CURRENT = "grid_import", "grid_export", "peak_import", "leg_current"

SESSION_FAULTS = (
    Fault("charging takes from what was delivered", coefficient(ENERGY, POWER, flipped)),
    Fault("the hours of a period are forgotten", coefficient(ENERGY, POWER, unit, not_one)),
    Fault("hours are minutes", coefficient(ENERGY, POWER, times(MINUTES_PER_HOUR))),
    Fault("a period's energy counts twice", coefficient(ENERGY, POWER, times(2.0))),
    Fault("one period brings no energy", coefficient(ENERGY, POWER, put(0.0))),
    Fault("energy at evse is taken for energy at grid", coefficient(ENERGY, POWER, times(DC_EFFICIENCY))),
    Fault("another session's first period is counted", next_row(ENERGY, POWER)),
    Fault("a missed target adds to the need", coefficient(ENERGY, TARGET, flipped)),
    Fault("a missed target is no way out", coefficient(ENERGY, TARGET, put(0.0))),
    Fault("a missed promise adds to the need", coefficient(ENERGY, MINIMUM, flipped)),
    Fault("what comes after the horizon adds to the need", coefficient(ENERGY, LATER, flipped)),
    Fault("what comes after the horizon is forgotten", coefficient(ENERGY, LATER, put(0.0))),
    Fault("energy that was delivered is wanted again", need(ENERGY, plus(1.5))),
    Fault("the need is an upper limit only", number("row_lower", ENERGY, put(-np.inf))),
    Fault("one phase carries the power of three", number("col_upper", POWER, times(3.0))),
    Fault("power may flow back", number("col_lower", POWER, put(-3.7))),
    Fault("the whole need may be missed, promise included", number("col_upper", TARGET, plus(5.0))),
    Fault("a promise may be broken", number("col_upper", MINIMUM, plus(2.0))),
    Fault(
        "every minute after the horizon counts in full", number("col_upper", LATER, times(1 / REACHABLE_AFTER_HORIZON))
    ),
)

GRID_FAULTS = (
    Fault("conversion losses are forgotten at a limit", coefficient(LIMIT, POWER, unit, not_one)),
    Fault("losses are gains at a limit", coefficient(LIMIT, POWER, lambda v: 1 / v, not_one)),
    Fault("a session relieves its feeder", coefficient(LIMIT, POWER, flipped)),
    Fault("a session does not count at its feeder", coefficient(LIMIT, POWER, put(0.0))),
    Fault("a limit sees the next period's charging", next_column(LIMIT, POWER)),
    Fault("a session hangs on another node or period", next_row(LIMIT, POWER)),
    Fault("the continuous factor is forgotten", number("row_upper", LIMIT, times(1 / 0.8))),
    Fault("stand-by is forgotten at a limit", number("row_upper", LIMIT, plus(0.1))),
    Fault("a limit comes one period late", late("row_upper", LIMIT)),
    Fault("losses are forgotten in the balance", coefficient(BALANCE, POWER, lambda v: v * DC_EFFICIENCY)),
    Fault("a part of a period draws in full", coefficient(BALANCE, POWER, unit, not_one)),
    Fault("charging is generation", coefficient(BALANCE, POWER, flipped)),
    Fault("import is export", coefficient(BALANCE, IMPORT, flipped)),
    Fault("export is import", coefficient(BALANCE, EXPORT, flipped)),
    Fault("base load comes one period late", late_need(BALANCE)),
)

CURRENT_FAULTS = (
    Fault("the wrong voltage makes the current", coefficient(LEG, POWER, times(SQRT3))),
    Fault("a current runs backwards", coefficient(LEG, POWER, flipped)),
    Fault("a load lies on the next leg or period", next_row(LEG, POWER)),
    Fault("a leg carries two amperes for one", coefficient(LEG, CURRENT, times(2.0))),
    Fault("a leg does not reach its line", coefficient(PHASE, CURRENT, put(0.0))),
    Fault("a projection has the other sign", coefficient(PHASE, CURRENT, flipped)),
    Fault("a projection is a length", coefficient(PHASE, CURRENT, unit, not_one)),
    Fault("a current limit is not shrunk", number("row_upper", PHASE, times(1 / (1 - 1e-4)), not_zero)),
    Fault("base current is forgotten", number("row_upper", PHASE, plus(2.5))),
)

MONEY_FAULTS = (
    Fault("an interval is averaged over one of its parts", coefficient(PEAK, IMPORT, unit, not_one)),
    Fault("import lowers the demand", coefficient(PEAK, IMPORT, flipped)),
    Fault("demand is seen one period late", next_column(PEAK, IMPORT)),
    Fault("energy already metered is forgotten", number("row_lower", PEAK, put(0.0), not_zero)),
    Fault("a peak below the floor is paid", number("col_lower", PEAK_IMPORT, put(0.0))),
    Fault("a price comes one period late", late("cost", IMPORT)),
    Fault("a demand price is one of a day", number("cost", PEAK_IMPORT, times(HOURS_PER_DAY))),
)

GROUP, DELIVERY = "group_import_limit", "event_delivery"
SIGNAL_FAULTS = (
    Fault("conversion losses are forgotten in a capped group", coefficient(GROUP, POWER, unit, not_one)),
    Fault("a car relieves its capped group", coefficient(GROUP, POWER, flipped)),
    Fault("what a battery gives adds to a capped group", coefficient(GROUP, "storage_discharge", flipped)),
    Fault("an event pays for the other direction", coefficient(DELIVERY, "metered_load", flipped)),
    Fault(
        "a settlement interval is taken for one of its parts",
        coefficient(DELIVERY, "metered_load", unit, not_one),
    ),
    Fault("a shortfall is no part of a commitment", coefficient("event_commitment", "event_shortfall", put(0.0))),
    Fault("a payment is a cost", number("cost", "event_delivered", flipped, not_zero)),
    Fault("what a meter counts is forgotten", coefficient("metered_load_definition", POWER, put(0.0))),
    Fault("a setpoint is followed on one side only", coefficient("dispatch_deviation", "dispatch_below", put(0.0))),
    Fault("a capped group gets twice its limit", number("row_upper", GROUP, times(2.0), not_zero)),
)

CONTRACT, CONTRACT_PEAK, EXCESS, EXCESS_PEAK = "contract_limit", "peak_excess_definition", "limit_excess", "peak_excess"

CONTRACT_FAULTS = (
    Fault("an excess raises the load", coefficient(CONTRACT, EXCESS, flipped)),
    Fault("a contract counts guaranteed power", coefficient(CONTRACT, POWER, unit, not_one)),
    Fault("a contract forgets what is drawn anyway", number("row_upper", CONTRACT, plus(1.5))),
    Fault("an excess is priced by the period, not by the hour", number("cost", EXCESS, times(4.0), not_zero)),
    Fault("another period's excess is the largest", next_column(CONTRACT_PEAK, EXCESS)),
    Fault("an excess that is set already is paid again", number("col_lower", EXCESS_PEAK, put(0.0))),
)

PACE_FAULTS = (
    Fault("what is due comes one period later", late("row_lower", "guaranteed_pace")),
    Fault("who is behind is ahead", coefficient("guaranteed_pace", "behind", flipped)),
    Fault("a kWh of an earlier period does not count", coefficient("guaranteed_pace", POWER, put(0.0))),
    Fault("being behind costs nothing", number("cost", "behind", put(0.0), not_zero)),
)

CHANCE_FAULTS = (
    Fault("a part of what is wanted has no end", number("row_upper", "part_energy", put(np.inf))),
    Fault("what has flowed counts as wanted again", number("row_upper", "part_energy", plus(1.5))),
    Fault("a part takes power from the others", coefficient("power_in_parts", "part_power", flipped)),
    Fault("hours are forgotten in a part", coefficient("part_energy", "part_power", unit, not_one)),
    Fault("a part is as likely as the one before", late("cost", "part_power")),
    Fault("who may have left pays all the same", number("cost", "charge_power", times(0.5), not_zero)),
)

INSIDE, AWAY, BACK, KWH, CURVE = "energy_balance", "departure_energy", "discharge_power", "energy", "taper"
STATE_FAULTS = (
    Fault("what is given back fills the battery", coefficient(INSIDE, BACK, flipped)),
    Fault("giving back loses nothing", coefficient(INSIDE, BACK, times(0.9), not_one)),
    Fault("charging loses nothing", coefficient(INSIDE, POWER, times(1 / 0.95), not_one)),
    Fault("a battery begins each period where it ended", next_column(INSIDE, KWH)),
    Fault("a wish is for energy at battery", coefficient(AWAY, KWH, unit, not_one)),
    Fault("a battery may be drained below its reserve", number("col_lower", KWH, put(0.0), not_zero)),
    Fault("a battery may be overfull", number("col_upper", KWH, plus(4.0))),
    Fault("a curve rises where it falls", coefficient(CURVE, KWH, flipped)),
    Fault("a curve is met an instant late", next_column(CURVE, KWH)),
    Fault("what cars give back loads a node", coefficient(LIMIT, BACK, flipped)),
    Fault("what cars give back is drawn", coefficient(BALANCE, BACK, flipped)),
    Fault("what cars give back does not leave the site", coefficient("node_export_limit", BACK, put(0.0))),
    Fault("wear is forgotten", number("cost", BACK, put(0.0), not_zero)),
    Fault("what stays inside is worth nothing", number("cost", KWH, put(0.0), not_zero)),
)

APPARENT_FAULTS = (Fault("a power factor is forgotten", coefficient(LIMIT, POWER, times(0.9), not_one)),)

TIER, TIER_ROW = "peak_above_tier", "peak_above_tier_definition"

TIER_FAULTS = (
    Fault("a tier begins at nothing", number("row_lower", TIER_ROW, put(0.0), not_zero)),
    Fault("a tier costs its whole rate again", number("cost", TIER, times(2.0), not_zero)),
    Fault("what a tier has set already is paid again", number("col_lower", TIER, put(0.0), not_zero)),
)

RESERVED, RESERVED_ROW = "reserved_power", "reserved_power_definition"

INSTALLED_FAULTS = (
    Fault("an old profile is forgotten at a limit", coefficient(LIMIT, RESERVED, put(0.0))),
    Fault("conversion losses of an old profile are forgotten", coefficient(LIMIT, RESERVED, unit, not_one)),
    Fault("an old profile draws no current", coefficient(LEG, RESERVED, put(0.0))),
    Fault("what is reserved is less than what was installed", number("col_lower", RESERVED, times(0.5), not_zero)),
    Fault("what is reserved is less than what is planned", coefficient(RESERVED_ROW, POWER, times(0.5))),
)

CHANGE = "power_change"
CHANGE_FAULTS = (
    Fault("what is raised counts as lowered", coefficient(CHANGE, "power_raised", flipped)),
    Fault("a setpoint is laid beside that of the next period", next_column(CHANGE, POWER)),
    Fault("the plan before had more", number("row_upper", CHANGE, plus(1.5))),
    Fault("a kWh that is moved is paid in both places", number("cost", "power_lowered", times(2.0), not_zero)),
)

FAULTS = (
    *STATE_FAULTS,
    *CHANGE_FAULTS,
    *CHANCE_FAULTS,
    *PACE_FAULTS,
    *INSTALLED_FAULTS,
    *TIER_FAULTS,
    *APPARENT_FAULTS,
    *SIGNAL_FAULTS,
    *SESSION_FAULTS,
    *GRID_FAULTS,
    *CURRENT_FAULTS,
    *MONEY_FAULTS,
    *CONTRACT_FAULTS,
)
