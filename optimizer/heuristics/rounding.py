"""Rounding with repair: powers that were wanted become offers that EVSEs and cars can follow, and no limit is broken.

Period by period, with memory: what a session was wanted to have by now and has not is its debt. Who must not be paused
comes first, then what was wanted now, then debts; what levels leave over goes to those for whom energy now costs no
more than what they are planned to pay later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf

import numpy as np

from models.domain.units import SECONDS_PER_HOUR
from optimizer.giving.discs import Floats
from optimizer.giving.room import Ints, limits_of
from optimizer.giving.table import SHORTEST_H, is_worth_laying_out
from optimizer.heuristics.ahead import BLOCK, Ahead
from optimizer.heuristics.crowd import Crowd
from optimizer.heuristics.periodwise import Here, by_period
from optimizer.instance import Instance
from optimizer.instance.offers import Flags, Ladder

DONE_KWH = 5e-5
"""A car that lacks less has what it wants. [kWh]"""
LEVEL_KW = 1e-7
ANYTHING_KW = 1e9
"""More than any EVSE draws. [kW]"""
START_SHARE = 0.5
"""A car is started when it is in debt with this share of what its shortest run brings ..."""
RUNS_LEFT = 2.0
"""... or when it leaves within so many shortest runs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Powers to come close to, and what goes with them."""

    power_kw: Floats
    """(N,) at evse; may be changed ahead of the walk."""
    peak_kw: Floats
    """(T,) charging at grid that no offer but those that must go on may exceed: the peaks that the powers make."""
    drawn_kw: Floats
    """(M + G + E, T) what is planned beside charging at each node, in each capped group, at each meter of events."""
    given_back_kw: Floats
    """(N,) what cars give back, at evse."""
    worth_more: Flags
    """(N,) whether a kWh beyond the debt is welcome."""
    switched: bool = False
    """Whether the powers say when to start, so that nobody starts at another time."""


@dataclass(frozen=True, slots=True)
class Rounded:
    """Offers and what cars take of them (N,), at evse. [kW]"""

    offered_kw: Floats
    charge_kw: Floats


def rounded(instance: Instance, wanted: Wanted, *, periods: int | None = None) -> Rounded:
    """Offers near the wanted powers; in far periods any power, as far as limits leave room. Only of the first
    ``periods``, where told, and nothing after them.
    """
    walk = Walk(instance, wanted)
    some = [one for one in by_period(instance) if periods is None or one[0] < periods]
    near = sum(period < walk.offers.near for period, _ in some)
    walk.one_by_one(some[:near])
    for first in range(near, len(some), BLOCK):
        walk.far(some[first : first + BLOCK])
    return Rounded(walk.offered_kw, walk.charge_kw)


class Walk:
    """Goes through time once and remembers who is on, since when, how often it started, and what it has."""

    def __init__(self, instance: Instance, wanted: Wanted) -> None:
        assert instance.offers is not None, "the site has no rules"
        who, cells, offers = instance.sessions, instance.cells, instance.offers
        self.instance, self.offers, self.wanted = instance, offers, wanted
        self.limits = limits_of(instance, wanted.drawn_kw, wanted.given_back_kw)
        self._hours = np.maximum(cells.hours, SHORTEST_H)
        self._steered, self._all_steered = offers.steered[cells.session], bool(offers.steered.all())
        self._most_kw = who.max_power_kw[cells.session]
        self._at_grid = cells.hours / instance.periods.hours[cells.period] / who.efficiency[cells.session]
        alike = self._all_steered and not offers.cabinets and instance.following.kind is None
        at_once = alike and is_worth_laying_out(instance)
        self._ahead = Ahead(instance, self.limits, wanted.power_kw, wanted.peak_kw) if at_once else None
        self.on, self.since_s, self.starts = offers.on.copy(), offers.since_s.copy(), offers.starts.copy()
        self.had_kwh, self.wanted_kwh = np.zeros(who.count), np.zeros(who.count)
        self.offered_kw, self.charge_kw = np.zeros(cells.count), np.zeros(cells.count)

    def forgive(self) -> None:
        """Powers ahead were chosen anew from what everybody has."""
        self.wanted_kwh = self.had_kwh.copy()

    def one_by_one(self, some: Sequence[Here]) -> None:
        """Through some periods."""
        for period, here in some:
            self.step(period, here)

    def far(self, some: Sequence[Here]) -> None:
        """Through some far periods, at once where everybody can be given what is owed."""
        if self._ahead is None or not self._given_at_once(self._ahead, slice(some[0][0], some[-1][0] + 1)):
            self.one_by_one(some)

    def _given_at_once(self, ahead: Ahead, periods: slice) -> bool:
        had_kwh, wanted_kwh = self.had_kwh.copy(), self.wanted_kwh.copy()
        owed_kw = ahead.owed_kw(periods, had_kwh, wanted_kwh)
        if not ahead.has_room(periods, owed_kw):
            return False
        self.had_kwh, self.wanted_kwh = had_kwh, wanted_kwh
        here, given = ahead.cells(periods, owed_kw)
        self.offered_kw[here] = self.charge_kw[here] = given
        return True

    def step(self, period: int, here: Ints) -> None:
        """Offers of one period, and the state after it."""
        hours, sessions = self._hours[here], self.instance.cells.session[here]
        offers = self._near if period < self.offers.near else self._far
        given, taken = offers(period, here, hours, sessions)
        self.offered_kw[here], self.charge_kw[here] = given, taken
        self.had_kwh[sessions] += hours * taken

    def _near(self, period: int, here: Ints, hours: Floats, sessions: Ints) -> tuple[Floats, Floats]:
        """What is offered, and what cars take of it (n,). [kW]"""
        turn, crowd = Turn.of(self, period, here, hours), self._crowd(period, here, sessions)
        free = self._give_freely(crowd, here)
        turn.give_out(crowd, starting=not self.wanted.switched)
        taken = np.where(free, crowd.given, self._taken(sessions, hours, turn.needs, crowd.given))
        self._remember(sessions, turn.begins_s, crowd.given > 0.0)
        return crowd.given, taken

    def _far(self, period: int, here: Ints, hours: Floats, sessions: Ints) -> tuple[Floats, Floats]:
        """Any power: as a rule there is room for all that is owed, and nobody has to be looked at alone."""
        crowd, debt = self._crowd(period, here, sessions), self.account(here, hours, sessions)[1]
        owed_kw = np.minimum(np.maximum(0.0, debt) / hours, self._most_kw[here])
        steered = self._steered[here]
        everybody = owed_kw if self._all_steered else np.where(steered, owed_kw, self.wanted.power_kw[here])
        if not crowd.gives_all(everybody):
            self._give_freely(crowd, here)
            any_power(crowd, np.where(steered, owed_kw, 0.0))
        return crowd.given, crowd.given

    def account(self, here: Ints, hours: Floats, sessions: Ints) -> tuple[Floats, Floats]:
        """What is wanted now is added to what was wanted so far; who lacks what, and is owed what of it (n,). [kWh]"""
        wanted = self.wanted_kwh[sessions] + hours * self.wanted.power_kw[here]
        self.wanted_kwh[sessions], had = wanted, self.had_kwh[sessions]
        needs = self.instance.sessions.remaining_kwh[sessions] - had
        if not self._all_steered:
            needs = np.where(self._steered[here], needs, 0.0)
        return needs, np.minimum(wanted - had, needs)

    def _crowd(self, period: int, here: Ints, sessions: Ints) -> Crowd:
        peak_kw = float(self.wanted.peak_kw[period])
        room = self.limits.of(sessions, period)
        return Crowd(room, self._kept_kw(here), self._at_grid[here], peak_kw, self.offers, sessions)

    def _give_freely(self, crowd: Crowd, here: Ints) -> Flags:
        """Whom nobody steers has what was wanted; says who that is (n,)."""
        free: Flags = ~self._steered[here]
        for k in np.flatnonzero(free).tolist():
            crowd.give(k, float(self.wanted.power_kw[here[k]]))
        return free

    def _kept_kw(self, here: Ints) -> Floats:
        """What limits count of each anyway: what is installed, or all where the EVSE is out of reach. [kW]"""
        following, kept = self.instance.following, np.zeros(len(here))
        if following.kind is not None:
            place = following.kind[here]
            kept[place >= 0] = following.least_kw[place[place >= 0]]
            kept[following.out_of_reach(here)] = ANYTHING_KW
        return kept

    def _taken(self, sessions: Ints, hours: Floats, needs: Floats, offered: Floats) -> Floats:
        """What cars make of offers: all of it until they are full; an outlet that starts first waits."""
        starting = (offered > 0.0) & ~self.on[sessions]
        there = np.maximum(0.0, 1.0 - np.where(starting, self.offers.wait_h[sessions], 0.0) / hours)
        most = np.minimum(offered, self.instance.sessions.max_power_kw[sessions]) * there
        taken: Floats = np.minimum(most, np.maximum(0.0, needs) / hours)
        return taken

    def _remember(self, sessions: Ints, begins_s: Floats, on: Flags) -> None:
        changed = on != self.on[sessions]
        self.starts[sessions] += changed & on
        self.since_s[sessions] = np.where(changed, begins_s, self.since_s[sessions])
        self.on[sessions] = on


@dataclass(frozen=True, slots=True)
class Turn:
    """One period: who comes in which order, and with how much (n,)."""

    ladders: list[Ladder]
    least_kw: Floats
    """The least offer other than 0; inf where there is none that the car can use. [kW]"""
    hours: Floats
    begins_s: Floats
    needs: Floats
    debt: Floats
    now: Floats
    """What was wanted in this very period. [kWh]"""
    worth: Flags
    on: Flags
    held: Flags
    """Not to be paused yet."""
    last: Flags
    """On, and once paused it is for good."""
    barred: Flags
    """Off, and not to be started."""
    run_kwh: Floats
    """What a shortest run at the minimum brings. [kWh]"""
    urgent: Flags
    """Leaves soon."""
    pressing: Flags
    """Could not make up later for what it is owed."""

    @staticmethod
    def of(walk: Walk, period: int, here: Ints, hours: Floats) -> "Turn":
        """The turn of a period, in whose account what is wanted in it is entered."""
        instance, offers = walk.instance, walk.offers
        sessions, who = instance.cells.session[here], instance.sessions
        begins_s = np.maximum(instance.periods.instants_s[period], who.arrival_s[sessions])
        needs, debt = walk.account(here, hours, sessions)
        lasted_s, spent = begins_s - walk.since_s[sessions], walk.starts[sessions] >= offers.max_starts
        on = walk.on[sessions] & (needs > DONE_KWH)
        shortest_h = np.maximum(hours, offers.min_on_s / SECONDS_PER_HOUR)
        least = np.array([offers.ladders[s].least_kw for s in sessions])
        left_h = (who.departure_s[sessions] - begins_s) / SECONDS_PER_HOUR
        return Turn(
            ladders=[offers.ladders[s] for s in sessions],
            least_kw=least,
            hours=hours,
            begins_s=begins_s,
            needs=needs,
            debt=debt,
            now=hours * walk.wanted.power_kw[here],
            worth=walk.wanted.worth_more[here] & (needs > DONE_KWH),
            on=on,
            held=on & (lasted_s < offers.min_on_s),
            last=on & spent,
            barred=~walk.on[sessions] & ((lasted_s < offers.min_off_s) | spent),
            run_kwh=np.where(np.isfinite(least), least, 0.0) * shortest_h,
            urgent=left_h <= RUNS_LEFT * shortest_h,
            pressing=(debt > DONE_KWH) & (debt > who.max_power_kw[sessions] * (left_h - hours)),
        )

    def give_out(self, crowd: Crowd, *, starting: bool) -> None:
        """Minima to those that must go on, what is wanted now, debts, and what is left over.

        What is wanted now comes before debts, because it fits together: who is on which phase was thought of.
        """
        for k in np.flatnonzero(self.held).tolist():
            self._least(crowd, k, within_peak=False)
        order: list[int] = np.lexsort((-self._claim(), ~self.pressing)).tolist()
        owed = self._owed(starting)
        for energy in (np.minimum(self.now, self.debt), self.debt):
            asking = owed & (energy > DONE_KWH)
            self._start(crowd, order, asking)
            self._rise(crowd, order, np.where(asking, energy, 0.0))
        self._leave_nothing(crowd, order, self.on)
        if starting:
            self._leave_nothing(crowd, order, ~self.on)

    def _leave_nothing(self, crowd: Crowd, order: list[int], which: Flags) -> None:
        self._start(crowd, order, which & self.worth & (self.needs > DONE_KWH) & ~self.barred)
        self._rise(crowd, order, np.where(self.worth, self.needs, 0.0))

    def _owed(self, starting: bool) -> Flags:
        """Who is in debt: by anything if it is on or leaves soon, by a good part of a run if it would have to start."""
        enough = np.where(self.on | self.urgent, DONE_KWH, START_SHARE * self.run_kwh if starting else DONE_KWH)
        owed: Flags = (self.needs > DONE_KWH) & ~self.barred & (self.debt > enough)
        return owed if starting else owed & (self.on | (self.now > DONE_KWH))

    def _claim(self) -> Floats:
        """Debts, with what a start is worth on top for those that are on. [kWh]"""
        stays = np.where(self.last, self.needs, np.where(self.on, self.run_kwh, 0.0))
        claim: Floats = self.debt + stays
        return claim

    def _start(self, crowd: Crowd, order: list[int], which: Flags) -> None:
        """The least offer to these, in order; who has no room for it now has none later."""
        which = which & (crowd.given == 0.0)
        if which.any():
            which &= self.least_kw <= crowd.most_of_each() + LEVEL_KW
        for k in order:
            if which[k]:
                self._least(crowd, k, within_peak=True)

    def _least(self, crowd: Crowd, k: int, *, within_peak: bool) -> None:
        least = self.ladders[k].least_kw
        if isinf(least):  # no offer of its EVSE is one that the car can use
            return
        if crowd.given[k] == 0.0 and least <= crowd.most(k, within_peak=within_peak) + LEVEL_KW:
            crowd.give(k, least)

    def _rise(self, crowd: Crowd, order: list[int], energy_kwh: Floats) -> None:
        """Together first, so that no phase fills up alone, then in order; only who wants more and has room is asked."""
        on = (crowd.given > 0.0) & (energy_kwh > 0.0)
        if not on.any():
            return
        together = crowd.shared(np.where(on, energy_kwh / self.hours, 0.0)) * self.hours
        for share in (together, energy_kwh):
            wanted_kwh = np.minimum(share, energy_kwh)
            more = on & (wanted_kwh > crowd.given * self.hours)
            if more.any():
                more &= crowd.most_of_each() > crowd.given
            for k in order:
                if more[k]:
                    self._raise(crowd, k, float(wanted_kwh[k]))

    def _raise(self, crowd: Crowd, k: int, energy_kwh: float) -> None:
        """As far as an energy goes; what a car lacks to be full is rounded up, the rest down."""
        ladder = self.ladders[k]
        if crowd.given[k] == 0.0 or crowd.given[k] >= ladder.most_kw:
            return
        wanted = energy_kwh / float(self.hours[k])
        target = above(ladder, wanted) if energy_kwh >= self.needs[k] else below(ladder, wanted)
        if target > crowd.given[k]:
            power = below(ladder, min(target, crowd.most(k, within_peak=True)))
            if power > crowd.given[k]:
                crowd.give(k, power)


def below(ladder: Ladder, power_kw: float) -> float:
    """The highest offer of at most so much; 0 where there is none. [kW]"""
    if power_kw < ladder.least_kw - LEVEL_KW:
        return 0.0
    if ladder.levels_kw is None:
        return min(max(power_kw, ladder.least_kw), ladder.most_kw)
    return max(level for level in ladder.levels_kw if level <= power_kw + LEVEL_KW)


def above(ladder: Ladder, power_kw: float) -> float:
    """The lowest offer of at least so much; the highest where there is none. [kW]"""
    if ladder.levels_kw is None:
        return min(max(power_kw, ladder.least_kw), ladder.most_kw)
    return next((level for level in ladder.levels_kw if level >= power_kw - LEVEL_KW), ladder.most_kw)


def any_power(crowd: Crowd, wanted_kw: Floats) -> None:
    """In far periods: whoever wants most first."""
    for k in np.argsort(-wanted_kw, kind="stable").tolist():
        if wanted_kw[k] > LEVEL_KW:
            crowd.give(k, max(0.0, min(float(wanted_kw[k]), crowd.most(k, within_peak=True))))
