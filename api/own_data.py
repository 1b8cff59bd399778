"""Sites, past sessions and tariffs that a command names: a file, or what comes along as ``sample:NAME``."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from api.importing import bytes_of
from api.sources import SAMPLE
from models import samples
from models.datasets.csv_shape import decoded
from models.datasets.recorded import RecordedSession
from models.datasets.session_file import SessionFile, read_sessions
from models.datasets.urdb import is_urdb, urdb_tariff
from models.domain.electrical import evse_max_power_kw
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Site
from models.domain.strict_json import read_json
from models.domain.tariff import Tariff
from models.domain.units import hours_from_seconds
from models.domain.wire import read_form

LONGEST_STAY = timedelta(hours=24)
"""Of a day that is planned again: a forgotten car says nothing about it."""


def site_scenario(source: str) -> Scenario:
    """A site file, or the scenario of a sample: what stands there, and its tariff where it has one.

    Raises:
        InvalidScenario: it cannot be read.
    """
    if source.startswith(SAMPLE):
        return samples.load(source.removeprefix(SAMPLE))
    return read_form(Scenario, bytes_of(Path(source)))


def sessions_from(source: str) -> SessionFile:
    """A sessions file, or the month of a sample.

    Raises:
        InvalidScenario: it cannot be read at all.
    """
    if source.startswith(SAMPLE):
        return SessionFile(samples.month(source.removeprefix(SAMPLE)))
    found = read_sessions(decoded(bytes_of(Path(source))))
    if not found.sessions:
        empty = Finding(path=source, message="there are no sessions in it", remedy="make it with chargewright import")
        raise InvalidScenario(found.findings or (empty,))
    return found


def tariff_from(source: str) -> Tariff:
    """A tariff that comes along, a file of ours (also inside a scenario), or a rate of the URDB.

    Raises:
        InvalidScenario: it cannot be read.
    """
    if source.startswith(SAMPLE):
        return samples.tariff(source.removeprefix(SAMPLE))
    content = bytes_of(Path(source))
    tree: Any = read_json(content).tree
    if is_urdb(tree):
        return urdb_tariff(tree).tariff
    if isinstance(tree, dict) and "site" in tree:
        return _told_in(read_form(Scenario, content), source)
    return read_form(Tariff, content)


def day_of(scenario: Scenario, sessions: tuple[RecordedSession, ...], day: date) -> Scenario:
    """A site on one past day: who came then, with what was delivered as what is wanted.

    Raises:
        InvalidScenario: nobody came to an EVSE of the site on that day.
    """
    zone = ZoneInfo(scenario.site.time_zone)
    known = {evse.id for evse in scenario.site.evses}
    there = [one for one in sessions if one.arrival.astimezone(zone).date() == day and one.evse in known]
    if not there:
        first, last = (at.astimezone(zone).date() for at in (sessions[0].arrival, sessions[-1].arrival))
        message, remedy = f"no session of {day} is at an EVSE of the site", f"take a day from {first} to {last}"
        raise InvalidScenario([Finding(path="--day", message=message, remedy=remedy)])
    recorded = tuple(_session(one, scenario.site) for one in there)
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    horizon = scenario.horizon and replace(scenario.horizon, start=start)
    bare = replace(scenario, visits=(), signals=(), installed=(), previous=(), ledger=(), futures=())
    return replace(bare, sessions=recorded, horizon=horizon)


def _session(one: RecordedSession, site: Site) -> Session:
    departure = min(one.departure, one.arrival + LONGEST_STAY)
    evse = next(evse for evse in site.evses if evse.id == one.evse)
    stay_h = hours_from_seconds((departure - one.arrival).total_seconds())
    most_kwh = evse_max_power_kw(evse, None, site.voltage_v or 0.0) * stay_h
    return Session(
        id=one.id,
        evse=one.evse,
        arrival=one.arrival,
        departure=departure,
        energy_target_kwh=round(min(one.energy_kwh, most_kwh), 3),
        driver=one.driver,
    )


def _told_in(scenario: Scenario, source: str) -> Tariff:
    if scenario.tariff is None:
        remedy = "name another file, or a tariff that comes along as sample:NAME"
        raise InvalidScenario([Finding(path=source, message="the scenario has no tariff", remedy=remedy)])
    return scenario.tariff
