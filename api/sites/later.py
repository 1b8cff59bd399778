"""Plans that are asked for now and fetched later."""

import json
from datetime import datetime, timedelta
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from api.store.port import NEW, Store
from api.store.records import Kind, Place
from models.domain.errors import NotFound

GIVEN_UP = timedelta(minutes=10)
"""Beyond the deadline of the service: whoever was planning is gone."""


class Later(BaseModel):
    """A plan that was asked for, and how far it is."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    id: str
    state: str
    """``pending`` or ``failed``; one that is made is answered itself."""
    detail: str = ""


def ask(store: Store, tenant: str, now: datetime) -> str:
    """The id under which the plan will be."""
    id = uuid4().hex
    with store.begin(now) as unit:
        unit.write(_place(tenant, id), json.dumps({"state": "pending"}), expected=NEW)
    return id


def made(store: Store, tenant: str, id: str, document: str, now: datetime) -> None:
    """It is there."""
    _keep(store, tenant, id, {"state": "made", "document": document}, now)


def failed(store: Store, tenant: str, id: str, detail: str, now: datetime) -> None:
    """There will be none."""
    _keep(store, tenant, id, {"state": "failed", "detail": detail}, now)


def found(store: Store, tenant: str, id: str, now: datetime, deadline_s: float) -> Later | str:
    """How far it is, or its document; raises NotFound."""
    with store.view() as unit:
        document = unit.find(_place(tenant, id))
    if document is None:
        raise NotFound("no plan was asked for under this id, or it is forgotten")
    told = json.loads(document.body)
    if told["state"] == "made":
        return str(told["document"])
    if told["state"] == "pending" and now - document.changed_at > timedelta(seconds=deadline_s) + GIVEN_UP:
        return Later(id=id, state="failed", detail="the service was stopped while it planned; ask again")
    return Later(id=id, state=told["state"], detail=told.get("detail", ""))


def _keep(store: Store, tenant: str, id: str, told: dict[str, str], now: datetime) -> None:
    with store.begin(now) as unit:
        unit.write(_place(tenant, id), json.dumps(told))


def _place(tenant: str, id: str) -> Place:
    return Place(tenant=tenant, kind=Kind.LATER, id=id)
