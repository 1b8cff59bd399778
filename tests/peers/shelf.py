"""Profiles that a charge point holds, and what they say at one instant.

It answers instant by instant, from the raw fields of the wire; it never merges timelines. So it shares neither code
nor method with the composite schedules of the product, which it is there to judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from tests.peers.vehicle import VOLTAGE_V

MAXIMUM, DEFAULT, TRANSACTION, FOREIGN = "maximum", "default", "transaction", "foreign"
_PURPOSES = {
    "ChargePointMaxProfile": MAXIMUM,
    "ChargingStationMaxProfile": MAXIMUM,
    "TxDefaultProfile": DEFAULT,
    "TxProfile": TRANSACTION,
}
_DAY_S, _WEEK_S = 86_400.0, 604_800.0
_PHASES = 3


class Refused(Exception):
    """The charge point does not take a profile; the argument is the reason code of OCPP 2.x."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One profile."""

    id: int
    evse: int
    purpose: str
    level: int
    kind: str
    recurs_s: float | None
    transaction: str | None
    start_s: float | None
    duration_s: float | None
    valid_from_s: float | None
    valid_to_s: float | None
    unit: str
    steps: tuple[tuple[float, float, int], ...]
    """Start [s], limit in the unit or setpoint below 0, phases that watts are divided by."""
    raw: Mapping[str, Any]

    def valid(self, clock_s: float) -> bool:
        after = self.valid_from_s is None or clock_s >= self.valid_from_s
        return after and (self.valid_to_s is None or clock_s < self.valid_to_s)

    def amperes(self, clock_s: float, session_start_s: float | None) -> float | None:
        """What it says for this instant, on each phase; None where it says nothing. [A]"""
        offset_s = self._offset_s(clock_s, session_start_s)
        if offset_s is None or offset_s < 0.0 or (self.duration_s is not None and offset_s >= self.duration_s):
            return None
        begun = [step for step in self.steps if step[0] <= offset_s]
        if not begun:
            return None
        _, limit, phases = begun[-1]
        return limit if self.unit == "A" else limit / (VOLTAGE_V * phases)

    def _offset_s(self, clock_s: float, session_start_s: float | None) -> float | None:
        if self.kind == "Relative":
            return None if session_start_s is None else clock_s - session_start_s
        if self.start_s is None:
            return None
        return (clock_s - self.start_s) % self.recurs_s if self.recurs_s else clock_s - self.start_s


def told_s(text: str | None) -> float | None:
    """Seconds since 1970 of a time on the wire."""
    if text is None:
        return None
    told = datetime.fromisoformat(text)
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


def wire_time(clock_s: float) -> str:
    return datetime.fromtimestamp(round(clock_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_profile(evse: int, profile: Mapping[str, Any]) -> Held:
    """A chargingProfile of 2.x or csChargingProfiles of 1.6; raises Refused for one that makes no sense."""
    given = profile["chargingSchedule"]
    schedule = given[0] if isinstance(given, list) else given
    kind, recurrency = profile["chargingProfileKind"], profile.get("recurrencyKind")
    purpose = _PURPOSES.get(profile["chargingProfilePurpose"])
    if purpose is None:
        raise Refused("UnsupportedPurpose")
    start_s = told_s(schedule.get("startSchedule"))
    if (start_s is None) != (kind == "Relative"):
        raise Refused("InvalidSchedule")
    transaction = profile.get("transactionId")
    return Held(
        id=profile.get("id", profile.get("chargingProfileId")),
        evse=evse,
        purpose=purpose,
        level=profile["stackLevel"],
        kind=kind,
        recurs_s={"Daily": _DAY_S, "Weekly": _WEEK_S}[recurrency or "Daily"] if kind == "Recurring" else None,
        transaction=None if transaction is None else str(transaction),
        start_s=start_s,
        duration_s=schedule.get("duration"),
        valid_from_s=told_s(profile.get("validFrom")),
        valid_to_s=told_s(profile.get("validTo")),
        unit=schedule["chargingRateUnit"],
        steps=_steps(schedule["chargingSchedulePeriod"]),
        raw=profile,
    )


def _steps(periods: list[Mapping[str, Any]]) -> tuple[tuple[float, float, int], ...]:
    starts = [period["startPeriod"] for period in periods]
    if not starts or starts[0] != 0 or any(b <= a for a, b in pairwise(starts)):
        raise Refused("InvalidSchedule")
    return tuple((float(p["startPeriod"]), _said(p), p.get("numberPhases") or _PHASES) for p in periods)


def _said(period: Mapping[str, Any]) -> float:
    setpoint = period.get("setpoint")
    limit = period.get("limit")
    if setpoint is not None:
        return float(setpoint if limit is None else min(setpoint, limit))
    if limit is None or limit < 0:
        raise Refused("InvalidSchedule")
    return float(limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Who asks: an EVSE, its transaction, and the charge point's clock."""

    evse: int
    clock_s: float
    transaction: str | None = None
    in_session: bool = False
    session_start_s: float | None = None


class Shelf:
    """All profiles of one charge point."""

    def __init__(self, *, level_hides_while_valid: bool = False, last_only: bool = False) -> None:
        self.held: list[Held] = []
        self._hides = level_hides_while_valid
        self._last_only = last_only

    def put(self, new: Held) -> None:
        """A profile of the same id, or of the same place, purpose and level, is replaced."""
        place = (new.evse, new.purpose, new.level, new.transaction)
        kept = [h for h in self.held if h.id != new.id and (h.evse, h.purpose, h.level, h.transaction) != place]
        self.held = [new] if self._last_only else [*kept, new]

    def drop(self, unwanted: Any) -> int:
        """How many went."""
        before = len(self.held)
        self.held = [held for held in self.held if not unwanted(held)]
        return before - len(self.held)

    def session_a(self, moment: Moment, *, with_default: bool = True) -> float | None:
        """What the transaction's profiles say, else the defaults; None: no limit. [A]"""
        if moment.in_session and moment.transaction is not None:
            own = [h for h in self.held if h.purpose == TRANSACTION and h.evse == moment.evse]
            own = [h for h in own if h.transaction == moment.transaction]
            said, hidden = self._top(own, moment)
            if said is not None or hidden:
                return said
        if not with_default:
            return None
        defaults = [h for h in self.held if h.purpose == DEFAULT and h.evse in (0, moment.evse)]
        return self._top(defaults, moment)[0]

    def maximum_a(self, clock_s: float) -> float | None:
        """Of the station as a whole. [A]"""
        return self._top([h for h in self.held if h.purpose == MAXIMUM], Moment(evse=0, clock_s=clock_s))[0]

    def changes_s(self, begin_s: float, end_s: float, session_start_s: float | None) -> list[float]:
        """Instants at which what is said may change."""
        found = {begin_s}
        for held in self.held:
            origin = session_start_s if held.kind == "Relative" else held.start_s
            if origin is None:
                continue
            first = origin if held.recurs_s is None else begin_s - (begin_s - origin) % held.recurs_s
            rounds = 1 if held.recurs_s is None else 2
            ends = () if held.duration_s is None else (held.duration_s,)
            found |= {first + k * (held.recurs_s or 0.0) + at for k in range(rounds) for at in self._marks(held, ends)}
            found |= {at for at in (held.valid_from_s, held.valid_to_s) if at is not None}
        return sorted(at for at in found if begin_s <= at < end_s)

    @staticmethod
    def _marks(held: Held, ends: tuple[float, ...]) -> tuple[float, ...]:
        return (*(step[0] for step in held.steps), *ends)

    def _top(self, candidates: list[Held], moment: Moment) -> tuple[float | None, bool]:
        """Of the highest level, and whether a level with nothing to say hides those below it (a reading of 1.6)."""
        ranked = sorted(candidates, key=lambda h: (h.level, h.evse), reverse=True)
        for held in ranked:
            if not held.valid(moment.clock_s):
                continue
            said = held.amperes(moment.clock_s, moment.session_start_s)
            if said is not None or self._hides:
                return said, said is None
        return None, False
