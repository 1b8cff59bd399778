"""What pages are drawn with: our style and script, and plotly's as it is installed. Nothing comes from elsewhere."""

import re
from dataclasses import dataclass
from functools import cache
from gzip import compress
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Request, Response

from models.domain.errors import NotFound

router = APIRouter(include_in_schema=False)
FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
OURS = ("app.css", "app.js", "chart.js", "icon.svg")
PLOTLY = "plotly.min.js"
FOR_EVER = "public, max-age=31536000, immutable"
"""What has its digest in its address never changes."""
DIGITS = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    body: bytes
    packed: bytes
    media_type: str
    digest: str


@router.get("/assets/{name}")
def get_asset(name: str, request: Request) -> Response:
    """A file by name, compressed for whoever takes it so."""
    if name not in (*OURS, PLOTLY):
        raise NotFound("there is no such file")
    found = asset(name)
    takes_packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"ETag": f'"{found.digest}"', "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    headers["Cache-Control"] = FOR_EVER if request.query_params.get("v") == found.digest else "no-cache"
    if takes_packed:
        headers["Content-Encoding"] = "gzip"
    body = found.packed if takes_packed else found.body
    return Response(body, headers=headers, media_type=f"{found.media_type}; charset=utf-8")


@cache
def asset(name: str) -> Asset:
    """Read once; raises OSError where an installation is incomplete."""
    path = _plotly() if name == PLOTLY else FOLDER / name
    body = path.read_bytes()
    return Asset(body, compress(body, mtime=0), TYPES[path.suffix], sha256(body).hexdigest()[:DIGITS])


@cache
def style_marks() -> tuple[str, ...]:
    """Ids of elements at whose sight plotly writes no styles into the page, which the page's policy would refuse.

    Ours are in app.css instead. The second kind is of its maps, named by a digest that each release changes.
    """
    text = asset(PLOTLY).body.decode()
    return ("plotly.js-style-global", *sorted(set(re.findall(r'getElementById\("([0-9a-f]{64})"\)', text))))


def address(name: str) -> str:
    """The address of a file, with its digest."""
    return f"/assets/{name}?v={asset(name).digest}"


def _plotly() -> Path:
    """Without importing plotly, which takes longer than to answer."""
    found = find_spec("plotly")
    assert found is not None, "plotly is a dependency"
    assert found.origin is not None, "it is a package of files"
    return Path(found.origin).parent / "package_data" / PLOTLY
