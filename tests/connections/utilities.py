"""A yard whose service is connected to a utility, with clocks that stand still and peers on real HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from api.connections.secrets import new_key
from api.jobs import Jobs
from api.sites.keeping import Desk
from api.store.port import Store
from api.store.records import Kind
from models.domain.signal import Cap, Dispatch
from tests.api.yards import Hands, Yard, service
from tests.peers.vtn3 import Vtn

KEY = new_key()
SECRET = "ven-secret"
MINUTE = timedelta(minutes=1)


@dataclass
class Utility:
    """The yard, and the clock of its service."""

    yard: Yard
    jobs: Jobs

    @property
    def now(self) -> datetime:
        return self.yard.clock()

    def connect(self, told: dict[str, Any], id: str = "dso", *, status: int = 201) -> Any:
        answer = self.yard.put(f"/v1/connections/{id}", told, match="*" if status == 200 else None)
        assert answer.status_code == status, answer.text
        return answer

    def wait(self, **length: float) -> None:
        """Time goes by in one step; whoever is due is looked after, and then planned."""
        self.listen(**length)
        self.jobs.tick()

    def listen(self, **length: float) -> None:
        """The same without plans."""
        self.yard.clock.pass_by(**length)
        self.jobs.hear()

    def status(self, id: str = "dso") -> Any:
        answer = self.yard.get(f"/v1/connections/{id}/status")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def limits(self, id: str = "dso") -> list[float]:
        return [step["limit_kw"] for step in self.status(id)["limits"]]

    def alarms(self, id: str = "dso") -> dict[str, str]:
        return {alarm["key"]: alarm["message"] for alarm in self.status(id)["alarms"]}

    def caps(self) -> list[tuple[str, str, float]]:
        """What the yard is limited to: from, until, and kW."""
        caps = [one for one in self.asked() if isinstance(one, Cap) and one.end > self.now]
        return [(f"{c.start:%H:%M}", f"{c.end:%H:%M}", c.import_limit_kw) for c in caps]

    def peaks(self) -> list[tuple[str, str, float, float]]:
        """What it may draw after events: from, until, kW, and the price of more."""
        told = [one for one in self.asked() if isinstance(one, Dispatch)]
        return [(f"{d.start:%H:%M}", f"{d.end:%H:%M}", d.setpoint_kw, d.price_above_per_kwh) for d in told]

    def measure(self, kw: float, minutes: int) -> None:
        """The meter of the connection, minute by minute until now."""
        at = [self.now - k * MINUTE for k in range(minutes, -1, -1)]
        told = [{"node": "grid", "at": f"{one:%Y-%m-%dT%H:%M:%SZ}", "power_kw": kw} for one in at]
        answer = self.yard.post("/v1/sites/yard/measurements", {"measurements": told})
        assert answer.status_code == 200, answer.text

    def asked(self) -> list[Any]:
        """All that utilities ask of the yard."""
        with self.yard.store.view() as unit:
            kept = Desk(unit, "default", "yard", "").every(Kind.ASKED)
        return [signal for one in kept for signal in one.value.signals]

    def journal(self, id: str = "dso") -> list[Any]:
        found: list[Any] = self.yard.get(f"/v1/connections/{id}/journal?limit=500").json()["items"]
        return found


@contextmanager
def connected_yard(clock: Hands | None = None, store: Store | None = None, **settings: Any) -> Iterator[Utility]:
    """Nobody is connected yet."""
    with service(store, clock, **({"peer_allow": "127.0.0.0/8", "secret_keys": KEY} | settings)) as yard:
        jobs = Jobs(yard.client.app.state.service, lambda work: work())
        try:
            yard.build()
            yield Utility(yard, jobs)
        finally:
            jobs.close()


def vtn_told(vtn: Vtn, **more: Any) -> dict[str, Any]:
    """A connection to a VTN of OpenADR 3."""
    told = {
        "kind": "openadr3",
        "base_url": vtn.base_url,
        "version": vtn.version,
        "client_id": vtn.client_id,
        "client_secret": {"value": vtn.client_secret},
        "sites": [{"site": "yard"}],
        "poll_s": 60.0,
    }
    return told | more


def join(utility: Utility, vtn: Vtn, **more: Any) -> Any:
    """Connect to a VTN that looks at the same clock."""
    vtn.clock = utility.yard.clock
    return utility.connect(vtn_told(vtn, **more))


def event(kw: Any, start: str = "2026-03-02T07:00:00Z", length: str = "PT1H", **more: Any) -> dict[str, Any]:
    """A limit of one hour at seven."""
    descriptor = {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}
    return {
        "programID": "program-1",
        "eventName": "limit",
        "payloadDescriptors": [descriptor],
        "intervalPeriod": {"start": start, "duration": length},
        "intervals": [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [kw]}]}],
        **more,
    }


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
