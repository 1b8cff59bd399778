"""One example for every body that the stateful API takes: one site, one morning."""

from typing import Any

SITE: dict[str, Any] = {
    "id": "yard",
    "time_zone": "Europe/Berlin",
    "nodes": [{"id": "grid", "kind": "connection", "import_limit_kw": 22.0, "continuous_factor": 1.0}],
    "evses": [
        {"id": "bay-1", "node": "grid", "max_power_kw": 11.0},
        {"id": "bay-2", "node": "grid", "max_power_kw": 11.0},
    ],
    "pv_plants": [{"id": "roof", "node": "grid", "expected_kw": 0.0}],
}
TARIFF = {
    "currency": "EUR",
    "import_price": {
        "rates": [
            {"price_per_kwh": 0.18, "windows": [{"start": "22:00", "end": "06:00"}]},
            {"price_per_kwh": 0.30},
        ]
    },
}
PRICES = {
    "import_price": {
        "steps": [
            {"start": "2026-03-02T00:00:00+01:00", "value": 0.12},
            {"start": "2026-03-02T06:00:00+01:00", "value": 0.31},
        ],
        "end": "2026-03-03T00:00:00+01:00",
    }
}
BASE_LOAD = {
    "expected_kw": [
        {"start": "2026-03-02T06:00:00Z", "value": 4.0},
        {"start": "2026-03-02T18:00:00Z", "value": 2.0},
    ],
    "high_kw": 6.0,
}
PV = {
    "expected_kw": [
        {"start": "2026-03-02T07:00:00Z", "value": 3.0},
        {"start": "2026-03-02T16:00:00Z", "value": 0.0},
    ]
}
NODE_LIMIT = {
    "import_limit_kw": 12.0,
    "start": "2026-03-02T17:00:00Z",
    "end": "2026-03-02T19:00:00Z",
    "afterwards": 18.0,
}
SIGNAL = {
    "kind": "cap",
    "id": "relief",
    "start": "2026-03-02T17:00:00+01:00",
    "end": "2026-03-02T19:00:00+01:00",
    "import_limit_kw": 10,
}
PROGRAMME = {
    "id": "firm",
    "title": "Load relief in the afternoon",
    "currency": "EUR",
    "time_zone": "Europe/Amsterdam",
    "windows": [{"days": ["weekday"], "start": "07:00", "end": "19:00"}],
    "notice_minutes": 30,
    "limits": {"calls_per_month": 5},
    "settlement_minutes": 15,
    "capacity_per_kw_month": 6.0,
    "energy_per_kwh": 0.5,
    "penalty_per_kwh": 2.0,
    "calls_expected_per_month": 3,
}
ROSTER = {
    "programme": "firm",
    "enrolments": [{"id": "yard", "site": "yard", "first_day": "2026-01-01", "ean18": "871685900012345674"}],
}
NOMINATIONS = {"sites": [{"site": "yard", "power_kw": 5.0}]}
PROPOSAL = {"site": "yard", "first_day": "2026-02-02", "last_day": "2026-02-27"}
CALL = {"start": "2026-03-02T10:00:00+01:00", "end": "2026-03-02T11:00:00+01:00"}
OFFER = {"site": "yard", "start": "2026-03-02T10:00:00+01:00", "end": "2026-03-02T11:00:00+01:00"}
SPLIT = {"target_kw": 4.0, "start": "2026-03-02T10:00:00+01:00", "end": "2026-03-02T11:00:00+01:00"}
COMMITMENT = {"site": "yard", "dry_run": True}
OPT_OUT = {"site": "yard", "reason": "emergency"}
SESSION = {"session": "7f3", "evse": "bay-1", "plugged_in_at": "2026-03-02T06:00:00Z"}
NEEDS = {"departure": "2026-03-02T15:30:00Z", "energy_target_kwh": 24.0}
MEASUREMENTS = {
    "measurements": [
        {"at": "2026-03-02T06:15:00Z", "session": "7f3", "power_kw": 10.9, "register_kwh": 1204.7},
        {"at": "2026-03-02T06:15:00Z", "node": "grid", "power_kw": 14.2},
    ]
}
UNPLUGGED = {"unplugged_at": "2026-03-02T15:28:00Z", "register_kwh": 1226.1}
BOOST = {"ready_by": "2026-03-02T12:00:00Z"}
OVERRIDE = {"kind": "limit", "limit_kw": 5.5, "until": "2026-03-02T12:00:00Z", "reason": "work on the cable"}
WEBHOOK = {"url": "https://csms.example.com/hooks/charging", "about": ["plan", "command"]}
CONNECTION = {
    "kind": "openadr3",
    "base_url": "https://vtn.example.com/openadr3/3.1.0",
    "programme": "capacity limits",
    "ven_name": "NL-CPO",
    "targets": ["871685900012345678"],
    "sites": [{"site": "yard", "rules": {"names": ["871685900012345678"]}}],
    "loss": {"after_s": 600, "then": "limit", "limit_kw": 8.0},
}
WRITTEN_LIMIT = {"limit_kw": 4.2, "duration_s": 3600.0}
OCPI_PARTY = {
    "country_code": "NL",
    "party_id": "CWT",
    "name": "Example Smart Charging",
    "locations": [{"location": "LOC1", "site": "yard", "evses": {"3256": "bay-1"}}],
}
REGISTRATION = {"versions_url": "https://cpo.example.com/ocpi/versions", "token": "given-to-you"}
POLICY = {"ocpp": "2.0.1", "replan_minutes": 5}
ACKNOWLEDGEMENTS = {
    "acknowledgements": [
        {"command": "yard-1", "outcome": "accepted"},
        {"command": "yard-2", "outcome": "rejected", "reason": "Occupied"},
    ]
}
STATION_CONNECTED = {"connected": True}
METER_VALUES = {
    "schema": {"type": "object"},
    "example": {
        "connectorId": 1,
        "meterValue": [
            {
                "timestamp": "2026-03-02T06:15:00Z",
                "sampledValue": [{"value": "10900", "measurand": "Power.Active.Import", "unit": "W"}],
            }
        ],
    },
}
