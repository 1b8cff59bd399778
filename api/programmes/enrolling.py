"""Rosters, as people read them."""

from models.domain.paths import some_of
from models.domain.roster import Overlap


def overlap_line(overlap: Overlap) -> str:
    """EVSEs that are in two programmes at the same time, in one sentence."""
    which = some_of(overlap.evses) if overlap.evses else "every EVSE"
    until = "" if overlap.last_day is None else f" to {overlap.last_day}"
    one, other = (
        f"{programme} ({enrolment})"
        for programme, enrolment in zip(overlap.programmes, overlap.enrolments, strict=True)
    )
    return f"site {overlap.site}: {which} in {one} and in {other} from {overlap.first_day}{until}"
