"""Smart charging of one session at a CPO, seen from the provider (SCSP): what was asked, what holds, what to ask next.

A pure machine: ``now`` and fresh ids are arguments, what to send is an answer, nothing waits. One request is under way
at a time. Until the EVSE has said that it took a profile, the one before may still hold, and both are counted.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from models.ocpi.profiles import ActiveProfile, ChargingProfile, ProfileAnswer, ProfileResponse, ProfileResult

ANSWER_WITHIN = timedelta(seconds=30)
"""What an HTTP request may take before it counts as unanswered."""
FIRST_BACK_OFF = timedelta(minutes=1)
LONGEST_BACK_OFF = timedelta(hours=1)


class Ask(StrEnum):
    """What can be asked of a CPO."""

    SET = "PUT"
    CLEAR = "DELETE"
    ACTIVE = "GET"


class Standing(StrEnum):
    """How the last request stands."""

    NOTHING_ASKED = "nothing_asked"
    SENT = "sent"
    AWAITS_RESULT = "awaits_result"
    APPLIED = "applied"
    CLEARED = "cleared"
    TOLD = "told"
    """The profile that is active was told."""
    REJECTED = "rejected"
    TOO_OFTEN = "too_often"
    NO_RESULT = "no_result"
    """Neither answer nor result in time: it counts as not applied, and as what may hold."""
    UNKNOWN_SESSION = "unknown_session"
    NOT_SUPPORTED = "not_supported"


ENDED = frozenset({Standing.UNKNOWN_SESSION, Standing.NOT_SUPPORTED})
"""After these nothing more is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to a CPO; ``id`` ends its response_url, so that no result is taken for another's."""

    id: str
    ask: Ask
    profile: ChargingProfile | None
    due: datetime
    """When it counts as lost: first for an answer, then for the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered:
    """One session as its CPO has been told of it."""

    session_id: str
    wanted: ChargingProfile | None = None
    """None: no profile of ours, which is what a session begins with."""
    applied: ChargingProfile | None = None
    """What the EVSE has said to follow; None: no profile of ours."""
    unsure: tuple[ChargingProfile | None, ...] = ()
    """What may hold as well, because nobody said whether it does."""
    under_way: Request | None = None
    not_before: datetime | None = None
    refusals: int = 0
    """In a row."""
    standing: Standing = Standing.NOTHING_ASKED
    active: ActiveProfile | None = None
    """As the CPO last told it."""

    @property
    def ended(self) -> bool:
        return self.standing in ENDED

    @property
    def may_follow(self) -> tuple[ChargingProfile | None, ...]:
        """Every profile that may hold now, each once; None among them: it may do what it can."""
        asked = self.under_way
        changing = asked is not None and asked.ask is not Ask.ACTIVE
        under_way = (asked.profile,) if asked is not None and changing else ()
        found: list[ChargingProfile | None] = []
        for profile in (self.applied, *self.unsure, *under_way):
            if profile not in found:
                found.append(profile)
        return tuple(found)


def wanting(state: Steered, profile: ChargingProfile | None) -> Steered:
    """With a newer wish; None: no profile of ours any more."""
    return replace(state, wanted=profile)


def next_request(state: Steered, now: datetime, fresh_id: str) -> tuple[Steered, Request | None]:
    """What to send now, if anything; a repetition has an id of its own."""
    settled = state.wanted == state.applied and not state.unsure
    early = state.not_before is not None and now < state.not_before
    if state.ended or settled or early or state.under_way is not None:
        return state, None
    ask = Ask.CLEAR if state.wanted is None else Ask.SET
    return _sent(state, Request(id=fresh_id, ask=ask, profile=state.wanted, due=now + ANSWER_WITHIN))


def ask_active(state: Steered, now: datetime, fresh_id: str) -> tuple[Steered, Request | None]:
    """Ask what the EVSE is going to do, where nothing else is under way."""
    if state.ended or state.under_way is not None:
        return state, None
    return _sent(state, Request(id=fresh_id, ask=Ask.ACTIVE, profile=None, due=now + ANSWER_WITHIN))


def answered(state: Steered, request_id: str, answer: ProfileResponse | None, now: datetime) -> Steered:
    """The CPO's answer; None: it could not be reached, or its answer could not be read."""
    request = state.under_way
    if request is None or request.id != request_id:
        return state
    if answer is None:
        return _lost(state, request, now)
    match answer.result:
        case ProfileAnswer.ACCEPTED:
            due = now + timedelta(seconds=answer.timeout)
            return replace(state, under_way=replace(request, due=due), standing=Standing.AWAITS_RESULT)
        case ProfileAnswer.TOO_OFTEN:
            return _refused(state, Standing.TOO_OFTEN, now)
        case ProfileAnswer.REJECTED:
            return _refused(state, Standing.REJECTED, now)
        case ProfileAnswer.UNKNOWN_SESSION:
            return replace(state, under_way=None, standing=Standing.UNKNOWN_SESSION)
        case ProfileAnswer.NOT_SUPPORTED:
            return replace(state, under_way=None, standing=Standing.NOT_SUPPORTED)


def resulted(
    state: Steered, request_id: str, result: ProfileResult, profile: ActiveProfile | None, now: datetime
) -> Steered:
    """What came to a response_url; a result of an older request changes nothing."""
    request = state.under_way
    if request is None or request.id != request_id:
        return state
    if request.ask is Ask.ACTIVE:
        standing = Standing.TOLD if result is ProfileResult.ACCEPTED else Standing.REJECTED
        return replace(state, under_way=None, standing=standing, active=profile or state.active)
    if result is ProfileResult.ACCEPTED:
        return _applied(state, request)
    if request.ask is Ask.CLEAR and result is ProfileResult.UNKNOWN:
        return _applied(state, request)  # there was nothing to clear: the same as cleared
    return _refused(state, Standing.REJECTED, now)


def later(state: Steered, now: datetime) -> Steered:
    """As time passes: a request without a result by its time is lost."""
    request = state.under_way
    return state if request is None or now < request.due else _lost(state, request, now)


def active_told(state: Steered, profile: ActiveProfile) -> Steered:
    """The CPO says of its own accord what the EVSE is going to do."""
    return replace(state, active=profile)


def _sent(state: Steered, request: Request) -> tuple[Steered, Request]:
    return replace(state, under_way=request, standing=Standing.SENT), request


def _applied(state: Steered, request: Request) -> Steered:
    standing = Standing.CLEARED if request.ask is Ask.CLEAR else Standing.APPLIED
    return replace(
        state,
        applied=request.profile,
        unsure=(),
        under_way=None,
        not_before=None,
        refusals=0,
        standing=standing,
    )


def _refused(state: Steered, standing: Standing, now: datetime) -> Steered:
    """Not applied for certain; each refusal in a row doubles the time until the next request."""
    wait = min(FIRST_BACK_OFF * 2 ** min(state.refusals, 10), LONGEST_BACK_OFF)
    return replace(state, under_way=None, standing=standing, refusals=state.refusals + 1, not_before=now + wait)


def _lost(state: Steered, request: Request, now: datetime) -> Steered:
    """Treated as not applied, so it is asked for again; what it would have brought may hold all the same."""
    refused = _refused(state, Standing.NO_RESULT, now)
    doubtful = request.ask is not Ask.ACTIVE and request.profile not in (state.applied, *state.unsure)
    return replace(refused, unsure=(*state.unsure, request.profile)) if doubtful else refused
