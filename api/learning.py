"""Habits of a site from a file of past sessions."""

from pathlib import Path

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.habits import Habits
from models.domain.times import zone
from models.learning.history import read_history
from models.learning.learn import learn


def habits_from(path: Path, time_zone: str, *, skip: bool) -> tuple[Habits, tuple[Finding, ...]]:
    """What a CSV of past sessions shows, and with ``skip`` the rows that were left out.

    Raises InvalidScenario with every row that cannot be read, unless they are skipped or none is left.
    """
    where = zone(time_zone)
    if where is None:
        message = f"{time_zone} is no time zone"
        raise InvalidScenario([Finding(path="--time-zone", message=message, remedy="write one as Europe/Berlin")])
    history = read_history(_lines(path), where)
    if history.findings and not (skip and history.sessions):
        raise InvalidScenario(history.findings)
    return learn(history.sessions, where), history.findings


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as unreadable:
        reason = getattr(unreadable, "strerror", None) or "it is no text in UTF-8"
        remedy = "name a CSV file with arrival, departure and energy"
        raise InvalidScenario([Finding(path=str(path), message=f"cannot be read: {reason}", remedy=remedy)]) from None
