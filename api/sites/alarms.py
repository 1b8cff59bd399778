"""What an operator of a site has to look after now; whatever begins or ends is a line in its journal.

Alarms of a plan, as load that nobody controls above a limit, are with the plan.
"""

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from api.sites.assembling import Contents, contents
from api.sites.commanding import live_site
from api.sites.forms import SiteMode
from api.sites.keeping import Desk
from api.sites.plan_job import PlanJob
from api.store.records import Kind, Place
from models.domain.late_prices import due_until, published_until
from models.domain.paths import some_of
from optimizer.rolling.confirming import Counted, confirmed, events_to_confirm
from optimizer.rolling.node_meter import NodeMeter, is_stale

MANY_ATTEMPTS = 3
"""A plan that failed so often in a row is somebody's business."""
LATE_PLAN = timedelta(minutes=10)
"""Beyond the minutes between plans."""


class SiteAlarm(BaseModel):
    """One thing that somebody has to look after."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    code: str
    """prices_late, meter_frozen, meter_sign_flipped, meter_impossible, meter_stale, not_planned, plan_late or
    event_not_confirmed."""
    about: str = ""
    """Node, series, or event."""
    since: datetime
    message: str


class Alarms(BaseModel):
    """All of a site."""

    model_config = ConfigDict(frozen=True)

    alarms: list[SiteAlarm] = []


def alarms(desk: Desk, now: datetime) -> list[SiteAlarm]:
    """Those that there are now, each since it was first seen; raises NotFound."""
    known = contents(desk)
    before = {(one.code, one.about): one.since for one in kept_alarms(desk).alarms}
    found = (*_prices(known, now), *_meters(known.meters, now), *_plans(desk, known, now), *_events(desk, known, now))
    return [
        SiteAlarm(code=code, about=about, since=min(since, before.get((code, about), since)), message=message)
        for code, about, since, message in found
    ]


def note_alarms(desk: Desk, now: datetime) -> list[SiteAlarm]:
    """Keep them, with a line for each that began or ended; those that began."""
    before, present = {(one.code, one.about): one for one in kept_alarms(desk).alarms}, alarms(desk, now)
    here = {(one.code, one.about) for one in present}
    began = [one for one in present if (one.code, one.about) not in before]
    for one in began:
        _line(desk, one, "raised")
    for name, one in before.items():
        if name not in here:
            _line(desk, one, "ended")
    if here != set(before):
        desk.unit.write(_place(desk), Alarms(alarms=present).model_dump_json())
    return began


def kept_alarms(desk: Desk) -> Alarms:
    """As they were noted last."""
    found = desk.unit.find(_place(desk))
    return Alarms() if found is None else Alarms.model_validate_json(found.body)


def forget_alarms(desk: Desk) -> None:
    """Of a site that is no longer there."""
    if desk.unit.find(_place(desk)) is not None:
        desk.unit.remove(_place(desk))


_Found = tuple[str, str, datetime, str]
"""Code, about what, since when, in words."""


def _prices(known: Contents, now: datetime) -> Iterator[_Found]:
    """Day-ahead prices are told once a day; what is missing is estimated until they come."""
    if known.prices is None or known.tariff is None:
        return
    zone = ZoneInfo(known.tariff.time_zone or known.site.time_zone)
    due = due_until(now, zone, time.fromisoformat(known.policy.prices_by))
    until = published_until(known.prices.import_price)
    if until is not None and until < due:
        message = (
            f"prices are told until {until:%FT%RZ} and are due until {due:%FT%RZ}: those after it are estimated, the "
            "same hour of the last like day and not below the median; put /forecasts/prices"
        )
        yield "prices_late", "import_price", now, message


def _meters(meters: dict[str, NodeMeter], now: datetime) -> Iterator[_Found]:
    for node, meter in sorted(meters.items()):
        if meter.flaw is not None:
            message = f"the meter of node {node} is not believed: its load counts as the most declared or seen"
            yield f"meter_{meter.flaw}", node, meter.since or now, message
        elif is_stale(meter, now) and meter.last is not None:
            message = f"the meter of node {node} is silent: the most declared or seen counts; forget it if it is gone"
            yield "meter_stale", node, meter.last.at, message


def _plans(desk: Desk, known: Contents, now: datetime) -> Iterator[_Found]:
    if known.policy.mode is SiteMode.HANDED_BACK:
        return
    found = desk.find(Kind.JOB)
    job: PlanJob | None = found.value if found else None
    if job is None:
        return
    if job.attempts >= MANY_ATTEMPTS:
        yield "not_planned", "", now, f"{job.attempts} attempts in a row made no plan: {job.failure}"
    if now - job.due_at > LATE_PLAN:
        yield "plan_late", "", job.due_at, "a plan is due and nobody makes it: does a replica plan by itself?"


def _events(desk: Desk, known: Contents, now: datetime) -> Iterator[_Found]:
    """Events that are about to begin, and of which stations have confirmed less than was promised.

    Only once that was found at one of the marks before the start: right after a plan nobody has answered yet.
    """
    coming = [e for e in events_to_confirm(known.signals, now) if now < e.start and _was_lacking(desk, e.id)]
    live = live_site(desk, now) if coming else None
    for event in coming:
        assert live is not None, "it is read where there is an event"
        found = confirmed(live.state, live.site, event, now)
        if found.lacking_kw > 0.0:
            others = [one.evse for one in found.evses if one.counted is not Counted.CONFIRMED]
            who = f"; not confirmed: {some_of(others)}" if others else ""
            kw = f"{found.confirmed_kw:.1f} of {event.committed_kw:g} kW are confirmed"
            yield "event_not_confirmed", event.id, now, f"event {event.id}: {kw} before it begins{who}"


def _was_lacking(desk: Desk, event: str) -> bool:
    found = desk.find(Kind.CONFIRMED, event)
    return found is not None and bool(found.value.marks) and found.value.marks[-1].lacking_kw > 0.0


def _line(desk: Desk, told: SiteAlarm, state: str) -> None:
    """As those of connections are: a key, a message, since when."""
    key = f"{told.code}/{told.about}" if told.about else told.code
    body = told.model_dump(mode="json") | {"key": key, "state": state}
    desk.unit.append(desk.tenant, Kind.ALARM, desk.site, told.code, json.dumps(body))


def _place(desk: Desk) -> Place:
    return Place(tenant=desk.tenant, kind=Kind.ALARMS, site=desk.site, id=desk.site)
