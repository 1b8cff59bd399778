"""What is wrong with programmes and events before anything is settled: all of it at once."""

from collections.abc import Iterator

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.times import zone
from models.domain.units import hours_from_minutes, hours_from_seconds
from models.settlement.calls import CalledEvent, SettlementRule, Settling
from models.settlement.methods import MeteredEvse, method, methods

MOST_INTERVALS = 10_000
"""Of one event."""
_SHARES = ("pays_from_share", "whole_from_share", "interval_pays_from_share")
_NEVER_NEGATIVE = (
    "payment_per_kwh",
    "penalty_per_kwh",
    "capacity_per_kw_month",
    "accepted_share",
    "snap_back_h",
    "snap_back_per_kwh",
)


def defects(settling: Settling) -> tuple[Finding, ...]:
    """Every finding; empty where it can be settled."""
    return tuple(_of_all(settling))


def refuse_defects(settling: Settling) -> None:
    """Raises InvalidScenario with every finding."""
    if found := defects(settling):
        raise InvalidScenario(found)


def _of_all(settling: Settling) -> Iterator[Finding]:
    if zone(settling.time_zone) is None:
        message = f"time zone {settling.time_zone!r} is not known"
        yield Finding(path="time_zone", message=message, remedy="write an IANA name such as Europe/Berlin")
    for i, rule in enumerate(settling.programmes):
        yield from _of_rule(rule, f"programmes[{i}]")
    yield from _twice([rule.programme for rule in settling.programmes], "programmes", "programme")
    yield from _twice([event.id for event in settling.events], "events", "id")
    rules = {rule.programme: rule for rule in settling.programmes}
    for i, event in enumerate(settling.events):
        yield from _of_event(event, rules, f"events[{i}]")


def _of_rule(rule: SettlementRule, path: str) -> Iterator[Finding]:
    if rule.baseline not in methods():
        message = f"there is no method {rule.baseline!r}"
        yield Finding(path=f"{path}.baseline", message=message, remedy=f"take one of {', '.join(methods())}")
    if rule.settlement_min <= 0.0:
        message = f"{rule.settlement_min:g} min is no length of an interval"
        yield Finding(path=f"{path}.settlement_min", message=message, remedy="write minutes above 0, such as 15")
    for name in _SHARES:
        if not 0.0 <= getattr(rule, name) <= 1.0:
            message = f"{getattr(rule, name):g} is no share"
            yield Finding(path=f"{path}.{name}", message=message, remedy="write a number from 0 to 1")
    for name in _NEVER_NEGATIVE:
        if getattr(rule, name) < 0.0:
            message = f"{getattr(rule, name):g} is below 0"
            yield Finding(path=f"{path}.{name}", message=message, remedy="write what is paid or taken as 0 or more")


def _of_event(event: CalledEvent, rules: dict[str, SettlementRule], path: str) -> Iterator[Finding]:
    rule = rules.get(event.programme)
    if rule is None:
        message = f"event {event.id}: there is no programme {event.programme!r}"
        yield Finding(
            path=f"{path}.programme", message=message, remedy="write its terms into programmes, or take a known one"
        )
    elif rule.baseline in methods() and isinstance(method(rule.baseline).rule, MeteredEvse) and not event.evses:
        message = f"event {event.id}: {rule.baseline} needs EVSEs with meters of their own"
        yield Finding(path=f"{path}.evses", message=message, remedy="name the EVSEs of the event")
    if event.start.tzinfo is None or event.end.tzinfo is None:
        message = f"event {event.id}: a time has no offset"
        yield Finding(path=path, message=message, remedy="write times with their offset from UTC")
    elif event.end <= event.start:
        message = f"event {event.id}: it ends at {event.end:%H:%M}, not after it starts"
        yield Finding(path=f"{path}.end", message=message, remedy="correct one of them")
    elif rule is not None and rule.settlement_min > 0.0 and _intervals(event, rule) > MOST_INTERVALS:
        message = f"event {event.id}: it has more than {MOST_INTERVALS} intervals of {rule.settlement_min:g} min"
        yield Finding(path=path, message=message, remedy="settle a shorter event, or by longer intervals")
    if event.committed_kw < 0.0 or (event.accepted_kw is not None and event.accepted_kw < 0.0):
        message = f"event {event.id}: kW are below 0"
        yield Finding(path=path, message=message, remedy="write kW as 0 or more; the direction says which way")


def _intervals(event: CalledEvent, rule: SettlementRule) -> float:
    """Of the event and of what comes back after it."""
    hours = hours_from_seconds((event.end - event.start).total_seconds()) + rule.snap_back_h
    return hours / hours_from_minutes(rule.settlement_min)


def _twice(names: list[str], path: str, field: str) -> Iterator[Finding]:
    for i, name in enumerate(names):
        if name in names[:i]:
            message = f"there is another one called {name}"
            yield Finding(path=f"{path}[{i}].{field}", message=message, remedy="give each a name of its own")
