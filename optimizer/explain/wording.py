"""A stretch of setpoints with one reason, in the field's words and with what one more kW is worth."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from models.domain.electrical import evse_max_power_kw, kw_per_ampere, max_charge_power_kw
from models.domain.site import CurrentType
from optimizer.explain.full import Place
from optimizer.explain.held import Held, HeldBy, worth_text
from optimizer.explain.peaks import Peaks
from optimizer.explain.planned import Floats, Ints, Planned
from optimizer.explain.priced import Priced
from optimizer.explain.reason import NOTICEABLE_KWH, from_to
from optimizer.explain.rebounds import Rebounds
from optimizer.instance.limits import RATING
from optimizer.instance.tree import CABINET_PREFIX
from optimizer.words import joined_words

AT_MOST = 1e-9
"""Share within which two maxima are the same."""
SHOWN_KW = 0.05
"""Setpoints this close are told as one. [kW]"""


class Cause(NamedTuple):
    """What holds a setpoint, with the limits and the peaks that leave no room."""

    by: HeldBy
    places: tuple[Place, ...] = ()
    windows: tuple[int, ...] = ()
    """Positions of demand windows."""
    events: tuple[int, ...] = ()
    """Positions of events that limit the load after them, among the signals."""
    priced: tuple[int, ...] = ()
    """Signals and contracts that make more dearer, as ``priced.Priced`` counts them."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells of one session with one reason."""

    told: Planned
    peaks: Peaks
    rebounds: Rebounds
    priced: Priced
    s: int
    cells: slice
    cause: Cause
    low_kw: float
    high_kw: float
    """Least and highest setpoint within. [kW at evse]"""
    start: datetime
    end: datetime

    @property
    def period(self) -> Ints:
        return np.asarray(self.told.instance.cells.period[self.cells])

    @property
    def when(self) -> str:
        return from_to(self.start, self.end, self.told.zone)

    @property
    def currency(self) -> str:
        return self.told.schedule.currency


def told_as(run: Run, *, price: Floats, gain: Floats) -> Held:
    """The run as a reason: ``price`` of a kWh, ``gain`` of one more kW of its own maximum, per cell."""
    causes, worth, message = _TOLD[run.cause.by](run, price, gain)
    return Held(
        session_id=run.told.instance.sessions.ids[run.s],
        start=run.start,
        end=run.end,
        low_kw=run.low_kw,
        high_kw=run.high_kw,
        by=run.cause.by,
        causes=causes,
        worth=worth,
        message=message,
    )


_Told = tuple[tuple[str, ...], float, str]


def _limit(run: Run, price: Floats, gain: Floats) -> _Told:
    causes, subjects = _named(run)
    worth = sum(place_worth(run, place) for place in run.cause.places)
    worth += run.rebounds.worth_of(run.cause.events, run.period)
    why = f"{joined_words(subjects)} {'is' if len(subjects) == 1 else 'are'} full {run.when}"
    if _alone(run):
        why = f"load that nobody controls fills {joined_words(subjects)} {run.when}"
    if run.cause.windows:
        names, as_well, peak_worth = _peak_told(run)
        causes, why, worth = causes + names, f"{why} and {as_well}", worth + peak_worth
    if run.cause.priced:
        names, as_well, price_worth = _priced_told(run)
        causes, why, worth = causes + names, f"{why} and {as_well}", worth + price_worth
    return causes, worth, f"held at {level(run)} because {why}; {_one_more_kw(run, worth)}"


def _one_more_kw(run: Run, worth: float) -> str:
    if run.told.plans[run.s].minimum_shortfall_kwh > NOTICEABLE_KWH:
        return "more room there would keep more of what is promised"
    return worth_text(worth, run.currency, nothing="more room there would cost no less")


def _minimum_current(run: Run, price: Floats, gain: Floats) -> _Told:
    causes, subjects = _named(run)
    why = f"what {joined_words(subjects)} leaves {run.when} is below the next current that its EVSE can offer"
    return causes, 0.0, f"held at {level(run)} because {why}"


def _maximum(run: Run, price: Floats, gain: Floats) -> _Told:
    most = float(run.told.instance.sessions.max_power_kw[run.s])
    cause = _sets_maximum(run, most)
    worth = float(gain.sum())
    told = worth_text(worth, run.currency, nothing="more would save nothing").replace(" there", "")
    return (cause,), worth, f"at its maximum of {most:.1f} kW ({cause}) {run.when}; {told}"


def _sets_maximum(run: Run, most_kw: float) -> str:
    session, site = run.told.instance.scenario.sessions[run.s], run.told.instance.scenario.site
    evse = run.told.instance.tree.evses[session.evse]
    assert site.voltage_v is not None
    if evse_max_power_kw(evse, session.vehicle, site.voltage_v) <= most_kw * (1.0 + AT_MOST):
        return "evse"
    vehicle = session.vehicle and replace(session.vehicle, max_charge_kw=None, max_current_a=None)
    without = max_charge_power_kw(replace(session, vehicle=vehicle), evse, site.voltage_v)
    return "connector" if without <= most_kw * (1.0 + AT_MOST) else "vehicle"


def _charged(run: Run, price: Floats, gain: Floats) -> _Told:
    """A peak, a signal or a contract, or several of them: more would cost what each of them adds."""
    told = [*([_peak_told(run)] if run.cause.windows else []), *([_priced_told(run)] if run.cause.priced else [])]
    names = tuple(name for names, _, _ in told for name in names)
    why = " and ".join(why for _, why, _ in told)
    return names, sum(worth for _, _, worth in told), f"held at {level(run)} {run.when}: {why}"


def _priced_told(run: Run) -> tuple[tuple[str, ...], str, float]:
    """Ids of signals and contracts, the beginning of a sentence, and what a kW that they do not count is worth."""
    names = [run.priced.names[k] for k in run.cause.priced]
    subjects = [
        _sent(run, name) if k < run.priced.signals else f"contract {name}"
        for k, name in zip(run.cause.priced, names, strict=True)
    ]
    worth, hours = run.priced.worth_of(run.cause.priced, run.period), run.told.instance.periods.hours[run.period]
    cost = sum(run.priced.cost(run.s, by, run.told.instance.periods.count) for by in (HeldBy.EVENT, HeldBy.CONTRACT))
    rate = float(np.max(np.asarray(cost)[run.period] / hours))
    why = f"more would cost {rate:.2f} {run.currency} a kWh or more by {joined_words(subjects)}"
    return tuple(names), why, worth


def _peak_told(run: Run) -> tuple[tuple[str, ...], str, float]:
    """Labels of the windows, the beginning of a sentence, and what one more kW without a charge is worth."""
    windows = [run.told.instance.money.demand.windows[k] for k in run.cause.windows]
    names = tuple(window.label for window in windows)
    peaks_kw = {peak.demand_window: peak.peak_kw for peak in run.told.schedule.peaks}
    rate = sum(window.rate_at(peaks_kw[window.label]) for window in windows)
    why = f"more would raise the peak of {joined_words(list(names))}, which costs {rate:.2f} {run.currency} a kW"
    return names, why, run.peaks.worth_of(run.cause.windows, run.period)


def _unreachable(run: Run, price: Floats, gain: Floats) -> _Told:
    why = "its EVSE cannot be reached, and follows no more than this whatever is planned"
    return ("evse",), 0.0, f"held at {level(run)} {run.when}: {why}"


def _taper(run: Run, price: Floats, gain: Floats) -> _Told:
    return ("vehicle",), 0.0, f"held at {level(run)} {run.when}: its battery takes no more at this state of charge"


def _price(run: Run, price: Floats, gain: Floats) -> _Told:
    cheapest = f"a kWh costs {price.min():.3f} {run.currency} or more then"
    return (), 0.0, f"held at {level(run)} {run.when}: waits for cheaper hours, {cheapest}"


def _value(run: Run, price: Floats, gain: Floats) -> _Told:
    tier = run.told.instance.scenario.sessions[run.s].tier or ""
    value = float(run.told.instance.sessions.value_per_kwh[run.s])
    why = f"a kWh costs {price.min():.2f} {run.currency} or more, its target counts {value:.2f} (tier {tier})"
    return (tier,), 0.0, f"held at {level(run)} {run.when}: {why}"


def _done(run: Run, price: Floats, gain: Floats) -> _Told:
    cells = run.told.cells(run.s)
    later = bool((run.told.power_kw[run.cells.stop : cells.stop] > SHOWN_KW).any())
    why = "needs no more yet, what it lacks comes later as cheaply" if later else "has all that it wants by then"
    return (), 0.0, f"held at {level(run)} {run.when}: {why}"


def _rule(run: Run, price: Floats, gain: Floats) -> _Told:
    method = str(run.told.schedule.method)
    return (method,), 0.0, f"held at {level(run)} {run.when}: the plan ({method}) gives no more"


_TOLD = {
    HeldBy.LIMIT: _limit,
    HeldBy.MINIMUM_CURRENT: _minimum_current,
    HeldBy.MAXIMUM: _maximum,
    HeldBy.PEAK: _charged,
    HeldBy.EVENT: _charged,
    HeldBy.CONTRACT: _charged,
    HeldBy.UNREACHABLE: _unreachable,
    HeldBy.TAPER: _taper,
    HeldBy.PRICE: _price,
    HeldBy.VALUE: _value,
    HeldBy.DONE: _done,
    HeldBy.RULE: _rule,
}


def place_worth(run: Run, place: Place) -> float:
    """Of one more kW there throughout; of a line, of the current that one more kW of this session draws. [currency]"""
    if place.node < 0:
        return float(run.told.schedule.groups[-1 - place.node].worth_per_kw[run.period].sum())
    if not place.line:
        name = run.told.instance.limits.ids[place.node]
        plan = next(plan for plan in run.told.schedule.nodes if plan.node_id == name)
        return float(plan.worth_per_kw[run.period].sum())
    return amperes_per_kw(run.told, run.s, place) * float(line_worth(run.told, place)[run.period].sum())


def amperes_per_kw(told: Planned, s: int, place: Place) -> float:
    """What one kW of session s puts on a line, at most. [A/kW]"""
    point = next(point for point in told.instance.currents if point.node == place.node)
    line = next(line for line in point.lines if line.label == place.line)
    member = np.flatnonzero(point.sessions == s)
    sizes = abs(line.phasors[point.leg[member]]) * point.amperes_per_kw[member]
    return float(sizes.sum())


def line_worth(told: Planned, place: Place) -> Floats:
    """Duals of a line's tangents, per period (T,). [currency/A]"""
    instants_s, name = told.instance.periods.instants_s, told.instance.limits.ids[place.node]
    of = {told.schedule.instant(t).isoformat().replace("+00:00", "Z"): t for t in range(len(instants_s) - 1)}
    worth = np.zeros(len(instants_s) - 1)
    for block_name, block in told.schedule.duals.items():
        if block_name.startswith("node_phase_current"):
            nodes, lines, _, periods = block.labels
            for k in np.flatnonzero((nodes == name) & (lines == place.line) & (block.values < 0.0)).tolist():
                worth[of[periods[k]]] -= block.values[k]
    return worth


def level(run: Run) -> str:
    """``6.0 A (4.1 kW)``, ``3.0 to 7.4 kW``"""
    session = run.told.instance.scenario.sessions[run.s]
    evse, volts = run.told.instance.tree.evses[session.evse], run.told.instance.scenario.site.voltage_v
    low, high = run.low_kw, run.high_kw
    power = _range(low, high, "kW")
    if evse.current is not CurrentType.AC or volts is None or high < SHOWN_KW:
        return power
    per_ampere = kw_per_ampere(evse, session.vehicle, volts)
    return f"{_range(low / per_ampere, high / per_ampere, 'A')} ({power})"


def _range(low: float, high: float, unit: str) -> str:
    return f"{high:.1f} {unit}" if high - low < SHOWN_KW else f"{low:.1f} to {high:.1f} {unit}"


def _alone(run: Run) -> bool:
    """Whether every limit is full without any car."""
    if run.cause.events:
        return False
    limits = run.told.instance.limits
    nodes = [p.node for p in run.cause.places if not p.line and p.node >= 0]
    powers = [limits.high_kw[node] >= limits.limit_kw[node] for node in nodes]
    return len(powers) == len(run.cause.places) and all(bool(full[run.period].all()) for full in powers)


def _named(run: Run) -> tuple[tuple[str, ...], list[str]]:
    """Ids of the limits, and how a sentence calls them; a signal where it alone set the limit throughout."""
    found = [*_causes(run), *_after_events(run)]
    return tuple(dict.fromkeys(cause for cause, _ in found)), list(dict.fromkeys(subject for _, subject in found))


def _causes(run: Run) -> Iterator[tuple[str, str]]:
    limits, nodes = run.told.instance.limits, run.told.instance.tree.nodes
    for place in run.cause.places:
        if place.node < 0:
            cap = run.told.instance.groups.ids[-1 - place.node]
            yield cap, f"the group of {_sent(run, cap)}"
            continue
        name = limits.ids[place.node]
        if name.startswith(CABINET_PREFIX):
            yield name, f"power cabinet {name.removeprefix(CABINET_PREFIX)}"
            continue
        subject = f"{nodes[place.node].kind} {name}"
        if place.line:
            yield f"{name}/{place.line}", f"{place.line} of {subject}"
        else:
            yield from ((signal or name, _signal(run, signal, subject)) for signal in _signals(run, place))


def _after_events(run: Run) -> Iterator[tuple[str, str]]:
    for i in run.cause.events:
        event = run.told.instance.scenario.signals[i].id
        yield event, f"the load that is allowed after {_sent(run, event)}"


def _signals(run: Run, place: Place) -> list[str]:
    """Ids of the signals that set the limit in the run; an empty one for the node's own."""
    set_by = run.told.instance.limits.set_by.get(place.node)
    names = [set_by[t] for t in run.period.tolist()] if set_by else [""]
    return list(dict.fromkeys("" if name == RATING else name for name in names))


def _signal(run: Run, signal: str, subject: str) -> str:
    """``transformer T2 (cap-17 of utility)``"""
    return f"{subject} ({_sent(run, signal)})" if signal else subject


def _sent(run: Run, signal: str) -> str:
    """``cap-17 of utility``"""
    source = next((one.source for one in run.told.instance.scenario.signals if one.id == signal), "")
    return f"{signal} of {source}" if source else signal
