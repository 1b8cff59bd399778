"""A month of somebody's own: site, past sessions and tariff from files, in place of a public data set."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from api.importing import bytes_of
from api.own_data import sessions_from, site_scenario, tariff_from
from api.sources import SAMPLE
from models.datasets import RecordedSession
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.habits import Habits
from models.domain.site import Site
from models.domain.tariff import Tariff
from models.domain.validation import validate

FREE = Tariff(currency="EUR", import_price=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Where the files are, which month is played, and a digest of what is in them."""

    site: str
    sessions: str
    tariff: str | None
    year: int
    month: int
    digest: str

    @property
    def name(self) -> str:
        return f"own-{self.year}-{self.month:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMonth:
    """What the files say of it."""

    site: Site
    tariff: Tariff
    sessions: tuple[RecordedSession, ...]
    earlier: tuple[RecordedSession, ...]
    start: datetime
    end: datetime


def own(site: str, sessions: str, tariff: str | None, month: str | None) -> Own:
    """The files by name, and the month that is told as ``2026-03``; None: that with most sessions, the later of equals.

    Raises:
        InvalidScenario: a file cannot be read, or it is no month.
    """
    zone = ZoneInfo(site_scenario(site).site.time_zone)
    told = _month(month) if month else _busiest(sessions_from(sessions).sessions, zone)
    digest = hashlib.sha256()
    for source in (site, sessions, tariff):
        digest.update(_content(source))
    return Own(site=site, sessions=sessions, tariff=tariff, year=told[0], month=told[1], digest=digest.hexdigest()[:16])


def own_month(told: Own) -> OwnMonth:
    """The month of somebody's own files.

    Raises:
        InvalidScenario: a file cannot be read, its site has findings, or nobody came to an EVSE of it in that month.
    """
    scenario = site_scenario(told.site)
    tariff = tariff_from(told.tariff) if told.tariff else scenario.tariff or FREE
    # What a site file says of its drivers may be counted from this very month; only earlier sessions may tell of them.
    site = replace(scenario.site, habits=Habits(), session_defaults=None)
    _refuse(site, tariff)
    zone = ZoneInfo(site.time_zone)
    start = datetime(told.year, told.month, 1, tzinfo=zone)
    end = datetime(told.year + told.month // 12, told.month % 12 + 1, 1, tzinfo=zone)
    known = {evse.id for evse in site.evses}
    there = [one for one in sessions_from(told.sessions).sessions if one.evse in known]
    inside = tuple(one for one in there if start <= one.arrival < end)
    if not inside:
        message = f"no session of {told.year}-{told.month:02d} is at an EVSE of the site"
        remedy = "name another month with --month, or a site with the EVSEs of the sessions"
        raise InvalidScenario([Finding(path=told.sessions, message=message, remedy=remedy)])
    earlier = tuple(one for one in there if one.arrival < start)
    return OwnMonth(site=site, tariff=tariff, sessions=inside, earlier=earlier, start=start, end=end)


def with_limit(site: Site, limit_kw: float | None) -> Site:
    """The site with another limit at its connection. [kW]"""
    if limit_kw is None:
        return site
    nodes = (replace(node, import_limit_kw=limit_kw) if node.parent is None else node for node in site.nodes)
    return replace(site, nodes=tuple(nodes))


def elsewhere(told: Own) -> int:
    """How many sessions of the file are at EVSEs that the site does not have."""
    known = {evse.id for evse in site_scenario(told.site).site.evses}
    return sum(one.evse not in known for one in sessions_from(told.sessions).sessions)


def _refuse(site: Site, tariff: Tariff) -> None:
    """Raises InvalidScenario for what is wrong about either, but for the sessions that are still to come."""
    from models.domain.scenario import Scenario

    findings = [one for one in validate(Scenario(site=site, tariff=tariff)) if one.path.startswith(("site", "tariff"))]
    if findings:
        raise InvalidScenario(findings)


def _month(told: str) -> tuple[int, int]:
    try:
        when = datetime.strptime(told, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        finding = Finding(path="--month", message=f"{told!r} is no month", remedy="write it as 2026-03")
        raise InvalidScenario([finding]) from None
    return when.year, when.month


def _busiest(sessions: tuple[RecordedSession, ...], zone: ZoneInfo) -> tuple[int, int]:
    counts: dict[tuple[int, int], int] = {}
    for one in sessions:
        local = one.arrival.astimezone(zone)
        counts[local.year, local.month] = counts.get((local.year, local.month), 0) + 1
    return max(counts, key=lambda month: (counts[month], month))


def _content(source: str | None) -> bytes:
    return (source or "").encode() if source is None or source.startswith(SAMPLE) else bytes_of(Path(source))
