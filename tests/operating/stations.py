"""Simulated stations of OCPP 1.6 that carry out profiles as they are told, or as their defect has it.

They read the messages themselves and share no code with what sends them. One car each; everything in A per phase.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

VOLTS = 230.0
FULL_A = 32.0
OBEYS, IGNORES, SLEEPS, FORGETS, REFUSES, DOUBLES, ONE_PHASE_TOLD, IGNORES_RAISES = [
    "obeys",
    "ignores",
    "sleeps",
    "forgets",
    "refuses",
    "doubles",
    "one_phase_told",
    "ignores_raises",
]


@dataclass(slots=True)
class SimulatedStation:
    """``defect`` says what it does wrong; ``wants_a`` what its car would draw on each of its ``phases``."""

    id: str
    defect: str = OBEYS
    wants_a: float = FULL_A
    phases: int = 3
    profiles: dict[int, dict[str, Any]] = field(default_factory=dict)
    transaction: int | None = None
    energy_wh: float = 0.0
    drawn_a: float = 0.0
    asleep: bool = False

    def answer(self, action: str, payload: dict[str, Any], now: datetime) -> dict[str, Any]:
        """To a command."""
        if action == "GetCompositeSchedule":
            return self._composite(payload, now)
        if action == "ClearChargingProfile":
            return {"status": "Accepted" if self.profiles.pop(payload["id"], None) else "Unknown"}
        if self.defect == REFUSES:
            return {"status": "Rejected"}
        profile = payload["csChargingProfiles"]
        self.profiles[profile["chargingProfileId"]] = profile
        return {"status": "Accepted"}

    def limit_a(self, now: datetime) -> float:
        """TxProfile before TxDefaultProfile, the highest level of each, and the station's maximum besides."""
        own = self._of("TxProfile", now) if self.transaction is not None else None
        below = self._of("TxDefaultProfile", now)
        most = self._of("ChargePointMaxProfile", now)
        found = [FULL_A if own is None and below is None else own if own is not None else below, most, FULL_A]
        return min(limit for limit in found if limit is not None)

    def step(self, now: datetime, seconds: float) -> None:
        """Let the car draw for so long what it may."""
        self.drawn_a = self._draws(now) if self.transaction is not None else 0.0
        self.energy_wh += self.drawn_a * VOLTS * self.phases * seconds / 3600.0

    def boot(self) -> None:
        """Whatever it had is gone if it forgets; transactions go on."""
        if self.defect == FORGETS:
            self.profiles.clear()

    def meter_values(self, now: datetime) -> dict[str, Any]:
        currents = [self.drawn_a if k < self.phases else 0.0 for k in range(3)]
        told = currents[:1] if self.defect == ONE_PHASE_TOLD else currents
        samples = [
            {"measurand": "Current.Import", "phase": f"L{k}", "value": f"{a:.2f}"} for k, a in enumerate(told, start=1)
        ]
        register = {"measurand": "Energy.Active.Import.Register", "value": f"{self.energy_wh:.1f}"}
        value = {"timestamp": now.isoformat(), "sampledValue": [*samples, register]}
        return {"connectorId": 1, "transactionId": self.transaction, "meterValue": [value]}

    def _draws(self, now: datetime) -> float:
        limit = self.limit_a(now)
        if self.defect == IGNORES:
            return min(self.wants_a, FULL_A)
        if self.defect == SLEEPS:
            self.asleep = self.asleep or (limit < 6.0 and self.drawn_a > 0.0)
            limit = 0.0 if self.asleep else limit
        if self.defect == DOUBLES:
            limit = min(FULL_A, 2.0 * limit)
        if self.defect == IGNORES_RAISES and self.drawn_a > 0.0:
            limit = min(limit, self.drawn_a)
        return min(self.wants_a, limit) if limit >= 6.0 else 0.0

    def _of(self, purpose: str, now: datetime) -> float | None:
        there = [p for p in self.profiles.values() if p["chargingProfilePurpose"] == purpose and self._is_mine(p)]
        if not there:
            return None
        schedule = max(there, key=lambda p: p["stackLevel"])["chargingSchedule"]
        assert schedule["chargingRateUnit"] == "A"
        passed = (now - datetime.fromisoformat(schedule["startSchedule"])).total_seconds()
        begun = [p["limit"] for p in schedule["chargingSchedulePeriod"] if p["startPeriod"] <= passed]
        return float(begun[-1]) if begun else None

    def _is_mine(self, profile: dict[str, Any]) -> bool:
        return profile.get("transactionId") in (None, self.transaction)

    def _composite(self, payload: dict[str, Any], now: datetime) -> dict[str, Any]:
        """A value every five minutes."""
        count = int(payload["duration"] // 300)
        periods = [
            {"startPeriod": 300 * k, "limit": self.limit_a(now + timedelta(seconds=300 * k))} for k in range(count)
        ]
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": periods}
        start = now.isoformat()
        return {"status": "Accepted", "connectorId": 1, "scheduleStart": start, "chargingSchedule": schedule}
