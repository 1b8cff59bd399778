"""Charging curves of 113 real cars: plans follow each of them, and hardly lose time by it."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, TaperPoint, Vehicle
from models.domain.site import CurrentType, Evse, GridNode, Site
from models.domain.tariff import Tariff
from models.domain.units import hours_from_seconds
from optimizer.audit import audit
from optimizer.optimize import optimize

DATA = os.environ.get("CHARGEWRIGHT_DATA")
needs_data = pytest.mark.skipif(DATA is None, reason="CHARGEWRIGHT_DATA names no folder with public data")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
CAPACITY_KWH, ARRIVES, WANTS = 77.0, 0.1, 0.9
STEP_S, STAY_S = 1.0, 2400.0
"""Forty minutes: most cars come to where their power falls, hardly one is done."""


def curves() -> dict[str, tuple[TaperPoint, ...]]:
    table = json.loads((Path(DATA or "") / "ev_models/open_ev_data_dc_curves_2022.json").read_text())["curves"]
    return {
        name: tuple(TaperPoint(soc=p / 100, power_kw=kw) for p, kw in zip(one["soc_pct"], one["kw"], strict=True))
        for name, one in table.items()
    }


def as_fast_as_it_takes_kwh(taper: tuple[TaperPoint, ...]) -> float:
    """Second by second, at what the battery takes then. [kWh]"""
    soc, power = [p.soc for p in taper], [p.power_kw for p in taper]
    inside = ARRIVES * CAPACITY_KWH
    for _ in range(round(STAY_S / STEP_S)):
        inside += hours_from_seconds(STEP_S) * float(np.interp(inside / CAPACITY_KWH, soc, power))
        inside = min(inside, WANTS * CAPACITY_KWH)
    return inside - ARRIVES * CAPACITY_KWH


def hub(tapers: dict[str, tuple[TaperPoint, ...]]) -> Scenario:
    """Every car at an outlet of 400 kW, with nothing in its way but its battery."""
    evses = tuple(
        Evse(id=name, node="grid", current=CurrentType.DC, max_power_kw=400.0, conversion_efficiency=1.0)
        for name in tapers
    )
    sessions = tuple(
        Session(
            id=name,
            evse=name,
            arrival=NOON,
            departure=NOON + timedelta(seconds=STAY_S),
            vehicle=Vehicle(id=name, battery_capacity_kwh=CAPACITY_KWH, charge_efficiency=1.0, taper=taper),
            soc=ARRIVES,
            soc_target=WANTS,
        )
        for name, taper in tapers.items()
    )
    return Scenario(
        site=Site(id="hub", nodes=(GridNode(id="grid", continuous_factor=1.0),), evses=evses),
        sessions=sessions,
        tariff=Tariff(currency="EUR", import_price=0.3),
        horizon=Horizon(start=NOON, stretches=(Stretch(count=20, minutes=2.0),)),
    )


@needs_data
def test_real_cars_are_charged_as_their_batteries_allow_and_nearly_as_fast() -> None:
    tapers = curves()
    scenario = hub(tapers)
    plan = optimize(scenario)
    shares = [s.energy_kwh / as_fast_as_it_takes_kwh(tapers[s.session_id]) for s in plan.sessions]
    print(f"{len(shares)} curves: {min(shares):.4f} to {max(shares):.4f}, mean {np.mean(shares):.4f} of the fastest")

    assert len(shares) == 113
    assert audit(scenario, plan).passed
    assert max(shares) <= 1.0 + 1e-3  # of a second's step
    assert min(shares) >= 0.93
    assert float(np.mean(shares)) >= 0.98
