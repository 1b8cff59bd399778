"""A flexibility provider: forecasts taken or refused, what they limit, and what holds when the other side is offline.

Pure. Where the other side's promise to be there has lapsed, its forecasts are given up and the fallback forecasts hold;
they also hold where a forecast has no block. Without a fallback the forecasts known go on.
"""

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.utility_signal import Flow, Scope, SignalInterval, SignalKind, SignalMode, Target, UtilitySignal
from models.domain.value import value
from models.oscp.capacity import intervals
from models.oscp.wire import ForecastType, GroupCapacityForecast, read

_FLOWS = {
    ForecastType.CONSUMPTION: (Flow.IMPORT, SignalMode.SET),
    ForecastType.GENERATION: (Flow.EXPORT, SignalMode.SET),
    ForecastType.FALLBACK_CONSUMPTION: (Flow.IMPORT, SignalMode.DEFAULT),
    ForecastType.FALLBACK_GENERATION: (Flow.EXPORT, SignalMode.DEFAULT),
}
_FALLBACKS = {Flow.IMPORT: ForecastType.FALLBACK_CONSUMPTION, Flow.EXPORT: ForecastType.FALLBACK_GENERATION}


@value
class Forecast:
    """The last forecast of a group and type."""

    group: str
    type: ForecastType
    intervals: tuple[SignalInterval, ...]
    request_id: str
    """Of the message that it came with."""
    revision: int


@value
class Provider:
    """What one capacity provider has told us."""

    source: str
    groups: tuple[str, ...]
    """That we have at all."""
    voltage_v: float = 230.0
    """Line to neutral, for capacities in A. [V]"""
    forecasts: tuple[Forecast, ...] = ()
    offline_at: datetime | None = None
    """From when on it is to be taken for offline; None: it was never heard from."""
    revision: int = 0


@value
class Reply:
    """What a message is answered, and what the operator is told of it."""

    status: HTTPStatus = HTTPStatus.NO_CONTENT
    findings: tuple[Finding, ...] = ()


def forecast_taken(provider: Provider, tree: Any, request_id: str) -> tuple[Provider, Reply]:
    """A forecast of a group: 204, 400 for what cannot be meant, 404 for a group that is not ours."""
    try:
        told = read(GroupCapacityForecast, tree)
        placed = tuple(intervals(told.forecasted_blocks, provider.voltage_v))
    except InvalidScenario as invalid:
        return provider, Reply(status=HTTPStatus.BAD_REQUEST, findings=invalid.findings)
    if told.group_id not in provider.groups:
        finding = _finding("group_id", f"group {told.group_id} is not known here", "name the groups that are ours")
        return provider, Reply(status=HTTPStatus.NOT_FOUND, findings=(finding,))
    revision = provider.revision + 1
    forecast = Forecast(group=told.group_id, type=told.type, intervals=placed, request_id=request_id, revision=revision)
    others = tuple(f for f in provider.forecasts if (f.group, f.type) != (forecast.group, forecast.type))
    optimum = told.type is ForecastType.OPTIMUM
    notes = (_finding("type", "an optimum limits nothing", "it is kept and shown, not planned for"),) if optimum else ()
    return replace(provider, forecasts=(*others, forecast), revision=revision), Reply(findings=notes)


def heard(provider: Provider, offline_at: datetime, now: datetime) -> Provider:
    """A heartbeat: a promise that may be renewed, never one that is taken back by an older message.

    One that is back says its forecasts anew, so that they outrank their having been given up.
    """
    later = offline_at if provider.offline_at is None else max(provider.offline_at, offline_at)
    if not is_offline(provider, now):
        return replace(provider, offline_at=later)
    revision = provider.revision + 1
    again = tuple(replace(forecast, revision=revision) for forecast in provider.forecasts)
    return replace(provider, offline_at=later, forecasts=again, revision=revision)


def is_offline(provider: Provider, now: datetime) -> bool:
    return provider.offline_at is None or now >= provider.offline_at


def in_force(provider: Provider, now: datetime) -> tuple[UtilitySignal, ...]:
    """What holds from now on, for the timeline: while it is offline nothing but the fallback, where there is one."""
    offline = is_offline(provider, now)
    return tuple(_signal(provider, f, offline) for f in provider.forecasts if f.type in _FLOWS)


def alarm(provider: Provider, now: datetime) -> Finding | None:
    """What the operator is told of a capacity provider that is offline."""
    if not is_offline(provider, now):
        return None
    bare = [f.group for f in provider.forecasts if f.type in _FLOWS and not _has_fallback(provider, f)]
    since = (
        "was never heard from" if provider.offline_at is None else f"is offline since {provider.offline_at:%H:%M:%SZ}"
    )
    held = f"without a fallback the last forecasts go on: {', '.join(bare)}" if bare else "the fallback forecasts hold"
    return _finding("heartbeat", f"{provider.source} {since}", f"look at the line, or call the operator; {held}")


def _signal(provider: Provider, forecast: Forecast, offline: bool) -> UtilitySignal:
    """Version 2 n while the other side is heard from, 2 n + 1 when its forecast is given up."""
    flow, mode = _FLOWS[forecast.type]
    given_up = offline and mode is SignalMode.SET and _has_fallback(provider, forecast)
    return UtilitySignal(
        id=f"{forecast.group}/{forecast.type}",
        source=provider.source,
        kind=SignalKind.LIMIT,
        flow=flow,
        mode=mode,
        targets=(Target(scope=Scope.GROUP, name=forecast.group),),
        version=2 * forecast.revision + given_up,
        intervals=() if given_up else forecast.intervals,
    )


def _has_fallback(provider: Provider, forecast: Forecast) -> bool:
    kind = _FALLBACKS[_FLOWS[forecast.type][0]]
    return any((f.group, f.type) == (forecast.group, kind) for f in provider.forecasts)


def _finding(path: str, message: str, remedy: str) -> Finding:
    return Finding(path=path, message=message, remedy=remedy)
