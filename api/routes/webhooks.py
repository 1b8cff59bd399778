"""Webhooks: addresses that want to be told of plans and commands."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict

from api.problems import documented
from api.routes import examples
from api.routes.bodies import ACCESS_ERRORS, FORM_ERRORS, reading, taking
from api.routes.desks import NAME, After, Limit
from api.security.access import Admin
from api.service import Service, service_of
from api.sites.judging import LONGEST_ID, refuse
from api.store.records import Document, Kind, Place
from api.webhooks.delivering import progress_of
from api.webhooks.forms import SECRET_BYTES, Webhook, WebhookTold, new_secret, unfit
from models.domain.errors import NotFound
from models.domain.wire import form_json, read_form

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

Served = Annotated[Service, Depends(service_of)]
HookId = Annotated[str, Path(alias="webhook", min_length=1, max_length=LONGEST_ID, pattern=NAME)]
GONE = documented(*ACCESS_ERRORS, NotFound)


class Progress(BaseModel):
    """How far it was told of one site."""

    site: str
    after: int
    attempts: int
    """That failed since the last one that arrived."""
    failure: str = ""


class WebhookLine(BaseModel):
    """A webhook; its secret is shown only when it was made."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    id: str
    url: str
    about: list[str]
    sites: list[str]
    disabled: str = ""
    """Why it is told nothing any more; empty while it is."""
    secret: str | None = None
    progress: list[Progress] = []


class Webhooks(BaseModel):
    """A part of the list, in the order of ids."""

    items: list[WebhookLine]
    next: str | None = None
    """Say it as `after` to go on; absent on the last page."""


@router.put(
    "/{webhook}",
    operation_id="put_webhook",
    responses=documented(*ACCESS_ERRORS, *FORM_ERRORS) | {201: {"model": WebhookLine, "description": "It is new"}},
    openapi_extra=taking("WebhookTold", WebhookTold, examples.WEBHOOK),
)
def put_webhook(
    caller: Admin,
    service: Served,
    webhook: HookId,
    told: Annotated[WebhookTold, Depends(reading(WebhookTold))],
    response: Response,
) -> WebhookLine:
    """Tell this address from now on. Told again it is enabled again; with a new secret the old one signs as well."""
    refuse(unfit(told))
    secret = told.secret or new_secret(secrets.token_bytes(SECRET_BYTES))
    place = _place(caller.tenant, webhook)
    with service.store.begin(service.clock()) as unit:
        found = unit.find(place)
        before = read_form(Webhook, found.body).secrets[:1] if found else ()
        if found and told.secret is None:
            secret, before = before[0], ()
        hook = Webhook(
            url=told.url, about=told.about, sites=told.sites, secrets=tuple(dict.fromkeys((secret, *before)))
        )
        unit.write(place, form_json(Webhook, hook))
    response.status_code = 200 if found else 201
    return _line(service, caller.tenant, webhook, hook, secret=None if found else secret)


@router.get("", operation_id="list_webhooks", responses=documented(*ACCESS_ERRORS))
def list_webhooks(caller: Admin, service: Served, after: After = "", limit: Limit = 100) -> Webhooks:
    """Your webhooks, and how far each has been told."""
    with service.store.view() as unit:
        found = unit.page(caller.tenant, Kind.WEBHOOK, "", after=after, limit=limit + 1)
    lines = [_line(service, caller.tenant, one.place.id, _hook(one)) for one in found[:limit]]
    return Webhooks(items=lines, next=lines[-1].id if len(found) > limit else None)


@router.get("/{webhook}", operation_id="get_webhook", responses=GONE)
def get_webhook(caller: Admin, service: Served, webhook: HookId) -> WebhookLine:
    """One of them."""
    with service.store.view() as unit:
        found = unit.find(_place(caller.tenant, webhook))
    if found is None:
        raise NotFound("there is no webhook of this id")
    return _line(service, caller.tenant, webhook, _hook(found))


@router.delete("/{webhook}", operation_id="delete_webhook", status_code=204, responses=GONE)
def delete_webhook(caller: Admin, service: Served, webhook: HookId) -> None:
    """Tell it nothing any more."""
    with service.store.begin(service.clock()) as unit:
        unit.remove(_place(caller.tenant, webhook))
        for document in unit.search(caller.tenant, Kind.DELIVERY, webhook):
            unit.remove(document.place)


def _place(tenant: str, webhook: str) -> Place:
    return Place(tenant=tenant, kind=Kind.WEBHOOK, id=webhook)


def _hook(document: Document) -> Webhook:
    return read_form(Webhook, document.body)


def _line(service: Service, tenant: str, id: str, hook: Webhook, secret: str | None = None) -> WebhookLine:
    progress = [
        Progress(site=site, after=told.after, attempts=told.attempts, failure=told.failure)
        for site, told in progress_of(service, tenant, id)
    ]
    return WebhookLine(
        id=id,
        url=hook.url,
        about=list(hook.about),
        sites=list(hook.sites),
        disabled=hook.disabled,
        secret=secret,
        progress=progress,
    )
