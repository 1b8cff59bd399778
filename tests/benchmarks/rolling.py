"""Many sessions planned anew every quarter of an hour, each for itself, as arrays: what ``unknown`` runs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from models.domain.units import SECONDS_PER_HOUR, hours_from_seconds, seconds_from_minutes
from models.learning.chances import GONE, LEVELS, STEP_MIN, quarters_s
from models.learning.curves import Curve, Curves

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
QUARTER_S = seconds_from_minutes(STEP_MIN)
NOTHING_KWH = 1e-9
CHUNK = 4000
"""Sessions that are planned at once."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Sessions as they really were (n,)."""

    arrival_s: Floats
    departure_s: Floats
    need_kwh: Floats
    power_kw: Floats
    workday: NDArray[np.bool_]
    hour: Ints

    def of(self, members: Ints) -> "Fleet":
        """Some of them."""
        return Fleet(
            self.arrival_s[members],
            self.departure_s[members],
            self.need_kwh[members],
            self.power_kw[members],
            self.workday[members],
            self.hour[members],
        )


@dataclass(frozen=True, slots=True)
class Now:
    """What a plan knows of sessions that are there (n,): not when they leave, not what they need."""

    fleet: Fleet
    since_s: Floats
    delivered_kwh: Floats
    edges_s: Floats
    """The present time and the full quarters after it, a day long (n, T+1). [s]"""
    prices: Floats
    """(n, T) [currency/kWh]"""

    @property
    def hours(self) -> Floats:
        return hours_from_seconds(1.0) * np.diff(self.edges_s, axis=1)


Policy = Callable[[Now], Floats]
"""Energy that each session is offered until the next quarter (n,). [kWh]"""


def rolled(fleet: Fleet, policy: Policy, prices: Floats) -> tuple[Floats, Floats]:
    """Energy [kWh] and its cost, by session: each is planned anew at its arrival and at every full quarter."""
    parts = [np.arange(k, min(k + CHUNK, len(fleet.hour))) for k in range(0, len(fleet.hour), CHUNK)]
    done = [_rolled(fleet.of(part), policy, prices) for part in parts]
    return np.concatenate([energy for energy, _ in done]), np.concatenate([cost for _, cost in done])


def _rolled(fleet: Fleet, policy: Policy, prices: Floats) -> tuple[Floats, Floats]:
    energy, cost, since_s = np.zeros(len(fleet.hour)), np.zeros(len(fleet.hour)), fleet.arrival_s.copy()
    while True:
        here = np.flatnonzero((since_s < fleet.departure_s) & (energy < fleet.need_kwh - NOTHING_KWH))
        if len(here) == 0:
            return energy, cost
        now = now_of(fleet.of(here), since_s[here], energy[here], prices)
        until_s = now.edges_s[:, 1]
        stays = (np.minimum(until_s, now.fleet.departure_s) - since_s[here]) / (until_s - since_s[here])
        taken = np.minimum(policy(now) * stays, now.fleet.need_kwh - energy[here])
        energy[here] += taken
        cost[here] += taken * now.prices[:, 0]
        since_s[here] = until_s


def now_of(fleet: Fleet, since_s: Floats, delivered_kwh: Floats, prices: Floats) -> Now:
    """What is known at a time of each session."""
    offsets = quarters_s(0.0)[1:] - QUARTER_S
    first_s = (np.floor(since_s / QUARTER_S) + 1.0) * QUARTER_S
    edges_s = np.concatenate([since_s[:, None], first_s[:, None] + offsets[None, :]], axis=1)
    return Now(fleet, since_s, delivered_kwh, edges_s, prices[hours_of_year(edges_s[:, :-1])])


def hours_of_year(instants_s: Floats) -> Ints:
    """The hour of a leap year in which each instant lies."""
    day = (np.floor(instants_s / SECONDS_PER_HOUR / 24)).astype(np.int64)
    days, place = np.unique(day, return_inverse=True)
    starts = np.array([_day_of_year(int(one)) for one in days])
    hour = np.floor(instants_s / SECONDS_PER_HOUR).astype(np.int64) - day * 24
    return np.asarray(starts[place].reshape(day.shape) * 24 + hour)


def _day_of_year(day: int) -> int:
    date = datetime.fromtimestamp(day * 24 * SECONDS_PER_HOUR, UTC)
    return (date.replace(year=2024) - datetime(2024, 1, 1, tzinfo=UTC)).days


def uncontrolled(now: Now) -> Floats:
    """Full power."""
    return now.fleet.power_kw * now.hours[:, 0]


def by_median(curves: Curves) -> Policy:
    """A single guess: it leaves when half of those who are still there have left, and wants what half of them want."""

    def energy_now(now: Now) -> Floats:
        stays, wants = _by_kind(now, curves, _median_left_h), _by_kind(now, curves, _median_left_kwh)
        inside = now.edges_s[:, 1:] - now.since_s[:, None] <= np.maximum(stays * SECONDS_PER_HOUR, QUARTER_S)[:, None]
        cheaper = (now.prices < now.prices[:, :1]) & inside
        before = (cheaper * now.hours).sum(axis=1) * now.fleet.power_kw
        return np.clip(np.maximum(wants, 0.05) - before, 0.0, uncontrolled(now))

    return energy_now


def by_chance(curves: Curves, value_per_kwh: float) -> Policy:
    """Equation (19) with departures and needs as the habits say."""

    def energy_now(now: Now) -> Floats:
        there = _by_kind(now, curves, _still_there)
        ends = np.maximum.accumulate(_by_kind(now, curves, _part_ends), axis=1)
        room = np.where(there > GONE, now.hours * now.fleet.power_kw[:, None], 0.0)
        room[:, 0] = uncontrolled(now)
        return first_energy(there, room, now.prices, ends, value_per_kwh)

    return energy_now


def first_energy(there: Floats, room: Floats, prices: Floats, ends: Floats, value: float) -> Floats:
    """What the optimum of (19) for one session alone charges in its first period (n,). [kWh]

    Energy goes where one more kWh is worth most, the earliest of equals, until none is worth anything or all that may
    be wanted is planned; such steps never have to be taken back, because parts are filled in order of time.
    """
    count, length = there.shape
    falls = there - np.concatenate([there[:, 1:], np.zeros((count, 1))], axis=1)
    chance = np.append((np.array(LEVELS[:-1]) + np.array(LEVELS[1:])) / 2.0, 0.0)
    planned, open_ = np.zeros((count, length)), np.arange(count)
    cost = there * prices
    while len(open_):
        so_far = np.cumsum(planned[open_], axis=1)
        part = (so_far[:, :, None] >= ends[open_][:, None, :] - NOTHING_KWH).sum(axis=2)
        worth = np.cumsum((falls[open_] * chance[part])[:, ::-1], axis=1)[:, ::-1] * value - cost[open_]
        worth[room[open_] - planned[open_] <= NOTHING_KWH] = -np.inf
        best = np.argmax(worth, axis=1)
        row = np.arange(len(open_))
        going = (worth[row, best] > 1e-12) & (so_far[:, -1] < ends[open_][:, -1] - NOTHING_KWH)
        going &= room[open_, 0] - planned[open_, 0] > NOTHING_KWH
        until = np.take_along_axis(np.pad(ends[open_], ((0, 0), (0, 1)), constant_values=np.inf), part, axis=1) - so_far
        until[np.arange(length)[None, :] < best[:, None]] = np.inf
        step = np.minimum(room[open_, best] - planned[open_, best], until.min(axis=1))
        planned[open_[going], best[going]] += step[going]
        open_ = open_[going]
    return planned[:, 0]


OfKind = Callable[[Now, Curve, Curve], Floats]


def _by_kind(now: Now, curves: Curves, of_kind: OfKind) -> Floats:
    """Something of all sessions, worked out once for each kind of day and hour."""
    key = now.fleet.hour * 2 + now.fleet.workday
    kinds, place = np.unique(key, return_inverse=True)
    parts = [np.flatnonzero(place == k) for k in range(len(kinds))]
    found = [
        of_kind(_some(now, part), *curves.of(bool(kind % 2), int(kind // 2)))
        for kind, part in zip(kinds, parts, strict=True)
    ]
    order = np.argsort(np.concatenate(parts), kind="stable")
    return np.asarray(np.concatenate(found)[order])


def _some(now: Now, members: Ints) -> Now:
    return replace(
        now,
        fleet=now.fleet.of(members),
        since_s=now.since_s[members],
        delivered_kwh=now.delivered_kwh[members],
        edges_s=now.edges_s[members],
        prices=now.prices[members],
    )


def _still_there(now: Now, stays: Curve, _: Curve) -> Floats:
    share = stays.at(hours_from_seconds(1.0) * (now.edges_s - now.fleet.arrival_s[:, None]))
    given = share / np.maximum(share[:, :1], 1e-9)
    return np.asarray((given[:, :-1] + given[:, 1:]) / 2.0)


def _part_ends(now: Now, _: Curve, wants: Curve) -> Floats:
    left = np.maximum(wants.at(now.delivered_kwh), 1e-9)
    ends = wants.amount(left[:, None] * np.array(LEVELS[1:])[None, :]) - now.delivered_kwh[:, None]
    return np.maximum(ends, 0.0)


def _median_left_h(now: Now, stays: Curve, _: Curve) -> Floats:
    stayed_h = hours_from_seconds(1.0) * (now.since_s - now.fleet.arrival_s)
    return stays.amount(stays.at(stayed_h) / 2.0) - stayed_h


def _median_left_kwh(now: Now, _: Curve, wants: Curve) -> Floats:
    return wants.amount(wants.at(now.delivered_kwh) / 2.0) - now.delivered_kwh
