"""One table says how every error is answered."""

import asyncio
import json
from typing import Any

import pytest

from api.problems import TABLE, BodyTooLarge, answer, respond
from api.security.body_limit import DRAINED_BODIES, BodyLimit
from models.domain import errors
from models.domain.findings import Finding

FINDING = Finding(path="sessions[0].evse", message="no EVSE bay-9", remedy="name one of the site", ids=("car-1",))
RAISED = {
    errors.InvalidScenario([FINDING]): 422,
    errors.NoFeasibleSchedule([FINDING]): 409,
    errors.SolverFault("basis file /srv/secret lost"): 503,
    errors.DeadlinePassed("60 s"): 503,
    errors.EdgeError("10.0.0.7 refused", peer="csms", retryable=True): 502,
    errors.NotFound("no such plan"): 404,
    errors.Conflict("a newer plan is there"): 409,
    errors.StoreError("postgresql://user:password@10.0.0.7 is away"): 503,
    ZeroDivisionError("car of Ms. Miller"): 500,
}


def told(error: Exception) -> tuple[int, dict[str, Any]]:
    response = asyncio.run(answer(None, error))  # type: ignore[arg-type]  # the request is not looked at
    return response.status_code, json.loads(bytes(response.body))


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_every_error_of_ours_has_its_status(error: Exception) -> None:
    status, problem = told(error)

    assert status == problem["status"] == RAISED[error]
    assert problem["detail"]


def test_every_kind_of_error_that_reaches_a_caller_stands_in_the_table() -> None:
    leaves = {errors.InvalidScenario, errors.NoFeasibleSchedule, errors.SolverFault, errors.DeadlinePassed}
    leaves |= {errors.EdgeError, errors.NotFound, errors.Conflict}

    assert leaves <= set(TABLE)


def test_findings_travel_whole() -> None:
    _, problem = told(errors.InvalidScenario([FINDING]))

    assert problem["findings"] == [
        {"path": "sessions[0].evse", "message": "no EVSE bay-9", "remedy": "name one of the site", "ids": ["car-1"]}
    ]


@pytest.mark.parametrize("secret", ["/srv/secret", "10.0.0.7", "Miller"])
def test_what_went_wrong_inside_stays_inside(secret: str) -> None:
    assert all(secret not in json.dumps(told(error)) for error in RAISED)


def test_a_problem_without_findings_does_not_mention_them() -> None:
    from http import HTTPStatus

    assert b"findings" not in bytes(respond(HTTPStatus.NOT_FOUND, "not-found", "No", "No such address").body)


class Sender:
    """A client that sends ``count`` chunks of 10 bytes, and counts how many were taken."""

    def __init__(self, count: int) -> None:
        self.count, self.taken = count, 0

    async def __call__(self) -> dict[str, Any]:
        self.taken += 1
        return {"type": "http.request", "body": b"0123456789", "more_body": self.taken < self.count}


def read_all(sender: Sender, *, max_bytes: int, headers: list[tuple[bytes, bytes]] | None = None) -> bytes:
    """What an application behind the limit reads."""
    body = bytearray()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            body.extend(message["body"])
            more = message["more_body"]

    scope = {"type": "http", "headers": headers or []}
    asyncio.run(BodyLimit(application, max_bytes)(scope, sender, None))  # type: ignore[arg-type]
    return bytes(body)


def test_a_body_as_long_as_the_bound_is_read() -> None:
    assert len(read_all(Sender(3), max_bytes=30)) == 30


def test_a_byte_more_is_refused() -> None:
    with pytest.raises(BodyTooLarge, match="29 bytes"):
        read_all(Sender(3), max_bytes=29)


def test_a_refused_body_is_drained_so_that_its_sender_hears_the_answer() -> None:
    sender = Sender(5)

    with pytest.raises(BodyTooLarge):
        read_all(sender, max_bytes=10)

    assert sender.taken == 5


def test_a_body_without_end_is_cut() -> None:
    sender = Sender(10**9)

    with pytest.raises(BodyTooLarge):
        read_all(sender, max_bytes=10)

    assert sender.taken == DRAINED_BODIES + 1


def test_who_asks_before_sending_is_refused_before_sending() -> None:
    sender = Sender(5)

    with pytest.raises(BodyTooLarge):
        read_all(sender, max_bytes=10, headers=[(b"expect", b"100-continue"), (b"content-length", b"50")])

    assert sender.taken == 0
