"""Makes the picture of the README anew: ``python -m tests.pages.picture docs/img/pages.png``.

The sample lives through an hour before the evening's high price, in a clock of its own, and stands still to be taken.
"""

import shutil
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import sync_playwright

from api.app import create_app
from api.jobs import Jobs
from api.sample.life import Sample
from api.settings import ServiceSettings
from api.store.memory import MemoryStore
from tests.api.yards import Hands, service

BEGIN = datetime(2026, 3, 2, 14, 55, tzinfo=UTC)
"""Five to four in Berlin."""
MINUTES = 62.5
TICK = timedelta(seconds=5)
SIZE = {"width": 1280, "height": 1290}
PORT = 18080


def main(path: Path) -> None:
    clock, store = Hands(), MemoryStore()
    clock.now = BEGIN
    with service(store, clock, solves_at_once=1) as yard:
        live(yard, MINUTES)
    settings = ServiceSettings(insecure=True, database_url="memory:", plans_by_itself=False)
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings, store=store, clock=clock), port=PORT, log_level="error")
    )
    running = threading.Thread(target=server.run)
    running.start()
    try:
        while not server.started:
            time.sleep(0.1)
        take(path, clock.now)
    finally:
        server.should_exit = True
        running.join()


def live(yard: Any, minutes: float) -> None:
    """The sample and the plans that it calls for."""
    sample = Sample(yard.client.app.state.service)
    sample.begin()
    jobs = Jobs(yard.client.app.state.service, lambda work: work())
    end = yard.clock.now + timedelta(minutes=minutes)
    while yard.clock.now < end:
        yard.clock.now += TICK
        sample.tick()
        jobs.tick()


def take(path: Path, now: datetime) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.clock.install(time=now)
        page.goto(f"http://127.0.0.1:{PORT}/sites/sample")
        page.locator("#chart .main-svg").first.wait_for()
        page.clock.run_for(1500)
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
