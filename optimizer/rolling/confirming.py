"""How many kW of a coming event its stations have confirmed: what they accepted, not what was planned or sent.

An EVSE that accepted the limit of the event counts at it, one that did not at the last one that it accepted, one of
which nothing is known at its rating. What is left below the baseline is confirmed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from models.domain.answers import Outcome
from models.domain.installed import OfflineBehaviour
from models.domain.schedule import Floats
from models.domain.series import How, values
from models.domain.signal import Direction, Event, Signal
from models.domain.signal_times import settlement_ends_s
from models.domain.site import Site
from models.domain.value import Series
from optimizer.rolling.allowed import in_place
from optimizer.rolling.installed import default_kw, followed_kw
from optimizer.rolling.state import EvseRecord, SiteState, Stage

MARKS = (timedelta(minutes=15), timedelta(minutes=5), timedelta(minutes=1))
"""Before the start of an event, when it is counted."""
ENOUGH_KW = 0.05
"""Less is lacking on no meter. [kW]"""


class Counted(StrEnum):
    """By what an EVSE counts."""

    CONFIRMED = "confirmed"
    """By the limit that it was sent last."""
    BEFORE = "before"
    """By the one that it accepted before: the last one is not answered, or was refused."""
    RATING = "rating"
    """Nothing is known to bind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseConfirmed:
    """What one EVSE with a vehicle may draw in an event."""

    evse: str
    power_kw: float
    """The most of the event. [kW at evse]"""
    counted: Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """How an event stands at one moment."""

    event: str
    at: datetime
    committed_kw: float
    confirmed_kw: float
    """Below the baseline in every settlement interval; below 0 where more may be drawn than that. [kW]"""
    other_kw: float
    """Load at the same meter that nobody here controls, at its largest in the event. [kW]"""
    evses: tuple[EvseConfirmed, ...]

    @property
    def lacking_kw(self) -> float:
        """Of what is committed. [kW]"""
        lacking = self.committed_kw - self.confirmed_kw
        return lacking if lacking > ENOUGH_KW else 0.0


def events_to_confirm(signals: Sequence[Signal], now: datetime) -> Iterator[Event]:
    """Events for less load that something is committed to, from the first mark before their start until their end."""
    for event in (signal for signal in signals if isinstance(signal, Event)):
        promised = event.direction is Direction.REDUCE and event.committed_kw > 0.0
        if promised and event.start - MARKS[0] <= now < event.end:
            yield event


def confirmed(state: SiteState, site: Site, event: Event, now: datetime) -> Confirmed:
    """How many kW of an event are confirmed now."""
    edges = _edges(event, now)
    records = [record for record in _measured(state, site, event) if _counts(state, record, event)]
    loads = [_most_kw(state, record, edges, now) for record in records]
    other = np.zeros(len(edges) - 1) if event.evses else _other_kw(site, event, edges)
    below = values(event.baseline_kw, edges) - other - sum(loads, np.zeros(len(edges) - 1))
    return Confirmed(
        event=event.id,
        at=now,
        committed_kw=event.committed_kw,
        confirmed_kw=float(below.min()),
        other_kw=float(other.max()),
        evses=tuple(_line(state, record, load, event) for record, load in zip(records, loads, strict=True)),
    )


def _edges(event: Event, now: datetime) -> Floats:
    """Of the settlement intervals that are not over; of all of an event that is. [s]"""
    ends = settlement_ends_s(event)
    running = event.start < now < event.end
    return np.asarray(ends[np.searchsorted(ends, now.timestamp(), side="right") - 1 :] if running else ends)


def _measured(state: SiteState, site: Site, event: Event) -> list[EvseRecord]:
    """Those at the meter of the event."""
    names = set(event.evses) or {evse.id for evse in site.evses if _below(site, evse.node, event.node)}
    return [record for record in state.evses.values() if record.id in names]


def _below(site: Site, node: str, meter: str | None) -> bool:
    parents: Mapping[str, str | None] = {one.id: one.parent for one in site.nodes}
    here: str | None = node
    while meter is not None and here is not None and here != meter:
        here = parents.get(here)
    return here is not None


def _counts(state: SiteState, record: EvseRecord, event: Event) -> bool:
    """A vehicle is there that is not full and does not leave before the event begins."""
    session = record.session
    if session is None or session.stage is Stage.FULL:
        return False
    wish = state.wishes.get(record.id)
    departure = session.departure or (wish.departure if wish else None)
    return departure is None or departure > event.start


def away_kw(record: EvseRecord, offline: OfflineBehaviour, now: datetime) -> Series:
    """What an EVSE out of reach may draw, by what it was seen to do without contact. [kW at evse]"""
    known: dict[OfflineBehaviour, Series | None] = {
        OfflineBehaviour.KEEPS: followed_kw(record, now),
        OfflineBehaviour.DEFAULT: default_kw(record, now),
        OfflineBehaviour.STOPS: 0.0,
    }
    found = known.get(offline)
    return record.plate.rating_kw if found is None else found


def _most_kw(state: SiteState, record: EvseRecord, edges: Floats, now: datetime) -> Floats:
    """What it may draw in each interval, by what it accepted. [kW at evse]"""
    rating, station = record.plate.rating_kw, state.stations[record.station]
    if record.uncontrolled:
        return np.full(len(edges) - 1, rating)
    follows = (followed_kw(record, now) or rating) if station.reachable else away_kw(record, station.offline, now)
    return np.minimum(rating, values(follows, edges, How.LARGEST))


def _free(state: SiteState, record: EvseRecord) -> bool:
    """Whether no limit is known to bind it."""
    station = state.stations[record.station]
    let_loose = station.offline in (OfflineBehaviour.FULL, OfflineBehaviour.UNKNOWN)
    return record.uncontrolled or (not station.reachable and let_loose)


def _other_kw(site: Site, event: Event, edges: Floats) -> Floats:
    """Expected load below the meter that nobody controls, less what the sun gives. [kW at grid]"""
    loads = [values(one.expected_kw, edges) for one in site.base_loads if _below(site, one.node, event.node)]
    plants = [values(one.expected_kw, edges) for one in site.pv_plants if _below(site, one.node, event.node)]
    nothing = np.zeros(len(edges) - 1)
    return np.asarray(sum(loads, nothing) - sum(plants, nothing))


def _line(state: SiteState, record: EvseRecord, load: Floats, event: Event) -> EvseConfirmed:
    return EvseConfirmed(evse=record.id, power_kw=float(load.max()), counted=_how(state, record))


def _how(state: SiteState, record: EvseRecord) -> Counted:
    if _free(state, record) or not any(in_place(one) for one in record.told):
        return Counted.RATING
    open_ = any(one.outcome is not Outcome.ACCEPTED and one.replaced_at is None for one in record.told)
    return Counted.BEFORE if open_ else Counted.CONFIRMED
