"""The pages in a browser: they draw, follow what others do, and can be used with a keyboard and on a phone.

Pages are driven by calls of another process. Screenshots are in the folder that is printed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.pages.served import ROOT, started

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[dev]'")
CHROMIUM = os.environ.get("CHARGEWRIGHT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.clock,
    pytest.mark.skipif(
        CHROMIUM is None, reason="there is no Chromium here: install it, or name it in CHARGEWRIGHT_CHROMIUM"
    ),
]
SOON_MS = 60_000
"""On a machine that is busy with other things."""
SIZES = {"wide": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
VARIANTS = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]
PAGES = {
    "sites": "/",
    "site": "/sites/sample",
    "evse": "/sites/sample/evses/bay-1",
    "signals": "/signals",
    "jobs": "/jobs",
}
POST = """
import sys
from urllib.request import Request, urlopen
urlopen(Request(sys.argv[1], sys.argv[2].encode(), {"Content-Type": "application/json"}))
"""
OTHERS = """before => {
  const now = [...document.querySelectorAll("#part-lanes .energy")].map((one) => one.innerText);
  return JSON.stringify(now) !== before;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with started(tmp_path_factory.mktemp("service"), "--insecure") as found:
        yield found


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("CHARGEWRIGHT_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"screenshots: {folder}")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser has to say about a page: errors, warnings, refused requests."""
    return []


def opened(browser: Any, address: str, complaints: list[str], size: str = "wide", scheme: str = "light") -> Any:
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, is_mobile=size == "phone")
    page = context.new_page()
    page.set_default_timeout(SOON_MS)
    page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else complaints.append(asked.url))
    page.goto(address + PAGES["site"])
    page.locator("#chart .main-svg").first.wait_for()
    return page


def told(address: str, path: str, body: dict[str, Any]) -> None:
    """Posted by a process that knows nothing of the browser."""
    subprocess.run([sys.executable, "-c", POST, address + path, json.dumps(body)], check=True)


def plug_in(address: str, session: str) -> None:
    now = f"{datetime.now(UTC):%FT%TZ}"
    told(address, "/v1/sites/sample/sessions", {"session": session, "evse": "bay-9", "plugged_in_at": now})


@pytest.mark.parametrize(("size", "scheme"), VARIANTS)
def test_pages_draw_without_a_complaint_and_without_going_over_the_edge(
    browser: Any, address: str, pictures: Path, complaints: list[str], size: str, scheme: str
) -> None:
    page = opened(browser, address, complaints, size, scheme)
    for name, path in PAGES.items():
        page.goto(address + path)
        page.locator("#part-lanes .bar, #chart .main-svg, main .card").first.wait_for()
        page.wait_for_timeout(400)
        page.screenshot(path=pictures / f"{name}-{size}-{scheme}.png", full_page=True)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{name} is {over} pixels too wide"

    assert complaints == []
    page.context.close()


def test_a_plan_changes_before_ones_eyes_when_somebody_posts_a_session(
    browser: Any, address: str, pictures: Path, complaints: list[str]
) -> None:
    page = opened(browser, address, complaints)
    lane = page.locator('[data-evse="bay-9"]')
    assert "free" in lane.inner_text()
    page.evaluate("window.stayed = true")
    page.screenshot(path=pictures / "before.png", full_page=True)

    plug_in(address, "posted")

    lane.get_by_text("posted").wait_for()
    lane.locator(".bar").first.wait_for()
    page.screenshot(path=pictures / "after.png", full_page=True)
    assert page.evaluate("window.stayed"), "the page was not loaded again"
    told(address, "/v1/sites/sample/sessions/posted/unplug", {})
    lane.get_by_text("free").wait_for()
    assert complaints == []
    page.context.close()


def test_measured_power_moves_by_itself(browser: Any, address: str, complaints: list[str]) -> None:
    """The sample's meters tell every fifteen seconds."""
    page = opened(browser, address, complaints)
    before = page.locator("#part-lanes .energy").all_inner_texts()

    page.wait_for_function(OTHERS, arg=json.dumps(before, separators=(",", ":")))
    assert complaints == []
    page.context.close()


def test_a_bay_is_paused_with_the_keyboard_alone(
    browser: Any, address: str, pictures: Path, complaints: list[str]
) -> None:
    page = opened(browser, address, complaints)
    page.locator('[data-evse="bay-8"]').focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="bay-8").wait_for()
    page.locator('input[value="pause"]').focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    page.get_by_text("paused by anybody until").first.wait_for()
    page.screenshot(path=pictures / "paused.png", full_page=True)
    page.goto(address + PAGES["site"])
    assert "paused by anybody" in page.locator('[data-evse="bay-8"]').inner_text()
    assert complaints == []
    page.context.close()


def test_arrow_keys_lead_through_the_grid_nodes(browser: Any, address: str, complaints: list[str]) -> None:
    page = opened(browser, address, complaints)
    tabs = page.locator("[role=tab]")
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")

    assert "per phase" in page.locator('[role=tab][aria-selected="true"]').inner_text()
    assert page.locator("#chart .legendtext").all_text_contents()[:3] == ["L1", "L2", "L3"]
    assert complaints == []
    page.context.close()


def test_when_the_service_is_gone_the_page_says_so_and_finds_it_again(
    browser: Any, tmp_path: Path, complaints: list[str]
) -> None:
    with started(tmp_path, "--insecure") as address:
        page = opened(browser, address, complaints)
        page.get_by_text("live", exact=True).wait_for()
    page.get_by_text("connecting", exact=True).wait_for()
    page.context.close()


def test_on_a_phone_somebody_signs_in_looks_and_signs_out(browser: Any, tmp_path: Path) -> None:
    key = made_key(tmp_path, "page:control")
    with started(tmp_path) as address:
        page = browser.new_context(viewport=SIZES["phone"], is_mobile=True).new_page()
        page.set_default_timeout(SOON_MS)
        page.goto(address + "/jobs")
        page.get_by_label("Key").fill("cw_wrong")
        page.keyboard.press("Enter")
        page.get_by_text("this key does not work").wait_for()

        page.get_by_label("Key").fill(key)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Jobs").wait_for()
        assert page.url == address + "/jobs"
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"]["width"]
        assert page.evaluate("document.cookie") == "", "no script sees it"

        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Key").wait_for()
        page.goto(address + "/")
        assert "/sign-in" in page.url
        page.context.close()


def made_key(folder: Path, scope: str) -> str:
    """Created on the command line, in the store of the service."""
    environment = os.environ | {"CHARGEWRIGHT_DATABASE_URL": f"sqlite:///{folder / 'store.db'}"}
    command = [sys.executable, "-m", "api.cli", "keys", "create", "--tenant", "acme", "--scope", scope]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT)
    (key,) = set(re.findall(r"cw_[0-9a-f]+_[0-9a-f]+", told.stdout + told.stderr))
    return str(key)
