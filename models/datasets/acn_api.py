"""Answers of the API of ACN-Data, page by page: sessions, and where the next page is.

Source: ev.caltech.edu/dataset, API version 1. Times are HTTP dates in GMT; the token is the user name of basic
authentication; ``where`` filters as its examples do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from math import isfinite
from typing import Any

from models.datasets.imported import Row, doubt
from models.datasets.pseudonyms import Named
from models.datasets.recorded import RecordedSession
from models.domain.findings import Finding

API = "https://ev.caltech.edu/api/v1/"
SITES = ("caltech", "jpl", "office001")
ATTRIBUTION = "ACN-Data (California Institute of Technology, PowerFlex); Lee, Li, Low, e-Energy '19"
LEFT_OUT = "it is left out"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    rows: tuple[Row, ...]
    left_out: tuple[Finding, ...]
    next_path: str | None
    """Relative to the API. None: it was the last one."""


def filter_of(start: datetime, end: datetime) -> str:
    """What ``where`` has to say for sessions that begin from ``start`` on and before ``end``."""
    first, last = (format_datetime(at.astimezone(UTC), usegmt=True) for at in (start, end))
    return f'connectionTime>="{first}" and connectionTime<"{last}"'


def page_of(told: Any, named: Named) -> Page:
    """Sessions of an answer; raises ValueError where it is none."""
    if not isinstance(told, dict) or not isinstance(told.get("_items"), list):
        raise ValueError("the answer has no _items")
    read = [_row(one, named) for one in told["_items"]]
    following = _inside(_inside(told, "_links"), "next").get("href")
    if following is not None and (not isinstance(following, str) or "//" in following):
        raise ValueError("the next page lies elsewhere, and the token does not go there")
    rows = tuple(one for one in read if isinstance(one, Row))
    return Page(rows, tuple(one for one in read if isinstance(one, Finding)), following)


def _inside(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object of that name; an empty one where there is none."""
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def _row(told: Any, named: Named) -> Row | Finding:
    name = str(told.get("sessionID") or told.get("_id") or "") if isinstance(told, dict) else ""
    try:
        session = _session(name, told, named)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        message = f"session {name or 'without an id'}: a field is missing or cannot be read"
        return doubt(name, "a field is missing or cannot be read", message, LEFT_OUT)
    if session.departure <= session.arrival:
        return doubt(name, "it ends before it begins", f"session {name} ends before it begins", LEFT_OUT)
    return Row(name, session)


def _session(name: str, told: Mapping[str, Any], named: Named) -> RecordedSession:
    """Raises KeyError, TypeError, ValueError or AttributeError for what is missing or cannot be read."""
    if not name:
        raise ValueError("no id")
    said = _said(told)
    return RecordedSession(
        id=name,
        evse=str(told["spaceID"]),
        arrival=_time(told["connectionTime"]),
        departure=_time(told["disconnectTime"]),
        energy_kwh=_energy_kwh(told["kWhDelivered"]),
        stated_departure=_time(said["requestedDeparture"]) if said.get("requestedDeparture") else None,
        stated_energy_kwh=_energy_kwh(said["kWhRequested"]) if said.get("kWhRequested") is not None else None,
        driver=named(str(told.get("userID") or "")),
    )


def _energy_kwh(told: Any) -> float:
    number = float(told)
    if not (isfinite(number) and number >= 0.0):
        raise ValueError("an energy is a number from 0 up")
    return number


def _said(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the driver said first; nothing where nothing was said."""
    inputs = told.get("userInputs")
    first = inputs[0] if isinstance(inputs, list) and inputs else {}
    return first if isinstance(first, dict) else {}


def _time(text: Any) -> datetime:
    return parsedate_to_datetime(text).astimezone(UTC)
