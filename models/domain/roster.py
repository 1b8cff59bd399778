"""Who takes part in a programme: sites with account or EAN18, meter and EVSEs, as a utility knows them."""

from collections.abc import Iterator, Sequence
from datetime import date

from models.domain.findings import Finding
from models.domain.paths import plain, some_of
from models.domain.value import value

EAN18_DIGITS = 18
_WEIGHTS = (3, 1)
"""Of the digits before the check digit, from the right (GS1)."""


@value
class Enrolment:
    """One site in one programme, for a time."""

    id: str
    site: str
    first_day: date
    last_day: date | None = None
    """Included. None: until further notice."""
    account: str = ""
    """As the utility bills it."""
    ean18: str = ""
    """Of the connection, where points of delivery have one: 18 digits, the last one a check digit."""
    meter: str = ""
    """Serial number or service point of the meter that settles."""
    evses: tuple[str, ...] = ()
    """Those that take part. None named: all of the site."""

    def holds_on(self, day: date) -> bool:
        """Whether it is enrolled on a local day."""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


@value
class Roster:
    """All enrolments of one programme."""

    programme: str
    enrolments: tuple[Enrolment, ...] = ()


@value
class Overlap:
    """EVSEs that are in two enrolments on the same days."""

    site: str
    evses: tuple[str, ...]
    """None named: all of the site, in both."""
    programmes: tuple[str, str]
    enrolments: tuple[str, str]
    first_day: date
    last_day: date | None


def check_digit(digits: str) -> int:
    """The last digit of a GS1 number by those before it (EAN18, GSRN)."""
    weighted = (int(digit) * _WEIGHTS[i % 2] for i, digit in enumerate(reversed(digits)))
    return -sum(weighted) % 10


def is_ean18(text: str) -> bool:
    """Eighteen digits of which the last one checks the others."""
    sound = len(text) == EAN18_DIGITS and text.isascii() and text.isdigit()
    return sound and check_digit(text[:-1]) == int(text[-1])


def roster_findings(roster: Roster) -> tuple[Finding, ...]:
    """Everything for which a roster is refused."""
    found = [*_twice(roster.enrolments)]
    for i, one in enumerate(roster.enrolments):
        found += _of_enrolment(one, f"enrolments[{i}]")
    for overlap in overlaps([roster]):
        found.append(_overlap_finding(overlap, roster))
    return tuple(found)


def overlaps(rosters: Sequence[Roster]) -> tuple[Overlap, ...]:
    """EVSEs that are enrolled twice at the same time, in one programme or in two."""
    every = [(roster.programme, one) for roster in rosters for one in roster.enrolments]
    pairs = ((a, b) for i, a in enumerate(every) for b in every[i + 1 :] if a[1].site == b[1].site)
    return tuple(found for a, b in pairs if (found := _overlap(*a, *b)) is not None)


def enrolled(roster: Roster, site: str, day: date) -> Enrolment | None:
    """The enrolment of a site on a day."""
    return next((one for one in roster.enrolments if one.site == site and one.holds_on(day)), None)


def _overlap(programme: str, one: Enrolment, other_programme: str, other: Enrolment) -> Overlap | None:
    first = max(one.first_day, other.first_day)
    last = min((day for day in (one.last_day, other.last_day) if day is not None), default=None)
    shared = _shared(one.evses, other.evses)
    if shared is None or (last is not None and last < first):
        return None
    return Overlap(
        site=one.site,
        evses=shared,
        programmes=(programme, other_programme),
        enrolments=(one.id, other.id),
        first_day=first,
        last_day=last,
    )


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...] | None:
    """Those of both; none named is all of the site. None where they have none in common."""
    if not one or not other:
        return one or other
    return tuple(evse for evse in one if evse in set(other)) or None


def _twice(enrolments: Sequence[Enrolment]) -> Iterator[Finding]:
    seen: set[str] = set()
    for i, one in enumerate(enrolments):
        if one.id in seen:
            message = f"enrolment {plain(one.id)} is there twice"
            yield Finding(
                path=f"enrolments[{i}].id", message=message, remedy="give each an id of its own", ids=(one.id,)
            )
        seen.add(one.id)


def _of_enrolment(one: Enrolment, path: str) -> Iterator[Finding]:
    name = f"enrolment {plain(one.id)}"
    for field in ("id", "site"):
        if not getattr(one, field):
            yield Finding(path=f"{path}.{field}", message=f"{name} has no {field}", remedy="write it", ids=(one.id,))
    if not (one.account or one.ean18):
        message = f"{name} has neither account nor ean18"
        remedy = "write the one by which the utility knows the connection"
        yield Finding(path=path, message=message, remedy=remedy, ids=(one.id,))
    if one.ean18 and not is_ean18(one.ean18):
        yield Finding(path=f"{path}.ean18", message=_ean_defect(one), remedy="copy it from the bill", ids=(one.id,))
    if one.last_day is not None and one.last_day < one.first_day:
        message = f"{name} ends on {one.last_day} before it begins on {one.first_day}"
        yield Finding(path=f"{path}.last_day", message=message, remedy="correct one of them", ids=(one.id,))
    if len(set(one.evses)) < len(one.evses):
        message = f"{name} names an EVSE twice"
        yield Finding(path=f"{path}.evses", message=message, remedy="name each once", ids=(one.id,))


def _ean_defect(one: Enrolment) -> str:
    told = one.ean18
    if len(told) != EAN18_DIGITS or not (told.isascii() and told.isdigit()):
        return f"enrolment {plain(one.id)}: {plain(told)} is not 18 digits"
    return f"enrolment {plain(one.id)}: the check digit of {told} would be {check_digit(told[:-1])}"


def _overlap_finding(overlap: Overlap, roster: Roster) -> Finding:
    one, other = overlap.enrolments
    place = max(i for i, e in enumerate(roster.enrolments) if e.id in overlap.enrolments)
    which = some_of(overlap.evses) if overlap.evses else "every EVSE"
    both = f"is in {plain(one)} and in {plain(other)} from {overlap.first_day}"
    return Finding(
        path=f"enrolments[{place}]",
        message=f"{which} of site {plain(overlap.site)} {both}",
        remedy="end one before the other begins, or leave the EVSEs out of one",
        ids=overlap.enrolments,
    )
