"""Benchmark B1: the Caltech garage in September 2018 as one scenario. Source: arXiv 2012.02636; ACN-Data, Lee, Li, Low
(e-Energy 2019). The sessions are not for redistribution; they are read from the folder CHARGEWRIGHT_DATA."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, GridNode, LimitKind, NodeKind, Phase, Site, Tier, Transformer, Wiring
from models.domain.tariff import DayKind, DemandCharge, Rate, Tariff, TimeOfUse, Window

ZONE = ZoneInfo("America/Los_Angeles")
START, END = datetime(2018, 9, 1, tzinfo=ZONE), datetime(2018, 10, 1, tzinfo=ZONE)
PERIOD = timedelta(minutes=5)
LONGEST_STAY = 144
MOST_KWH_PER_PERIOD = 6.656 / 12
RETAIL_PER_KWH = 0.30
DEMAND_PRICE_PER_KW = 15.51
PAIRS = {
    "AB": (Phase.L1, Phase.L2),
    "BC": (Phase.L2, Phase.L3),
    "CA": (Phase.L3, Phase.L1),
}


def september(folder: Path, limit_kw: float, *, value_per_kwh: float, priced: bool) -> Scenario:
    """All sessions of the month under a transformer limit; unpriced for the energy table, priced for the profit one."""
    sessions = _sessions(folder / "acn" / "caltech_2018-09_sessions.csv")
    periods = max(int((s.departure - START) / PERIOD) for s in sessions if s.departure is not None)
    return Scenario(
        site=network_site(folder, limit_kw, value_per_kwh),
        sessions=sessions,
        tariff=_tariff() if priced else Tariff(currency="USD", import_price=0.0),
        horizon=Horizon(start=START.astimezone(UTC), stretches=(Stretch(count=periods, minutes=5.0),)),
    )


def network_site(folder: Path, limit_kw: float, value_per_kwh: float) -> Site:
    """The published network, which is read from the data folder, behind a transformer of such a limit."""
    return _site(json.loads((folder / "sites" / "caltech_acn_network.json").read_text()), limit_kw, value_per_kwh)


def _sessions(path: Path) -> tuple[Session, ...]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return tuple(_session(row) for row in rows)


def _session(row: dict[str, str]) -> Session:
    first, last = _period(row["connection"]), _period(row["disconnection"])
    stay = min(last - first, LONGEST_STAY)
    return Session(
        id=row["session_id"],
        evse=row["space"],
        arrival=START.astimezone(UTC) + PERIOD * first,
        departure=START.astimezone(UTC) + PERIOD * (first + stay),
        energy_target_kwh=min(float(row["kwh"]), MOST_KWH_PER_PERIOD * stay),
        retail_price_per_kwh=RETAIL_PER_KWH,
        tier="all",
    )


def _period(text: str) -> int:
    """Periods since the start, counted on the clock: floor of the epoch over five minutes."""
    return (datetime.fromisoformat(text) - START) // PERIOD


def _site(network: dict, limit_kw: float, value_per_kwh: float) -> Site:
    pods = {c["name"]: c for c in network["constraints"] if c["name"].endswith("Pod")}
    pod_of = {evse: name for name, pod in pods.items() for evse in pod["coefficients"]}
    nodes = [
        GridNode(
            id="transformer",
            kind=NodeKind.TRANSFORMER,
            limit_kind=LimitKind.CONTRACT,
            current_limit_a=limit_kw * 1000 / 3 / 120,
            # 480 V over four times 120 V: the winding ratio of the published network is exactly 4.
            transformer=Transformer(
                primary_voltage_v=480.0,
                secondary_voltage_v=120.0 * 3**0.5,
                primary_current_limit_a=limit_kw * 1000 / 3 / 277,
            ),
        ),
        *(
            GridNode(id=name, parent="transformer", limit_kind=LimitKind.CONTRACT, current_limit_a=pod["limit_a"])
            for name, pod in pods.items()
        ),
    ]
    evses = [
        Evse(
            id=e["evse_id"],
            node=pod_of.get(e["evse_id"], "transformer"),
            wiring=Wiring.LINE_TO_LINE,
            phases=PAIRS[e["phase_pair"]],
            voltage_v=e["voltage_v"],
            max_current_a=e["max_current_a"],
            pilot_levels_a=tuple(e["allowed_pilot_a"]),
        )
        for e in network["evses"]
    ]
    tier = Tier(id="all", value_of_target_per_kwh=value_per_kwh)
    return Site(
        id="caltech", time_zone=str(ZONE), voltage_v=120.0, nodes=tuple(nodes), evses=tuple(evses), tiers=(tier,)
    )


def _tariff() -> Tariff:
    """SCE TOU-EV-4 of March 2019, its summer: the month has no holiday in the published run."""
    weekday, every = (DayKind.WEEKDAY, DayKind.HOLIDAY), tuple(DayKind)

    def window(start: str, end: str) -> Window:
        return Window(days=weekday, start=start, end=end)

    rates = (
        Rate(price_per_kwh=0.26668, windows=(window("12:00", "18:00"),)),
        Rate(price_per_kwh=0.0925, windows=(window("08:00", "12:00"), window("18:00", "23:00"))),
        Rate(price_per_kwh=0.05623, windows=(Window(days=every),)),
    )
    charge = DemandCharge(id="facilities", rate_per_kw=DEMAND_PRICE_PER_KW, demand_interval_min=5.0)
    return Tariff(currency="USD", import_price=TimeOfUse(rates=rates), demand_charges=(charge,))
