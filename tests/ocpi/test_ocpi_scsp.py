"""A session at a roaming CPO: what is asked, what holds, what comes next; every time is given."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from models.domain.site import RateUnit
from models.ocpi.profiles import (
    ActiveProfile,
    ChargingProfile,
    ProfileAnswer,
    ProfilePeriod,
    ProfileResponse,
    ProfileResult,
)
from models.ocpi.scsp import (
    ANSWER_WITHIN,
    Ask,
    Standing,
    Steered,
    active_told,
    answered,
    ask_active,
    later,
    next_request,
    resulted,
    wanting,
)

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def profile(limit_a: int) -> ChargingProfile:
    period = ProfilePeriod(start_period=0, limit=Decimal(limit_a))
    return ChargingProfile(start_date_time=NINE, charging_rate_unit=RateUnit.A, charging_profile_period=(period,))


def asked(state: Steered, now: datetime = NINE, name: str = "r1") -> Steered:
    state, request = next_request(state, now, name)
    assert request is not None
    return state


def accepted(timeout: int = 30) -> ProfileResponse:
    return ProfileResponse(result=ProfileAnswer.ACCEPTED, timeout=timeout)


def awaiting(limit_a: int = 10) -> Steered:
    return answered(asked(wanting(Steered(session_id="101"), profile(limit_a))), "r1", accepted(), NINE)


def applied(limit_a: int = 10) -> Steered:
    return resulted(awaiting(limit_a), "r1", ProfileResult.ACCEPTED, None, NINE + 5 * SECOND)


def test_a_profile_is_put_once_and_holds_when_the_evse_says_so() -> None:
    state, request = next_request(wanting(Steered(session_id="101"), profile(10)), NINE, "r1")
    assert request is not None
    assert (request.ask, request.id, request.profile) == (Ask.SET, "r1", profile(10))
    assert next_request(state, NINE, "r2")[1] is None

    state = answered(state, "r1", accepted(timeout=30), NINE + SECOND)
    assert state.under_way is not None
    assert state.under_way.due == NINE + 31 * SECOND

    state = resulted(state, "r1", ProfileResult.ACCEPTED, None, NINE + 20 * SECOND)
    assert state.standing is Standing.APPLIED
    assert state.may_follow == (profile(10),)
    assert next_request(state, NINE + MINUTE, "r2")[1] is None


def test_until_the_result_the_old_profile_and_the_new_one_may_both_hold() -> None:
    state = asked(wanting(applied(16), profile(8)), NINE + MINUTE, "r2")

    assert state.may_follow == (profile(16), profile(8))


def test_a_session_that_was_never_told_anything_may_do_what_it_can() -> None:
    assert Steered(session_id="101").may_follow == (None,)
    assert awaiting().may_follow == (None, profile(10))


def test_no_result_by_the_timeout_counts_as_not_applied_and_as_what_may_hold() -> None:
    state = later(awaiting(), NINE + 29 * SECOND)
    assert state.standing is Standing.AWAITS_RESULT

    state = later(state, NINE + 30 * SECOND)
    assert state.standing is Standing.NO_RESULT
    assert state.applied is None
    assert state.may_follow == (None, profile(10))
    again = next_request(state, NINE + 90 * SECOND, "r2")[1]
    assert again is not None
    assert again.id == "r2"


def test_an_answer_that_never_came_is_lost_as_well() -> None:
    state = later(asked(wanting(Steered(session_id="101"), profile(10))), NINE + ANSWER_WITHIN)

    assert state.standing is Standing.NO_RESULT
    assert profile(10) in state.may_follow


def test_a_result_of_an_older_request_changes_nothing() -> None:
    lost = later(awaiting(), NINE + MINUTE)
    again = asked(lost, NINE + 3 * MINUTE, "r2")

    assert resulted(again, "r1", ProfileResult.ACCEPTED, None, NINE + 4 * MINUTE) == again
    assert answered(again, "r1", accepted(), NINE + 4 * MINUTE) == again


def test_too_often_is_asked_again_after_one_minute_then_two_then_four_at_most_an_hour() -> None:
    state, now, waits = wanting(Steered(session_id="101"), profile(10)), NINE, []
    for k in range(9):
        state = asked(state, now, f"r{k}")
        state = answered(state, f"r{k}", ProfileResponse(result=ProfileAnswer.TOO_OFTEN, timeout=0), now)
        assert state.not_before is not None
        assert next_request(state, state.not_before - SECOND, "early")[1] is None
        waits.append((state.not_before - now) / MINUTE)
        now = state.not_before

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert state.may_follow == (None,)


@pytest.mark.parametrize(
    ("answer", "standing"),
    [
        (ProfileAnswer.UNKNOWN_SESSION, Standing.UNKNOWN_SESSION),
        (ProfileAnswer.NOT_SUPPORTED, Standing.NOT_SUPPORTED),
    ],
)
def test_a_session_that_is_unknown_or_cannot_be_steered_is_dropped(answer: ProfileAnswer, standing: Standing) -> None:
    state = answered(
        asked(wanting(Steered(session_id="101"), profile(10))), "r1", ProfileResponse(result=answer, timeout=0), NINE
    )

    assert state.standing is standing
    assert next_request(wanting(state, profile(6)), NINE + timedelta(days=1), "r2")[1] is None
    assert ask_active(state, NINE + timedelta(days=1), "r3")[1] is None


@pytest.mark.parametrize("result", [ProfileResult.REJECTED, ProfileResult.UNKNOWN])
def test_a_profile_that_the_evse_did_not_take_leaves_the_one_before(result: ProfileResult) -> None:
    state = asked(wanting(applied(16), profile(8)), NINE + MINUTE, "r2")
    state = answered(state, "r2", accepted(), NINE + MINUTE)

    state = resulted(state, "r2", result, None, NINE + MINUTE)

    assert state.standing is Standing.REJECTED
    assert state.may_follow == (profile(16),)


@pytest.mark.parametrize("result", [ProfileResult.ACCEPTED, ProfileResult.UNKNOWN])
def test_clearing_ends_in_no_profile_also_where_there_was_none_to_clear(result: ProfileResult) -> None:
    state, request = next_request(wanting(applied(16), None), NINE + MINUTE, "r2")
    assert request is not None
    assert request.ask is Ask.CLEAR
    state = resulted(answered(state, "r2", accepted(), NINE + MINUTE), "r2", result, None, NINE + MINUTE)

    assert state.standing is Standing.CLEARED
    assert state.may_follow == (None,)


def test_a_newer_wish_waits_for_the_result_of_the_older_one() -> None:
    state = wanting(awaiting(10), profile(6))
    assert next_request(state, NINE + SECOND, "r2")[1] is None

    state = resulted(state, "r1", ProfileResult.ACCEPTED, None, NINE + 2 * SECOND)
    request = next_request(state, NINE + 3 * SECOND, "r2")[1]
    assert request is not None
    assert request.profile == profile(6)


def test_what_the_cpo_says_that_is_active_is_kept_and_asked_for_without_changing_what_holds() -> None:
    active = ActiveProfile(start_date_time=NINE, charging_profile=profile(7))
    told = active_told(applied(10), active)
    assert told.active == active
    assert told.may_follow == (profile(10),)

    state, request = ask_active(applied(10), NINE + MINUTE, "r2")
    assert request is not None
    assert request.ask is Ask.ACTIVE
    assert state.may_follow == (profile(10),)
    state = answered(state, "r2", accepted(), NINE + MINUTE)
    state = resulted(state, "r2", ProfileResult.ACCEPTED, active, NINE + 2 * MINUTE)
    assert state.active == active
    assert state.applied == profile(10)


def test_a_lost_wish_for_the_active_profile_casts_no_doubt_on_what_holds() -> None:
    state, _ = ask_active(applied(10), NINE + MINUTE, "r2")

    assert replace(later(state, NINE + 5 * MINUTE), not_before=None).may_follow == (profile(10),)
