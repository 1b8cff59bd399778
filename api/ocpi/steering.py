"""Charging profiles as SCSP: the requests that a CPO gets, its answers, and what it sends to a response_url."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from api.ocpi.answers import Answer, Steering, not_found, refusal, success
from models.ocpi.profiles import ActiveProfile, ProfileResponse, ResultTold, SetChargingProfile
from models.ocpi.scsp import Ask, Request, Steered, active_told, answered, resulted
from models.ocpi.wire import Refusal, Response, read_object


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One HTTP request to a CPO."""

    method: str
    url: str
    body: dict[str, Any] | None


def outgoing(
    state: Steered, request: Request, *, profiles_url: str, response_base: str, ask_for: timedelta
) -> Outgoing:
    """``response_base``: our own address for results; ``ask_for``: how much of the active profile is wanted."""
    url = f"{profiles_url.rstrip('/')}/{quote(state.session_id, safe='')}"
    response_url = f"{response_base.rstrip('/')}/{request.id}"
    if request.ask is Ask.SET:
        assert request.profile is not None, "a SET carries a profile"
        body = SetChargingProfile(charging_profile=request.profile, response_url=response_url).json_object()
        return Outgoing(method=request.ask.value, url=url, body=body)
    asked = {"duration": int(ask_for.total_seconds())} if request.ask is Ask.ACTIVE else {}
    query = urlencode({**asked, "response_url": response_url})
    return Outgoing(method=request.ask.value, url=f"{url}?{query}", body=None)


def with_answer(state: Steered, request_id: str, status: int | None, body: bytes, now: datetime) -> Steered:
    """The state after a CPO's answer; what cannot be read, and no answer at all (None), may have been carried out."""
    envelope = read_object(Response, body) if status is not None else None
    if not isinstance(envelope, Response) or not envelope.succeeded:
        return answered(state, request_id, None, now)
    told = read_object(ProfileResponse, json.dumps(envelope.data))
    return answered(state, request_id, None if isinstance(told, Refusal) else told, now)


def post_result(body: bytes, request_id: str, *, state: Steered | None, now: datetime) -> Answer:
    """What a CPO posts to a response_url; ``state``: of the session that the id belongs to, if it belongs to one."""
    if state is None:
        return not_found(f"nothing was asked under {request_id[:40]!r}", now)
    told = read_object(ResultTold, body)
    if isinstance(told, Refusal):
        return refusal(told, now)
    return success(now, Steering(state=resulted(state, request_id, told.result, told.profile, now)))


def put_active_profile(body: bytes, session_id: str, *, state: Steered | None, now: datetime) -> Answer:
    """What a CPO says of its own accord, after a profile of ours was accepted."""
    if state is None:
        return not_found(f"there is no session {session_id[:40]!r}", now)
    told = read_object(ActiveProfile, body)
    if isinstance(told, Refusal):
        return refusal(told, now)
    return success(now, Steering(state=active_told(state, told)))
