"""NotifyChargingLimit: what somebody else limits, as steps; it binds until ClearedChargingLimit."""

from collections.abc import Iterator
from datetime import timedelta

from models.domain.events import ExternalLimitCleared, ExternalLimitTold, LimitStep
from models.domain.units import HOURS_PER_DAY, kw_from_watts, seconds_from_hours
from models.ocpp.inbound.reading import Message, Object, object_of, objects_of, text, whole

LONGEST_S = seconds_from_hours(366 * HOURS_PER_DAY)


def limit_told(message: Message) -> ExternalLimitTold:
    payload = message.payload
    told = object_of(payload.get("chargingLimit"))
    return ExternalLimitTold(
        station_id=message.station_id,
        evse_number=whole(payload.get("evseId")),
        at=message.received_at,
        source=text(told.get("chargingLimitSource")),
        grid_critical=told.get("isGridCritical") is True,
        steps=first_steps(message, payload),
    )


def limit_cleared(message: Message) -> ExternalLimitCleared:
    return ExternalLimitCleared(
        station_id=message.station_id,
        evse_number=whole(message.payload.get("evseId")),
        at=message.received_at,
        source=text(message.payload.get("chargingLimitSource")),
    )


def first_steps(message: Message, holder: Object) -> tuple[LimitStep, ...]:
    """Of several schedules the first counts."""
    schedules = objects_of(holder.get("chargingSchedule"))
    return tuple(step for schedule in schedules[:1] for step in steps_of(message, schedule))


def steps_of(message: Message, schedule: Object) -> Iterator[LimitStep]:
    """A schedule that does not say when it starts has started; a period that cannot be read is left out."""
    start = message.instant(schedule.get("startSchedule")) or message.received_at
    in_watts = schedule.get("chargingRateUnit") == "W"
    for period in objects_of(schedule.get("chargingSchedulePeriod")):
        after_s = message.number(period.get("startPeriod"), "startPeriod")
        limit = message.number(period.get("limit"), "limit")
        if after_s is not None and limit is not None and 0.0 <= after_s <= LONGEST_S:
            yield LimitStep(
                start=start + timedelta(seconds=after_s),
                limit_kw=kw_from_watts(limit) if in_watts else None,
                limit_a=None if in_watts else limit,
            )
