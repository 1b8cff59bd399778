"""Who looks at the pages: signed in with an API key, known by a cookie that no script can read.

The cookie holds 256 random bits, the store their hash, so that several replicas know the same visitors. A form carries
a token that is derived from the cookie; where nobody has to sign in, the cookie is there for that alone.
"""

import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from api.problems import Forbidden, Unauthorized, WrongContentType
from api.security.access import Caller, insecure_caller
from api.security.keys import ApiKey, Scope, found_by_id, known
from api.service import Service, service_of
from api.store.records import SYSTEM, Kind, Place
from models.domain.errors import NotFound
from models.domain.value import value
from models.domain.wire import form_json, read_form

COOKIE = "cw_page"
TOKEN_BYTES = 32
LONGEST = timedelta(hours=12)
"""A visit ends then, however busy it was."""
TOUCHED_EVERY = timedelta(minutes=1)
BY_ITSELF = "x-live"
"""Header of what a page asks by itself: it keeps nobody signed in."""
MOST_FIELDS = 50
FOR_PAGES = frozenset({Scope.PAGE_READ, Scope.PAGE_CONTROL})


@value
class Visit:
    """What is kept of somebody who has signed in."""

    key: str
    """Id of the key."""
    begun_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """On whose behalf a page is answered."""

    caller: Caller
    token: str
    """What the cookie says, or is to say."""
    signed_in: bool
    is_new: bool = False
    """Whether the cookie is to be set with the answer."""

    @property
    def may_control(self) -> bool:
        return Scope.PAGE_CONTROL in self.caller.scopes

    @property
    def csrf(self) -> str:
        """What a form has to carry, so that no other site can post it."""
        return hmac.new(self.token.encode(), b"form", sha256).hexdigest()


Served = Annotated[Service, Depends(service_of)]


def visitor(request: Request, service: Served) -> Visitor:
    """Whoever may look; raises Unauthorized, TooMany."""
    token = request.cookies.get(COOKIE, "")
    if service.settings.insecure:
        told = Visitor(insecure_caller(), token or new_token(), signed_in=False, is_new=not token)
    else:
        told = Visitor(_caller(service, token, touch=BY_ITSELF not in request.headers), token, signed_in=True)
    service.rates.count(told.caller.tenant)
    return told


async def form(request: Request) -> dict[str, str]:
    """The fields of a form; raises WrongContentType, BodyTooLarge."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise WrongContentType("send the fields of the form as application/x-www-form-urlencoded")
    try:
        return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise WrongContentType("the fields of the form cannot be read") from None


Form = Annotated[dict[str, str], Depends(form)]


def from_here(request: Request) -> None:
    """Raises Forbidden for what another site sends; browsers say so themselves."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("this form was sent by another site")


def controller(found: Annotated[Visitor, Depends(visitor)], told: Form, request: Request) -> Visitor:
    """Whoever may change something, with a form that this service made for them; raises Forbidden."""
    from_here(request)
    if not hmac.compare_digest(told.get("csrf", "").encode(), found.csrf.encode()):
        raise Forbidden("this form is not from your visit; load the page again")
    if not found.may_control:
        raise Forbidden(f"key {found.caller.name} lacks the scope {Scope.PAGE_CONTROL}")
    return found


def leaving(found: Annotated[Visitor, Depends(visitor)], told: Form, request: Request) -> Visitor:
    """Whoever may sign out: everybody, with a form of their own."""
    from_here(request)
    if not hmac.compare_digest(told.get("csrf", "").encode(), found.csrf.encode()):
        raise Forbidden("this form is not from your visit; load the page again")
    return found


Reader = Annotated[Visitor, Depends(visitor)]
Controller = Annotated[Visitor, Depends(controller)]
Leaver = Annotated[Visitor, Depends(leaving)]


def sign_in(service: Service, text: str) -> str:
    """The token for the cookie of whoever shows a key for pages; raises Unauthorized, Forbidden."""
    now = service.clock()
    key = known(service.store, text.strip(), now)
    if key is None:
        raise Unauthorized("this key does not work")
    if not FOR_PAGES & set(key.scopes):
        raise Forbidden(f"key {key.id} lacks the scope {Scope.PAGE_READ}")
    token = new_token()
    with service.store.begin(now) as unit:
        unit.write(_place(token), form_json(Visit, Visit(key=key.id, begun_at=now, seen_at=now)))
        unit.append(key.tenant, Kind.AUDIT, "", "signed in", json.dumps({"who": key.id, "what": "signed in"}))
    return token


def sign_out(service: Service, token: str) -> None:
    """The cookie is worth nothing any more."""
    with service.store.begin(service.clock()) as unit:
        try:
            unit.remove(_place(token))
        except NotFound:
            return


def still_there(service: Service, found: Visitor) -> bool:
    """Whether a visitor who is told of changes may still be told."""
    if not found.signed_in:
        return True
    try:
        _caller(service, found.token, touch=False)
    except Unauthorized:
        return False
    return True


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def _caller(service: Service, token: str, *, touch: bool) -> Caller:
    """Of a visit that lasts, while its key works; raises Unauthorized."""
    now = service.clock()
    with service.store.view() as unit:
        document = unit.find(_place(token)) if token else None
        visit = read_form(Visit, document.body) if document else None
        key = found_by_id(unit, visit.key) if visit else None
    if visit is None or key is None or not _lasts(service, visit, key, now):
        raise Unauthorized("sign in first")
    if touch and now - visit.seen_at >= TOUCHED_EVERY:
        with service.store.begin(now) as unit:
            unit.write(_place(token), form_json(Visit, Visit(key=visit.key, begun_at=visit.begun_at, seen_at=now)))
    return Caller(key.tenant, frozenset(key.scopes), key.id)


def _lasts(service: Service, visit: Visit, key: ApiKey, now: datetime) -> bool:
    idle = timedelta(minutes=service.settings.page_idle_minutes)
    may = bool(FOR_PAGES & set(key.scopes)) and key.works(now)
    return may and now - visit.seen_at < idle and now - visit.begun_at < LONGEST


def _place(token: str) -> Place:
    return Place(tenant=SYSTEM, kind=Kind.VISIT, id=sha256(token.encode()).hexdigest())
