"""How places in a document and things of the domain are written in findings."""

import json
from collections.abc import Iterable
from typing import Any

from models.domain.before import MissedBefore, PlannedBefore
from models.domain.installed import Installed, InstalledProfile
from models.domain.programme import CallLimits, DeadBand, OptOutRules
from models.domain.session import Session, Visit
from models.domain.setpoints import OfferHistory, SetpointRules
from models.domain.signal import Cap, PriceEvent
from models.domain.site import BaseLoad, Evse, GridNode, PowerCabinet, SessionDefaults
from models.domain.tariff import ClassLimit, CoincidentPeak, Contract, DemandCharge, DemandTier, UtilisationClass

Part = str | int
"""A field name or a place in a list."""

LONGEST_SHOWN = 40
"""Of a text or a number that is quoted in a message; the rest is left out. [characters]"""

_NOUNS: dict[type, str] = {
    GridNode: "node",
    Evse: "EVSE",
    PowerCabinet: "cabinet",
    BaseLoad: "base load",
    SessionDefaults: "session defaults",
    SetpointRules: "setpoint rules",
    OfferHistory: "offer history",
    DemandCharge: "demand charge",
    Contract: "contract",
    CoincidentPeak: "coincident peak",
    DemandTier: "demand tier",
    UtilisationClass: "utilisation class",
    Installed: "what is installed",
    InstalledProfile: "installed profile",
    ClassLimit: "time class",
    Cap: "signal",
    PriceEvent: "price event",
    Session: "session",
    Visit: "visit",
    PlannedBefore: "plan before",
    MissedBefore: "ledger",
    CallLimits: "limits of calls",
    DeadBand: "dead-band",
    OptOutRules: "opt-out",
}


def path_text(parts: Iterable[Part]) -> str:
    """``sessions[3].departure``; a name with other characters than letters, digits and _ is quoted."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isascii() and part.isidentifier() and len(part) <= LONGEST_SHOWN:
            text += f".{part}" if text else part
        else:
            text += f"[{shown(part)}]"
    return text


def label(thing: Any) -> str:
    """``session 7f3``; the kind alone where a thing has no id."""
    noun = _NOUNS.get(type(thing), type(thing).__name__.lower())
    identity = getattr(thing, "id", None)
    return noun if identity is None else f"{noun} {plain(str(identity))}"


def ids_of(thing: Any) -> tuple[str, ...]:
    """The id of a thing, if it has one."""
    identity = getattr(thing, "id", None)
    return () if identity is None else (str(identity),)


def shown(value: object) -> str:
    """A JSON value in a message: short, on one line, in characters that every terminal can print."""
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, float) and value != value:
        return "NaN"
    text = json.dumps(value[: LONGEST_SHOWN + 1] if isinstance(value, str) else value, default=str)
    return text if len(text) <= LONGEST_SHOWN + 2 else f"{text[:LONGEST_SHOWN]}..."


def plain(text: str) -> str:
    """An identity as it is, unless it is long or cannot be printed."""
    fits = text.isprintable() and len(text) <= LONGEST_SHOWN and not any("\ud800" <= c <= "\udfff" for c in text)
    return text if fits else shown(text)


MOST_NAMES = 5
"""So many of a long list are named."""


def some_of(names: Iterable[str], count: int | None = None) -> str:
    """``a, b, c``; of many the first ones and how many there are, ``count`` if the names are not all of them."""
    known = list(names)
    count = len(known) if count is None else count
    listed = ", ".join(plain(name) for name in known[:MOST_NAMES])
    return listed if count <= MOST_NAMES else f"{listed}, ... ({count} in all)"
