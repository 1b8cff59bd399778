"""Which messages bring stations from what they are believed to have to what they are to have, and in which order.

Rule S2: lower first, raise only after those who share a limit have acknowledged that they are lowered. A profile that
lowers now and raises later is sent twice where the raise has to wait: held down at once, in full when it may.

Why that keeps every limit: at an instant and under a limit, as long as one EVSE that is to be lowered then may follow
what it had, nobody is told to go above what it had then; afterwards everybody is at what the new plan has at most.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.ocpp import messages
from models.ocpp.changes import TOLERANCE_KW, Believed, Change, changes, grid, head
from models.ocpp.lowering import held_down
from models.ocpp.messages import Message
from models.ocpp.profile import EvseProfile, ProfileKind
from models.ocpp.sharing import shared_limits

Flags = NDArray[np.bool_]


class Step(StrEnum):
    """What a command does."""

    LOWER = "lower"
    """Holds a profile down until the rest of its change may follow."""
    SET = "set"
    UPDATE = "update"
    """New numbers for a Dynamic profile."""
    CLEAR = "clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One message to a station, and what must have been acknowledged before it is sent."""

    id: str
    """The same for the same change of the same plan, so that sending it twice can be noticed."""
    step: Step
    station_id: str
    evse_ids: tuple[str, ...]
    profile: EvseProfile
    """What the station has once it acknowledges; of a clear, what it no longer has."""
    message: Message
    plan_version: int
    after: tuple[str, ...] = ()
    """Ids of commands; nothing else is waited for, above all no lowering ever."""
    not_before: datetime | None = None
    """For a raise that would come too soon after the last update of its profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to be sent, lowering ones first, and what is not because a newer plan is there already."""

    commands: tuple[Command, ...]
    refused: tuple[EvseProfile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often profiles may change."""

    interval_s: float = 60.0
    """Between a profile's last update and its next raise, where its station tells no time of its own; flash memories
    wear out. [s]"""
    settled_until: datetime | None = None
    """When the next plan will have come: what only raises something after it waits. None: nothing waits."""


def orders(
    scenario: Scenario,
    desired: Iterable[EvseProfile],
    believed: Iterable[Believed],
    *,
    now: datetime,
    plan_version: int,
    pace: Pace | None = None,
) -> Orders:
    """Commands for every station in reach; what is out of reach keeps what it is believed to have.

    ``believed`` holds, for each profile of ours, the last one acknowledged and all that were sent since, in the order
    of sending. Without an acknowledged one a default counts at its EVSE's rating, a plan as its default: leave entries
    out of which nothing is known, as after a reboot.
    """
    pace = pace or Pace()
    away = _away(scenario)
    wanted = [one for one in desired if one.station_id not in away]
    known = [one for one in believed if one.profile.station_id not in away]
    newer = {one.profile.key for one in known if one.plan_version > plan_version}
    found = changes(scenario.site, wanted, known, now=now, settled_until=pace.settled_until)
    work = _Work(scenario, [change for change in found if change.template.key not in newer], now, plan_version, pace)
    refused = tuple(c.desired for c in found if c.template.key in newer and c.desired is not None)
    return Orders(commands=tuple(work.commands()), refused=refused)


def _away(scenario: Scenario) -> set[str]:
    away = {one.evse for one in scenario.installed if not one.reachable}
    return {evse.station or evse.id for evse in scenario.site.evses if evse.id in away}


@dataclass(frozen=True, slots=True)
class _Work:
    scenario: Scenario
    changed: Sequence[Change]
    now: datetime
    plan_version: int
    pace: Pace

    def commands(self) -> list[Command]:
        """Those that wait for nothing, then those that wait; each in the order of the changes."""
        raises, lowers = self._directions()
        waits = _waits(raises, lowers, self._share())
        parts = [
            self._parts(change, raises=bool(up.any()), lowers=bool(down.any()), waits=bool(others.any()))
            for change, up, down, others in zip(self.changed, raises, lowers, waits, strict=True)
        ]
        lowering = [one.id for at_once, later in parts if (one := at_once or later) is not None]
        second = [
            replace(later, after=(*later.after, *(lowering[j] for j in np.flatnonzero(waits[k]))))
            for k, (_, later) in enumerate(parts)
            if later is not None
        ]
        return [*(at_once for at_once, _ in parts if at_once is not None), *second]

    def _parts(
        self, change: Change, *, raises: bool, lowers: bool, waits: bool
    ) -> tuple[Command, Command | None] | tuple[None, Command]:
        """What of a change goes at once, and what has to wait; a start is never split, nobody draws before it."""
        whole, soonest = self._whole(change), self._soonest(change) if raises else None
        if not waits and soonest is None:
            return whole, None
        if not lowers or whole.profile.start_token is not None:
            return None, replace(whole, not_before=soonest)
        at_once = self._lowering(change)
        next_s = timedelta(seconds=self._interval_s(change))
        return at_once, replace(whole, after=(at_once.id,), not_before=self.now + next_s)

    def _directions(self) -> tuple[Flags, Flags]:
        """When each change raises, and when it lowers, in charging and in giving back (C, 2T)."""
        at = grid(self.changed, self.now)
        shape = (len(self.changed), 2 * len(at))
        raises, lowers = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        for k, change in enumerate(self.changed):
            after = np.concatenate([change.after.charge_at(at), change.after.back_at(at)])
            before = np.concatenate([change.before.charge_at(at), change.before.back_at(at)])
            worst = np.concatenate([change.worst.charge_at(at), change.worst.back_at(at)])
            raises[k], lowers[k] = after > before + TOLERANCE_KW, after < worst - TOLERANCE_KW
        return raises, lowers

    def _share(self) -> Flags:
        """Which changes concern EVSEs under a common limit, or one EVSE (C, C)."""
        alone = [frozenset({evse.id}) for evse in self.scenario.site.evses]
        groups = [*shared_limits(self.scenario), *alone]
        under = np.array([[bool(c.evses & group) for group in groups] for c in self.changed], dtype=np.float32)
        under = under.reshape(len(self.changed), len(groups))
        return np.asarray(under @ under.T > 0)

    def _whole(self, change: Change) -> Command:
        profile = change.template
        if change.desired is None:
            return self._command(Step.CLEAR, profile, messages.clearing(profile.version, profile.profile.id))
        return self._setting(change, Step.SET, profile)

    def _lowering(self, change: Change) -> Command:
        """Of what is taken away the profile that is there, held down to what will hold without it."""
        cap = change.after if change.desired is None else change.before
        return self._setting(change, Step.LOWER, held_down(self.scenario.site, change.template, cap, self.now))

    def _setting(self, change: Change, step: Step, profile: EvseProfile) -> Command:
        known = change.believed[0] if change.believed else None
        there = known is not None and known.acknowledged and head(known.profile) == head(profile)
        if profile.profile.kind is ProfileKind.DYNAMIC and there:
            (period,) = profile.profile.schedule.periods
            update = Step.UPDATE if step is Step.SET else step
            return self._command(update, profile, messages.updating(profile, period))
        return self._command(step, profile, messages.setting(profile))

    def _command(self, step: Step, profile: EvseProfile, message: Message) -> Command:
        return Command(
            id=f"{profile.station_id}:{profile.profile.id}:{self.plan_version}:{step}",
            step=step,
            station_id=profile.station_id,
            evse_ids=(profile.evse_id,) if profile.evse_id is not None else (),
            profile=profile,
            message=message,
            plan_version=self.plan_version,
        )

    def _soonest(self, change: Change) -> datetime | None:
        """When a raise may come, if it is too soon now."""
        sent = [one.sent_at for one in change.believed if one.sent_at is not None]
        soonest = max(sent, default=self.now) + timedelta(seconds=self._interval_s(change))
        return soonest if sent and soonest > self.now else None

    def _interval_s(self, change: Change) -> float:
        station_id = change.template.station_id
        told = next((s.update_interval_s for s in self.scenario.site.stations if s.id == station_id), None)
        return self.pace.interval_s if told is None else told


def _waits(raises: Flags, lowers: Flags, share: Flags) -> Flags:
    """Whether a change raises something while another one, under a common limit, is still to lower it (C, C)."""
    at_once = raises.astype(np.float32) @ lowers.astype(np.float32).T > 0
    waits = np.asarray(at_once & share)
    np.fill_diagonal(waits, False)
    return waits
