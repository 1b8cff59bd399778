"""Builds `v2g-block`: the night of `apartment-block` with eight cars that can give back what they hold.

Run ``python -m models.samples.build_v2g FOLDER``; the README of the sample names sources and assumptions.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import Evse, Station
from models.samples import build_apartment
from models.samples.sources import read_json, rebuild, stay_h

NAME = "v2g-block"
MODELS = "ev_models/ev2gym_v2g_specs_2024.json"
LONG_STAY_H = 10.0
"""Cars that stay as long are the ones that are swapped. [h]"""
SOC_AT_DEPARTURE, SOC_RESERVE = 0.9, 0.3
WEAR_PRICE_PER_KWH = 0.02
"""Our own: 100 EUR for a kWh of battery that lasts for 5,000 of them. [currency/kWh]"""
THREE_PHASE_FROM_KW = 8.0
SMALL_CHARGER_A, LARGE_CHARGER_A = 16.0, 32.0
SOC_DIGITS = 3
PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Model:
    """What is taken of one row of the table of models."""

    name: str
    capacity_kwh: float
    charge_kw: float
    discharge_kw: float
    efficiency: float


def build(folder: Path) -> Scenario:
    """The night of the block, its longest stays with the cars of a table of models."""
    block = build_apartment.build(folder)
    models = _models(folder)
    staying = [session for session in block.sessions if _stays_long(session)][: len(models)]
    swapped = {session.id: model for session, model in zip(staying, models, strict=False)}
    bays = {session.evse for session in staying}
    sessions = tuple(_swapped(s, swapped[s.id]) if s.id in swapped else s for s in block.sessions)
    site = replace(
        block.site,
        id=NAME,
        evses=tuple(_bidirectional(evse) if evse.id in bays else evse for evse in block.site.evses),
        stations=tuple(Station(id=bay, takes_setpoints=True) for bay in sorted(bays)),
    )
    description = f"{block.description}; {len(bays)} of the cars give back"
    return replace(block, name=NAME, description=description, site=site, sessions=sessions)


def _models(folder: Path) -> list[Model]:
    """In the order of the table: most registrations first."""
    return [
        Model(
            name=name.lower().replace(" ", "-").replace(".", ""),
            capacity_kwh=float(row["battery_capacity"]),
            charge_kw=float(row["max_ac_charge_power"]),
            discharge_kw=float(row["max_ac_discharge_power"]),
            efficiency=max(row["3ph_ch_efficiency"]) / PERCENT,
        )
        for name, row in read_json(folder, MODELS).items()
    ]


def _stays_long(session: Session) -> bool:
    return session.departure is not None and stay_h(session.arrival, session.departure) >= LONG_STAY_H


def _bidirectional(evse: Evse) -> Evse:
    return replace(evse, max_discharge_kw=11.0)


def _swapped(session: Session, model: Model) -> Session:
    """The same stay and energy; what is inside on arrival follows from what is wanted at departure."""
    three_phases = model.charge_kw >= THREE_PHASE_FROM_KW
    vehicle = Vehicle(
        id=f"{model.name}-{session.evse.removeprefix('bay-')}",
        phases=3 if three_phases else 1,
        max_current_a=SMALL_CHARGER_A if three_phases else LARGE_CHARGER_A,
        max_charge_kw=model.charge_kw,
        max_discharge_kw=model.discharge_kw,
        battery_capacity_kwh=model.capacity_kwh,
        charge_efficiency=model.efficiency,
        discharge_efficiency=model.efficiency,
        wear_price_per_kwh=WEAR_PRICE_PER_KWH,
    )
    brought = SOC_AT_DEPARTURE - (session.energy_target_kwh or 0.0) * model.efficiency / model.capacity_kwh
    return replace(
        session,
        vehicle=vehicle,
        soc=round(max(0.0, brought), SOC_DIGITS),
        soc_reserve=SOC_RESERVE,
        allows_discharge=True,
    )


if __name__ == "__main__":
    rebuild(NAME, build)
