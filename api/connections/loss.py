"""What holds while a utility is not heard from, on top of what it said. Pure; it can only lower a limit."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from api.connections.forms import LossOfContact, Without
from models.domain.limit_curve import limit_curve
from models.domain.timeline import fold
from models.domain.utility_signal import EVERYTHING, Flow, SignalInterval, SignalKind, Target, UtilitySignal
from models.openadr.v3.contact import Contact

_MOMENT = timedelta(seconds=1)


def is_lost(contact: Contact, rule: LossOfContact, now: datetime) -> bool:
    """Whether nothing was heard for longer than the rule allows; before the first contact, since the first failure."""
    if contact.failed_since is None:
        return False
    return now - (contact.last_heard or contact.failed_since) > timedelta(seconds=rule.after_s)


def held_without(
    rule: LossOfContact, contact: Contact, signals: Sequence[UtilitySignal], now: datetime
) -> tuple[UtilitySignal, ...]:
    """Limits of a source of their own, which combine with all others by the minimum, until there is contact again."""
    source = f"{contact.source} without contact"
    if rule.then is Without.LIMIT and rule.limit_kw is not None:
        return (_limit(source, Flow.IMPORT, EVERYTHING, rule.limit_kw, now),)
    if rule.then is Without.HOLD:
        return tuple(_last_limits(source, signals, contact.last_heard or now, now))
    return ()


def _last_limits(
    source: str, signals: Sequence[UtilitySignal], heard_at: datetime, now: datetime
) -> Iterator[UtilitySignal]:
    """What every target was left at the last contact."""
    then = fold(signals, heard_at, heard_at + _MOMENT)
    targets = dict.fromkeys(lane.target for lane, _ in then.of(SignalKind.LIMIT))
    for target in targets:
        for flow in Flow:
            for step in limit_curve(then, flow, [target])[:1]:
                yield _limit(source, flow, target, step.limit_kw, now)


def _limit(source: str, flow: Flow, target: Target, limit_kw: float, now: datetime) -> UtilitySignal:
    return UtilitySignal(
        id=f"{flow} {target}",
        source=source,
        kind=SignalKind.LIMIT,
        flow=flow,
        targets=(target,),
        issued_at=now,
        intervals=(SignalInterval(start=now, value=limit_kw),),
    )
