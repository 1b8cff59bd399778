"""One message while it is read: its parts, whatever they are, its times, and the defects found on the way."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

Object = Mapping[str, Any]
CLOCK_SKEW = timedelta(minutes=5)
DIGEST_LENGTH = 24
LARGEST = 1e12
"""No meter shows more; beyond it a number is dust. [Wh, W, A, s]"""


@dataclass(slots=True)
class Message:
    """A call of a station, and what was odd about it so far."""

    station_id: str
    payload: Object
    received_at: datetime
    token_key: bytes = b""
    defects: list[str] = field(default_factory=list)

    def time(self, given: Any, what: str) -> datetime:
        """A time that was told; the time of arrival where none can be read. Without a zone it is UTC, and a defect."""
        if given is None:
            return self.received_at
        told = _utc(given)
        if told is None:
            self.defects.append(f"{what} {str(given)[:40]!r} is no time; the time of arrival counts")
            return self.received_at
        if not _has_zone(given):
            self.defects.append(f"{what} has no time zone; taken as UTC")
        if abs(told - self.received_at) > CLOCK_SKEW:
            self.defects.append(f"{what} is {_minutes(told - self.received_at)} from the time of arrival")
        return told

    def instant(self, given: Any) -> datetime | None:
        """A time in the future that may be absent, as a departure; None where it cannot be read."""
        if given is None:
            return None
        told = _utc(given)
        if told is None:
            self.defects.append(f"{str(given)[:40]!r} is no time; it counts as not told")
        return told

    def number(self, given: Any, what: str) -> float | None:
        """A finite number, also as text and with a decimal comma; None where there is none."""
        if given is None or isinstance(given, bool):
            return None
        try:
            number = float(str(given).strip().replace(",", "."))
        except ValueError:
            number = float("nan")
        if not abs(number) <= LARGEST:
            self.defects.append(f"{what} {str(given)[:20]!r} is no number; it counts as not told")
            return None
        return number

    def digest(self, token: Any) -> str | None:
        """What stands for a driver's token: keyed, so that nobody can try all tokens without the site's key."""
        if token in (None, ""):
            return None
        return hmac.new(self.token_key, str(token).encode(), sha256).hexdigest()[:DIGEST_LENGTH]


def object_of(given: Any) -> Object:
    return given if isinstance(given, Mapping) else {}


def objects_of(given: Any) -> list[Object]:
    return [item for item in given if isinstance(item, Mapping)] if isinstance(given, list) else []


def whole(given: Any) -> int | None:
    """A whole number, as the numbers of EVSEs and connectors; None for anything else."""
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def text(given: Any) -> str:
    return "" if given is None else str(given)


def identity(given: Any) -> str | None:
    """An id as text; 0 is one."""
    return None if given is None else str(given)


def _utc(given: Any) -> datetime | None:
    try:
        told = datetime.fromisoformat(str(given))
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _has_zone(given: Any) -> bool:
    return datetime.fromisoformat(str(given)).tzinfo is not None


def _minutes(apart: timedelta) -> str:
    return f"{apart / timedelta(minutes=1):+.0f} min"
