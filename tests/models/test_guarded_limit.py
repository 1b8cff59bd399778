"""A limit with heartbeat and fail-safe: each rule by hand, and any history beside a reference second by second."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.guarded_limit import (
    GuardedLimit,
    GuardState,
    WrittenLimit,
    advanced,
    as_signal,
    configured,
    heard,
    limited,
)
from models.domain.limit_curve import limit_curve
from models.domain.timeline import fold
from models.domain.utility_signal import EVERYTHING, Flow
from tests.oracle.reference_guard import SecondBySecond

EXAMPLES = int(os.environ.get("CHARGEWRIGHT_EXAMPLES", "60"))
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def guard(**given: object) -> GuardedLimit:
    return GuardedLimit(at=START, failsafe_kw=8.0, **given)  # type: ignore[arg-type]  # fields by name


def written(machine: GuardedLimit, seconds: float, kw: float, **more: object) -> GuardedLimit:
    """A heartbeat, and a limit right after it."""
    limit = WrittenLimit(limit_kw=kw, **more)  # type: ignore[arg-type]  # fields by name
    after, refusal = limited(heard(machine, at(seconds)), limit, at(seconds))
    assert refusal is None
    return after


def shown(machine: GuardedLimit, seconds: float) -> tuple[str, float | None]:
    told = advanced(machine, at(seconds))
    return told.state, told.limit_kw


def test_it_starts_limited_by_its_fail_safe_and_is_free_when_nobody_speaks_for_two_minutes() -> None:
    assert shown(guard(), 119) == ("init", 8.0)
    assert shown(guard(), 120) == ("unlimited_autonomous", None)


def test_a_source_that_is_not_let_off_by_time_stays_in_its_fail_safe() -> None:
    silent = guard(let_off=False)
    assert shown(silent, 86_400) == ("init", 8.0)
    lost = written(silent, 10, 4.2)
    assert shown(lost, 200_000) == ("failsafe", 8.0)
    assert shown(written(lost, 200_000, 5.0), 200_000) == ("limited", 5.0)


def test_a_limit_holds_while_heartbeats_come() -> None:
    machine = written(guard(), 10, 4.2)
    for seconds in range(70, 700, 60):
        machine = heard(machine, at(seconds))
    assert shown(machine, 700) == ("limited", 4.2)


def test_without_a_heartbeat_for_two_minutes_the_fail_safe_holds() -> None:
    machine = written(guard(), 10, 4.2)
    assert shown(machine, 129) == ("limited", 4.2)
    assert shown(machine, 130) == ("failsafe", 8.0)


def test_a_limit_ends_with_its_duration_or_when_it_is_switched_off() -> None:
    assert shown(written(guard(), 10, 4.2, duration_s=30), 40) == ("unlimited_controlled", None)
    assert shown(written(guard(), 10, 4.2, active=False), 40) == ("unlimited_controlled", None)


def test_the_fail_safe_is_left_by_a_heartbeat_and_a_limit_after_it() -> None:
    lost = advanced(written(guard(), 0, 4.2), at(300))
    still, refusal = limited(lost, WrittenLimit(limit_kw=4.2), at(300))
    assert refusal is not None
    assert "no heartbeat within 120 s" in refusal.message
    assert still.state is GuardState.FAILSAFE
    assert shown(written(lost, 310, 5.0), 310) == ("limited", 5.0)


def test_the_fail_safe_is_left_two_minutes_after_heartbeats_return_without_a_limit() -> None:
    machine = written(guard(), 0, 4.2)
    for seconds in (300, 360, 400):
        machine = heard(machine, at(seconds))
    assert shown(machine, 419) == ("failsafe", 8.0)
    assert shown(machine, 420) == ("unlimited_autonomous", None)


def test_a_second_silence_is_a_fail_safe_of_its_own() -> None:
    lost = heard(written(guard(), 0, 4.2), at(300))
    again = written(lost, 310, 5.0)
    assert shown(again, 430) == ("failsafe", 8.0)
    assert shown(again, 600) == ("failsafe", 8.0)


def test_the_fail_safe_is_left_when_its_time_is_over() -> None:
    machine = written(guard(), 0, 4.2)
    assert shown(machine, 120 + 7199) == ("failsafe", 8.0)
    assert shown(machine, 120 + 7200) == ("unlimited_autonomous", None)


@pytest.mark.parametrize(
    ("hours", "taken"), [(1.9, False), (2, True), (24, True), (24.1, False), (float("nan"), False)]
)
def test_a_fail_safe_is_held_for_2_to_24_hours(hours: float, taken: bool) -> None:
    machine, refusal = configured(guard(), START, failsafe_s=hours * 3600)
    assert (refusal is None) == taken
    assert machine.failsafe_s == (hours * 3600 if taken else 7200)


@pytest.mark.parametrize(
    "limit",
    [
        WrittenLimit(limit_kw=-1.0),
        WrittenLimit(limit_kw=float("nan")),
        WrittenLimit(limit_kw=float("inf")),
        WrittenLimit(limit_kw=1.0, duration_s=0.0),
        WrittenLimit(limit_kw=1.0, duration_s=float("inf")),
    ],
)
def test_what_is_no_limit_is_refused_and_the_one_before_goes_on(limit: WrittenLimit) -> None:
    machine = written(guard(), 10, 4.2)
    after, refusal = limited(machine, limit, at(20))
    assert refusal is not None
    assert after.limit_kw == 4.2


def test_a_message_from_the_past_turns_no_clock_back() -> None:
    machine = advanced(written(guard(), 10, 4.2), at(50))
    assert advanced(machine, at(20)).at == at(50)


def test_the_timeline_has_what_the_guard_holds_and_the_newest_word_of_it() -> None:
    machine = written(guard(), 10, 4.2, duration_s=60)
    signals = [as_signal(machine, "dso"), as_signal(advanced(machine, at(140)), "dso")]
    first = limit_curve(fold(signals[:1], START, at(600)), Flow.IMPORT, [EVERYTHING])
    assert [(s.start, s.end, s.limit_kw) for s in first] == [(at(10), at(70), 4.2)]
    later = limit_curve(fold(reversed(signals), START, at(600)), Flow.IMPORT, [EVERYTHING])
    assert [(s.start, s.limit_kw) for s in later] == [(at(140), 8.0)]


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([1, 30, 59, 60, 119, 120, 121, 600, 7200])),
        st.tuples(st.just("beat"), st.just(0)),
        st.tuples(st.just("write"), st.sampled_from([-1, 0, 4, 9]), st.booleans(), st.sampled_from([None, 1, 60, 500])),
    ),
    max_size=25,
)


@settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES <= 60)
@given(steps=_STEPS, let_off=st.booleans())
def test_every_history_is_that_of_the_reference(steps: list[tuple[object, ...]], let_off: bool) -> None:
    machine, reference = guard(let_off=let_off), SecondBySecond(failsafe=8.0, hold=7200, let_off=let_off)
    for name, *told in steps:
        now = at(reference.now)
        if name == "wait":
            for _ in range(int(str(told[0]))):
                reference.tick()
            machine = advanced(machine, at(reference.now))
        elif name == "beat":
            reference.heartbeat()
            machine = heard(machine, now)
        else:
            kw, active, duration = float(str(told[0])), bool(told[1]), told[2]
            reference.write(kw, active, None if duration is None else int(str(duration)))
            length_s = None if duration is None else float(str(duration))
            machine, _ = limited(machine, WrittenLimit(limit_kw=kw, active=active, duration_s=length_s), now)
        assert (machine.state, machine.limit_kw) == (reference.state, reference.limit())
