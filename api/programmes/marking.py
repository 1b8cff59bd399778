"""At a quarter of an hour, five minutes and a minute before an event: how many kW its stations have confirmed.

What is lacking is an alarm before the event begins, where streams and webhooks find it, and calls for a plan in which
the others cover for those that did not answer.
"""

from collections.abc import Iterator
from datetime import datetime

from api.programmes.forms import EventConfirmed, Mark
from api.service import Service
from api.sites.alarms import note_alarms
from api.sites.assembling import asked_of
from api.sites.commanding import live_site
from api.sites.keeping import FORMS, Desk, writing_desk
from api.sites.waking import wake
from api.store.port import Store
from api.store.records import Kind
from models.domain.signal import Event, Signal
from models.domain.units import minutes_from_seconds
from models.domain.wire import form_json, kept_form
from optimizer.rolling.confirming import MARKS, Confirmed, Counted, confirmed, events_to_confirm

WHO = "service"


def mark_events(service: Service) -> int:
    """Count what is due of all events of all sites; how many marks were made. Raises StoreError."""
    now = service.clock()
    return sum(_mark_site(service, *site, now) for site in sites_to_mark(service.store, now))


def sites_to_mark(store: Store, now: datetime) -> list[tuple[str, str]]:
    """Tenant and id of each site with an event that begins within a quarter of an hour."""
    with store.view() as unit:
        found = [
            (document.place.tenant, document.place.site)
            for kind in (Kind.SIGNAL, Kind.ASKED)
            for document in unit.everywhere(kind)
            if any(now < event.start for event in events_to_confirm(_signals(kind, document.body), now))
        ]
    return sorted(set(found))


def standing(desk: Desk, event_id: str, now: datetime) -> Confirmed | None:
    """How an event of a site stands now; None where the site has no such event, or nothing was committed to it."""
    live = live_site(desk, now)
    event = next((one for one in signals_of(desk) if isinstance(one, Event) and one.id == event_id), None)
    return None if event is None else confirmed(live.state, live.site, event, now)


def signals_of(desk: Desk) -> Iterator[Signal]:
    """Of a site: told by callers, and asked by utilities that the service is connected to."""
    yield from (kept.value for kept in desk.every(Kind.SIGNAL))
    yield from asked_of(desk)


def _signals(kind: Kind, body: str) -> tuple[Signal, ...]:
    told = kept_form(FORMS[kind], body)
    return (told,) if kind is Kind.SIGNAL else tuple(told.signals)


def _mark_site(service: Service, tenant: str, site: str, now: datetime) -> int:
    with writing_desk(service.store, now, tenant, site, WHO) as desk:
        if desk.find(Kind.SITE) is None:
            return 0
        coming = [event for event in events_to_confirm(tuple(signals_of(desk)), now) if now < event.start]
        marks = sum(_mark(desk, event, now) for event in coming)
        if marks:
            note_alarms(desk, now)
        return marks


def _mark(desk: Desk, event: Event, now: datetime) -> int:
    """The nearest mark that has come, once; one that nobody looked at in time is not made up for."""
    due = min(mark for mark in MARKS if now >= event.start - mark)
    minutes = minutes_from_seconds(due.total_seconds())
    kept = desk.find(Kind.CONFIRMED, event.id)
    before: EventConfirmed = kept.value if kept else EventConfirmed(start=event.start)
    if before.start != event.start:  # it was moved, so it is counted anew
        before = EventConfirmed(start=event.start)
    if any(mark.minutes_before <= minutes for mark in before.marks):
        return 0
    live = live_site(desk, now)
    mark = _as_mark(confirmed(live.state, live.site, event, now), minutes)
    desk.keep(Kind.CONFIRMED, EventConfirmed(start=event.start, marks=(*before.marks, mark)), id=event.id)
    desk.unit.append(desk.tenant, Kind.CONFIRMATION, desk.site, event.id, form_json(Mark, mark))
    if mark.lacking_kw > 0.0:
        wake(desk, now)
    return 1


def _as_mark(found: Confirmed, minutes: float) -> Mark:
    return Mark(
        minutes_before=minutes,
        at=found.at,
        committed_kw=found.committed_kw,
        confirmed_kw=found.confirmed_kw,
        lacking_kw=found.lacking_kw,
        not_confirmed=tuple(one.evse for one in found.evses if one.counted is not Counted.CONFIRMED),
    )
