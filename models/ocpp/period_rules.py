"""Rules for the periods of a schedule: how many, in which order, with which limits and phases."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from models.domain.electrical import conductors
from models.domain.findings import Finding
from models.domain.sending import Feature
from models.domain.site import CurrentType
from models.ocpp.capabilities import PHASES_IF_ABSENT, max_periods
from models.ocpp.profile import Version
from models.ocpp.reading import PERIODS, Placed, Reading, broken, number

_TENTHS = 10
MOST_SCHEDULES = 3
"""maxItems of chargingSchedule in 2.x."""


def count(reading: Reading) -> Iterator[Finding]:
    """At least one period, and no more than the station takes."""
    most = max_periods(reading.station)
    if len(reading.schedules) > MOST_SCHEDULES:
        message, path = f"{len(reading.schedules)} schedules", reading.profile.at("chargingSchedule")
        yield broken("ChargingProfileTooManySchedules", path, message, f"give at most {MOST_SCHEDULES}")
    if not reading.schedules:
        path = reading.profile.at("chargingSchedule")
        yield broken("ChargingProfileNoChargingSchedulePeriods", path, "no schedule", "give one schedule")
    for schedule in reading.schedules:
        given = len(schedule.objects(PERIODS))
        if given == 0:
            remedy = "give at least one period"
            yield broken("ChargingProfileNoChargingSchedulePeriods", schedule.at(PERIODS), "no period", remedy)
        if given > most:
            message, remedy = f"{given} periods at station {reading.station.id}", f"merge them to at most {most}"
            yield broken("ChargingScheduleTooManyPeriods", schedule.at(PERIODS), message, remedy)


def order(reading: Reading) -> Iterator[Finding]:
    """The first period starts at 0 (K01.FR.31), each later one after the one before (K01.FR.35)."""
    for schedule in reading.schedules:
        periods = schedule.objects(PERIODS)
        starts = [number(period.get("startPeriod")) for period in periods]
        if starts and starts[0] != 0:
            rule, message = "ChargingProfileFirstStartScheduleIsNotZero", f"the first period starts at {starts[0]}"
            yield broken(rule, periods[0].at("startPeriod"), message, "start it at 0")
        for period, (before, start) in zip(periods[1:], pairwise(starts), strict=True):
            if before is None or start is None or start <= before or start != int(start):
                message, remedy = f"{start} after {before}", "give whole seconds, strictly increasing"
                yield broken("ChargingSchedulePeriodsOutOfOrder", period.at("startPeriod"), message, remedy)


def limits(reading: Reading) -> Iterator[Finding]:
    """Limits are finite, not negative, and have at most one decimal; other numbers are finite."""
    for schedule in reading.schedules:
        periods = schedule.objects(PERIODS)
        places = [(period, "limit") for period in periods if needs_limit(reading, period)]
        if schedule.get("minChargingRate") is not None:
            places.append((schedule, "minChargingRate"))
        places += [(period, key) for period in periods for key in ("limit_L2", "limit_L3") if key in period.value]
        for owner, key in places:
            if (complaint := _limit_complaint(owner.get(key))) is not None:
                remedy = "send a number of at least 0 with one decimal"
                yield broken("ChargingSchedulePeriodInvalidLimit", owner.at(key), complaint, remedy)


def needs_limit(reading: Reading, period: Placed) -> bool:
    """Whether there must be a limit: of charging only, which every period of 1.6 and 2.0.1 is."""
    mode = period.get("operationMode") if reading.version is Version.V21 else None
    return mode in (None, "ChargingOnly") or period.get("limit") is not None


def phases(reading: Reading) -> Iterator[Finding]:
    """DC has no phase fields (K01.FR.44); AC uses no more phases than its supply (K01.FR.45, 49)."""
    if reading.evse is None:
        return
    for _, period in reading.periods():
        if reading.evse.current is CurrentType.DC:
            yield from _no_phases(period)
        else:
            yield from _supplied_phases(period, conductors(reading.evse, None))
            yield from _phase_to_use(reading, period)


def _no_phases(period: Placed) -> Iterator[Finding]:
    for key in sorted(key for key in period.value if key in _OF_A_PHASE or key.endswith(("_L2", "_L3"))):
        if period.get(key) is not None:
            rule, message = "ChargingSchedulePeriodExtraneousPhaseValues", f"{key} on DC"
            yield broken(rule, period.at(key), message, "leave it out")


_OF_A_PHASE = ("numberPhases", "phaseToUse")


def _supplied_phases(period: Placed, supplied: int) -> Iterator[Finding]:
    given = period.get("numberPhases")
    used = PHASES_IF_ABSENT if given is None else number(given)
    if used is None or not 1 <= used <= supplied or used != int(used):
        told = "absent, which means 3" if given is None else repr(given)
        rule, message = "ChargingSchedulePeriodUnsupportedNumberPhases", f"numberPhases is {told}"
        yield broken(rule, period.at("numberPhases"), message, f"the EVSE's supply allows 1 to {supplied}")


def _phase_to_use(reading: Reading, period: Placed) -> Iterator[Finding]:
    """Only of one phase (K01.FR.19), and only where the station can choose it (K01.FR.20, 48)."""
    if period.get("phaseToUse") is None:
        return
    path, used = period.at("phaseToUse"), period.get("numberPhases")
    if used != 1:
        told = PHASES_IF_ABSENT if used is None else used
        rule, message = "ChargingSchedulePeriodInvalidPhaseToUse", f"phaseToUse with {told} phases"
        yield broken(rule, path, message, "send it only with numberPhases 1")
    elif Feature.PHASE_SWITCHING not in reading.station.features:
        rule, message = "ChargingSchedulePeriodPhaseToUseACPhaseSwitchingUnsupported", "it cannot switch phases"
        yield broken(rule, path, f"station {reading.station.id}: {message}", "leave it out")


def _limit_complaint(given: Any) -> str | None:
    limit = number(given)
    if limit is None:
        return f"{given!r} is no finite number"
    if limit < 0:
        return f"{given} is negative"
    return f"{given} has more than one decimal" if _TENTHS % limit.as_integer_ratio()[1] else None
