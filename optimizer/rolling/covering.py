"""Who covers for an EVSE that did not confirm the limit of an event: all others, by what it may draw.

A plan could think that its car waits. Nobody knows that it does, so from a quarter of an hour before the event the
baseline is lower by what such an EVSE may draw: what it accepted last, or its rating. With the next plan after it
answered it counts as the others do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from models.domain.installed import Installed, InstalledProfile, OfflineBehaviour
from models.domain.series import How, steps_of, values
from models.domain.signal import Event, Signal
from models.domain.signal_times import settlement_ends_s
from models.domain.value import Series
from optimizer.rolling.allowed import SETTLE
from optimizer.rolling.confirming import ENOUGH_KW, away_kw, events_to_confirm
from optimizer.rolling.installed import followed_kw, from_the_minute
from optimizer.rolling.state import EvseRecord, Role, SiteState, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An EVSE with a car that may draw more in an event than it is told."""

    record: EvseRecord
    follows_kw: Series
    """[kW at evse]"""
    as_installed: Installed | None
    """Of one that is in contact and did not answer in time; None: it counts like that in every plan."""


def late_evses(state: SiteState, signals: Sequence[Signal], now: datetime) -> tuple[Late, ...]:
    """Those that did not answer in time, are not controlled, or are out of reach, around an event with a commitment."""
    events = list(events_to_confirm(signals, now))
    cars = (record for record in state.evses.values() if record.session and record.session.stage is not Stage.FULL)
    found = (_late(state, record, events, now) for record in (cars if events else ()))
    return tuple(one for one in found if one is not None)


def covered(signals: Iterable[Signal], late: Sequence[Late]) -> tuple[Signal, ...]:
    """The signals, with what late EVSEs may draw taken off the baseline of every event that counts them."""
    return tuple(_lowered(signal, late) if isinstance(signal, Event) and late else signal for signal in signals)


def _late(state: SiteState, record: EvseRecord, events: Sequence[Event], now: datetime) -> Late | None:
    station, rating = state.stations[record.station], record.plate.rating_kw
    if record.uncontrolled:
        return Late(record=record, follows_kw=rating, as_installed=None)
    if not station.reachable:
        return Late(record=record, follows_kw=away_kw(record, station.offline, now), as_installed=None)
    if any(_is_late(record, event, now) for event in events):
        return _in_contact(record, now)
    return None


def _is_late(record: EvseRecord, event: Event, now: datetime) -> bool:
    sent = (one for one in record.told if one.outcome is None and one.role is Role.PLAN and now - one.sent_at > SETTLE)
    accepted = followed_kw(record, now)
    may_kw = record.plate.rating_kw if accepted is None else _most_kw(accepted, event)
    return any(_most_kw(one.power_kw, event) < may_kw - ENOUGH_KW for one in sent)


def _in_contact(record: EvseRecord, now: datetime) -> Late:
    accepted = followed_kw(record, now)
    profiles = () if accepted is None else (InstalledProfile(power_kw=from_the_minute(accepted, now)),)
    offline = OfflineBehaviour.FULL if accepted is None else OfflineBehaviour.KEEPS
    held = Installed(evse=record.id, profiles=profiles, reachable=False, offline=offline)
    return Late(record=record, follows_kw=accepted or record.plate.rating_kw, as_installed=held)


def _lowered(event: Event, late: Sequence[Late]) -> Event:
    """Interval by interval of the settlement: its mean baseline, less the most that they may draw in it."""
    edges = settlement_ends_s(event)
    left = values(event.baseline_kw, edges)
    for one in late:
        if not event.evses or one.record.id in event.evses:
            left = left - values(one.follows_kw, edges, How.LARGEST)
    return replace(event, baseline_kw=steps_of(edges, left))


def _most_kw(series: Series, event: Event) -> float:
    return float(values(series, np.array([event.start.timestamp(), event.end.timestamp()]), How.LARGEST)[0])
