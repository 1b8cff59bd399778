"""Signals: what each must say, what two of them must not pay twice, and when they have to be."""

from collections.abc import Iterator
from typing import Any

from models.domain.checks.series import market_step_s
from models.domain.findings import Finding
from models.domain.horizon import Horizon
from models.domain.paths import label
from models.domain.scenario import Scenario
from models.domain.signal import Cap, Dispatch, Event, PriceEvent, PriceMode
from models.domain.site import Site
from models.domain.times import instant, seconds
from models.domain.units import seconds_from_minutes
from models.domain.value import Step

AnySignal = Cap | Event | Dispatch | PriceEvent
_Defect = tuple[str, str, str]
"""Field, what is wrong with it, and the way out."""
MOST_SIGNALS = 1000
_SAME_S = 1e-3
"""Two instants closer than this are one. [s]"""


def too_many_signals(scenario: Scenario) -> Iterator[Finding]:
    """More than one plan can need: each is compared with every other."""
    count = len(scenario.signals)
    if count > MOST_SIGNALS:
        remedy = "leave out those that this plan does not reach"
        yield Finding(path="signals", message=f"there are {count} signals, more than {MOST_SIGNALS}", remedy=remedy)


def unclear_signals(scenario: Scenario) -> Iterator[Finding]:
    """Signals that ask nothing, or say one thing in two ways."""
    for i, signal in enumerate(scenario.signals):
        for field, message, remedy in _defects(signal):
            yield _finding(f"signals[{i}].{field}", signal, message, remedy)


def _defects(signal: AnySignal) -> Iterator[_Defect]:
    match signal:
        case Cap():
            yield from _of_cap(signal)
        case Event():
            yield from _of_event(signal)
        case PriceEvent():
            yield from _of_price(signal)
        case Dispatch():
            yield from _of_place(signal)


def _of_cap(cap: Cap) -> Iterator[_Defect]:
    if cap.import_limit_kw is None and cap.export_limit_kw is None and cap.rule is None:
        yield "import_limit_kw", "it limits nothing", "write import_limit_kw, export_limit_kw or rule"
    if cap.rule is not None and cap.import_limit_kw is not None:
        yield "rule", "both rule and import_limit_kw are given", "leave out one of them"
    if cap.rule is not None and not cap.evses:
        yield "evses", "its rule is about a number of EVSEs, and none is named", "name them"
    if cap.evses and cap.export_limit_kw is not None:
        yield "export_limit_kw", "a group of EVSEs has no export of its own", "write a second cap for node"
    yield from _of_place(cap)


def _of_place(signal: Cap | Event | Dispatch) -> Iterator[_Defect]:
    if signal.node is not None and signal.evses:
        yield "node", "both node and evses are given", "leave out one of them"
    if len(set(signal.evses)) < len(signal.evses):
        yield "evses", "an EVSE is named twice", "name each once"


def _of_event(event: Event) -> Iterator[_Defect]:
    if event.accepted_kw is not None and event.committed_kw > event.accepted_kw:
        defect = f"committed_kw {event.committed_kw:g} is above accepted_kw {event.accepted_kw:g}"
        yield "committed_kw", defect, "lower it, or raise accepted_kw"
    rebound, freeze = event.rebound, event.freeze
    if rebound is not None and (rebound.limit_kw is None) == (rebound.above_reference_kw is None):
        yield "rebound", "it has to say either limit_kw or above_reference_kw", "write one of them"
    if freeze is not None and seconds(freeze.end) <= seconds(freeze.start):
        yield "freeze.end", f"freeze ends at {freeze.end.isoformat()}, not after its start", "correct one of them"
    elif (
        freeze is not None and seconds(freeze.start) < seconds(event.end) and seconds(freeze.end) > seconds(event.start)
    ):
        yield (
            "freeze",
            "its hours overlap the event, in which the load is to change",
            "let it end where the event starts",
        )
    yield from _of_place(event)


def _of_price(event: PriceEvent) -> Iterator[_Defect]:
    if event.import_price is None and event.export_price is None:
        yield "import_price", "it changes no price", "write import_price or export_price"


def late_signal_series(scenario: Scenario) -> Iterator[Finding]:
    """Series of signals that say nothing about the beginning of their window, or leave out a step inside it."""
    for i, signal in enumerate(scenario.signals):
        for name in ("baseline_kw", "setpoint_kw", "import_price", "export_price"):
            series = getattr(signal, name, None)
            if isinstance(series, tuple) and series:
                yield from _late(f"signals[{i}].{name}", signal, series)
                yield from _gaps(f"signals[{i}].{name}", signal, series)


def _late(path: str, signal: Any, steps: tuple[Step, ...]) -> Iterator[Finding]:
    if seconds(steps[0].start) > seconds(signal.start):
        message = f"the first step starts at {steps[0].start.isoformat()}, after {signal.start.isoformat()}"
        yield _finding(f"{path}[0].start", signal, message, "add a step that starts there or before")


def _gaps(path: str, signal: Any, steps: tuple[Step, ...]) -> Iterator[Finding]:
    """Of steps of one length those that are missing; the last one holds for that length too."""
    length_s = market_step_s(steps)
    if length_s is None:
        return
    ends = [*(seconds(step.start) for step in steps[1:]), max(seconds(signal.end), seconds(steps[-1].start) + length_s)]
    for k, (step, end_s) in enumerate(zip(steps, ends, strict=True)):
        missing_s = seconds(step.start) + length_s
        if missing_s < min(end_s, seconds(signal.end)) - _SAME_S and end_s > seconds(signal.start):
            message = f"gap: no step for {instant(missing_s).astimezone(step.start.tzinfo).isoformat()}"
            remedy = "add the missing steps; repeat the value where it did not change"
            yield _finding(f"{path}[{min(k + 1, len(steps) - 1)}]", signal, message, remedy)


def signals_in_time(scenario: Scenario, horizon: Horizon) -> Iterator[Finding]:
    """Events, setpoints and prices that the plan does not reach, and events of broken settlement intervals."""
    for i, signal in enumerate(scenario.signals):
        if isinstance(signal, Cap):
            continue  # what is to come is known to the fail-safe as well
        if seconds(signal.end) <= seconds(horizon.start) or seconds(signal.start) >= seconds(horizon.end):
            message = f"its window from {signal.start.isoformat()} to {signal.end.isoformat()} is outside the plan"
            reach = f"from {horizon.start.isoformat()} to {horizon.end.isoformat()}"
            yield _finding(f"signals[{i}].start", signal, message, f"leave it out, or plan for it; the plan is {reach}")
        if isinstance(signal, Event):
            yield from _broken_intervals(f"signals[{i}].settlement_min", signal)


def _broken_intervals(path: str, event: Event) -> Iterator[Finding]:
    length_s, interval_s = seconds(event.end) - seconds(event.start), seconds_from_minutes(event.settlement_min)
    over_s = length_s % interval_s
    if min(over_s, interval_s - over_s) > _SAME_S:
        message = f"it does not last a whole number of settlement intervals of {event.settlement_min:g} min"
        yield _finding(path, event, message, "correct its end, or settlement_min")


def paid_twice(scenario: Scenario) -> Iterator[Finding]:
    """Events of one direction that measure the same EVSEs at the same time, and two prices in place of one.

    Of every signal the first one before it that it clashes with.
    """
    site, before = scenario.site, list[tuple[float, float, AnySignal]]()
    for i, signal in enumerate(scenario.signals):
        start_s, end_s = seconds(signal.start), seconds(signal.end)
        at_the_time = (other for begun_s, over_s, other in before if begun_s < end_s and over_s > start_s)
        clash = next((defect for other in at_the_time if (defect := _clash(site, other, signal))), None)
        if clash is not None:
            yield _finding(f"signals[{i}].start", signal, *clash)
        before.append((start_s, end_s, signal))


def _clash(site: Site, one: AnySignal, other: AnySignal) -> tuple[str, str] | None:
    """What is wrong with two signals at one time, and the way out."""
    if isinstance(one, Event) and isinstance(other, Event) and _same_kwh(site, one, other):
        message = f"it and {label(one)} pay twice for one kWh: both measure it from {_both(one, other)}"
        return message, "leave out one of them, or let them not overlap"
    if isinstance(one, PriceEvent) and isinstance(other, PriceEvent) and _same_price(one, other):
        message = f"it and {label(one)} both replace one price from {_both(one, other)}"
        return message, "let them not overlap, or write mode add"
    return None


def _same_kwh(site: Site, one: Event, other: Event) -> bool:
    if one.direction is not other.direction:
        return False
    first, second = (_measured(site, event) for event in (one, other))
    return not first.isdisjoint(second)


def _measured(site: Site, event: Event) -> set[str]:
    """Nodes and EVSEs whose power an event counts, by kind and id."""
    if event.evses:
        return {f"evse {evse}" for evse in event.evses}
    nodes = _below(site, event.node)
    return {f"node {node}" for node in nodes} | {f"evse {evse.id}" for evse in site.evses if evse.node in nodes}


def _below(site: Site, node: str | None) -> set[str]:
    """A node and all below it; None is the site connection."""
    if node is None:
        return {other.id for other in site.nodes}
    found = {node}
    for _ in site.nodes:
        found |= {other.id for other in site.nodes if other.parent in found}
    return found


def _same_price(one: PriceEvent, other: PriceEvent) -> bool:
    replacing = one.mode is PriceMode.REPLACE and other.mode is PriceMode.REPLACE
    bought = one.import_price is not None and other.import_price is not None
    sold = one.export_price is not None and other.export_price is not None
    return replacing and (bought or sold)


def _both(one: Any, other: Any) -> str:
    start, end = max(one.start, other.start, key=seconds), min(one.end, other.end, key=seconds)
    return f"{start.isoformat()} to {end.isoformat()}"


def _finding(path: str, signal: Any, message: str, remedy: str) -> Finding:
    return Finding(path=path, message=f"{label(signal)}: {message}", remedy=remedy, ids=(signal.id,))
