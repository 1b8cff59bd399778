"""Equations (8), (3) and (16): stationary batteries, what is in them, what using them up and filling them is worth."""

from dataclasses import dataclass

import numpy as np

from optimizer.instance import Instance
from optimizer.program import Block, ProgramBuilder


@dataclass(frozen=True, slots=True)
class Storing:
    """Column blocks of the batteries, by battery, then by period or instant."""

    charge: Block
    discharge: Block
    energy: Block


def storage_variables(lp: ProgramBuilder, instance: Instance) -> Storing:
    """Columns of the batteries with their bounds."""
    units, count = instance.storage, instance.periods.count
    if not units.count:
        return _no_batteries(lp)
    battery, period = _places(units.count, count)
    at, instant = _places(units.count, count + 1)
    low, high = units.reserve_kwh[at], units.capacity_kwh[at]
    low[instant == 0] = high[instant == 0] = units.start_kwh
    return Storing(
        lp.variable("storage_charge", ("storage", "period"), (battery, period),
                    upper=units.max_charge_kw[battery], unit="kW at grid"),
        lp.variable("storage_discharge", ("storage", "period"), (battery, period),
                    upper=units.max_discharge_kw[battery], unit="kW at grid"),
        # (3)  min(reserve, start) <= storage_energy[b,i] <= capacity
        lp.variable("storage_energy", ("storage", "instant"), (at, instant),
                    lower=low, upper=high, unit="kWh at battery"),
    )  # fmt: skip


def _no_batteries(lp: ProgramBuilder) -> Storing:
    return Storing(
        lp.nothing("storage_charge", ("storage", "period"), unit="kW at grid"),
        lp.nothing("storage_discharge", ("storage", "period"), unit="kW at grid"),
        lp.nothing("storage_energy", ("storage", "instant"), unit="kWh at battery"),
    )


def storage_balance(lp: ProgramBuilder, instance: Instance, storing: Storing) -> None:
    """What is in a battery is what was in it, what came in and what went out."""
    units, count, hours = instance.storage, instance.periods.count, instance.periods.hours
    battery, period = _places(units.count, count)
    rows, before = np.arange(len(battery)), battery * (count + 1) + period
    # (8)  storage_energy[b,i+1] - storage_energy[b,i] - η_c Δ storage_charge[b,t] + Δ/η_d storage_discharge[b,t] = 0
    lp.equal(
        "storage_balance",
        ("storage", "period"),
        (battery, period),
        [
            (1.0, storing.energy.by(rows, before + 1)),
            (-1.0, storing.energy.by(rows, before)),
            (-units.charge_efficiency[battery] * hours[period], storing.charge),
            (hours[period] / units.discharge_efficiency[battery], storing.discharge),
        ],
        to=0.0,
        unit="kWh at battery",
        defines=storing.energy.by(rows, before + 1),
    )


def storage_costs(lp: ProgramBuilder, instance: Instance, storing: Storing) -> None:
    """(16), and the worth of what is left at the end"""
    units, count, hours = instance.storage, instance.periods.count, instance.periods.hours
    battery, period = _places(units.count, count)
    at, instant = _places(units.count, count + 1)
    left = np.where(instant == count, units.terminal_per_kwh[at], 0.0)
    # (16)  Σ wear_price Δ/η_d storage_discharge[b,t] - Σ terminal_value (storage_energy[b,T] - start[b])
    lp.minimize(
        [(hours[period] * units.wear_per_kwh[battery], storing.discharge), (-left, storing.energy)],
        offset=float(units.terminal_per_kwh @ units.start_kwh),
    )


def _places(units: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Position of the battery and of the period or instant."""
    place = np.arange(units * length)
    return place // length, place % length
