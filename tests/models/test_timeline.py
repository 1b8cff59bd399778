"""Signals folded into what holds when: in any order, twice, modified, cancelled, late; beside a reference of 50 lines.

CHARGEWRIGHT_EXAMPLES sets how many histories are drawn; ``make fuzz`` draws ten thousand.
"""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from models.domain.limit_curve import LimitStep, limit_curve
from models.domain.timeline import Timeline, current, drawn, fold
from models.domain.utility_signal import (
    EVERYTHING,
    FOREVER,
    Flow,
    Scope,
    SignalInterval,
    SignalKind,
    SignalMode,
    Target,
    UtilitySignal,
    defects,
)
from tests.oracle.reference_limit import Said, limit_at

EXAMPLES = int(os.environ.get("CHARGEWRIGHT_EXAMPLES", "60"))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WITHOUT_ZONE = SignalInterval(start=NOON.replace(tzinfo=None), end=NOON.replace(tzinfo=None), value=1.0)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def limit(kw: float, start: float = 0, end: float = 60, **said: object) -> UtilitySignal:
    """A limit of the network operator over minutes after noon."""
    interval = SignalInterval(start=at(start), end=at(end), value=kw)
    given = {"id": f"limit-{kw:g}", "source": "dso", "kind": SignalKind.LIMIT, "intervals": (interval,), **said}
    return UtilitySignal(**given)  # type: ignore[arg-type]  # fields by name


def curve(*signals: UtilitySignal, hours: float = 2, target: Target = EVERYTHING) -> list[tuple[float, float, float]]:
    """From minute, to minute, kW."""
    timeline = fold(signals, NOON, NOON + timedelta(hours=hours), seed="yard")
    return [in_minutes(step) for step in limit_curve(timeline, Flow.IMPORT, [target])]


def in_minutes(step: LimitStep) -> tuple[float, float, float]:
    return minutes(step.start), minutes(step.end), step.limit_kw


def minutes(when: datetime) -> float:
    return (when - NOON) / timedelta(minutes=1)


def test_a_limit_holds_from_its_start_to_its_end() -> None:
    assert curve(limit(40, 15, 45)) == [(15, 45, 40)]


def test_limits_of_two_sources_combine_by_the_minimum() -> None:
    assert curve(limit(40), limit(50, 30, 90, source="supplier")) == [(0, 60, 40), (60, 90, 50)]


def test_within_one_source_the_lower_priority_number_counts_although_it_allows_more() -> None:
    assert curve(limit(40, priority=2), limit(50, priority=1)) == [(0, 60, 50)]


def test_a_priority_does_not_outrank_another_source() -> None:
    assert curve(limit(40, priority=2), limit(50, priority=1, source="supplier")) == [(0, 60, 40)]


def test_without_a_priority_a_signal_yields_to_one_that_has_any() -> None:
    assert curve(limit(40), limit(50, priority=9)) == [(0, 60, 50)]


def test_of_equal_priority_the_more_restrictive_holds_where_both_do() -> None:
    assert curve(limit(40, 30, 90), limit(50, 0, 60)) == [(0, 30, 50), (30, 90, 40)]


def test_of_prices_of_equal_priority_the_newer_holds() -> None:
    old = replace(limit(1), kind=SignalKind.PRICE, id="old", issued_at=at(-60))
    new = replace(limit(9), kind=SignalKind.PRICE, id="new", issued_at=at(-30))
    ((_, held),) = fold([new, old], NOON, at(60)).lanes
    assert [(each.value, each.signal) for each in held] == [(9, "new")]


@pytest.mark.parametrize(("kind", "strict"), [(SignalKind.LEVEL, 3.0), (SignalKind.DISPATCH, 1.0)])
def test_the_more_restrictive_is_the_higher_level_and_the_lower_setpoint(kind: SignalKind, strict: float) -> None:
    mild, harsh = (replace(limit(kw), kind=kind, id=f"{kw:g}") for kw in (4.0 - strict, strict))
    for arrived in ((mild, harsh), (harsh, mild)):
        ((_, held),) = fold(arrived, NOON, at(60)).lanes
        assert [each.value for each in held] == [strict]


def test_of_signals_that_differ_in_nothing_but_their_id_the_first_by_name_is_the_one_that_is_told() -> None:
    one, other = limit(40, id="a"), limit(40, id="b")
    for arrived in ((one, other), (other, one)):
        ((_, held),) = fold(arrived, NOON, at(60)).lanes
        assert [each.signal for each in held] == ["a"]


def test_where_intervals_of_one_signal_overlap_the_later_one_in_its_list_holds() -> None:
    intervals = (
        SignalInterval(start=at(0), end=at(60), value=1.0),
        SignalInterval(start=at(30), end=at(60), value=9.0),
    )
    ((_, held),) = fold([replace(limit(1), kind=SignalKind.PRICE, intervals=intervals)], NOON, at(60)).lanes
    assert [(minutes(each.start), each.value) for each in held] == [(0, 1.0), (30, 9.0)]


def test_a_higher_version_replaces_a_lower_one_whichever_comes_first() -> None:
    old, new = limit(40, id="cap"), limit(60, id="cap", version=1)
    assert curve(old, new) == curve(new, old) == [(0, 60, 60)]


def test_what_is_cancelled_stays_so_when_its_first_version_arrives_late() -> None:
    gone = replace(limit(40, id="cap", version=1), cancelled=True, intervals=())
    assert curve(gone, limit(40, id="cap")) == []


def test_a_cancellation_that_has_the_same_version_counts() -> None:
    assert curve(limit(40, id="cap"), limit(40, id="cap", cancelled=True)) == []


def test_a_message_is_replaced_with_all_of_its_parts() -> None:
    both = [limit(40, id="a", event="e"), limit(50, id="b", event="e")]
    assert curve(*both, limit(90, id="b", event="e", version=1)) == [(0, 60, 90)]


def test_contradictory_copies_of_one_version_give_the_tighter_limit() -> None:
    assert curve(limit(40, id="cap"), limit(60, id="cap")) == [(0, 60, 40)]


def test_duplicates_change_nothing() -> None:
    assert curve(limit(40), limit(40), limit(40)) == [(0, 60, 40)]


def test_the_subscription_holds_where_no_limit_does() -> None:
    default = limit(30, 0, 120, mode=SignalMode.DEFAULT, id="subscription")
    assert curve(default, limit(80, 30, 60)) == [(0, 30, 30), (30, 60, 80), (60, 120, 30)]


def test_what_was_granted_comes_on_top_of_the_subscription_and_of_nothing_else() -> None:
    granted = limit(12, 30, 60, mode=SignalMode.ADD, id="granted")
    assert curve(granted) == []
    default = limit(30, 0, 90, mode=SignalMode.DEFAULT, id="subscription")
    assert curve(granted, default) == [(0, 30, 30), (30, 60, 42), (60, 90, 30)]


def test_the_default_of_one_source_does_not_fill_the_gaps_of_another() -> None:
    other = limit(30, 0, 120, mode=SignalMode.DEFAULT, id="subscription", source="supplier")
    assert curve(other, limit(80, 30, 60)) == [(0, 120, 30)]


def test_an_expired_signal_leaves_its_fail_safe_until_a_newer_version_comes() -> None:
    alive = limit(40, 0, 120, id="cap", expires_at=at(30), failsafe=10.0)
    assert curve(alive) == [(0, 30, 40), (30, 120, 10)]
    assert curve(alive, limit(50, 0, 120, id="cap", version=1)) == [(0, 120, 50)]


def test_limits_of_another_target_do_not_count() -> None:
    hall = Target(scope=Scope.GROUP, name="hall")
    assert curve(limit(40, targets=(hall,))) == []
    assert curve(limit(40, targets=(hall, EVERYTHING)), target=hall) == [(0, 60, 40)]


def test_a_random_start_moves_start_and_end_alike_and_never_with_the_version() -> None:
    interval = SignalInterval(start=at(30), end=at(60), value=40.0, earlier_s=600, later_s=600)
    signal = replace(limit(40, id="cap"), intervals=(interval,))
    shift = 20 * drawn(signal, "yard") - 10
    assert curve(signal) == [(pytest.approx(30 + shift), pytest.approx(60 + shift), 40)]
    assert curve(signal) == curve(replace(signal, version=7))
    draws = [drawn(replace(signal, id=f"cap-{i}"), "yard") for i in range(400)]
    assert 0 <= min(draws) < 0.05
    assert 0.95 < max(draws) < 1
    assert sum(draws) / len(draws) == pytest.approx(0.5, abs=0.05)


def test_what_has_no_end_is_not_moved_beyond_all_time() -> None:
    endless = SignalInterval(start=at(0), end=FOREVER, value=40.0, earlier_s=60, later_s=60)
    assert curve(replace(limit(40), intervals=(endless,)), hours=1)[-1][1] == 60


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 6, 1), 24)])
@pytest.mark.parametrize("where", ["Europe/Amsterdam", "Europe/Berlin", "Europe/London"])
def test_hourly_limits_of_a_local_day_cover_every_real_hour_once(
    day: tuple[int, int, int], hours: int, where: str
) -> None:
    zone = ZoneInfo(where)
    midnight, next_day = datetime(*day, tzinfo=zone), datetime(*day[:2], day[2] + 1, tzinfo=zone)
    instants = [midnight.astimezone(UTC) + timedelta(hours=h) for h in range(hours + 1)]
    told = [(a, b, float(h)) for h, (a, b) in enumerate(pairwise(instants))]
    intervals = tuple(SignalInterval(start=a.astimezone(zone), end=b.astimezone(zone), value=h) for a, b, h in told)
    timeline = fold([replace(limit(1), intervals=intervals)], midnight, next_day)
    steps = limit_curve(timeline, Flow.IMPORT, [EVERYTHING])
    assert [(step.start, step.end, step.limit_kw) for step in steps] == told


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (limit(-5.0), "-5 is not from 0 to 1e+07"),
        (limit(float("nan")), "nan is not from 0 to 1e+07"),
        (limit(inf), "inf is not from 0 to 1e+07"),
        (limit(5, 60, 0), "it ends before it starts"),
        (replace(limit(5), source=""), "it has none"),
        (replace(limit(5), targets=()), "it is about nobody"),
        (replace(limit(5), failsafe=-1.0), "-1 is no limit"),
        (replace(limit(5), intervals=(SignalInterval(start=NOON),)), "a limit needs a number"),
        (
            replace(
                limit(5),
                intervals=(SignalInterval(start=NOON.replace(tzinfo=None), end=NOON.replace(tzinfo=None), value=1.0),),
            ),
            "it has no time zone",
        ),
        (replace(limit(5), kind=SignalKind.PRICE, mode=SignalMode.DEFAULT), "a price has no default"),
    ],
)
def test_signals_that_cannot_be_meant_are_refused_with_the_place(broken: UtilitySignal, told: str) -> None:
    findings = defects(broken, "signals[0]")
    assert len(findings) == 1
    assert told in findings[0].message
    assert findings[0].path.startswith("signals[0].")


# Minutes and kW are few, so that edges, priorities and values meet often.
_TIMES = st.integers(0, 12).map(lambda n: 10 * n)
_SPANS = st.lists(
    st.tuples(_TIMES, _TIMES, st.sampled_from([0, 10, 20, 30])).filter(lambda s: s[0] <= s[1]), max_size=3
)
_MESSAGES = st.builds(
    Said,
    source=st.sampled_from(["dso", "supplier"]),
    programme=st.sampled_from(["", "p"]),
    event=st.sampled_from(["e1", "e2", "e3"]),
    name=st.sampled_from(["x", "y"]),
    mode=st.sampled_from(["set", "set", "default", "add"]),
    target=st.sampled_from(["", "", "hall"]),
    version=st.integers(0, 2),
    issued=st.sampled_from([-60, -30]),
    priority=st.sampled_from([None, None, 1, 2]),
    cancelled=st.sampled_from([False, False, False, False, True]),
    expires=st.sampled_from([inf, inf, inf, 60]),
    failsafe=st.sampled_from([None, None, 5]),
    spans=_SPANS.map(tuple),
)


def as_signal(said: Said) -> UtilitySignal:
    spans = tuple(SignalInterval(start=at(a), end=at(b), value=float(kw)) for a, b, kw in said.spans)
    return UtilitySignal(
        id=said.name,
        event=said.event,
        source=said.source,
        programme=said.programme,
        kind=SignalKind.LIMIT,
        mode=SignalMode(said.mode),
        targets=(Target(scope=Scope.GROUP, name=said.target) if said.target else EVERYTHING,),
        version=said.version,
        issued_at=at(said.issued),
        priority=said.priority,
        cancelled=said.cancelled,
        expires_at=None if said.expires == inf else at(said.expires),
        failsafe=said.failsafe,
        intervals=spans,
    )


class Histories(RuleBasedStateMachine):
    """Messages arrive; in the end the curve is that of the reference, and no order of the same ones gives another."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: list[Said] = []

    @rule(said=_MESSAGES)
    def arrives(self, said: Said) -> None:
        self.arrived.append(said)

    @rule(data=st.data())
    def arrives_again(self, data: st.DataObject) -> None:
        if self.arrived:
            self.arrived.append(data.draw(st.sampled_from(self.arrived)))

    @rule(data=st.data(), version=st.integers(1, 3), gone=st.booleans(), spans=_SPANS)
    def is_modified(self, data: st.DataObject, version: int, gone: bool, spans: list[tuple[int, int, int]]) -> None:
        if self.arrived:
            said = data.draw(st.sampled_from(self.arrived))
            self.arrived.append(replace(said, version=said.version + version, cancelled=gone, spans=tuple(spans)))

    @rule(data=st.data())
    def comes_in_another_order(self, data: st.DataObject) -> None:
        before = folded(self.arrived)
        self.arrived = data.draw(st.permutations(self.arrived))
        assert folded(self.arrived) == before

    def teardown(self) -> None:
        """Of histories of every length, so that looking once each is enough."""
        timeline = folded(self.arrived)
        for name in ("", "hall"):
            target = Target(scope=Scope.GROUP, name=name) if name else EVERYTHING
            steps = limit_curve(timeline, Flow.IMPORT, [target])
            for minute in range(-5, 130, 5):
                held = [s.limit_kw for s in steps if s.start <= at(minute) < s.end]
                wanted = limit_at(self.arrived, name, minute)
                assert held == ([] if wanted is None else [wanted]), minute


def folded(arrived: list[Said]) -> Timeline:
    return fold([as_signal(said) for said in arrived], at(-10), at(140))


Histories.TestCase.settings = hypothesis_settings(
    max_examples=EXAMPLES, stateful_step_count=8, deadline=None, derandomize=EXAMPLES <= 60
)
TestHistories = Histories.TestCase


def test_the_newest_version_is_found_among_thousands_in_no_time() -> None:
    signals = [limit(40, id=f"e{i % 500}", version=i) for i in range(5000)]
    assert len(current(signals)) == 500
