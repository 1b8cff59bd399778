"""A profile of OCPP 1.6, 2.0.1 or 2.1 as an installed one. Tolerant: it says what is there, rules judge elsewhere.

A time without a zone is UTC. Of several schedules in a profile (a car may choose) the first counts.
"""

from collections.abc import Mapping
from datetime import datetime
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.site import RateUnit
from models.domain.times import seconds
from models.domain.units import HOURS_PER_DAY, seconds_from_hours
from models.ocpp.composite.local_clock import LocalStart
from models.ocpp.composite.neutral import Amount, InstalledPeriod, InstalledProfile, Kind, Use

DAY_S = seconds_from_hours(HOURS_PER_DAY)
EVERY_DAYS = {"Daily": 1, "Weekly": 7}
RECURS_AFTER_S = {"Daily": DAY_S, "Weekly": 7 * DAY_S}
USES_OF_16 = {"ChargePointMaxProfile": Use.STATION_MAX}


def installed_profile(payload: Mapping[str, Any], evse: int, where: ZoneInfo | None = None) -> InstalledProfile:
    """``where``: the clock at the station, for schedules that follow it (``useLocalTime`` of OCPP 2.1).

    Raises InvalidScenario, with the place, where a profile cannot be read at all, or follows a clock that is not known.
    """
    try:
        return _profile(payload, evse, where)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as unfit:
        message = f"this profile cannot be read: {type(unfit).__name__} at {unfit}"
        remedy = "write chargingProfile of SetChargingProfile as its OCPP version spells it"
        raise InvalidScenario((Finding(path="chargingProfile", message=message, remedy=remedy),)) from unfit


def _profile(payload: Mapping[str, Any], evse: int, where: ZoneInfo | None) -> InstalledProfile:
    schedules = payload["chargingSchedule"]
    schedule = schedules if isinstance(schedules, Mapping) else schedules[0]
    kind = Kind(payload["chargingProfileKind"])
    purpose = payload["chargingProfilePurpose"]
    return InstalledProfile(
        evse=evse,
        id=payload["chargingProfileId"] if "chargingProfileId" in payload else payload["id"],
        use=USES_OF_16.get(purpose) or Use(purpose),
        stack_level=payload["stackLevel"],
        kind=kind,
        unit=RateUnit(schedule["chargingRateUnit"]),
        periods=tuple(_period(period) for period in schedule["chargingSchedulePeriod"]),
        start_s=_time(schedule.get("startSchedule"), None),
        duration_s=schedule.get("duration"),
        recurs_after_s=RECURS_AFTER_S[payload["recurrencyKind"]] if kind is Kind.RECURRING else None,
        local=_local(payload, schedule, kind, where),
        valid_from_s=_time(payload.get("validFrom"), -inf),
        valid_to_s=_time(payload.get("validTo"), inf),
        transaction_id=_text(payload.get("transactionId")),
        most_offline_s=float(payload.get("maxOfflineDuration", inf)),
    )


def _local(
    payload: Mapping[str, Any], schedule: Mapping[str, Any], kind: Kind, where: ZoneInfo | None
) -> LocalStart | None:
    """None for a schedule in UTC, and for one that begins with its transaction, which no clock does."""
    if schedule.get("useLocalTime") is not True or kind is Kind.RELATIVE or schedule.get("startSchedule") is None:
        return None
    if where is None:
        message = "UnknownLocalTime: the schedule follows the clock at its station, of which no time zone is known"
        path, remedy = "chargingSchedule.useLocalTime", "say the time zone of the station, as Europe/Berlin"
        raise InvalidScenario((Finding(path=path, message=message, remedy=remedy),))
    wall = datetime.fromisoformat(schedule["startSchedule"]).replace(tzinfo=None)
    every_days = EVERY_DAYS[payload["recurrencyKind"]] if kind is Kind.RECURRING else None
    return LocalStart(wall, where, every_days)


def _period(period: Mapping[str, Any]) -> InstalledPeriod:
    return InstalledPeriod(
        start_s=float(period["startPeriod"]),
        limit=_amount(period, "limit"),
        discharge_limit=_amount(period, "dischargeLimit"),
        setpoint=_amount(period, "setpoint"),
        number_phases=period.get("numberPhases"),
    )


def _amount(period: Mapping[str, Any], name: str) -> Amount | None:
    if period.get(name) is None:
        return None
    l2, l3 = (period.get(f"{name}_{phase}") for phase in ("L2", "L3"))
    return Amount(float(period[name]), None if l2 is None else float(l2), None if l3 is None else float(l3))


def _time(text: str | None, otherwise: Any) -> Any:
    return otherwise if text is None else seconds(datetime.fromisoformat(text))


def _text(identity: Any) -> str | None:
    """Transaction 0 is one."""
    return None if identity is None else str(identity)
