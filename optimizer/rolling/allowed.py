"""What an EVSE may draw by what it was sent: what should be in force, and the most that can be."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from models.domain.answers import Outcome
from models.domain.series import value_at
from models.domain.value import Series
from optimizer.rolling.state import EvseRecord, Role, Told

SETTLE = timedelta(seconds=60)
"""So long a station and its car may take to follow: EVs 5 s by IEC 61851-1, stations were seen to take a minute."""


def expected_kw(record: EvseRecord, when: datetime) -> float | None:
    """The limit in force by what was accepted; None where nothing was. [kW at evse, all phases]"""
    return _in_force(record.told, when, in_place)


def allowed_kw(record: EvseRecord, since: datetime, until: datetime) -> float | None:
    """The most that may have been in force between two instants, by whatever was sent; None where nothing binds.

    [kW at evse, all phases]
    """
    if expected_kw(record, until) is None:
        return None

    def may_be(told: Told) -> bool:
        return told.replaced_at is None or told.replaced_at >= since

    instants = [since, until, *_changes(record.told, since, until)]
    found = [_in_force(record.told, when, may_be) for when in instants]
    return max((kw for kw in found if kw is not None), default=None)


def in_place(told: Told) -> bool:
    """Accepted, and nothing newer accepted in its place."""
    return told.outcome is Outcome.ACCEPTED and told.replaced_at is None


def _in_force(told: tuple[Told, ...], when: datetime, counts: Callable[[Told], bool]) -> float | None:
    """A plan in place of a default, and the least of that and of what holds besides."""
    plan, default, most = (_largest(told, role, when, counts) for role in Role)
    if plan is not None and default is not None and not any(one.role is Role.PLAN and in_place(one) for one in told):
        plan = max(plan, default)  # the plan may not be there yet
    steered = default if plan is None else plan
    bounds = [kw for kw in (steered, most) if kw is not None]
    return min(bounds) if bounds else None


def _largest(told: tuple[Told, ...], role: Role, when: datetime, counts: Callable[[Told], bool]) -> float | None:
    return max((value_at(one.power_kw, when) for one in told if one.role is role and counts(one)), default=None)


def _changes(told: Iterable[Told], since: datetime, until: datetime) -> list[datetime]:
    return [when for one in told for when in starts(one.power_kw) if since < when < until]


def starts(series: Series) -> list[datetime]:
    """Where a series may change."""
    return [step.start for step in series] if isinstance(series, tuple) else []
