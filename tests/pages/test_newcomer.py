"""From a clone to a page that changes by one's own curl line: every step of the README is a test here, in its order.

What takes longest, the environment of ``make serve``, is made once a release by hand: docs/pages.md has the minutes.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest

from tests.pages.served import ROOT, started, text_of

pytestmark = [
    pytest.mark.clock,
    pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here"),
    pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here"),
]
PLANNED_WITHIN_S = 60.0
"""On a machine that is busy with other things; 2 s on one that is not."""
DEFAULT = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with started(tmp_path_factory.mktemp("newcomer"), "--insecure") as found:
        yield found


@pytest.fixture(scope="module")
def readme() -> str:
    """The section of the README that a newcomer follows."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.partition("## See it live")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def curl_line(readme: str) -> str:
    (line,) = re.findall(r"^curl (?:.*\\\n)*.*$", readme, flags=re.M)
    return str(line)


def within(seconds: float, address: str, wanted: str) -> str:
    """The page once it says so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = shown(address)
        if re.search(wanted, found):
            return found
        time.sleep(0.5)
    raise AssertionError(f"{address} never said {wanted}: {shown(address)}")


def shown(address: str) -> str:
    html = re.sub(r"<(script|svg)\b.*?</\1>", " ", text_of(address), flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def test_make_serve_is_one_command_that_serves(readme: str) -> None:
    if shutil.which("make") is None:
        pytest.skip("there is no make here")
    assert "make serve" in readme
    told = subprocess.run(
        ["make", "--no-print-directory", "-n", "serve"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert told.stdout.splitlines()[-1].endswith("chargewright serve --insecure")


def test_the_page_of_the_readme_lists_a_sample_that_is_planned(address: str, readme: str) -> None:
    assert DEFAULT in readme

    assert "sample control" in within(PLANNED_WITHIN_S, f"{address}/", r"sample .* optimal")


def test_the_sample_has_a_page_with_cars_that_says_how_to_plug_one_in(address: str) -> None:
    found = within(PLANNED_WITHIN_S, f"{address}/sites/sample", r"[1-9] charging")

    assert "This site is a sample" in found
    assert "bay-9 free" in found


def test_the_line_of_the_page_is_that_of_the_readme(address: str, curl_line: str) -> None:
    html = unescape(text_of(f"{address}/sites/sample"))
    (line,) = re.findall(r"<pre>(curl .*?)</pre>", html, flags=re.S)

    assert " ".join(line.replace(address, DEFAULT).split()) == " ".join(curl_line.split())


def test_their_own_line_changes_the_page(address: str, curl_line: str) -> None:
    """Told by the stream that a browser listens to, and there when the page is asked again."""
    heard: list[str] = []
    listening = Thread(target=_listen, args=(f"{address}/sites/sample/live?seconds=20", heard), daemon=True)
    listening.start()

    line = curl_line.replace(DEFAULT, address)
    posted = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)

    assert '"session":"mine"' in posted.stdout
    found = within(PLANNED_WITHIN_S, f"{address}/sites/sample", r"bay-9 mine (?:waits until|[\d.]+ kW)")
    assert "bay-9 free" not in found
    listening.join(timeout=30)
    assert "event: changed" in heard


def test_unplugging_it_frees_the_bay(address: str) -> None:
    command = ["curl", "-sS", "-X", "POST", f"{address}/v1/sites/sample/sessions/mine/unplug"]
    subprocess.run([*command, "-H", "Content-Type: application/json", "-d", "{}"], check=True, capture_output=True)

    within(PLANNED_WITHIN_S, f"{address}/sites/sample", r"bay-9 free")


def test_a_restart_keeps_the_sample_and_a_service_with_keys_has_none(tmp_path: Path) -> None:
    with started(tmp_path, "--insecure") as first:
        within(PLANNED_WITHIN_S, f"{first}/", r"sample .* optimal")
    with started(tmp_path, "--insecure") as second:
        assert "sample control" in shown(f"{second}/")
    with started(tmp_path, "--insecure", CHARGEWRIGHT_SAMPLE="false") as third:
        assert "No site yet" in shown(f"{third}/")


def _listen(address: str, heard: list[str]) -> None:
    with urlopen(address, timeout=60) as stream:
        heard.extend(line.decode().rstrip("\n") for line in stream)
