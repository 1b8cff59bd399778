"""Rules for a profile as a whole: who it is for, its level, its unit, its times."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from models.domain.findings import Finding
from models.domain.sending import Feature
from models.ocpp.capabilities import allowed_rate_units, max_stack_level
from models.ocpp.manner import numbers_at
from models.ocpp.profile import Purpose, Version
from models.ocpp.reading import Reading, broken, whole
from models.ocpp.v16 import PURPOSE
from models.ocpp.v201 import LONGEST_TRANSACTION_ID

STATION_MAX = (Purpose.STATION_MAX.value, PURPOSE[Purpose.STATION_MAX])
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


def purpose(reading: Reading) -> Iterator[Finding]:
    """A purpose that is ours to send; a station-wide maximum is for EVSE 0 and never Relative (K01.FR.03, 38)."""
    given, path, known = reading.purpose, reading.profile.at("chargingProfilePurpose"), _ours(reading)
    if given not in known:
        yield broken("InvalidProfileType", path, f"purpose {given!r} is not ours to send", f"send {', '.join(known)}")
    if given in STATION_MAX and whole(reading.evse_number) and reading.evse_number > 0:
        message, remedy = f"{given} on number {reading.evse_number}", "send it to number 0"
        yield broken("ChargingStationMaxProfileEvseIdGreaterThanZero", reading.evse_path, message, remedy)
    if given in STATION_MAX and reading.kind == "Relative":
        kind = reading.profile.at("chargingProfileKind")
        yield broken("ChargingStationMaxProfileCannotBeRelative", kind, f"{given} is Relative", "send it Absolute")


def _ours(reading: Reading) -> tuple[str, ...]:
    """External constraints are others' to set; additional purposes of 2.1 only where the station has them (FR.120)."""
    if reading.version is Version.V16:
        return tuple(PURPOSE.values())
    told = reading.station.features if reading.version is Version.V21 else ()
    more = {Feature.PRIORITY_CHARGING: Purpose.PRIORITY.value, Feature.LOCAL_GENERATION: "LocalGeneration"}
    plain = (Purpose.STATION_MAX.value, Purpose.TX_DEFAULT.value, Purpose.TX.value)
    return (*plain, *(name for feature, name in more.items() if feature in told))


def evse_number(reading: Reading) -> Iterator[Finding]:
    """The number is that of the EVSE (K01.FR.28); a TxProfile is for one EVSE (K01.FR.16)."""
    given = reading.evse_number
    if reading.purpose == Purpose.TX and whole(given) and given <= 0:
        message, remedy = f"a TxProfile for number {given}", "send it to the EVSE of its transaction"
        yield broken("TxProfileEvseIdNotGreaterThanZero", reading.evse_path, message, remedy)
    expected = (0,) if reading.evse is None else numbers_at(reading.evse, None, reading.version)
    if not whole(given) or given not in expected:
        numbers = " or ".join(map(str, expected))
        yield broken("EvseDoesNotExist", reading.evse_path, f"number {given!r} is not {numbers}", f"send {numbers}")


def transaction(reading: Reading) -> Iterator[Finding]:
    """A TxProfile of 2.x names its transaction (K01.FR.03); no other purpose does; 1.6 names it by an integer."""
    given, path = reading.profile.get("transactionId"), reading.profile.at("transactionId")
    if given is None:
        needed = reading.version is not Version.V16 and not reading.starts
        if reading.purpose == Purpose.TX and needed:
            remedy = "give the transaction, or send a TxDefaultProfile"
            yield broken("TxProfileMissingTransactionId", path, "a TxProfile without a transaction", remedy)
    elif reading.purpose != Purpose.TX:
        message, remedy = f"a transaction in a {reading.purpose}", "leave it out, or send a TxProfile"
        yield broken("ExtraneousTransactionId", path, message, remedy)
    elif reading.version is Version.V16 and not whole(given):
        yield broken("InvalidTransactionId", path, f"{given!r} is no integer", "give the station's own number")
    elif reading.version is not Version.V16 and not _is_identifier(given):
        remedy = f"give the station's own text of 1 to {LONGEST_TRANSACTION_ID} characters"
        yield broken("InvalidTransactionId", path, f"{given!r} is no transaction id", remedy)


def stack_level(reading: Reading) -> Iterator[Finding]:
    """Between 0 and what the station told; beyond it stations answer with a CALLERROR."""
    given, highest = reading.profile.get("stackLevel"), max_stack_level(reading.station)
    if not whole(given) or not 0 <= given <= highest:
        path = reading.profile.at("stackLevel")
        yield broken("InvalidStackLevel", path, f"stack level is {given!r}", f"send an integer from 0 to {highest}")


def start(reading: Reading) -> Iterator[Finding]:
    """Absolute and Recurring schedules have a start (K01.FR.40), Relative ones have none (K01.FR.41)."""
    kind = reading.kind
    for schedule in reading.schedules:
        path, given = schedule.at("startSchedule"), schedule.get("startSchedule")
        if kind in ("Absolute", "Recurring") and given is None:
            message, remedy = f"{kind} without a start", "give the start in UTC"
            yield broken("ChargingProfileMissingRequiredStartSchedule", path, message, remedy)
        if kind == "Recurring" and reading.profile.get("recurrencyKind") is None:
            where, remedy = reading.profile.at("recurrencyKind"), "say Daily or Weekly"
            yield broken("ChargingProfileMissingRecurrencyKind", where, "Recurring, but how often", remedy)
        if kind == "Relative" and given is not None:
            remedy = "leave the start out, or send the profile Absolute"
            yield broken("ChargingProfileExtraneousStartSchedule", path, "Relative with a start", remedy)


def dates(reading: Reading) -> Iterator[Finding]:
    """Times exist and are in UTC, told by Z; stations read local times in ways of their own."""
    times = [(reading.profile, "validFrom"), (reading.profile, "validTo")]
    times += [(schedule, "startSchedule") for schedule in reading.schedules]
    for owner, key in times:
        given = owner.get(key)
        if given is not None and not _is_utc(given):
            message, remedy = f"{given!r} is no time in UTC", "write it as 2026-03-02T17:00:00Z"
            yield broken("InvalidDateTime", owner.at(key), message, remedy)


def rate_unit(reading: Reading) -> Iterator[Finding]:
    """A unit that the station takes (K01.FR.26)."""
    allowed = [unit.value for unit in allowed_rate_units(reading.station, reading.evse)]
    for schedule in reading.schedules:
        given = schedule.get("chargingRateUnit")
        if given not in allowed:
            message, remedy = f"unit {given!r} at station {reading.station.id}", f"send {' or '.join(allowed)}"
            path = schedule.at("chargingRateUnit")
            yield broken("ChargingScheduleChargingRateUnitUnsupported", path, message, remedy)


def _is_identifier(given: Any) -> bool:
    return isinstance(given, str) and 0 < len(given) <= LONGEST_TRANSACTION_ID


def _is_utc(given: Any) -> bool:
    if not isinstance(given, str) or _UTC.fullmatch(given) is None:
        return False
    try:
        datetime.fromisoformat(given)
    except ValueError:
        return False
    return True
