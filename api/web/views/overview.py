"""All sites of a tenant: what stands on the first page, what is due, and what utilities ask of whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from api.sample.life import is_sample
from api.sites.forms import NodeLimit, SiteMode, SitePolicy
from api.sites.keeping import Desk
from api.sites.plan_job import PlanJob
from api.sites.plans import PlanMade, history
from api.store.records import Kind
from api.web.views.chart import asks
from models.domain.series import value_at
from models.domain.site import Site
from models.domain.tariff import PriceSeries

MOST_SITES = 200
"""On one page."""
MOST_PLANS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """A site in a list."""

    id: str
    mode: SiteMode
    simulated: bool
    cars: int
    bays: int
    limit_kw: float | None
    """Of the connection now, by the site itself. [kW]"""
    made: PlanMade | None
    job: PlanJob | None
    waiting: int
    """Commands without an answer."""
    zone: ZoneInfo

    @property
    def failing(self) -> bool:
        return self.job is not None and self.job.attempts > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Something that is asked of a site."""

    site: str
    id: str
    kind: str
    text: str
    where: str
    source: str
    start: datetime | None
    end: datetime | None
    holds: bool
    over: bool
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A plan in a list."""

    site: str
    made: PlanMade
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a tenant's sites, by id."""

    desks: list[Desk]
    next: str | None
    """Say it as ``after`` to go on; None on the last page."""


def part(desk: Desk, after: str) -> Part:
    """A desk at each of the sites after one; the desk that is given is at no site."""
    found = desk.unit.page(desk.tenant, Kind.SITE, None, after=after, limit=MOST_SITES + 1)
    shown = [Desk(desk.unit, desk.tenant, document.place.site, desk.who) for document in found[:MOST_SITES]]
    return Part(shown, shown[-1].site if len(found) > MOST_SITES else None)


def site_rows(desks: list[Desk], now: datetime) -> list[SiteRow]:
    """In the order of the desks."""
    return [_row(one, now) for one in desks]


def _row(desk: Desk, now: datetime) -> SiteRow:
    site: Site = desk.get(Kind.SITE).value
    policy, job, state = (desk.find(kind) for kind in (Kind.POLICY, Kind.JOB, Kind.STATE))
    made = history(desk, None, 1)
    return SiteRow(
        id=desk.site,
        mode=(policy.value if policy else SitePolicy()).mode,
        simulated=is_sample(desk.unit, desk.tenant, desk.site),
        cars=len(desk.every(Kind.SESSION)),
        bays=len(site.evses),
        limit_kw=_own_limit_kw(site, now),
        made=made[0][1] if made else None,
        job=job.value if job else None,
        waiting=len(state.value.outbox) if state else 0,
        zone=ZoneInfo(site.time_zone),
    )


def _own_limit_kw(site: Site, now: datetime) -> float | None:
    root = next(node for node in site.nodes if node.parent is None)
    return None if root.import_limit_kw is None else value_at(root.import_limit_kw, now)


def asked_of(desks: list[Desk], now: datetime) -> list[Asked]:
    """Signals, limits and prices of sites: what holds now first, then what comes, then what is over."""
    found = [one for at in desks for one in (*_signals(at, now), *_limits(at, now), *_prices(at, now))]
    return sorted(found, key=lambda one: (one.over, not one.holds, one.start or now))


def _signals(desk: Desk, now: datetime) -> Iterator[Asked]:
    here = ZoneInfo(desk.get(Kind.SITE).value.time_zone)
    for kept in desk.every(Kind.SIGNAL):
        told = kept.value
        yield Asked(
            site=desk.site,
            id=told.id,
            kind=told.kind,
            text=asks(told),
            where=getattr(told, "node", None) or ", ".join(getattr(told, "evses", ())) or "connection",
            source=told.source,
            start=told.start,
            end=told.end,
            holds=told.start <= now < told.end,
            over=told.end <= now,
            zone=here,
        )


def _limits(desk: Desk, now: datetime) -> Iterator[Asked]:
    here = ZoneInfo(desk.get(Kind.SITE).value.time_zone)
    for kept in desk.every(Kind.NODE_LIMIT):
        told: NodeLimit = kept.value
        begun, ended = told.start is None or told.start <= now, told.end is not None and told.end <= now
        yield Asked(
            site=desk.site,
            id="limit",
            kind="limit",
            text=_limit_text(told, ended),
            where=kept.id,
            source="building or energy system",
            start=told.start or kept.changed_at,
            end=told.end,
            holds=begun and (not ended or told.afterwards is not None),
            over=ended and told.afterwards is None,
            zone=here,
        )


def _limit_text(told: NodeLimit, ended: bool) -> str:
    unit = "A" if told.current_limit_a is not None else "kW"
    most = told.current_limit_a if told.current_limit_a is not None else told.import_limit_kw
    if ended and told.afterwards is not None:
        return f"at most {told.afterwards:g} {unit}, as told for after its end"
    return f"at most {most:g} {unit}"


def _prices(desk: Desk, now: datetime) -> Iterator[Asked]:
    kept = desk.find(Kind.PRICES)
    if kept is None or not isinstance(kept.value.import_price, PriceSeries):
        return
    series: PriceSeries = kept.value.import_price
    over = series.end is not None and series.end <= now
    yield Asked(
        site=desk.site,
        id="prices",
        kind="prices",
        text="published prices, estimated after their end",
        where="connection",
        source="forecast",
        start=series.steps[0].start,
        end=series.end,
        holds=not over,
        over=over,
        zone=ZoneInfo(desk.get(Kind.SITE).value.time_zone),
    )


def latest_plans(desks: list[Desk]) -> list[PlanRow]:
    """Of all of them together, the newest first."""
    found = [
        PlanRow(site=at.site, made=made, zone=ZoneInfo(at.get(Kind.SITE).value.time_zone))
        for at in desks
        for _, made in history(at, None, MOST_PLANS)
    ]
    return sorted(found, key=lambda row: row.made.made_at, reverse=True)[:MOST_PLANS]
