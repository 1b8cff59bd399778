"""An answer to an OCPI request, and what it changes here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.domain.session import Session
from models.domain.site import Evse
from models.ocpi.locations import Location
from models.ocpi.scsp import Steered
from models.ocpi.sessions import OcpiSession
from models.ocpi.tariffs import Tariff
from models.ocpi.wire import Refusal, Response, StatusCode

OK, NOT_FOUND, BAD_REQUEST, NOT_ALLOWED = 200, 404, 400, 405


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTold:
    """A session as the peer has it now, and as it is planned with."""

    told: OcpiSession
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationTold:
    told: Location
    evses: tuple[Evse, ...]
    means_else: bool
    """Whether a session there may have another EVSE or tariff than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffTold:
    tariff: Tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesTold:
    """A session with what its driver prefers."""

    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """A session as its CPO has been told of it, changed."""

    state: Steered


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A request to pass on as it came; what is answered to it is the answer."""

    method: str
    url: str
    body: bytes


Effect = SessionTold | LocationTold | TariffTold | PreferencesTold | Steering | Forward


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """HTTP status, body of the envelope, and effects to be stored before it is sent."""

    status: int
    body: dict[str, Any]
    effects: tuple[Effect, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether what was asked for was done."""
        return bool(self.body["status_code"] == StatusCode.SUCCESS)


def success(now: datetime, *effects: Effect, data: Any = None) -> Answer:
    """1000."""
    return Answer(status=OK, body=_envelope(StatusCode.SUCCESS, None, now, data), effects=effects)


def refusal(refused: Refusal, now: datetime) -> Answer:
    """Nothing is changed; a body that is no JSON is HTTP 400, all else is told in the envelope."""
    status = BAD_REQUEST if refused.code is StatusCode.CLIENT_ERROR else OK
    return Answer(status=status, body=_envelope(refused.code, refused.message, now))


def not_found(message: str, now: datetime) -> Answer:
    """HTTP 404 with 2001, as of a session that is not known, or whose EVSE takes no preferences."""
    return Answer(status=NOT_FOUND, body=_envelope(StatusCode.INVALID_PARAMETERS, message, now))


def not_allowed(message: str, now: datetime) -> Answer:
    """HTTP 405, as of credentials that are told to whom is registered, or changed by whom is not."""
    return Answer(status=NOT_ALLOWED, body=_envelope(StatusCode.CLIENT_ERROR, message, now))


def failure(code: StatusCode, message: str, now: datetime) -> Answer:
    """Of ours, or of what we asked of the peer."""
    return Answer(status=OK, body=_envelope(code, message, now))


def _envelope(code: StatusCode, message: str | None, now: datetime, data: Any = None) -> dict[str, Any]:
    return Response(status_code=int(code), status_message=message, timestamp=now, data=data).json_object()
