"""What differs between the profiles that stations are to have and those that they are believed to have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from math import inf
from typing import Any

import numpy as np

from models.domain.site import Evse, Site
from models.domain.times import seconds
from models.ocpp.curves import Curve, constant, curve_of, highest, rating
from models.ocpp.profile import EvseProfile, ProfileKind, Slot, profile_id
from models.ocpp.share import DAY_S

Key = tuple[str, int]
"""Station and profile."""
TOLERANCE_KW = 1e-9
"""Of powers that come from the same decimals. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """A profile that its station may have: the last one that it acknowledged, or one that was sent after that."""

    profile: EvseProfile
    plan_version: int
    """Of the plan that it is from."""
    acknowledged: bool
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One profile that must be set or taken away."""

    desired: EvseProfile | None
    """None: it is to be taken away."""
    believed: tuple[Believed, ...]
    evses: frozenset[str]
    before: Curve
    """The most that any profile there may allow, of which nobody knows which one holds."""
    worst: Curve
    """The same, with what may hold until this change is acknowledged because of other changes at the EVSE."""
    after: Curve

    @property
    def template(self) -> EvseProfile:
        """The profile that it is about."""
        return self.desired or self.believed[-1].profile


def changes(
    site: Site,
    desired: Iterable[EvseProfile],
    believed: Iterable[Believed],
    *,
    now: datetime,
    settled_until: datetime | None = None,
) -> list[Change]:
    """In the order of ``desired``, then what is to be taken away; what would change nothing from now on is left out.

    With ``settled_until``, when the next plan will have come, a change that only raises something after it waits.
    """
    wanted = {profile.key: profile for profile in desired}
    known = _by_key(believed)
    curves = _Curves(site, now, wanted, known)
    found = []
    for key in dict.fromkeys((*wanted, *known)):
        change = curves.change(key)
        if not (_stands(change, now) or (settled_until and _can_wait(change, now, settled_until))):
            found.append(change)
    return found


def _by_key(believed: Iterable[Believed]) -> dict[Key, tuple[Believed, ...]]:
    """As they were sent: all since the last one that was acknowledged."""
    known: dict[Key, tuple[Believed, ...]] = {}
    for one in believed:
        known[one.profile.key] = (one,) if one.acknowledged else (*known.get(one.profile.key, ()), one)
    return known


_BELOW = {Slot.PLAN: (Slot.PLAN_DEFAULT, Slot.FAIL_SAFE), Slot.PLAN_DEFAULT: (Slot.FAIL_SAFE,)}
"""What holds at an EVSE where such a profile is not there."""


@dataclass(frozen=True, slots=True)
class _Curves:
    site: Site
    now: datetime
    wanted: Mapping[Key, EvseProfile]
    known: Mapping[Key, tuple[Believed, ...]]

    def change(self, key: tuple[str, int]) -> Change:
        desired, believed = self.wanted.get(key), self.known.get(key, ())
        template = desired or believed[-1].profile
        before, later = self._before(template, believed), self._without(template, self.wanted)
        sure = any(one.acknowledged for one in believed)
        return Change(
            desired=desired,
            believed=believed,
            evses=self._evses(template),
            before=before,
            worst=before if sure else highest([before, later]),
            after=later if desired is None else self._of(desired),
        )

    def _before(self, template: EvseProfile, believed: Sequence[Believed]) -> Curve:
        possible = [self._of(one.profile) for one in believed]
        if not any(one.acknowledged for one in believed):
            possible.append(self._without(template, None))
        return highest(possible)

    def _without(self, template: EvseProfile, wanted: Mapping[Key, EvseProfile] | None) -> Curve:
        """What holds where such a profile is not there: what is below it, now or as it is wanted; else the rating."""
        evse = self._evse(template)
        if evse is None:
            return constant(inf)
        for slot in _BELOW.get(template.slot, ()):
            key = (template.station_id, profile_id(template.evse_number, slot, self._reserved(template)))
            if wanted is not None and key in wanted:
                return self._of(wanted[key])
            if wanted is None and key in self.known:
                return self._before(self.known[key][-1].profile, self.known[key])
        return rating(self.site, evse)

    def _reserved(self, template: EvseProfile) -> int:
        stations = (s for s in self.site.stations if s.id == template.station_id)
        return next((station.reserved_ids_up_to for station in stations), 0)

    def _of(self, profile: EvseProfile) -> Curve:
        evse = self._evse(profile)
        return constant(inf) if evse is None else curve_of(self.site, evse, profile, self.now)

    def _evse(self, profile: EvseProfile) -> Evse | None:
        return next((evse for evse in self.site.evses if evse.id == profile.evse_id), None)

    def _evses(self, profile: EvseProfile) -> frozenset[str]:
        if profile.evse_id is not None:
            return frozenset({profile.evse_id})
        return frozenset(e.id for e in self.site.evses if (e.station or e.id) == profile.station_id)


def _stands(change: Change, now: datetime) -> bool:
    """Whether the station has acknowledged the same, and nothing was sent since."""
    if change.desired is None or len(change.believed) != 1 or not change.believed[0].acknowledged:
        return False
    return effect(change.desired, now) == effect(change.believed[0].profile, now)


def _can_wait(change: Change, now: datetime, until: datetime) -> bool:
    """Whether it only raises something, and only after ``until``; what is not acknowledged never waits."""
    if change.desired is None or len(change.believed) != 1 or not change.believed[0].acknowledged:
        return False
    if head(change.desired) != head(change.believed[0].profile):
        return False
    at = grid([change], now)
    before, after = change.before, change.after
    more = np.maximum(after.charge_at(at) - before.charge_at(at), after.back_at(at) - before.back_at(at))
    less = np.minimum(after.charge_at(at) - before.charge_at(at), after.back_at(at) - before.back_at(at))
    return bool((less >= -TOLERANCE_KW).all() and (more <= TOLERANCE_KW)[at < seconds(until)].all())


def grid(changed: Iterable[Change], now: datetime) -> Any:
    """``now`` and every later instant at which one of the curves steps. [s]"""
    starts = {s for c in changed for curve in (c.before, c.after) for s in curve.starts_s}
    return np.array(sorted({seconds(now), *(s for s in starts if s > seconds(now))}))


def head(profile: EvseProfile) -> tuple[Any, ...]:
    """What makes a profile another one, whatever its limits over time."""
    own, schedule = profile.profile, profile.profile.schedule
    to_whom = (profile.transaction_id, profile.start_token)
    added = (own.max_offline_s, schedule.limit_at_soc, schedule.randomized_delay_s)
    return (own.purpose, own.stack_level, own.kind, schedule.unit, *to_whom, *added)


def effect(profile: EvseProfile, now: datetime) -> tuple[Any, ...]:
    """What a profile says from ``now`` on, whenever it was sent."""
    schedule = profile.profile.schedule
    told = [(p.start_s, (p.limit, p.number_phases, p.setpoint, p.limits_l2_l3)) for p in schedule.periods]
    if profile.profile.kind is ProfileKind.DAILY:
        return (*head(profile), seconds(schedule.start) % DAY_S, *told)
    absolute = [(max(seconds(now), seconds(schedule.start) + start_s), what) for start_s, what in told]
    begun = [step for step in absolute if step[0] == seconds(now)][-1:]
    later = [step for step in absolute if step[0] > seconds(now)]
    return (*head(profile), *(next(same) for _, same in groupby([*begun, *later], key=lambda step: step[1])))
