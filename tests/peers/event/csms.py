"""A CSMS at our service: it tells of sessions and meters, fetches commands, and tells what became of them."""

from datetime import datetime, timedelta
from typing import Any

import httpx2

from tests.peers.event.park import SITE, Park, car, power_kw
from tests.peers.station import Station

WAVES = 20
"""Commands that wait for others come in waves."""


def _register(station: Station) -> dict[str, float]:
    return {"register_kwh": station.outlets[0].register_wh / 1000.0}


class Csms:
    def __init__(self, url: str, park: Park) -> None:
        self.park = park
        self.delivered = 0
        """Profiles that charge points have accepted."""
        self._http = httpx2.Client(base_url=url, timeout=60.0, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self._http.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def build(self) -> None:
        """The site, what it pays, and that we steer it: the highest quarter of an hour, that of noon, costs as well."""
        self.call("PUT", f"/v1/sites/{SITE}", self.park.site())
        demand = [{"id": "month", "rate_per_kw": 5.0, "peak_set_kw": self.park.noon_kw}]
        self.call("PUT", f"/v1/sites/{SITE}/tariff", {"currency": "EUR", "import_price": 0.3, "demand_charges": demand})
        self.call("PUT", f"/v1/sites/{SITE}/policy", {"mode": "control", "ocpp": "2.0.1", "replan_minutes": 5})

    def plug_in_everybody(self, now: datetime, energy_kwh: float, hours: float) -> None:
        """One car at every charge point."""
        for name, station in self.park.stations.items():
            station.plug(1, car())
            station.outgoing()
            self.call(
                "POST",
                f"/v1/sites/{SITE}/sessions",
                {
                    "session": f"car-{name}",
                    "evse": name,
                    "plugged_in_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                    "departure": f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}",
                    "energy_target_kwh": energy_kwh,
                    "transaction_id": station.outlets[0].transaction,
                },
            )

    def deliver(self) -> int:
        """Send what is to be sent, wave by wave; how many messages went out."""
        sent = 0
        for _ in range(WAVES):
            commands = self.call("GET", f"/v1/sites/{SITE}/commands")["commands"]
            if not commands:
                return sent
            told = [self._sent(command) for command in commands]
            self.call("POST", f"/v1/sites/{SITE}/commands/ack", {"acknowledgements": told})
            sent += len(told)
        return sent

    def measure(self, now: datetime) -> None:
        """The meter of the connection, and those of the charge points."""
        at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        self.park.read(now)
        grid = {"at": at, "node": "grid", "power_kw": self.park.power_kw(), "register_kwh": self.park.register_kwh()}
        each = [
            {"at": at, "session": f"car-{name}", "power_kw": power_kw(station)} | _register(station)
            for name, station in self.park.stations.items()
        ]
        self.call("POST", f"/v1/sites/{SITE}/measurements", {"measurements": [grid, *each]})

    def plans(self) -> list[Any]:
        """The newest first."""
        found: list[Any] = self.call("GET", f"/v1/sites/{SITE}/plans")["items"]
        return found

    def _sent(self, command: Any) -> dict[str, str]:
        answer = self.park.stations[command["station"]].handle(command["action"], command["payload"])
        status = str(answer.payload.get("status", "")) if answer.error is None else answer.error
        accepted = status in ("Accepted", "Unknown")
        self.delivered += accepted and command["action"] == "SetChargingProfile"
        return {"command": command["id"], "outcome": "accepted" if accepted else "rejected", "reason": status}
