"""Rules that look beyond the profile: what else is installed, which transactions run, how long ago it was updated."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from models.domain.findings import Finding
from models.domain.times import seconds
from models.domain.units import seconds_from_hours
from models.ocpp.profile import Purpose, Version
from models.ocpp.reading import JsonObject, Placed, Reading, broken, whole
from models.ocpp.timeline import BACKDATE_S

EXTERNAL = "ChargingStationExternalConstraints"
WESTERNMOST_S = seconds_from_hours(12.0)
"""The last place on earth at which a clock shows something. [s]"""


def running(reading: Reading) -> Iterator[Finding]:
    """The transaction of a TxProfile runs on its EVSE (K01.FR.09, 33)."""
    given, known = reading.profile.get("transactionId"), reading.circumstances.transactions
    if reading.purpose != Purpose.TX or given is None or known is None:
        return
    there = known.get(reading.evse_number) if whole(reading.evse_number) else None
    if there != str(given):
        message = f"transaction {given!r} does not run on number {reading.evse_number}"
        remedy = "send it to the EVSE of the transaction, or wait until the station has told of it"
        yield broken("TxProfileTransactionNotOnEvse", reading.profile.at("transactionId"), message, remedy)


def stack(reading: Reading) -> Iterator[Finding]:
    """No other TxProfile of the transaction on that level (K01.FR.39)."""
    for _, other in _others(reading):
        same = other.get("transactionId") == reading.profile.get("transactionId")
        if reading.purpose == Purpose.TX and _alike(reading, other) and same:
            message = f"profile {_id(reading, other)} of this transaction stands on level {other.get('stackLevel')}"
            path, remedy = reading.profile.at("stackLevel"), "take its id, or another level"
            yield broken("TxProfileConflictingStackLevel", path, message, remedy)


def defaults(reading: Reading) -> Iterator[Finding]:
    """Not a default of the station and one of an EVSE on one level (K01.FR.53)."""
    for number, other in _others(reading):
        both = (number == 0) is not (reading.evse_number == 0)
        if reading.purpose == Purpose.TX_DEFAULT and both and _alike(reading, other):
            message = f"profile {_id(reading, other)} of number {number} is a default on the same level"
            path, remedy = reading.profile.at("stackLevel"), "clear it first, or take another level"
            yield broken("DuplicateTxDefaultProfileFound", path, message, remedy)


def overlaps(reading: Reading) -> Iterator[Finding]:
    """Of one purpose, EVSE and level, validities do not overlap (K01.FR.06); a TxProfile has a rule of its own."""
    for number, other in _others(reading):
        here = number == reading.evse_number and reading.purpose != Purpose.TX
        if here and _alike(reading, other) and _overlap(reading.profile.value, other):
            message = f"profile {_id(reading, other)} is valid on the same level at the same time"
            path, remedy = reading.profile.at("stackLevel"), "take its id, another level, or clear it first"
            yield broken("DuplicateProfileValidityPeriod", path, message, remedy)


def reserved(reading: Reading) -> Iterator[Finding]:
    """Ids of external constraints are not ours (K01.FR.05, 81)."""
    name = "chargingProfileId" if reading.version is Version.V16 else "id"
    path, most = reading.profile.at(name), reading.station.reserved_ids_up_to
    if reading.version is Version.V21 and whole(reading.id) and reading.id <= most and most > 0:
        yield broken("InvalidProfileId", path, f"id {reading.id} is for external constraints", f"give one above {most}")
    for _, other in reading.circumstances.installed:
        if other.get("chargingProfilePurpose") == EXTERNAL and _id(reading, other) == reading.id:
            message = f"id {reading.id} is that of an external constraint"
            yield broken("ExistingChargingStationExternalConstraints", path, message, "give another id")


def pace(reading: Reading) -> Iterator[Finding]:
    """Not sooner after the last update of its purpose than UpdateRateLimit says (K01.FR.56)."""
    now, interval_s = reading.circumstances.now, reading.station.update_interval_s
    key = (reading.evse_number, reading.purpose) if whole(reading.evse_number) else (0, "")
    before = reading.circumstances.updated_at.get((key[0], str(key[1])))
    if now is None or before is None or interval_s is None:
        return
    passed_s = (now - before).total_seconds()
    if passed_s < interval_s:
        message = f"{passed_s:g} s after the last one, where {interval_s:g} s must pass"
        remedy = f"send it in {interval_s - passed_s:g} s"
        yield broken("ChargingProfileRateLimitExceeded", reading.profile.path, message, remedy)


def clock(reading: Reading) -> Iterator[Finding]:
    """A station whose clock is off would change limits early or late; a schedule to come leaves a hole until then."""
    now, ahead_s = reading.circumstances.now, reading.circumstances.clock_ahead_s
    if abs(ahead_s) > BACKDATE_S:
        message = (
            f"the clock of station {reading.station.id} is {abs(ahead_s):g} s {'ahead' if ahead_s > 0 else 'behind'}"
        )
        remedy = "let it take the time from a Heartbeat first"
        yield broken("StationClockOff", reading.profile.path, message, remedy)
    for schedule in reading.schedules if now is not None and reading.kind == "Absolute" else ():
        start = _latest(schedule)
        if start is not None and now is not None and start > seconds(now):
            message = f"nothing is said until {schedule.get('startSchedule')}"
            remedy = f"start it by now, {BACKDATE_S} s earlier for slow clocks"
            if schedule.get("useLocalTime") is True:
                remedy = "start it half a day earlier, or without useLocalTime: where the station is, nobody says"
            yield broken("ChargingProfileStartsInTheFuture", schedule.at("startSchedule"), message, remedy)


def _others(reading: Reading) -> Iterator[tuple[int, JsonObject]]:
    """Profiles that this one does not replace."""
    for number, other in reading.circumstances.installed:
        if _id(reading, other) != reading.id:
            yield number, other


def _alike(reading: Reading, other: JsonObject) -> bool:
    level, purpose = other.get("stackLevel"), other.get("chargingProfilePurpose")
    return bool(level == reading.profile.get("stackLevel") and purpose == reading.purpose)


def _id(reading: Reading, other: JsonObject) -> Any:
    return other.get("chargingProfileId" if reading.version is Version.V16 else "id")


def _overlap(one: JsonObject, other: JsonObject) -> bool:
    far = float("inf")
    (a, b), (c, d) = ((_time(p.get("validFrom")) or -far, _time(p.get("validTo")) or far) for p in (one, other))
    return a < d and c < b


def _latest(schedule: Placed) -> float | None:
    """When a schedule starts, by the station's own clock at the latest anywhere on earth (UTC-12)."""
    told = schedule.get("startSchedule")
    if schedule.get("useLocalTime") is not True or not isinstance(told, str):
        return _time(told)
    try:
        wall = datetime.fromisoformat(told).replace(tzinfo=None)
    except ValueError:
        return None
    return seconds(wall) + WESTERNMOST_S


def _time(given: Any) -> float | None:
    """Of a text; None for what is none."""
    try:
        return seconds(datetime.fromisoformat(given)) if isinstance(given, str) else None
    except ValueError:
        return None
