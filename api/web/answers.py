"""How a page is answered: its template, its headers, its cookie; and what is shown where it cannot be."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.problems import TABLE, RequestError, Unauthorized
from api.release import own_version
from api.web import words
from api.web.assets import address, style_marks
from api.web.visitors import BY_ITSELF, COOKIE, LONGEST, Visitor
from models.domain.errors import ChargingError

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
NO_PAGE = "Nothing is here."
Handler = Callable[[Request], Awaitable[Response]]


class PageRoute(APIRoute):
    """A route whose errors are pages too: whoever has to sign in is led there."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handle(request)
            except Unauthorized as error:
                return _to_sign_in(request, error)
            except (ChargingError, RequestError, RequestValidationError) as error:
                return _refused(error)

        return shown


def page(visitor: Visitor | None, template: str, request: Request, *, status: int = 200, **context: Any) -> Response:
    """A page, with the cookie that its forms need."""
    text = _ENVIRONMENT.get_template(template).render(
        visitor=visitor, path=request.url.path, base=request.base_url, **context
    )
    response = HTMLResponse(text, status, HEADERS)
    if visitor is not None and visitor.is_new:
        give_cookie(response, request, visitor.token)
    return response


def give_cookie(response: Response, request: Request, token: str) -> None:
    """Known to this service alone; over TLS it never leaves it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LONGEST.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def to(address: str) -> Response:
    """After a form, so that loading the page again does not send it again."""
    return RedirectResponse(address, 303, HEADERS)


def safe_address(told: str) -> str:
    """An address of this service; what leads elsewhere leads to the beginning."""
    inside = told.startswith("/") and not told.startswith(("//", "/\\")) and told.isprintable()
    return told if inside else "/"


def _to_sign_in(request: Request, error: Unauthorized) -> Response:
    if BY_ITSELF in request.headers or "text/event-stream" in request.headers.get("accept", ""):
        return Response(str(error), 401, HEADERS, "text/plain")
    where = request.url.path if request.method == "GET" else "/"
    return to(f"/sign-in?next={quote(where)}")


def _refused(error: Exception) -> Response:
    """What a form or an address was refused for, in the words of the API."""
    if isinstance(error, RequestValidationError):
        return _error(404, "No such page", NO_PAGE, ())
    kind = next(TABLE[base] for base in type(error).__mro__ if base in TABLE)
    detail = kind.detail or str(error).partition("\n")[0]
    return _error(int(kind.status), kind.title, detail, getattr(error, "findings", ()))


def _error(status: int, title: str, detail: str, findings: Any) -> Response:
    text = _ENVIRONMENT.get_template("error.html").render(
        visitor=None, path="", title=title, detail=detail, findings=findings
    )
    return HTMLResponse(text, status, HEADERS)


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(words.FOLDER / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.globals |= {"asset": address, "style_marks": style_marks, "version": own_version()}
    made.filters |= words.FILTERS
    return made


_ENVIRONMENT = _environment()
