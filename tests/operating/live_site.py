"""A yard with two stations of OCPP 1.6 and what they say: 22 kW for two EVSEs of 22 kW each, 32 A on three phases."""

from datetime import UTC, datetime, timedelta
from typing import Any

from api.operating.live import Command, LiveSite, Result
from api.operating.memory import MemorySites
from api.operating.operations import Operations
from models.domain.answers import Outcome
from models.domain.site import Evse, GridNode, NodeKind, SessionDefaults, Site
from models.ocpp.profile import Version
from optimizer.rolling import opening

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KW_PER_AMPERE = 0.69
"""Three phases at 230 V."""


def yard(import_limit_kw: float = 22.08, count: int = 2) -> Site:
    """EVSEs east, west, ...: each a station of its own with 32 A on three phases, 22.08 kW."""
    names = ("east", "west", "north", "south")[:count]
    grid = GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=import_limit_kw, continuous_factor=1.0)
    evses = tuple(Evse(id=name, node="grid", max_current_a=32.0) for name in names)
    defaults = SessionDefaults(stay_h=4.0, energy_target_kwh=30.0)
    return Site(id="yard", nodes=(grid,), evses=evses, voltage_v=230.0, session_defaults=defaults)


def operations(site: Site | None = None, version: Version = Version.V16) -> Operations:
    """Of a site of which nothing was heard yet."""
    site = site or yard()
    store = MemorySites()
    store.save(LiveSite(site=site, state=opening(site), version=version))
    return Operations(store=store, token_key=b"secret")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def start(operations: Operations, station: str, at: datetime, transaction: int = 7, meter_wh: int = 1000) -> None:
    """A car plugs in and starts; the CSMS names the transaction in its answer."""
    call = {"connectorId": 1, "idTag": "card", "meterStart": meter_wh, "timestamp": at.isoformat()}
    operations.hear("yard", station, [2, f"s{transaction}", "StartTransaction", call], at)
    answer = {"transactionId": transaction, "idTagInfo": {"status": "Accepted"}}
    operations.hear("yard", station, [3, f"s{transaction}", answer], at)


def meter(operations: Operations, station: str, at: datetime, amperes: float, *, phases: int = 3) -> None:
    """Currents of all three phases and the power that they come to."""
    currents = [amperes if k < phases else 0.0 for k in range(3)]
    samples = [
        {"value": f"{a:.2f}", "measurand": "Current.Import", "phase": f"L{k + 1}", "unit": "A"}
        for k, a in enumerate(currents)
    ]
    power = {"value": f"{230.0 * sum(currents):.1f}", "measurand": "Power.Active.Import", "unit": "W"}
    value = {"timestamp": at.isoformat(), "sampledValue": [*samples, power]}
    operations.hear("yard", station, [2, "m", "MeterValues", {"connectorId": 1, "meterValue": [value]}], at)


def accept(operations: Operations, commands: tuple[Command, ...], at: datetime) -> None:
    for command in commands:
        operations.acknowledge("yard", command.id, Result(outcome=Outcome.ACCEPTED), at)


def plans(commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """Those that carry the plan of a session; the others are defaults of EVSEs."""
    return tuple(command for command in commands if command.session is not None)


def limit_a(command: Command) -> float:
    """The limit that a command sets at its start, of a profile of 1.6 in A."""
    profile: Any = command.payload["csChargingProfiles"]
    limit: float = profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]
    return limit
