"""Builds `caltech-garage`: the busiest weekday of October 2019 in a real garage of 54 EVSEs.

Run ``python -m models.samples.build_caltech FOLDER``; the README of the sample names sources and assumptions.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np

from models.datasets import RecordedSession
from models.datasets.acn import october_2019
from models.datasets.acn_network import network, site_of
from models.datasets.session_file import write_sessions
from models.datasets.tariffs import sce_tou_ev_4
from models.domain.habits import Habits
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, GridNode, LimitKind, NodeKind, SessionDefaults, Site
from models.domain.units import kw_from_amperes
from models.learning.history import PastSession
from models.learning.learn import learn
from models.samples.sources import LONGEST_STAY, METER_DIGITS, by_arrival, reachable_kwh, rebuild, stay_h

NAME = "caltech-garage"
MONTH = "sessions-2019-10.csv"
ZONE = ZoneInfo("America/Los_Angeles")
TRANSFORMER_KW = 150.0
SECONDARY_V = 208.0
"""As it is written on it, line to line. [V]"""
CURRENT_DIGITS = 4
RETAIL_PRICE_PER_KWH = 0.30
FINE, FAR = Stretch(count=288, minutes=5.0), Stretch(count=72, minutes=15.0)
"""The day itself, and coarser the time until the last car has left."""


def build(folder: Path) -> Scenario:
    """The scenario, from the network, the sessions and the tariff of a data folder."""
    recorded = october_2019(folder, "caltech")
    day = busiest_weekday(recorded)
    shown, others = ([one for one in recorded if (_local_day(one) == day) is here] for here in (True, False))
    published = site_of(network(folder, "caltech"), transformer_kw=TRANSFORMER_KW)
    evses = {evse.id: evse for evse in published.evses}
    return Scenario(
        name=NAME,
        description=f"Caltech garage, 54 EVSEs, all AC sessions that began on {day}",
        site=replace(
            published,
            id=NAME,
            nodes=_nodes(published),
            session_defaults=_defaults(others, day),
            habits=_habits(others, day),
        ),
        sessions=by_arrival([_session(one, evses[one.evse]) for one in shown]),
        tariff=sce_tou_ev_4(folder, holidays="WEEKENDS"),
        horizon=Horizon(start=datetime.combine(day, time(), ZONE).astimezone(UTC), stretches=(FINE, FAR)),
    )


def busiest_weekday(recorded: Sequence[RecordedSession]) -> date:
    """The day from Monday to Friday on which most cars plugged in; the earlier one of equals."""
    counts = Counter(map(_local_day, recorded))
    weekdays = [day for day in counts if day.isoweekday() <= 5]
    return max(sorted(weekdays), key=lambda day: counts[day])


def _local_day(one: RecordedSession) -> date:
    return one.arrival.astimezone(ZONE).date()


def _nodes(published: Site) -> tuple[GridNode, ...]:
    """The service, the delta-wye transformer below it, and a panel for each pod; all of them fully rated."""
    rated = [replace(node, limit_kind=LimitKind.RATING, continuous_factor=1.0) for node in published.nodes]
    service = GridNode(id="service", kind=NodeKind.CONNECTION)
    return (service, *(node if node.transformer is None else _below(service, node) for node in rated))


def _below(service: GridNode, node: GridNode) -> GridNode:
    """A transformer in round figures."""
    assert node.transformer is not None, "asked before"
    primary_a = _rounded(node.transformer.primary_current_limit_a)
    transformer = replace(node.transformer, secondary_voltage_v=SECONDARY_V, primary_current_limit_a=primary_a)
    return replace(node, parent=service.id, current_limit_a=_rounded(node.current_limit_a), transformer=transformer)


def _rounded(limit_a: object) -> float:
    assert isinstance(limit_a, float), "a published limit is the same on every line, at all times"
    return round(limit_a, CURRENT_DIGITS)


def _session(one: RecordedSession, evse: Evse) -> Session:
    """What really happened, as what is wanted: true departure and delivered energy."""
    departure = min(one.departure, one.arrival + LONGEST_STAY)
    power_kw = kw_from_amperes(evse.max_current_a or 0.0, evse.voltage_v or 0.0)
    return Session(
        id=f"{evse.id}-{one.arrival.astimezone(ZONE):%H%M}",
        evse=evse.id,
        arrival=one.arrival,
        departure=departure,
        energy_target_kwh=reachable_kwh(one.energy_kwh, power_kw, one.arrival, departure),
        retail_price_per_kwh=RETAIL_PRICE_PER_KWH,
    )


def _defaults(others: Sequence[RecordedSession], day: date) -> SessionDefaults:
    """Median stay and 75 % quantile of energy of the days that the sample does not show."""
    stays = [stay_h(one.arrival, one.departure) for one in others]
    energies = [one.energy_kwh for one in others]
    return SessionDefaults(
        stay_h=round(median(stays), 2),
        energy_target_kwh=round(float(np.quantile(energies, 0.75)), METER_DIGITS),
        source=f"median stay and 75 % quantile of energy of the {len(others)} sessions of October 2019 "
        f"that began on another day than {day}",
    )


def _habits(others: Sequence[RecordedSession], day: date) -> Habits:
    """Stays and energies of the days that the sample does not show, counted."""
    past = [PastSession(one.arrival, one.departure, one.energy_kwh) for one in others]
    source = f"sessions of October 2019 that began on another day than {day}"
    return replace(learn(past, ZONE), source=source)


def month(folder: Path) -> str:
    """The text of the file with all AC sessions of the month, uncut, with what drivers claimed."""
    return write_sessions([replace(one, id=_name(one)) for one in october_2019(folder, "caltech")])


def _name(one: RecordedSession) -> str:
    return f"{one.evse}-{one.arrival.astimezone(ZONE):%m%d-%H%M}"


if __name__ == "__main__":
    rebuild(NAME, build, files={MONTH: month})
