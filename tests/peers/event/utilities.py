"""Utilities that call an event, each in its protocol: one limit for the whole park."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from tests.peers.event.clock import StoryClock
from tests.peers.event.csms import Csms
from tests.peers.event.park import SITE
from tests.peers.oscp_capacity_provider import CapacityProvider
from tests.peers.oscp_capacity_provider import serving as oscp_serving
from tests.peers.vtn3 import Vtn
from tests.peers.vtn3 import serving as vtn_serving
from tests.peers.vtn20b import Vtn20b
from tests.peers.vtn20b import in_a_thread as vtn20b_in_a_thread

CONNECTION = "utility"


class Utility(Protocol):
    """One that has our service connected to it."""

    name: str

    def connection(self) -> dict[str, Any]:
        """What the operator tells of it."""
        ...

    def introduce(self, url: str) -> None:
        """Once our service knows of it: some come to us."""
        ...

    def is_ready(self) -> bool:
        """Whether both sides have met."""
        ...

    def call(self, limit_kw: float, start: datetime, length: timedelta) -> None:
        """An event: it is known to the service when the service looks, or is told."""
        ...

    def proofs(self) -> list[str]:
        """What it was told back, as a person reads it."""
        ...


class Make(Protocol):
    """Opens a utility on a port of this machine."""

    def __call__(self, clock: StoryClock, *, tells: bool) -> AbstractContextManager[Utility]: ...


@dataclass
class OpenAdr3Utility:
    vtn: Vtn
    tells: bool
    """Whether it tells our webhook of changes."""
    name: str = "OpenADR 3.1"

    def connection(self) -> dict[str, Any]:
        return {
            "kind": "openadr3",
            "base_url": self.vtn.base_url,
            "version": self.vtn.version,
            "client_id": self.vtn.client_id,
            "client_secret": {"value": self.vtn.client_secret},
            "sites": [{"site": SITE}],
            "poll_s": 30.0,
            "webhook": self.tells,
        }

    def introduce(self, url: str) -> None:
        """We come to it."""

    def is_ready(self) -> bool:
        return bool(self.vtn.objects["vens"]) and bool(self.vtn.objects["subscriptions"]) == self.tells

    def call(self, limit_kw: float, start: datetime, length: timedelta) -> None:
        """With a report of the energy of every quarter of an hour."""
        kind = "IMPORT_CAPACITY_LIMIT"
        quarters = int(length / timedelta(minutes=15))
        intervals = [{"id": k, "payloads": [{"type": kind, "values": [limit_kw]}]} for k in range(quarters)]
        self.vtn.put(
            "events",
            {
                "programID": "program-1",
                "eventName": "relief",
                "payloadDescriptors": [{"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": kind, "units": "KW"}],
                "reportDescriptors": [{"payloadType": "USAGE"}],
                "intervalPeriod": {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "duration": "PT15M"},
                "intervals": intervals,
            },
        )

    def proofs(self) -> list[str]:
        told = []
        for report in self.vtn.objects["reports"].values():
            (resource,) = report["resources"]
            kwh = [payload["values"][0] for each in resource["intervals"] for payload in each["payloads"]]
            told.append(f"report {report['id']} accepted: USAGE of {len(kwh)} quarters, {sum(kwh):.1f} kWh")
        return told


@contextmanager
def openadr3(clock: StoryClock, *, tells: bool) -> Iterator[OpenAdr3Utility]:
    with vtn_serving(Vtn("3.1", clock=clock)) as vtn:
        vtn.put("programs", {"programName": "limits"})
        yield OpenAdr3Utility(vtn, tells)
        assert vtn.defects == []


@dataclass
class OscpUtility:
    """A capacity provider: the whole park is its group."""

    peer: CapacityProvider
    clock: StoryClock
    name: str = "OSCP 2.0"
    token: str = "flexibility-token"

    def connection(self) -> dict[str, Any]:
        return {
            "kind": "oscp",
            "groups": [SITE],
            "token": {"value": self.token},
            "sites": [{"site": SITE, "rules": {"names": [SITE]}}],
        }

    def introduce(self, url: str) -> None:
        """It comes to us, and promises to be there for the day."""
        self.peer.fp_url, self.peer.fp_token = f"{url}/oscp/default/{CONNECTION}/fp/2.0", self.token
        at = {"version": "2.0", "base_url": self.peer.base_url}
        assert self.peer.tell("register", {"token": self.peer.token, "version_url": [at]})[0] == 204
        until = f"{self.clock() + timedelta(hours=12):%Y-%m-%dT%H:%M:%SZ}"
        assert self.peer.tell("heartbeat", {"offline_mode_at": until})[0] == 204

    def is_ready(self) -> bool:
        return any(path == "handshake" for path, _, _ in self.peer.heard)

    def call(self, limit_kw: float, start: datetime, length: timedelta) -> None:
        times = {
            "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "end_time": f"{start + length:%Y-%m-%dT%H:%M:%SZ}",
        }
        block = {"capacity": limit_kw, "phase": "ALL", "unit": "KW", **times}
        body = {"group_id": SITE, "type": "CONSUMPTION", "forecasted_blocks": [block]}
        status, _ = self.peer.tell("update_group_capacity_forecast", body)
        assert status == 204, f"the forecast was answered {status}"

    def proofs(self) -> list[str]:
        told = [body["measurements"][0] for path, body, _ in self.peer.heard if path == "update_group_measurements"]
        kwh = f", {told[-1]['value'] - told[0]['value']:.1f} kWh between first and last" if told else ""
        beats = sum(path == "heartbeat" for path, _, _ in self.peer.heard)
        return [f"forecast answered 204; {len(told)} measurements taken{kwh}; {beats} heartbeats"] if told else []


@contextmanager
def oscp(clock: StoryClock, *, tells: bool) -> Iterator[OscpUtility]:
    with oscp_serving(CapacityProvider()) as peer:
        yield OscpUtility(peer, clock)
        assert peer.defects == []


@dataclass
class OpenAdr2Utility:
    """The server of the library: it looks at the clock of the machine, so the story begins now."""

    vtn: Vtn20b
    name: str = "OpenADR 2.0b"

    def connection(self) -> dict[str, Any]:
        return {
            "kind": "openadr2b",
            "url": self.vtn.url,
            "ven_name": "chargewright",
            "power_in_kw": 1.0,
            "poll_s": 10.0,
            "sites": [{"site": SITE}],
        }

    def introduce(self, url: str) -> None:
        """We come to it."""

    def is_ready(self) -> bool:
        return self.vtn.registrations > 0

    def call(self, limit_kw: float, start: datetime, length: timedelta) -> None:
        interval = {"dtstart": start, "duration": length, "signal_payload": limit_kw}
        self.vtn.tell("LOAD_DISPATCH", "setpoint", [interval], "relief")

    def proofs(self) -> list[str]:
        told = [value for value in self.vtn.measured if isinstance(value, float)]
        answers = ", ".join(f"{event} {opt}" for event, opt in self.vtn.answers)
        return [f"answered {answers}; {len(told)} values of usage taken"] if told and self.vtn.answers else []


@contextmanager
def openadr2b(clock: StoryClock, *, tells: bool) -> Iterator[OpenAdr2Utility]:
    with vtn20b_in_a_thread() as vtn:
        yield OpenAdr2Utility(vtn)


UTILITIES: Mapping[str, Make] = {"openadr3": openadr3, "openadr2b": openadr2b, "oscp": oscp}


def connect(csms: Csms, utility: Utility, url: str) -> None:
    csms.call("PUT", f"/v1/connections/{CONNECTION}", utility.connection())
    utility.introduce(url)
