"""Rules for what only some stations of OCPP 2.1 have: Dynamic profiles, delays, limits by charge, priority."""

from collections.abc import Iterator

from models.domain.findings import Finding
from models.domain.sending import Feature
from models.ocpp.profile import Version
from models.ocpp.reading import PERIODS, Reading, broken

_OF_A_SCHEDULE = {
    "useLocalTime": Feature.USE_LOCAL_TIME,
    "randomizedDelay": Feature.RANDOMIZED_DELAY,
    "limitAtSoC": Feature.LIMIT_AT_SOC,
}
_OF_DYNAMIC = ("dynUpdateInterval", "dynUpdateTime")


def features(reading: Reading) -> Iterator[Finding]:
    """Fields that need a flag of SupportsFeature (K01.FR.123 to 126)."""
    if reading.version is not Version.V21:
        return
    for schedule in reading.schedules:
        for name, feature in _OF_A_SCHEDULE.items():
            if schedule.get(name) is not None and feature not in reading.station.features:
                yield _unsupported(reading, schedule.at(name), name)
    for _, period in reading.periods():
        if period.get("evseSleep") is not None and Feature.EVSE_SLEEP not in reading.station.features:
            yield _unsupported(reading, period.at("evseSleep"), "evseSleep")


def randomized_delay(reading: Reading) -> Iterator[Finding]:
    """Only for transactions (K01.FR.95)."""
    for schedule in reading.schedules:
        if schedule.get("randomizedDelay") is not None and reading.purpose not in ("TxProfile", "TxDefaultProfile"):
            path, message = schedule.at("randomizedDelay"), f"a delay in a {reading.purpose}"
            yield broken("RandomizedDelayPurpose", path, message, "leave it out")


def priority(reading: Reading) -> Iterator[Finding]:
    """PriorityCharging has no duration (K01.FR.70); its one mode is a rule for modes (K01.FR.71)."""
    for schedule in reading.schedules:
        if reading.purpose == "PriorityCharging" and schedule.get("duration") is not None:
            path = schedule.at("duration")
            yield broken("PriorityChargingDuration", path, "priority that ends by itself", "leave the duration out")


def dynamic(reading: Reading) -> Iterator[Finding]:
    """Dynamic profiles need the feature, and have one schedule of one period (K01.FR.121, 122, K28.FR.01 to 04)."""
    if reading.version is not Version.V21:
        return
    if reading.kind != "Dynamic":
        for name in (name for name in _OF_DYNAMIC if reading.profile.get(name) is not None):
            message, path = f"{name} of a profile that is {reading.kind}", reading.profile.at(name)
            yield broken("DynamicFieldsExtraneous", path, message, "leave it out, or send the profile Dynamic")
        return
    if Feature.DYNAMIC_PROFILES not in reading.station.features:
        path = reading.profile.at("chargingProfileKind")
        message = f"station {reading.station.id} does not say that it has Dynamic profiles"
        yield broken("DynamicProfilesUnsupported", path, message, "send the profile Absolute")
    counts = [len(schedule.objects(PERIODS)) for schedule in reading.schedules]
    if counts and counts != [1]:
        path, message = reading.profile.at("chargingSchedule"), f"schedules of {counts} periods"
        yield broken("DynamicProfileNotOnePeriod", path, message, "give one schedule of one period")


def _unsupported(reading: Reading, path: str, name: str) -> Finding:
    message = f"station {reading.station.id} does not say that it has {name}"
    return broken("UnsupportedScheduleFeature", path, message, "leave it out")
