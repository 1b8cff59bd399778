"""Equations (1) and (4): what a session may draw and what it needs."""

from dataclasses import dataclass

import numpy as np

from optimizer.formulation.reserved import Counted, counted
from optimizer.instance import Instance
from optimizer.program import Block, Ints, ProgramBuilder, Term


@dataclass(frozen=True, slots=True)
class Charging:
    """Column blocks of the sessions."""

    charge_power: Block
    target_shortfall: Block
    minimum_shortfall: Block
    energy_after_horizon: Block
    discharge_power: Block
    """Of sessions that may give back."""
    energy: Block
    """Of sessions whose energy is followed."""
    promised: Ints
    """Sessions with a column in ``minimum_shortfall``."""
    later: Ints
    """Sessions with a column in ``energy_after_horizon``."""
    counted: Counted
    """What limits count of ``charge_power``."""


def charging_variables(lp: ProgramBuilder, instance: Instance) -> Charging:
    """Columns of the sessions with their bounds."""
    who, cells = instance.sessions, instance.cells
    promised, later = (who.promised_kwh > 0).nonzero()[0], (who.after_horizon_kwh > 0).nonzero()[0]
    out_of_reach = unavoidable_kwh(instance, who.promised_kwh)[promised] if len(promised) else np.zeros(0)
    # (4)  0 <= charge_power[s,t] <= max_power[s]; at an EVSE out of reach no more than that follows
    charge_power = lp.variable(
        "charge_power",
        ("session", "period"),
        (cells.session, cells.period),
        upper=instance.following.most_kw,
        unit="kW at evse",
    )
    return Charging(
        charge_power,
        lp.variable(
            "target_shortfall",
            ("session",),
            (np.arange(who.count),),
            upper=who.remaining_kwh - who.promised_kwh,
            unit="kWh at evse",
        ),
        # Fixed at what cannot be kept anyway; promises.py opens the bounds only if that has no solution.
        lp.variable(
            "minimum_shortfall", ("session",), (promised,), lower=out_of_reach, upper=out_of_reach, unit="kWh at evse"
        ),
        lp.variable(
            "energy_after_horizon", ("session",), (later,), upper=who.after_horizon_kwh[later], unit="kWh at evse"
        ),
        *_followed_variables(lp, instance),
        promised,
        later,
        counted(lp, instance, charge_power),
    )


def _followed_variables(lp: ProgramBuilder, instance: Instance) -> tuple[Block, Block]:
    """What followed sessions give back, and what is inside."""
    states, cells = instance.states, instance.cells
    if not states.count:
        return (
            lp.nothing("discharge_power", ("session", "period"), unit="kW at evse"),
            lp.nothing("energy", ("session", "instant"), unit="kWh at battery"),
        )
    giving = states.giving
    member, cell = states.member[giving], states.cell[giving]
    entry = np.arange(states.count).repeat(states.offset[1:] - states.offset[:-1])
    return (
        # (4)  0 <= discharge_power[s,t] <= max_discharge[s]
        lp.variable(
            "discharge_power",
            ("session", "period"),
            (cells.session[cell], cells.period[cell]),
            upper=np.where(instance.following.out_of_reach(cell), 0.0, states.max_discharge_kw[member]),
            unit="kW at evse",
        ),
        # (3)  min(reserve, energy at arrival) <= energy[s,i] <= capacity
        lp.variable(
            "energy",
            ("session", "instant"),
            (states.session[entry], states.instant),
            lower=states.low_kwh,
            upper=states.high_kwh,
            unit="kWh at battery",
        ),
    )


def unavoidable_kwh(instance: Instance, energy_kwh: np.ndarray) -> np.ndarray:
    """What even full power from arrival to departure cannot deliver of an energy, per session (S,). [kWh]"""
    who, cells = instance.sessions, instance.cells
    most_kwh = np.bincount(cells.session, weights=cells.hours * instance.following.most_kw, minlength=who.count)
    return np.maximum(0.0, energy_kwh - most_kwh - who.after_horizon_kwh)


def session_energy(lp: ProgramBuilder, instance: Instance, charging: Charging) -> None:
    """What is charged and what is missing add up to what was wanted, for sessions whose energy is not followed."""
    who, cells, one_way = instance.sessions, instance.cells, instance.states.one_way
    row, drawing = _numbered(instance)
    # (1)  Σ_t h charge_power + target_shortfall + minimum_shortfall + energy_after_horizon = energy_remaining
    lp.equal(
        "session_energy",
        ("session",),
        (one_way,),
        [
            (cells.hours[drawing], charging.charge_power.by(row[cells.session[drawing]], drawing)),
            (1.0, charging.target_shortfall.by(row[one_way], one_way)),
            *_present(charging.minimum_shortfall, row[charging.promised]),
            *_present(charging.energy_after_horizon, row[charging.later]),
        ],
        to=who.remaining_kwh[one_way],
        unit="kWh at evse",
    )


def _numbered(instance: Instance) -> tuple[Ints, Ints]:
    """The row of each session (S,), -1 where its energy is followed, and the cells of those that have one."""
    cells, one_way = instance.cells, instance.states.one_way
    if not instance.states.count:
        return one_way, np.arange(cells.count)
    row = np.full(instance.sessions.count, -1, dtype=np.int64)
    row[one_way] = np.arange(len(one_way))
    return row, (row[cells.session] >= 0).nonzero()[0]


def _present(block: Block, rows: Ints) -> list[Term]:
    """The columns of a block whose row exists."""
    places = (rows >= 0).nonzero()[0] if len(rows) else rows
    return [(1.0, block.by(rows[places], places))] if len(places) else []
