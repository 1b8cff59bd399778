"""Bodies as peers send them: prices and windows of the examples in the specification, told in a few words."""

import json
from typing import Any

UPDATED = "2026-03-01T12:00:00Z"


def body(told: Any) -> bytes:
    return json.dumps(told).encode()


def element(kind: str, price: float, **restrictions: Any) -> dict[str, Any]:
    """One component and what it is restricted to; ``vat`` goes to the component."""
    component: dict[str, Any] = {"type": kind, "price": price, "step_size": 1}
    if "vat" in restrictions:
        component["vat"] = restrictions.pop("vat")
    return {"price_components": [component]} | ({"restrictions": restrictions} if restrictions else {})


def tariff_body(*elements: dict[str, Any], **more: Any) -> bytes:
    owner = {"country_code": "DE", "party_id": "ALL", "id": "12", "currency": "EUR"}
    return body(owner | {"elements": list(elements), "last_updated": UPDATED} | more)


def session_body(**changed: Any) -> bytes:
    """A session at EVSE 3256 of LOC1 since 09:00 UTC, with 4.5 kWh so far; the start is told without a zone."""
    told = {
        "country_code": "NL",
        "party_id": "STK",
        "id": "101",
        "start_date_time": "2026-03-02T09:00:00",
        "kwh": 4.5,
        "cdr_token": {"uid": "123abc", "type": "RFID", "contract_id": "NL-TST-C1"},
        "auth_method": "WHITELIST",
        "location_id": "LOC1",
        "evse_uid": "3256",
        "connector_id": "1",
        "currency": "EUR",
        "status": "ACTIVE",
        "last_updated": "2026-03-02T09:30:00Z",
        "field_of_a_later_version": {"anything": 1},
    }
    return body({name: value for name, value in (told | changed).items() if value is not None})


def connector(power_type: str, volts: int, amperes: int, **more: Any) -> dict[str, Any]:
    told = {"id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": power_type}
    return told | {"max_voltage": volts, "max_amperage": amperes, "last_updated": UPDATED} | more


def location_body(*connectors: dict[str, Any], **changed: Any) -> bytes:
    evse = {
        "uid": "3256",
        "evse_id": "BE*BEC*E041503001",
        "status": "AVAILABLE",
        "capabilities": ["CHARGING_PROFILE_CAPABLE", "CHARGING_PREFERENCES_CAPABLE", "A_NEW_ONE"],
        "connectors": list(connectors),
        "last_updated": UPDATED,
    }
    told = {"country_code": "BE", "party_id": "BEC", "id": "LOC1", "publish": True, "time_zone": "Europe/Brussels"}
    return body(told | {"evses": [evse], "last_updated": UPDATED} | changed)
