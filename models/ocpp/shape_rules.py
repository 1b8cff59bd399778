"""Rules for fields as such: those that a version knows, those that it needs, words of enumerations, finite numbers."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from models.domain.findings import Finding
from models.ocpp.profile import Version
from models.ocpp.reading import Placed, Reading, broken, whole

_PROFILE = frozenset(
    [
        "stackLevel",
        "chargingProfilePurpose",
        "chargingProfileKind",
        "chargingSchedule",
        "recurrencyKind",
        "validFrom",
        "validTo",
        "transactionId",
    ]
)
_SCHEDULE = frozenset(["duration", "startSchedule", "chargingRateUnit", "chargingSchedulePeriod", "minChargingRate"])
_PERIOD = frozenset(["startPeriod", "limit", "numberPhases"])
_MORE_PROFILE_21 = frozenset(
    [
        "maxOfflineDuration",
        "invalidAfterOfflineDuration",
        "dynUpdateInterval",
        "dynUpdateTime",
        "priceScheduleSignature",
    ]
)
_MORE_SCHEDULE_21 = frozenset(
    [
        "limitAtSoC",
        "powerTolerance",
        "signatureId",
        "digestValue",
        "useLocalTime",
        "randomizedDelay",
        "absolutePriceSchedule",
        "priceLevelSchedule",
    ]
)
_BY_PHASE_21 = ("limit", "dischargeLimit", "setpoint", "setpointReactive")
_MORE_PERIOD_21 = frozenset(
    [f"{name}{phase}" for name in _BY_PHASE_21 for phase in ("", "_L2", "_L3")]
    + ["operationMode", "v2xBaseline", "v2xFreqWattCurve", "v2xSignalWattCurve", "preconditioningRequest", "evseSleep"]
)
_ID_2X, _CUSTOM = frozenset({"id"}), frozenset({"customData"})
_PROFILE_FIELDS = {
    Version.V16: _PROFILE | {"chargingProfileId"},
    Version.V201: _PROFILE | _ID_2X | _CUSTOM,
    Version.V21: _PROFILE | _ID_2X | _CUSTOM | _MORE_PROFILE_21,
}
_SCHEDULE_FIELDS = {
    Version.V16: _SCHEDULE,
    Version.V201: _SCHEDULE | _ID_2X | _CUSTOM | {"salesTariff"},
    Version.V21: _SCHEDULE | _ID_2X | _CUSTOM | {"salesTariff"} | _MORE_SCHEDULE_21,
}
_PERIOD_FIELDS = {
    Version.V16: _PERIOD,
    Version.V201: _PERIOD | _CUSTOM | {"phaseToUse"},
    Version.V21: _PERIOD | _CUSTOM | {"phaseToUse"} | _MORE_PERIOD_21,
}
_KINDS = ("Absolute", "Recurring", "Relative")
OPERATION_MODES = (
    "Idle",
    "ChargingOnly",
    "CentralSetpoint",
    "ExternalSetpoint",
    "ExternalLimits",
    "CentralFrequency",
    "LocalFrequency",
    "LocalLoadBalancing",
)


def fields(reading: Reading) -> Iterator[Finding]:
    """Only what the version knows; a field of a later one is an error to a station."""
    version = reading.version
    yield from _unknown(reading, reading.profile, _PROFILE_FIELDS[version])
    for schedule in reading.schedules:
        yield from _unknown(reading, schedule, _SCHEDULE_FIELDS[version])
    for _, period in reading.periods():
        yield from _unknown(reading, period, _PERIOD_FIELDS[version])


def ids(reading: Reading) -> Iterator[Finding]:
    """Profiles have an integer id, in 2.x schedules as well."""
    name = "chargingProfileId" if reading.version is Version.V16 else "id"
    owners = [reading.profile] if reading.version is Version.V16 else [reading.profile, *reading.schedules]
    for owner in owners:
        if owner.get(name) is None:
            yield broken("MissingField", owner.at(name), "there is no id", "give an integer")
        elif not whole(owner.get(name)):
            yield broken("InvalidProfileId", owner.at(name), f"{owner.get(name)!r} is no integer", "give an integer")


def enumerations(reading: Reading) -> Iterator[Finding]:
    """Words that the version knows; units and purposes have rules of their own."""
    kinds = (*_KINDS, "Dynamic") if reading.version is Version.V21 else _KINDS
    if reading.kind not in kinds:
        path, message = (
            reading.profile.at("chargingProfileKind"),
            f"{reading.kind!r} is no kind of OCPP {reading.version}",
        )
        yield broken("InvalidProfileKind", path, message, f"send one of {', '.join(kinds)}")
    yield from _word(reading.profile, "recurrencyKind", ("Daily", "Weekly"))
    if reading.version is Version.V21:
        for _, period in reading.periods():
            yield from _word(period, "operationMode", OPERATION_MODES)


def numbers(reading: Reading) -> Iterator[Finding]:
    """No NaN and no infinity anywhere; limits have a rule of their own."""
    owners = [reading.profile, *reading.schedules, *(period for _, period in reading.periods())]
    for owner in owners:
        for path, given in _floats(owner.path, owner.value):
            yield broken("InvalidNumber", path, f"{given} is no number of JSON", "send a finite number")


def _unknown(reading: Reading, owner: Placed, known: frozenset[str]) -> Iterator[Finding]:
    for name in sorted(str(key) for key in owner.value if key not in known):
        message = f"OCPP {reading.version} has no {name} here"
        yield broken("InvalidField", owner.at(name), message, "leave it out, or speak the version that has it")


def _word(owner: Placed, name: str, known: tuple[str, ...]) -> Iterator[Finding]:
    given = owner.get(name)
    if given is not None and given not in known:
        yield broken("InvalidEnum", owner.at(name), f"{given!r} is no {name}", f"send one of {', '.join(known)}")


_JUDGED_ELSEWHERE = (
    "chargingSchedule",
    "chargingSchedulePeriod",
    "limit",
    "limit_L2",
    "limit_L3",
    "minChargingRate",
    "startPeriod",
    "numberPhases",
    "transactionId",
    "stackLevel",
)


def _floats(path: str, value: Any) -> Iterator[tuple[str, float]]:
    """Floats that are none, in an object and what it holds."""
    if isinstance(value, float) and not isfinite(value):
        yield path, value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _JUDGED_ELSEWHERE and key not in (
                "startPeriod",
                "numberPhases",
                "transactionId",
                "stackLevel",
            ):
                yield from _floats(f"{path}.{key}", inner)
    if isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _floats(f"{path}[{i}]", inner)
