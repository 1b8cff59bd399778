"""Lines of the journal to webhooks: in order, at least once, with longer and longer waits where nobody answers.

A message's id is the place of its line in the journal, so that whoever gets it twice knows it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from api.service import Service
from api.sites.commanding import hand_out, live_site
from api.sites.forms import SiteMode
from api.sites.keeping import Desk, writing_desk
from api.sites.steering import steering_of
from api.store.records import Document, Entry, Kind, Place
from api.tracing import span
from api.webhooks.forms import About, Delivery, Webhook
from api.webhooks.posting import NotDelivered, Post, signed
from models.domain.wire import form_json, kept_form

KINDS = {About.PLAN: Kind.EVENT, About.COMMAND: Kind.COMMAND, About.ALARM: Kind.ALARM}
TYPES = {Kind.EVENT: "plan.made", Kind.COMMAND: "command.issued", Kind.ALARM: "alarm.raised"}
WAITS_S = (5.0, 30.0, 120.0, 300.0, 900.0, 1800.0, 3600.0)
"""After the first failure, the second, and so on; the last one from then on. [s]"""
HELD_S = 30.0
"""By one replica, before another one may tell a webhook. [s]"""
AT_ONCE = 20
"""Messages of one site to one webhook in one go."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One webhook, and one of the sites that it is told of."""

    tenant: str
    site: str
    webhook_id: str
    webhook: Webhook

    @property
    def place(self) -> Place:
        return Place(tenant=self.tenant, kind=Kind.DELIVERY, site=self.site, id=self.webhook_id)


def deliver(service: Service, post: Post) -> int:
    """How many messages arrived. Raises StoreError."""
    now = service.clock()
    return sum(_deliver_at(service, stop, post, now) for stop in stops(service) if _mine(service, stop, now))


def stops(service: Service) -> list[Stop]:
    """Webhooks that are enabled, with each of their sites."""
    with service.store.view() as unit:
        hooks = [(document, kept_form(Webhook, document.body)) for document in unit.everywhere(Kind.WEBHOOK)]
        sites = unit.everywhere(Kind.SITE)
        return [
            Stop(document.place.tenant, site.place.site, document.place.id, hook)
            for document, hook in hooks
            for site in sites
            if not hook.disabled and site.place.tenant == document.place.tenant and _wants(hook, site)
        ]


def _mine(service: Service, stop: Stop, now: datetime) -> bool:
    """Whether this replica tells this webhook just now."""
    with service.store.begin(now) as unit:
        held = unit.take(stop.tenant, f"webhook/{stop.webhook_id}", service.settings.replica, HELD_S)
    return held is not None


def _wants(hook: Webhook, site: Document) -> bool:
    return not hook.sites or site.place.site in hook.sites


def _deliver_at(service: Service, stop: Stop, post: Post, now: datetime) -> int:
    progress, lines = _waiting(service, stop, now)
    arrived = 0
    for line in lines:
        failure, gone = _posted(stop, line, post, now)
        if gone:
            _disable(service, stop, now)
            return arrived
        if failure:
            _keep(service, stop, _failed(progress, now, failure), now)
            return arrived
        progress, arrived = Delivery(after=line.sequence), arrived + 1
        _keep(service, stop, progress, now)
    return arrived


def _waiting(service: Service, stop: Stop, now: datetime) -> tuple[Delivery, list[Entry]]:
    """What is to be told next; where commands are, those that may be sent now are handed out first."""
    kinds = [KINDS[about] for about in stop.webhook.about]
    with writing_desk(service.store, now, stop.tenant, stop.site, "service") as desk:
        unit = desk.unit
        found = unit.find(stop.place)
        if found is None:  # it is told of what comes, not of what was
            progress = Delivery(after=_last(desk))
            unit.write(stop.place, form_json(Delivery, progress))
        else:
            progress = kept_form(Delivery, found.body)
        if progress.due_at is not None and now < progress.due_at:
            return progress, []
        if About.COMMAND in stop.webhook.about and _is_steered(desk):
            hand_out(desk, live_site(desk, now), now)
        return progress, list(unit.entries(stop.tenant, stop.site, kinds, after=progress.after, limit=AT_ONCE))


def _last(desk: Desk) -> int:
    newest = (desk.unit.latest(desk.tenant, desk.site, kind) for kind in KINDS.values())
    return max((entries[0].sequence for entries in newest if entries), default=0)


def _is_steered(desk: Desk) -> bool:
    policy = desk.find(Kind.POLICY)
    if policy is None:
        return False
    steering = steering_of(policy.value, desk.get(Kind.SITE).value)
    return steering.site is SiteMode.HANDED_BACK or SiteMode.CONTROL in steering.modes.values()


def _posted(stop: Stop, line: Entry, post: Post, now: datetime) -> tuple[str, bool]:
    """Why it did not arrive, empty where it did; and whether nobody wants to be told there any more."""
    data = json.loads(line.body)
    told = {"type": _type(line, data), "timestamp": line.recorded_at.isoformat(), "site": stop.site, "data": data}
    body = json.dumps(told, separators=(",", ":"))
    message_id = _id(stop, line)
    try:
        with span("deliver", site=stop.site, webhook=stop.webhook_id, about=line.kind.value):
            status = post(stop.webhook.url, signed(stop.webhook.secrets, message_id, now, body), body.encode())
    except NotDelivered as failure:
        return str(failure), False
    if status == HTTPStatus.GONE:
        return "", True
    return ("" if 200 <= status < 300 else f"status {status}"), False


def _type(line: Entry, data: Any) -> str:
    """An alarm that is over says so."""
    return "alarm.ended" if line.kind is Kind.ALARM and data.get("state") == "ended" else TYPES[line.kind]


def _id(stop: Stop, line: Entry) -> str:
    """Of header characters only; names of sites may have any."""
    where = sha256(f"{stop.tenant}/{stop.site}".encode()).hexdigest()[:16]
    return f"msg_{where}_{line.sequence}"


def _failed(progress: Delivery, now: datetime, failure: str) -> Delivery:
    wait_s = WAITS_S[min(progress.attempts, len(WAITS_S) - 1)]
    due_at = now + timedelta(seconds=wait_s)
    return replace(progress, attempts=progress.attempts + 1, due_at=due_at, failure=failure)


def _keep(service: Service, stop: Stop, progress: Delivery, now: datetime) -> None:
    with service.store.begin(now) as unit:
        unit.write(stop.place, form_json(Delivery, progress))


def _disable(service: Service, stop: Stop, now: datetime) -> None:
    """It answered 410: nobody is there any more."""
    place = Place(tenant=stop.tenant, kind=Kind.WEBHOOK, id=stop.webhook_id)
    with service.store.begin(now) as unit:
        found = unit.find(place)
        if found is not None:
            hook = replace(kept_form(Webhook, found.body), disabled="it answered 410 Gone")
            unit.write(place, form_json(Webhook, hook), expected=found.revision)


def progress_of(service: Service, tenant: str, webhook_id: str) -> Iterator[tuple[str, Delivery]]:
    """How far a webhook has been told of each of its sites."""
    with service.store.view() as unit:
        for document in unit.search(tenant, Kind.DELIVERY, webhook_id):
            yield document.place.site, kept_form(Delivery, document.body)
