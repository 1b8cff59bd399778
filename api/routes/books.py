"""What routes of programmes share: a book to read or to write in, and its documents with their revision."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Response

from api.programmes.keeping import FORMS, Book, writing_book
from api.routes.conditions import Condition
from api.routes.desks import answered
from api.security.access import Caller
from api.service import Service
from api.sites.keeping import Kept
from api.store.records import Kind
from models.domain.wire import form_json


@contextmanager
def writing(service: Service, caller: Caller, programme: str) -> Iterator[Book]:
    """A book to write in; everything is kept at the end, or nothing."""
    with writing_book(service.store, service.clock(), caller.tenant, programme, caller.name) as book:
        yield book


@contextmanager
def looking(service: Service, caller: Caller, programme: str) -> Iterator[Book]:
    """A book to read in."""
    with service.store.view() as unit:
        yield Book(unit, caller.tenant, programme, caller.name)


def put_document(
    book: Book, kind: Kind, asked: Condition, tell: Callable[[int], Kept[Any]], *, id: str = ""
) -> Response:
    """Write what was told, where the caller's condition allows it: 201 where nothing was there, else 200.

    ``tell`` takes the revision that has to be there.
    """
    found = book.find(kind, id)
    kept = tell(asked.to_write(found.revision if found else None))
    return _document(kind, kept, 200 if found else 201)


def get_document(book: Book, kind: Kind, *, id: str = "") -> Response:
    """Raises NotFound."""
    return _document(kind, book.get(kind, id))


def _document(kind: Kind, kept: Kept[Any], status: int = 200) -> Response:
    return answered(form_json(FORMS[kind], kept.value), kept.revision, status)
