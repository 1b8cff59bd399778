"""What a small CSMS answers to its charge points: everything is accepted, transactions get numbers."""

from dataclasses import dataclass, field
from typing import Any

from tests.peers.messages import Payload
from tests.peers.shelf import wire_time

_ACCEPTED = {"status": "Accepted"}


@dataclass(slots=True)
class Desk:
    """Answers, and the transaction numbers that 1.6 leaves to it."""

    given: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """A start that is told twice keeps its number."""

    def answer(self, station_id: str, version: str, action: str, payload: Payload, now_s: float) -> dict[str, Any]:
        if action == "BootNotification":
            return _ACCEPTED | {"currentTime": wire_time(now_s), "interval": 300}
        if action == "Heartbeat":
            return {"currentTime": wire_time(now_s)}
        if action == "Authorize":
            return {"idTagInfo": _ACCEPTED} if version == "1.6" else {"idTokenInfo": _ACCEPTED}
        if action == "StartTransaction":
            number = self._number(station_id, str(payload["connectorId"]), str(payload["timestamp"]))
            return {"idTagInfo": _ACCEPTED, "transactionId": number}
        if action == "NotifyEVChargingNeeds":
            return dict(_ACCEPTED)
        return {}

    def _number(self, station_id: str, connector: str, told_at: str) -> int:
        """The first transaction of all has the number 0, which is an id like any other."""
        return self.given.setdefault((station_id, connector, told_at), len(self.given))
