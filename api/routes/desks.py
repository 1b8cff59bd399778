"""What routes of a site share: names in addresses, a desk in the store, answers with their revision."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import BaseModel, ConfigDict

from api.routes.conditions import etag
from api.security.access import Caller
from api.service import Service
from api.sites.judging import LONGEST_ID
from api.sites.keeping import FORMS, Desk, Kept
from api.store.records import Kind
from models.domain.errors import NotFound
from models.domain.wire import form_json

NAME = r"^[^/\x00-\x1f\x7f]+$"
SiteId = Annotated[str, Path(alias="site", min_length=1, max_length=LONGEST_ID, pattern=NAME, description="Its id.")]
SessionId = Annotated[
    str, Path(alias="session", min_length=1, max_length=LONGEST_ID, pattern=NAME, description="Your id of the session.")
]
After = Annotated[str, Query(max_length=LONGEST_ID, pattern=r"^[^\x00-\x1f\x7f]*$", description="`next` of a page.")]
Limit = Annotated[int, Query(ge=1, le=500, description="At most so many on a page.")]


class Listed(BaseModel):
    """One document of a list."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    id: str
    revision: int


class Page(BaseModel):
    """A part of a list, in the order of ids."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    items: list[Listed]
    next: str | None = None
    """Say it as `after` to go on; absent on the last page."""


@contextmanager
def writing(service: Service, caller: Caller, site: str) -> Iterator[Desk]:
    """A desk to write at; everything is kept at the end, or nothing."""
    with service.store.begin(service.clock()) as unit:
        yield Desk(unit, caller.tenant, site, caller.name)


@contextmanager
def looking(service: Service, caller: Caller, site: str) -> Iterator[Desk]:
    """A desk to read at."""
    with service.store.view() as unit:
        yield Desk(unit, caller.tenant, site, caller.name)


def document(kind: Kind, kept: Kept[Any], status: int = 200) -> Response:
    """A document as it was told, with its revision as ETag."""
    body = form_json(FORMS[kind], kept.value)
    return Response(body, status, {"ETag": etag(kept.revision)}, "application/json")


def page_of(desk: Desk, kind: Kind, site: str | None, after: str, limit: int) -> Page:
    """One more is looked for than is shown, to know whether there is a next page."""
    found = desk.unit.page(desk.tenant, kind, site, after=after, limit=limit + 1)
    shown = [Listed(id=one.place.id, revision=one.revision) for one in found[:limit]]
    return Page(items=shown, next=shown[-1].id if len(found) > limit else None)


def check_site(desk: Desk) -> None:
    """Raises NotFound."""
    if desk.find(Kind.SITE) is None:
        raise NotFound("there is no site of this id")
