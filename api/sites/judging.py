"""What is wrong with what a caller told: by itself, and together with the site that it belongs to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from api.problems import InvalidDocument
from api.sites.assembling import alone
from api.sites.forms import (
    Boost,
    Canary,
    Measurement,
    MeasurementBatch,
    NeedsTold,
    NodeLimit,
    Override,
    SessionTold,
    SiteMode,
    SitePolicy,
    Unplugged,
)
from api.sites.stays import Stay
from models.domain.checks.clock import unfit_times
from models.domain.checks.leaves import leaves
from models.domain.checks.ranges import COUNT, NOT_NEGATIVE, RANGES, SHARE, Range, out_of_range
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.site import Site
from models.domain.times import zone
from models.domain.validation import validate, validate_sessions

MOST_MEASUREMENTS = 1000
SESSION = "sessions[0]."
"""Where a session stands that is judged by itself."""
LONGEST_ID = 128
LONGEST_REASON = 200

_ENERGIES = {"energy_target_kwh": NOT_NEGATIVE, "energy_minimum_kwh": NOT_NEGATIVE, "register_kwh": NOT_NEGATIVE}
_CHARGES = {"soc": SHARE, "soc_target": SHARE, "soc_minimum": SHARE}
FORM_RANGES: Mapping[type, Mapping[str, Range]] = RANGES | {
    SessionTold: {**_ENERGIES, **_CHARGES, "connector": COUNT, "revision": COUNT},
    NeedsTold: {**_ENERGIES, **_CHARGES, "revision": COUNT},
    Unplugged: _ENERGIES,
    Measurement: {"register_kwh": NOT_NEGATIVE, "current_a": NOT_NEGATIVE, "soc": SHARE},
    NodeLimit: dict.fromkeys(("import_limit_kw", "current_limit_a", "afterwards"), NOT_NEGATIVE),
    Boost: {"energy_kwh": NOT_NEGATIVE},
    Override: {"limit_kw": NOT_NEGATIVE},
    Canary: {"share": Range(low=0.001, high=1.0)},
    SitePolicy: {"replan_minutes": Range(low=1.0, high=60.0)},
}


def judge_alone(told: Any, time_zone: str = "UTC") -> None:
    """Raise InvalidDocument for times, numbers and names that nobody can mean."""
    found = leaves(told)
    findings = [*out_of_range(found, FORM_RANGES), *unfit_times(found, zone(time_zone)), *_own_rules(told)]
    refuse(findings)


def judge_together(scenario: Scenario, prefix: str) -> None:
    """Raise InvalidDocument with all that is wrong with a site now; ``prefix`` is where the body stands in it."""
    findings = validate(scenario)
    refuse([replace(f, path=f.path.removeprefix(prefix).removeprefix(".")) for f in findings])


def judge_session(site: Site, stay: Stay, now: datetime) -> None:
    """Raise InvalidDocument with all that is wrong with one session at a site that was judged before.

    To judge the whole site again took 1.6 ms for fifty EVSEs, this takes 0.05, however large the site is.
    """
    findings = validate_sessions(alone(site, stay, now))
    refuse([replace(f, path=f.path.removeprefix(SESSION)) for f in findings if f.path.startswith(SESSION)])


def refuse(findings: Any) -> None:
    """Raise InvalidDocument where there is anything to tell."""
    if findings := tuple(findings):
        raise InvalidDocument(findings)


def unfit_name(path: str, name: str) -> Iterator[Finding]:
    """An id that is empty, too long, or holds what no line of a log should."""
    if not 0 < len(name) <= LONGEST_ID or not name.isprintable() or "/" in name:
        message = f"{path} is no id"
        remedy = f"write 1 to {LONGEST_ID} printable characters, no slash among them"
        yield Finding(path=path, message=message, remedy=remedy)


def _own_rules(told: Any) -> Iterator[Finding]:
    if isinstance(told, SessionTold):
        yield from unfit_name("session", told.session)
    elif isinstance(told, NodeLimit):
        yield from _of_limit(told)
    elif isinstance(told, SitePolicy):
        yield from _of_policy(told)
    elif isinstance(told, MeasurementBatch):
        yield from _of_batch(told)
    elif isinstance(told, Override) and not (len(told.reason) <= LONGEST_REASON and told.reason.isprintable()):
        remedy = f"write at most {LONGEST_REASON} printable characters"
        yield Finding(path="reason", message="this reason is no line of text", remedy=remedy)


def _of_limit(told: NodeLimit) -> Iterator[Finding]:
    if (told.import_limit_kw is None) == (told.current_limit_a is None):
        remedy = "write either import_limit_kw or current_limit_a"
        yield Finding(path="", message="a limit is in one unit, and only one", remedy=remedy)
    if told.start is not None and told.end is not None and _naive_or_late(told):
        yield Finding(path="end", message="the limit ends before it begins", remedy="write an end after the start")
    if told.afterwards is not None and told.end is None:
        yield Finding(path="afterwards", message="a limit without an end has no value after it", remedy="write end")


def _of_policy(told: SitePolicy) -> Iterator[Finding]:
    named = [evse for one in told.sets for evse in one.evses]
    if twice := sorted({evse for evse in named if named.count(evse) > 1}):
        remedy = "name each EVSE in one set"
        yield Finding(path="sets", message="an EVSE is in two sets", remedy=remedy, ids=tuple(twice))
    ids = [one.id for one in told.sets]
    if len(set(ids)) < len(ids):
        yield Finding(path="sets", message="two sets have the same id", remedy="give each an id of its own")
    for i, one in enumerate(told.sets):
        yield from unfit_name(f"sets[{i}].id", one.id)
    if told.canary is not None and told.mode is not SiteMode.CONTROL:
        remedy = "write the mode control with it, or leave it out"
        yield Finding(path="canary", message="a share is only tried out where the rest is to follow", remedy=remedy)
    if told.canary is not None and told.canary.rest not in (SiteMode.ADVISE, SiteMode.OBSERVE):
        remedy = "write advise or observe"
        yield Finding(path="canary.rest", message="the rest is either advised or watched", remedy=remedy)
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", told.prices_by, re.ASCII):
        yield Finding(path="prices_by", message="it is no time of day", remedy="write HH:MM, as 15:00")


def _naive_or_late(told: NodeLimit) -> bool:
    assert told.start is not None
    assert told.end is not None
    both_aware = None not in (told.start.utcoffset(), told.end.utcoffset())
    return both_aware and told.end <= told.start


def _of_batch(told: MeasurementBatch) -> Iterator[Finding]:
    if len(told.measurements) > MOST_MEASUREMENTS:
        remedy = f"send at most {MOST_MEASUREMENTS} at once"
        yield Finding(path="measurements", message="too many measurements in one batch", remedy=remedy)
    for i, one in enumerate(told.measurements):
        named = [name for name in ("session", "evse", "node") if getattr(one, name) is not None]
        if len(named) != 1:
            message = "a measurement is of one session, one EVSE or one node"
            yield Finding(path=f"measurements[{i}]", message=message, remedy="name exactly one of them")
