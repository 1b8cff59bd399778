"""How a charge point says things in OCPP 1.6."""

from typing import Any

from tests.peers.outlet import Outlet
from tests.peers.shelf import wire_time

Said = tuple[str, dict[str, Any]]


def boot(model: str) -> Said:
    return "BootNotification", {"chargePointVendor": "Peer", "chargePointModel": model, "firmwareVersion": "1.0"}


def state(outlet: Outlet, clock_s: float, drawing: bool) -> Said:
    word = "Available" if outlet.car is None else "Preparing"
    if outlet.in_session:
        word = "Charging" if drawing else "SuspendedEVSE" if outlet.offer_a == 0.0 else "SuspendedEV"
    told = {"connectorId": outlet.number, "errorCode": "NoError", "status": word, "timestamp": wire_time(clock_s)}
    return "StatusNotification", told


def began(outlet: Outlet, clock_s: float, token: str) -> Said:
    return "StartTransaction", {
        "connectorId": outlet.number,
        "idTag": token,
        "meterStart": round(outlet.register_wh),
        "timestamp": wire_time(clock_s),
    }


def sampled(outlet: Outlet, clock_s: float, samples: list[dict[str, Any]]) -> Said:
    told: dict[str, Any] = {
        "connectorId": outlet.number,
        "meterValue": [{"timestamp": wire_time(clock_s), "sampledValue": samples}],
    }
    if outlet.transaction is not None:
        told["transactionId"] = int(outlet.transaction)
    return "MeterValues", told


def sample(measurand: str, value: float, unit: str, phase: str | None) -> dict[str, Any]:
    told = {"value": f"{value:.1f}", "measurand": measurand, "unit": unit, "context": "Sample.Periodic"}
    return told if phase is None else told | {"phase": phase}


def ended(outlet: Outlet, clock_s: float, reason: str) -> Said:
    return "StopTransaction", {
        "transactionId": int(outlet.transaction or 0),
        "meterStop": round(outlet.register_wh),
        "timestamp": wire_time(clock_s),
        "reason": reason,
    }


def heartbeat() -> Said:
    return "Heartbeat", {}
