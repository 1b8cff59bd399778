"""Base loads as a plan counts them: the forecast, moved by what the meter shows; the worst where it shows nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from models.domain.findings import Assumption
from models.domain.series import UNLIMITED, highest, value_at
from models.domain.site import BaseLoad, PhaseSeries
from models.domain.value import Series, Step
from optimizer.rolling.node_meter import NodeMeter, base_now

FADES = ((0, 1.0), (15, 0.75), (30, 0.5), (45, 0.25), (60, 0.0))
"""From how many minutes on which share of what the meter shows beyond the forecast still counts."""
HOLDS = timedelta(minutes=60)
"""So long the load may be as high as it is now."""
NOTICEABLE_KW = 0.05
Combine = Callable[[float, float], float]


def metered(
    loads: tuple[BaseLoad, ...], meters: Mapping[str, NodeMeter], start: datetime, now: datetime
) -> tuple[tuple[BaseLoad, ...], list[Assumption]]:
    """The loads of a site with its meters, and what that assumes; nodes without a meter stay as they are."""
    declared = {load.node: load for load in loads}
    told: list[Assumption] = []
    for node, meter in sorted(meters.items()):
        load, known_kw = declared.get(node), base_now(meter, now)
        if known_kw is None:
            declared[node] = _unknown(node, load, meter)
            told.append(_said(node, f"up to {highest(_high(declared[node])):.1f} kW", _why(meter)))
        elif load is None:
            declared[node] = BaseLoad(node=node, expected_kw=known_kw, high_kw=max(0.0, known_kw))
        else:
            declared[node] = _moved(load, known_kw, start)
            if abs(known_kw - value_at(load.expected_kw, start)) > NOTICEABLE_KW:
                told.append(_said(node, f"{known_kw:.1f} kW now", "its meter; within the hour the forecast again"))
    return tuple(declared.values()), told


def _moved(load: BaseLoad, known_kw: float, start: datetime) -> BaseLoad:
    beyond_kw = known_kw - value_at(load.expected_kw, start)
    fading = tuple(Step(start=start + timedelta(minutes=m), value=share * beyond_kw) for m, share in FADES)
    expected = _combined(load.expected_kw, fading, start, lambda one, other: one + other)
    may_be = (Step(start=start, value=known_kw), Step(start=start + HOLDS, value=-UNLIMITED))
    high = _combined(_high(load), _combined(expected, may_be, start, max), start, max)
    low = None if load.low_kw is None else _combined(load.low_kw, expected, start, min)
    return replace(
        load, expected_kw=expected, high_kw=high, low_kw=low, high_current_a=_currents(load, known_kw, start)
    )


def _unknown(node: str, load: BaseLoad | None, meter: NodeMeter) -> BaseLoad:
    """The highest that is declared, or that was seen."""
    if load is None:
        return BaseLoad(node=node, expected_kw=meter.highest_kw, high_kw=meter.highest_kw)
    return replace(load, high_kw=max(highest(_high(load)), highest(load.expected_kw), meter.highest_kw))


def _high(load: BaseLoad) -> Series:
    return load.expected_kw if load.high_kw is None else load.high_kw


def _currents(load: BaseLoad, known_kw: float, start: datetime) -> PhaseSeries | None:
    """Line currents are declared for the high load: a higher one has more on every line."""
    declared, high_kw = load.high_current_a, value_at(_high(load), start)
    if declared is None or known_kw <= high_kw or high_kw <= 0.0:
        return declared
    share = known_kw / high_kw
    lines = {name: getattr(declared, name) for name in ("L1", "L2", "L3")}
    return PhaseSeries(**{name: None if one is None else _times(one, share) for name, one in lines.items()})


def _times(series: Series, share: float) -> Series:
    if not isinstance(series, tuple):
        return share * series
    return tuple(replace(step, value=share * step.value) for step in series)


def _combined(one: Series, other: Series, start: datetime, how: Combine) -> Series:
    """Of two series at every instant from ``start`` on."""
    changes = {step.start for series in (one, other) if isinstance(series, tuple) for step in series}
    instants = sorted({start} | {at for at in changes if at > start})
    return tuple(Step(start=at, value=how(value_at(one, at), value_at(other, at))) for at in instants)


def _why(meter: NodeMeter) -> str:
    if meter.flaw is not None:
        return f"its meter is quarantined ({meter.flaw.replace('_', ' ')}), so the most that is declared or was seen"
    return "its meter shows nothing that could be told from the cars, so the most that is declared or was seen"


def _said(node: str, told: str, source: str) -> Assumption:
    return Assumption(what=f"site.base_loads[{node}]", value=told, source=source)
