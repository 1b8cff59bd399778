"""What is wrong with an EVSE: a verdict is a value, with what was seen."""

from datetime import datetime
from enum import StrEnum

from models.domain.value import value


class Flaw(StrEnum):
    """What an EVSE does that it should not, as its meter and its answers show."""

    IGNORES_LIMIT = "ignores_limit"
    MIS_SCALES = "mis_scales"
    """Its power follows the limit, times a factor."""
    REFUSES = "refuses"
    """It rejected a profile, does not support it, or answered with an error."""
    SILENT = "silent"
    """It did not answer in time."""
    UNVERIFIED = "unverified"
    """It was away or booted: what it follows is not known yet."""
    SLEEPS_AT_ZERO = "sleeps_at_zero"
    """It, or its car, does not resume after a pause."""
    DRAWS_LESS = "draws_less"
    IGNORES_RAISE = "ignores_raise"
    ONE_PHASE_TOLD = "one_phase_told"
    """It reports one phase of the three that are loaded."""
    REGISTER_ONLY = "register_only"
    """It tells energy and neither power nor current."""


UNCONTROLLED = frozenset({Flaw.IGNORES_LIMIT, Flaw.MIS_SCALES, Flaw.REFUSES, Flaw.SILENT, Flaw.UNVERIFIED})
"""With one of these nobody knows what an EVSE draws: it counts at its rating (S3)."""


@value
class Evidence:
    """One thing that was seen."""

    at: datetime
    what: str
    limit_kw: float | None = None
    drawn_kw: float | None = None


@value
class Verdict:
    """A flaw of an EVSE, since when, and what was seen of it."""

    evse: str
    flaw: Flaw
    since: datetime
    evidence: tuple[Evidence, ...]
    factor: float | None = None
    """Power over limit, of an EVSE that scales wrongly."""

    @property
    def uncontrolled(self) -> bool:
        """One that scales downward only wastes what it was offered."""
        return self.flaw in UNCONTROLLED and (self.factor is None or self.factor > 1.0)
