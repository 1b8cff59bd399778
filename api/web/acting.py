"""The addresses of forms: signing in and out, and what an operator decides for one EVSE."""

from datetime import datetime, timedelta
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from api.problems import Forbidden, Unauthorized
from api.routes.desks import SiteId, writing
from api.routes.overrides import EvseId
from api.sites.deciding import end_override, override
from api.sites.forms import Override, OverrideKind
from api.sites.judging import refuse
from api.web.answers import PageRoute, give_cookie, page, safe_address, to
from api.web.visitors import COOKIE, Controller, Form, Leaver, Served, from_here, sign_in, sign_out
from models.domain.findings import Finding

router = APIRouter(include_in_schema=False, route_class=PageRoute)
LASTING = {
    "15 min": timedelta(minutes=15),
    "1 h": timedelta(hours=1),
    "4 h": timedelta(hours=4),
    "12 h": timedelta(hours=12),
    "24 h": timedelta(hours=24),
}
"""What a form offers."""
SIGNING_IN = "sign-in"
"""Counted together, whoever tries."""


@router.get("/sign-in")
def sign_in_page(request: Request, service: Served, next: str = "/") -> Response:
    """Where a key is asked for."""
    if service.settings.insecure:
        return to("/")
    return page(None, "sign_in.html", request, next=safe_address(next), failure="")


@router.post("/sign-in")
def signed_in(request: Request, service: Served, told: Form) -> Response:
    """Whoever shows a key for pages gets a cookie for it."""
    from_here(request)
    service.rates.count(SIGNING_IN)
    where = safe_address(told.get("next", "/"))
    try:
        token = sign_in(service, told.get("key", ""))
    except (Unauthorized, Forbidden) as error:
        status = 401 if isinstance(error, Unauthorized) else 403
        return page(None, "sign_in.html", request, status=status, next=where, failure=str(error))
    response = to(where)
    give_cookie(response, request, token)
    return response


@router.post("/sign-out")
def signed_out(found: Leaver, service: Served) -> Response:
    """The visit is over."""
    sign_out(service, found.token)
    response = to("/sign-in")
    response.delete_cookie(COOKIE)
    return response


@router.post("/sites/{site}/evses/{evse}/override")
def decide(found: Controller, service: Served, site: SiteId, evse: EvseId, told: Form) -> Response:
    """Boost, pause, limit or exclude an EVSE for a time."""
    now = service.clock()
    with writing(service, found.caller, site) as desk:
        override(desk, evse, _override(told, now), now)
    return to(_address(site, evse))


@router.post("/sites/{site}/evses/{evse}/override/end")
def end(found: Controller, service: Served, site: SiteId, evse: EvseId) -> Response:
    """Let plans decide again."""
    with writing(service, found.caller, site) as desk:
        end_override(desk, evse, service.clock())
    return to(_address(site, evse))


def _override(told: dict[str, str], now: datetime) -> Override:
    """Raises InvalidDocument with what is wrong with the form."""
    kinds, limit = {str(kind): kind for kind in OverrideKind}, told.get("limit_kw", "").strip().replace(",", ".")
    kind, lasts = kinds.get(told.get("kind", "")), LASTING.get(told.get("lasts", ""))
    if kind is None:
        refuse([Finding(path="kind", message="nothing was chosen", remedy=f"choose one of {', '.join(kinds)}")])
    if lasts is None:
        refuse([Finding(path="lasts", message="no time was chosen", remedy=f"choose one of {', '.join(LASTING)}")])
    assert kind is not None
    assert lasts is not None
    limit_kw = _number(limit) if kind is OverrideKind.LIMIT else None
    return Override(kind=kind, until=now + lasts, limit_kw=limit_kw, reason=told.get("reason", "").strip())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        refuse([Finding(path="limit_kw", message="this is no number", remedy="write kW, as in 7.4")])
        raise


def _address(site: str, evse: str) -> str:
    return f"/sites/{quote(site, safe='')}/evses/{quote(evse, safe='')}"
