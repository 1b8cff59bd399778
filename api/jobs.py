"""The clock of the service: ticks that look into the store for what is due. Nothing that must last is in here.

Measured on APScheduler 3.11: its default grace of a second skips ticks without a word, an exception in a job store ends
its loop for good. So it is a clock in memory and nothing else, no exception leaves a tick, and whether it still runs is
read from when the last tick was.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from api.connections.running import Due, Lines, due_connections
from api.ocpi.courier import Round, go_round, rounds
from api.programmes.marking import mark_events
from api.sample.life import TICK_S as SAMPLE_TICK_S
from api.sample.life import Sample
from api.service import Service
from api.sites.due import due_sites
from api.sites.planning import plan_site
from api.store.retention import forget_old
from api.webhooks.delivering import deliver
from api.webhooks.posting import Post, Poster
from models.domain.errors import ChargingError, Conflict, NotFound

TICK_S = 0.25
"""With the debouncing, a plan begins at most 0.6 s after what called for it. [s]"""
TELL_S = 0.5
"""Between looks for what webhooks were not told yet. [s]"""
HEAR_S = 0.5
"""Between looks for utilities whose time has come. [s]"""
UTILITIES_AT_ONCE = 16
"""One that hangs holds a thread for half a minute, and nobody else."""
MARK_S = 5.0
"""Between looks for events that are about to begin. [s]"""
FORGET_MINUTES = 60
STANDS_STILL = timedelta(seconds=30)
"""A clock that has not ticked for so long has stopped."""
ELSEWHERE = timedelta(seconds=2)
"""Before a site that another replica plans is looked at again."""
WHO = "service"
"""In the audit trail."""

Site = tuple[str, str]
"""Tenant and id."""
Submit = Callable[[Callable[[], None]], Any]
log = structlog.get_logger("chargewright.jobs")


class Jobs:
    """What is done by itself; ``submit`` decides where, so that tests do it at once."""

    def __init__(
        self, service: Service, submit: Submit, post: Post | None = None, listen: Submit | None = None
    ) -> None:
        """``listen``: where utilities are asked, which may take long; None: where plans are made."""
        self.service, self._submit, self._listen = service, submit, listen or submit
        self._lines = Lines(service)
        self._post = post or Poster(service.settings.webhook_allow.split(","))
        self.beat_at: datetime | None = None
        """When the last tick began."""
        self._busy: set[Site] = set()
        self._not_before: dict[Site, datetime] = {}
        self._lock = Lock()

    def tick(self) -> None:
        """Have every site planned that is due and that is not being planned; never raises."""
        now = self.service.clock()
        self.beat_at = now
        self.service.metrics.beat.set(now.timestamp())
        try:
            due = due_sites(self.service.store, now)
        except ChargingError as error:
            log.warning("store_failed", error=str(error))
            return
        for site in due:
            if self._begin(site, now):
                self._submit(partial(self._plan, site))

    def hear(self) -> None:
        """Have utilities looked after whose time has come; never raises."""
        now = self.service.clock()
        try:
            due = due_connections(self.service, now)
        except ChargingError as error:
            log.warning("store_failed", error=str(error))
            return
        for one in due:
            if self._begin(_seat(one), now):
                self._listen(partial(self._look, one))

    def tell(self) -> None:
        """Have webhooks told what they were not told yet; never raises."""
        try:
            arrived = deliver(self.service, self._post)
        except ChargingError as error:
            log.warning("store_failed", error=str(error))
        except Exception:  # the clock goes on
            log.exception("webhooks_failed")
        else:
            self.service.metrics.messages.inc(arrived)
            if arrived:
                log.info("told", messages=arrived)

    def carry(self) -> None:
        """Have platforms of OCPI told the profiles of their sessions; never raises."""
        now = self.service.clock()
        try:
            due = rounds(self.service)
        except ChargingError as error:
            log.warning("store_failed", error=str(error))
            return
        for one in due:
            if self._begin((one.tenant, f"ocpi-way/{one.site}"), now):
                self._listen(partial(self._go_round, one))

    def mark(self) -> None:
        """Have counted what is confirmed of events that are about to begin; never raises."""
        try:
            marks = mark_events(self.service)
        except ChargingError as error:
            log.warning("store_failed", error=str(error))
        except Exception:  # the clock goes on
            log.exception("marking_failed")
        else:
            if marks:
                log.info("marked", marks=marks)

    def forget(self) -> None:
        """Drop what is older than it has to be kept; never raises."""
        try:
            log.info("forgotten", counts=forget_old(self.service.store, self.service.settings, self.service.clock()))
        except ChargingError as error:
            log.warning("store_failed", error=str(error))

    def close(self) -> None:
        """Let go of connections."""
        self._lines.close()

    def runs(self) -> bool:
        """Whether it still ticks."""
        return self.beat_at is not None and self.service.clock() - self.beat_at < STANDS_STILL

    def _begin(self, site: Site, now: datetime) -> bool:
        with self._lock:
            waits = self._not_before.get(site)
            if site in self._busy or (waits is not None and now < waits):
                return False
            self._busy.add(site)
            return True

    def _look(self, due: Due) -> None:
        try:
            self._lines.look(due)
        finally:
            with self._lock:
                self._busy.discard(_seat(due))

    def _go_round(self, one: Round) -> None:
        try:
            go_round(one)
        except ChargingError as error:
            log.warning("not_carried", tenant=one.tenant, site=one.site, error=str(error).partition("\n")[0])
        except Exception:  # an error of ours must not stop the clock for all other sites
            log.exception("carrying_failed", tenant=one.tenant, site=one.site)
        finally:
            with self._lock:
                self._busy.discard((one.tenant, f"ocpi-way/{one.site}"))

    def _plan(self, site: Site) -> None:
        try:
            plan_site(self.service, *site, WHO)
        except (Conflict, NotFound):
            self._not_before[site] = self.service.clock() + ELSEWHERE
        except ChargingError as error:
            log.warning("not_planned", tenant=site[0], site=site[1], error=str(error).partition("\n")[0])
        except Exception:  # an error of ours must not stop the clock for all other sites
            self._not_before[site] = self.service.clock() + STANDS_STILL
            log.exception("planning_failed", tenant=site[0], site=site[1])
        finally:
            with self._lock:
                self._busy.discard(site)


def _seat(due: Due) -> Site:
    return due.tenant, f"connection/{due.id}"


class Running:
    """The jobs of a service, ticking until it is stopped."""

    def __init__(self, service: Service) -> None:
        self._threads = ThreadPoolExecutor(service.settings.solves_at_once, thread_name_prefix="plan")
        self._ears = ThreadPoolExecutor(UTILITIES_AT_ONCE, thread_name_prefix="hear")
        self.jobs = Jobs(service, self._threads.submit, listen=self._ears.submit)
        options = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._clock = BackgroundScheduler(timezone=UTC, job_defaults=options)
        self._clock.add_job(self.jobs.tick, "interval", seconds=TICK_S)
        self._clock.add_job(self.jobs.hear, "interval", seconds=HEAR_S)
        self._clock.add_job(self.jobs.tell, "interval", seconds=TELL_S)
        self._clock.add_job(self.jobs.carry, "interval", seconds=HEAR_S)
        self._clock.add_job(self.jobs.mark, "interval", seconds=MARK_S)
        self._clock.add_job(self.jobs.forget, "interval", minutes=FORGET_MINUTES)
        if service.settings.sample is not None:
            self._live(Sample(service), wanted=service.settings.sample)

    def start(self) -> None:
        self._clock.start()

    def _live(self, sample: Sample, *, wanted: bool) -> None:
        """One that was left from before goes where none is wanted."""
        if not wanted:
            sample.end()
        elif sample.begin():
            self._clock.add_job(sample.tick, "interval", seconds=SAMPLE_TICK_S)

    def stop(self) -> None:
        """Plans that are being made are finished; what is due stays due."""
        self._clock.shutdown(wait=True)
        self._ears.shutdown(wait=True, cancel_futures=True)
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.jobs.close()
