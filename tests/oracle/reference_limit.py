"""The limit that holds at one instant, by definition: every message looked at afresh, no intervals built."""

from collections.abc import Sequence
from dataclasses import dataclass

SET, DEFAULT, ADD = "set", "default", "add"


@dataclass(frozen=True)
class Said:
    """A message about limits in plain numbers: times in seconds, spans as (start, end, kW)."""

    source: str
    programme: str
    event: str
    name: str
    mode: str
    target: str
    version: int
    issued: float
    priority: int | None
    cancelled: bool
    expires: float
    failsafe: float | None
    spans: tuple[tuple[float, float, float], ...]


def limit_at(said: Sequence[Said], target: str, at: float) -> float | None:
    """What all sources together leave at an instant; None where none limits."""
    alive = [m for m in said if m.target == target and not _replaced(m, said)]
    contracts = {(m.source, m.programme) for m in alive}
    limits = [_of([m for m in alive if (m.source, m.programme) == c], at) for c in contracts]
    return min((limit for limit in limits if limit is not None), default=None)


def _replaced(mine: Said, said: Sequence[Said]) -> bool:
    """Whether a newer word about the same event is known, or this one was taken back."""
    same = [m for m in said if (m.source, m.event) == (mine.source, mine.event)]
    return any(
        m.version > mine.version or (m.version == mine.version and (m.cancelled or m.issued > mine.issued))
        for m in same
    )


def _of(mine: Sequence[Said], at: float) -> float | None:
    best = {mode: _best([m for m in mine if m.mode == mode], at) for mode in (SET, DEFAULT, ADD)}
    if best[SET] is not None or best[DEFAULT] is None:
        return best[SET]
    return best[DEFAULT] + (best[ADD] or 0.0)


def _best(mine: Sequence[Said], at: float) -> float | None:
    """Of the highest rank that says anything, the least."""
    told = [(9e9 if m.priority is None else m.priority, kw) for m in mine for kw in _now(m, at)]
    return min(told)[1] if told else None


def _now(said: Said, at: float) -> list[float]:
    if at >= said.expires:
        return [] if said.failsafe is None else [said.failsafe]
    return [kw for start, end, kw in said.spans if start <= at < end]
