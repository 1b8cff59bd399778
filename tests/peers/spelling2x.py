"""How a charging station says things in OCPP 2.0.1 and 2.1."""

from typing import Any

from tests.peers.outlet import Outlet
from tests.peers.shelf import wire_time
from tests.peers.spelling16 import Said, heartbeat

__all__ = ["began", "boot", "ended", "heartbeat", "sample", "sampled", "state"]

_REASONS = {"EVDisconnected": "EVDisconnected", "Reboot": "Reboot", "Remote": "Remote", "Other": "Other"}


def boot(model: str) -> Said:
    return "BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "Peer", "model": model}}


def state(outlet: Outlet, clock_s: float, drawing: bool) -> Said:
    word = "Available" if outlet.car is None else "Occupied"
    told = {"timestamp": wire_time(clock_s), "connectorStatus": word, "evseId": outlet.number, "connectorId": 1}
    return "StatusNotification", told


def began(outlet: Outlet, clock_s: float, token: str) -> Said:
    told = _event(outlet, clock_s, "Started", "CablePluggedIn", "EVConnected")
    return "TransactionEvent", told | {"idToken": {"idToken": token, "type": "Central"}}


def sampled(outlet: Outlet, clock_s: float, samples: list[dict[str, Any]]) -> Said:
    told = _event(outlet, clock_s, "Updated", "MeterValuePeriodic", _charging_state(outlet))
    return "TransactionEvent", told | {
        "meterValue": [{"timestamp": wire_time(clock_s), "sampledValue": samples}],
    }


def sample(measurand: str, value: float, unit: str, phase: str | None) -> dict[str, Any]:
    told = {"value": round(value, 1), "measurand": measurand, "unitOfMeasure": {"unit": unit}}
    return told if phase is None else told | {"phase": phase}


def ended(outlet: Outlet, clock_s: float, reason: str) -> Said:
    told = _event(outlet, clock_s, "Ended", "EVDeparted" if reason == "EVDisconnected" else "StopAuthorized", "Idle")
    told["transactionInfo"]["stoppedReason"] = _REASONS[reason]
    register = sample("Energy.Active.Import.Register", outlet.register_wh, "Wh", None)
    return "TransactionEvent", told | {
        "meterValue": [{"timestamp": wire_time(clock_s), "sampledValue": [register]}],
    }


def _event(outlet: Outlet, clock_s: float, kind: str, trigger: str, charging_state: str) -> dict[str, Any]:
    outlet.sequence += 1
    return {
        "eventType": kind,
        "timestamp": wire_time(clock_s),
        "triggerReason": trigger,
        "seqNo": outlet.sequence - 1,
        "evse": {"id": outlet.number, "connectorId": 1},
        "transactionInfo": {"transactionId": outlet.transaction, "chargingState": charging_state},
    }


def _charging_state(outlet: Outlet) -> str:
    if outlet.current_a() > 0.0:
        return "Charging"
    return "SuspendedEVSE" if outlet.offer_a == 0.0 else "SuspendedEV"
