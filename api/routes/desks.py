"""What routes of a site share: names in addresses, a desk in the store, answers with their revision."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Path, Query, Response
from pydantic import BaseModel, ConfigDict

from api.routes.bodies import headers
from api.routes.conditions import Condition, etag
from api.security.access import Caller
from api.service import Service
from api.sites.judging import LONGEST_ID
from api.sites.keeping import FORMS, ONE_A_SITE, Desk, Kept, writing_desk
from api.sites.telling import tell
from api.store.port import Unit
from api.store.records import Kind
from models.domain.errors import NotFound
from models.domain.wire import form_json

T = TypeVar("T")
NAME = r"^[^/\x00-\x1f\x7f]+$"
SiteId = Annotated[str, Path(alias="site", min_length=1, max_length=LONGEST_ID, pattern=NAME, description="Its id.")]
SessionId = Annotated[
    str, Path(alias="session", min_length=1, max_length=LONGEST_ID, pattern=NAME, description="Your id of the session.")
]
After = Annotated[str, Query(max_length=LONGEST_ID, pattern=r"^[^\x00-\x1f\x7f]*$", description="`next` of a page.")]
Limit = Annotated[int, Query(ge=1, le=500, description="At most so many on a page.")]
ETAG = headers("ETag")
OFTEN = tuple((kind, ONE_A_SITE) for kind in (Kind.SITE, Kind.TARIFF, Kind.JOB))
"""What short use cases look for, so that it is read at once."""


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
def writing(service: Service, caller: Caller, site: str, *, is_there: bool = True) -> Iterator[Desk]:
    """A desk to write at; everything is kept at the end, or nothing. Raises NotFound where no such site is kept."""
    with writing_desk(service.store, service.clock(), caller.tenant, site, caller.name) as desk:
        yield _checked(desk) if is_there else desk


async def written(
    service: Service, caller: Caller, site: str, act: Callable[[Desk], T], about: Sequence[tuple[Kind, str]] = ()
) -> T:
    """What a short use case answers at a desk to write at, once everything is kept; raises what it raises, NotFound.

    As ``writing``, without a thread of its own, and in one commit with what others tell at this moment. ``about``:
    what it will look for, beside what all of them do.
    """
    now = service.clock()

    def at_desk(unit: Unit) -> T:
        unit.lock(caller.tenant, site)
        desk = Desk(unit, caller.tenant, site, caller.name)
        desk.gather(*OFTEN, *(one for one in about if one[1].isprintable()))  # what is no id is judged by the use case
        return act(_checked(desk))

    return await service.writers.write((caller.tenant, site), now, at_desk)


@contextmanager
def looking(service: Service, caller: Caller, site: str, *, is_there: bool = True) -> Iterator[Desk]:
    """A desk to read at. Raises NotFound where no such site is kept."""
    with service.store.view() as unit:
        desk = Desk(unit, caller.tenant, site, caller.name)
        yield _checked(desk) if is_there else desk


def put_document(
    desk: Desk, kind: Kind, told: Any, asked: Condition, now: datetime, *, id: str = ONE_A_SITE
) -> Response:
    """Write what was told, where the caller's condition allows it: 201 where nothing was there, else 200."""
    found = desk.find(kind, id)
    expected = asked.to_write(found.revision if found else None)
    return document(kind, tell(desk, kind, told, now, id=id, expected=expected), 200 if found else 201)


def document(kind: Kind, kept: Kept[Any], status: int = 200) -> Response:
    """A document of a site as it was told."""
    return answered(form_json(FORMS[kind], kept.value), kept.revision, status)


def answered(body: str, revision: int, status: int = 200) -> Response:
    """A document as JSON, with its revision as ETag."""
    return Response(body, status, {"ETag": etag(revision)}, "application/json")


def document_answers(form: str) -> dict[int | str, Any]:
    """The OpenAPI descriptions of answers with a document of this form."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{form}"}}}
    told = {"content": content, "headers": ETAG}
    return {200: {"description": "As it is kept", **told}, 201: {"description": "It is new", **told}}


def page_of(unit: Unit, tenant: str, kind: Kind, site: str | None, after: str, limit: int) -> Page:
    """Documents of a kind, by id. One more is looked for than is shown, to know whether there is a next page."""
    found = unit.page(tenant, kind, site, after=after, limit=limit + 1)
    shown = [Listed(id=one.place.id, revision=one.revision) for one in found[:limit]]
    return Page(items=shown, next=shown[-1].id if len(found) > limit else None)


def _checked(desk: Desk) -> Desk:
    if desk.find(Kind.SITE) is None:
        raise NotFound("there is no site of this id")
    return desk
