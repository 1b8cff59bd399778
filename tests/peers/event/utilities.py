"""Utilities that call an event, each in its protocol: one limit for the whole park."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from tests.peers.event.csms import Csms
from tests.peers.event.park import SITE
from tests.peers.vtn3 import Vtn
from tests.peers.vtn3 import serving as vtn_serving

CONNECTION = "utility"


class Utility(Protocol):
    """One that has our service connected to it."""

    name: str

    def connection(self) -> dict[str, Any]:
        """What the operator tells of it."""
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
def openadr3(clock: Any, *, tells: bool) -> Iterator[OpenAdr3Utility]:
    with vtn_serving(Vtn("3.1", clock=clock)) as vtn:
        vtn.put("programs", {"programName": "limits"})
        yield OpenAdr3Utility(vtn, tells)
        assert vtn.defects == []


def connect(csms: Csms, utility: Utility) -> None:
    csms.call("PUT", f"/v1/connections/{CONNECTION}", utility.connection())
