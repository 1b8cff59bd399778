"""Quantities over time: their steps are in order, and they say something about the whole horizon."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import chain, pairwise
from operator import attrgetter

from models.domain.checks.clock import EXAMPLE
from models.domain.findings import Finding
from models.domain.paths import MOST_NAMES, path_text, some_of
from models.domain.scenario import Scenario
from models.domain.site import BaseLoad, GridNode, PhaseSeries
from models.domain.tariff import Price, PriceSeries, Tariff, TimeClasses
from models.domain.times import instant, seconds
from models.domain.units import MINUTES_PER_HOUR, seconds_from_minutes
from models.domain.value import Series, Step

LONGEST_MARKET_STEP_MIN = MINUTES_PER_HOUR
"""Prices of markets come by the hour or finer; a series of longer steps is a tariff that somebody wrote down. [min]"""
_Steps = tuple[str, tuple[Step, ...]]


def series_of(scenario: Scenario) -> Iterator[_Steps]:
    """Every list of steps, with its path."""
    for i, node in enumerate(scenario.site.nodes):
        yield from _of_node(f"site.nodes[{i}]", node)
    for i, load in enumerate(scenario.site.base_loads):
        yield from _of_load(f"site.base_loads[{i}]", load)
    for i, plant in enumerate(scenario.site.pv_plants):
        yield from _steps(f"site.pv_plants[{i}].expected_kw", plant.expected_kw)
    yield from _of_sessions(scenario, "energy_floor_kwh", "energy_ceiling_kwh")
    for i, one in enumerate(scenario.installed):
        for k, profile in enumerate(one.profiles):
            yield from _steps(f"installed[{i}].profiles[{k}].power_kw", profile.power_kw)
    for i, peak in enumerate(scenario.tariff.coincident_peaks if scenario.tariff else ()):
        yield from _steps(f"tariff.coincident_peaks[{i}].chance", peak.chance)
    for i, contract in enumerate(scenario.tariff.contracts if scenario.tariff else ()):
        for name in ("import_limit_kw", "export_limit_kw"):
            yield from _steps(f"tariff.contracts[{i}].{name}", getattr(contract, name))
    for path, price in prices_of(scenario.tariff):
        if isinstance(price, PriceSeries):
            yield f"{path}.steps", price.steps


def signal_series(scenario: Scenario) -> Iterator[_Steps]:
    """Every list of steps of a signal, with its path."""
    for i, signal in enumerate(scenario.signals):
        for name in ("baseline_kw", "reference_kw", "setpoint_kw", "import_price", "export_price"):
            yield from _steps(f"signals[{i}].{name}", getattr(signal, name, None))


def prices_of(tariff: Tariff | None) -> tuple[tuple[str, Price], ...]:
    """The three quantities of a tariff that come in the forms of a price."""
    names = ("import_price", "export_price", "carbon_intensity")
    return () if tariff is None else tuple((f"tariff.{name}", getattr(tariff, name)) for name in names)


def _of_node(path: str, node: GridNode) -> Iterator[_Steps]:
    for name in ("import_limit_kw", "import_limit_kva", "export_limit_kw", "current_limit_a"):
        yield from _steps(f"{path}.{name}", getattr(node, name))
    if node.transformer is not None:
        yield from _steps(f"{path}.transformer.primary_current_limit_a", node.transformer.primary_current_limit_a)


def _of_load(path: str, load: BaseLoad) -> Iterator[_Steps]:
    for name in ("expected_kw", "high_kw", "low_kw", "high_current_a"):
        yield from _steps(f"{path}.{name}", getattr(load, name))


def _steps(path: str, series: Series | PhaseSeries | TimeClasses | None) -> Iterator[_Steps]:
    if isinstance(series, tuple):
        yield path, series
    if isinstance(series, PhaseSeries):
        for phase in ("L1", "L2", "L3"):
            yield from _steps(f"{path}.{phase}", getattr(series, phase))


def _planned_before(scenario: Scenario) -> Iterator[_Steps]:
    """Setpoints of the plan before: they may begin whenever they like."""
    for i, planned in enumerate(scenario.previous):
        yield f"previous[{i}].charge_power_kw", planned.charge_power_kw


def disordered_steps(scenario: Scenario) -> Iterator[Finding]:
    """Series without steps, and steps that do not start after the one before."""
    told = chain(series_of(scenario), signal_series(scenario), _of_stays(scenario), _planned_before(scenario))
    for path, steps in told:
        if not steps:
            yield Finding(path=path, message="the series has no step", remedy="write at least one, or leave it out")
        for i, (before, after) in enumerate(pairwise(steps), start=1):
            if seconds(after.start) <= seconds(before.start):
                how = "at the same time as" if seconds(after.start) == seconds(before.start) else "before"
                message = f"the step of {after.start.isoformat()} starts {how} the one listed before it"
                yield Finding(path=f"{path}[{i}].start", message=message, remedy="sort the steps by time, each once")


def _of_stays(scenario: Scenario) -> Iterator[_Steps]:
    """Chances that sessions are still there, and prices of time: they need not say anything of what was before."""
    yield from _of_sessions(scenario, "time_price_per_h", "still_there")


def _of_sessions(scenario: Scenario, first: str, second: str) -> Iterator[_Steps]:
    """Two quantities over time that few of thousands of sessions have."""
    told = attrgetter(first, second)
    for i, session in enumerate(scenario.sessions):
        for name, series in zip((first, second), told(session), strict=True):
            if series is not None:
                yield from _steps(f"sessions[{i}].{name}", series)


def late_series(scenario: Scenario, start: datetime) -> Iterator[Finding]:
    """Series that say nothing about the beginning of the horizon."""
    for path, steps in series_of(scenario):
        if steps and seconds(steps[0].start) > seconds(start):
            message = (
                f"the first step starts at {steps[0].start.isoformat()}, after the plan starts at {start.isoformat()}"
            )
            remedy = f"add a step that starts at {start.isoformat()} or before"
            yield Finding(path=f"{path}[0].start", message=message, remedy=remedy)


def price_gaps(scenario: Scenario) -> Iterator[Finding]:
    """Hours (or quarters) that are missing inside prices of a market: they must not count at the price before."""
    for path, price in prices_of(scenario.tariff):
        length_s = market_step_s(price.steps) if isinstance(price, PriceSeries) else None
        if isinstance(price, PriceSeries) and length_s is not None:
            for i, (before, after) in enumerate(pairwise(price.steps), start=1):
                count = round((seconds(after.start) - seconds(before.start)) / length_s) - 1
                if count > 0:
                    starts = _starts_after(before.start, length_s, min(count, MOST_NAMES))
                    yield _gap(path_text((*path.split("."), "steps", i)), starts, count)


def _gap(path: str, starts: list[str], count: int) -> Finding:
    message = f"price gap: no step for {some_of(starts, count)}"
    remedy = "add these steps; repeat the price where it did not change"
    return Finding(path=path, message=message, remedy=remedy)


def _starts_after(before: datetime, length_s: float, count: int) -> list[str]:
    """Starts of the steps that would follow one, in its notation."""
    starts = (instant(seconds(before) + k * length_s) for k in range(1, count + 1))
    return [start.astimezone(before.tzinfo).isoformat() for start in starts]


def short_prices(scenario: Scenario, end: datetime) -> Iterator[Finding]:
    """Prices that stop being valid before the horizon ends."""
    for path, price in prices_of(scenario.tariff):
        if not isinstance(price, PriceSeries) or not price.steps:
            continue
        until = _valid_until(price)
        if until is not None and seconds(until) < seconds(end):
            message = f"price gap: prices end at {until.isoformat()}, but the plan goes on until {end.isoformat()}"
            remedy = f"add steps, shorten horizon, or write {path}.end (as {EXAMPLE}) if the last price holds on"
            yield Finding(path=f"{path}.{'steps' if price.end is None else 'end'}", message=message, remedy=remedy)


def _valid_until(price: PriceSeries) -> datetime | None:
    """None: the last price holds on, because the series is not one of equal steps."""
    if price.end is not None:
        return price.end
    length_s, last = market_step_s(price.steps), price.steps[-1].start
    return None if length_s is None else instant(seconds(last) + length_s).astimezone(last.tzinfo)


def market_step_s(steps: tuple[Step, ...]) -> float | None:
    """Length that most steps have, if that is an hour or less and all are multiples of it; else None. [s]"""
    lengths = Counter(seconds(b.start) - seconds(a.start) for a, b in pairwise(steps))
    usual_s, count = lengths.most_common(1)[0] if lengths else (0.0, 0)
    fits = 0 < usual_s <= seconds_from_minutes(LONGEST_MARKET_STEP_MIN)
    regular = fits and all(length_s % usual_s == 0 for length_s in lengths)
    return usual_s if regular and count > 1 and 2 * count > len(steps) - 1 else None
