"""Who covers for an EVSE that did not confirm the limit of an event: all others, by what it may draw.

Nobody knows what its car will take, so it leaves the plan: limits count what it accepted last, or its rating, and the
baseline of the event is lower by as much. It is back with the next plan after it answered.
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
from optimizer.rolling.confirming import ENOUGH_KW, events_to_confirm
from optimizer.rolling.installed import followed_kw
from optimizer.rolling.state import EvseRecord, Role, SiteState


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An EVSE that was sent a limit for an event and did not answer in time."""

    record: EvseRecord
    follows_kw: Series
    """What it accepted, else its rating. [kW at evse]"""
    as_installed: Installed


def late_evses(state: SiteState, signals: Sequence[Signal], now: datetime) -> tuple[Late, ...]:
    """Those that are in contact, wait for nothing else, and would draw more in an event than they were told."""
    events = list(events_to_confirm(signals, now))
    reached = (record for record in state.evses.values() if state.stations[record.station].reachable)
    found = (record for record in reached if any(_is_late(record, event, now) for event in events))
    return tuple(_late(record, now) for record in found)


def covered(signals: Iterable[Signal], late: Sequence[Late]) -> tuple[Signal, ...]:
    """The signals, with what late EVSEs may draw taken off the baseline of every event that counts them."""
    return tuple(_lowered(signal, late) if isinstance(signal, Event) and late else signal for signal in signals)


def _is_late(record: EvseRecord, event: Event, now: datetime) -> bool:
    if record.session is None or record.uncontrolled:
        return False
    sent = (one for one in record.told if one.outcome is None and one.role is Role.PLAN and now - one.sent_at > SETTLE)
    accepted = followed_kw(record, now)
    may_kw = record.plate.rating_kw if accepted is None else _most_kw(accepted, event)
    return any(_most_kw(one.power_kw, event) < may_kw - ENOUGH_KW for one in sent)


def _late(record: EvseRecord, now: datetime) -> Late:
    accepted = followed_kw(record, now)
    profiles = () if accepted is None else (InstalledProfile(power_kw=accepted),)
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
