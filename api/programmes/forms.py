"""What callers tell of programmes, and what is kept of calls: under the strict rules of the domain."""

from datetime import date, datetime
from enum import StrEnum

from models.domain.value import Series, value


@value
class CallTold:
    """An event that a programme calls."""

    start: datetime
    end: datetime
    told_at: datetime | None = None
    """When the utility told it. None: now."""


@value
class SiteNomination:
    """What was nominated for one site."""

    site: str
    power_kw: float


@value
class Nominations:
    """What was nominated for a month, site by site; a site that is not named has nothing to deliver."""

    sites: tuple[SiteNomination, ...]


@value
class ProposalAsked:
    """By which days of a site a nomination is to be proposed."""

    site: str
    first_day: date
    last_day: date
    """Included."""
    power_kw: float = 6.6
    """That EVSE and car can do together, of sessions that do not tell it. [kW]"""


@value
class OfferAsked:
    """When a site is to offer something."""

    site: str
    start: datetime
    end: datetime


@value
class CommitmentAsked:
    """Which site is to answer a call, and how."""

    site: str
    baseline_kw: Series | None = None
    """By the settlement's method. None: what its sessions would draw if nobody planned them. [kW]"""
    nominated_kw: float | None = None
    """None: what was nominated for the month of the call; where nothing was, it is free to offer. [kW]"""
    dry_run: bool = False
    """Only say what would be committed."""


@value
class SplitAsked:
    """A target to be divided among sites."""

    target_kw: float
    start: datetime
    end: datetime
    sites: tuple[str, ...] = ()
    """None named: all that are enrolled on the day."""


class OptOutReason(StrEnum):
    """Why somebody stays out, in the words of OpenADR 2.0b."""

    ECONOMIC = "economic"
    EMERGENCY = "emergency"
    MUST_RUN = "mustRun"
    NOT_PARTICIPATING = "notParticipating"
    OUTAGE_RUN_STATUS = "outageRunStatus"
    OVERRIDE_STATUS = "overrideStatus"
    PARTICIPATING = "participating"


@value
class OptOutTold:
    """Who stays out of a call: all of a site, one session there, or all sessions of one driver there."""

    site: str
    session: str | None = None
    driver: str | None = None
    """As in ``SessionTold.driver``."""
    reason: OptOutReason
    note: str = ""


@value
class OptOut:
    """One that was told."""

    told: OptOutTold
    at: datetime
    who: str
    """Id of the key that told it."""
    sessions: tuple[str, ...] = ()
    """Whom it freed from the plan."""


@value
class KeptCommitment:
    """What a site committed to a call."""

    site: str
    committed_kw: float
    nominated_kw: float | None
    held: str
    reason: str
    gain: float
    """[currency]"""
    at: datetime
    opted_out: bool = False


@value
class Mark:
    """What was confirmed so long before the start of an event."""

    minutes_before: float
    at: datetime
    committed_kw: float
    confirmed_kw: float
    lacking_kw: float
    not_confirmed: tuple[str, ...] = ()
    """EVSEs that count at what they accepted before, or at their rating."""


@value
class EventConfirmed:
    """The marks of one event."""

    start: datetime
    marks: tuple[Mark, ...] = ()
