"""Times and time zones: every time says its offset to UTC, and lies in this century."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

from models.domain.checks.leaves import Leaf
from models.domain.findings import Finding
from models.domain.paths import ids_of, label, path_text, shown
from models.domain.scenario import Scenario
from models.domain.times import first_after, readings, zone

YEARS = range(2000, 2100)
"""Of every time: a number that was taken for seconds since 1970 falls out, and so does what zones cannot convert."""
EXAMPLE = "2026-03-02T17:00:00+01:00"


def unknown_time_zones(scenario: Scenario) -> Iterator[Finding]:
    """Names that are not in the IANA time zone database."""
    names = {"site.time_zone": scenario.site.time_zone}
    if scenario.tariff is not None and scenario.tariff.time_zone is not None:
        names["tariff.time_zone"] = scenario.tariff.time_zone
    for path, name in names.items():
        if zone(name) is None:
            close = get_close_matches(name[:40], sorted(available_timezones()), n=1)
            remedy = f"write an IANA name such as {close[0] if close else 'Europe/Berlin'}"
            yield Finding(path=path, message=f"time zone {shown(name)} is not known", remedy=remedy)


def unfit_times(found: Iterable[Leaf], where: ZoneInfo | None) -> Iterator[Finding]:
    """Times without an offset, anywhere, and times outside of this century."""
    for leaf in found:
        if not isinstance(leaf.value, datetime):
            continue
        defect = unfit(leaf.value, where)
        if defect is not None:
            message = f"{label(leaf.owner)}: {leaf.where[-1]} {leaf.value.isoformat()} {defect[0]}"
            yield Finding(path=path_text(leaf.where), message=message, remedy=defect[1], ids=ids_of(leaf.owner))


def unfit(when: datetime, where: ZoneInfo | None) -> tuple[str, str] | None:
    """What is wrong with a time, and the way out; ``where`` is the time zone in which it may have been meant."""
    if when.year not in YEARS:
        return f"is in the year {when.year}", f"write a time of this century, as in {EXAMPLE}"
    return _naive(when, where) if when.utcoffset() is None else None


def _naive(when: datetime, where: ZoneInfo | None) -> tuple[str, str]:
    """What is wrong with a time without an offset, and the way out."""
    if where is None:
        return "has no offset to UTC", f"add it, as in {EXAMPLE}"
    fits = readings(when, where)
    if len(fits) == 1:
        return "has no offset to UTC", f"write {fits[0].isoformat()} if it is local time of {where.key}"
    if fits:
        return f"happens twice in {where.key}", f"write {fits[0].isoformat()} or {fits[1].isoformat()}"
    return f"does not exist in {where.key}", f"the clock is moved ahead then: write {_instead(when, where)}"


def _instead(when: datetime, where: ZoneInfo) -> str:
    ahead = first_after(when, where)
    skipped = ahead.replace(tzinfo=None) - when
    before = first_after(when - skipped, where) if skipped > timedelta() else ahead
    return f"{before.isoformat()} or {ahead.isoformat()}"
