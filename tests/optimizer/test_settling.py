"""What events are paid: a real month against sheets worked out by hand, and small events whose sums are easy to see."""

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.datasets.recorded import RecordedSession
from models.domain.errors import InvalidScenario
from models.domain.signal import Direction
from models.settlement import CalledEvent, LoadSeries, SettlementRule, Settling
from optimizer.response.counterfactual import uncontrolled
from optimizer.response.erosion import erosion
from optimizer.response.settling import Meters, Statement, settle
from optimizer.response.settling.money import amounts
from tests.optimizer.settled import GOLDEN, HOUR_S, PACIFIC, at, october, series
from tests.optimizer.sheets import Sheet
from tests.optimizer.test_baselines import SHEETS


def moment(day: int, hour: float) -> datetime:
    return datetime.fromtimestamp(at(day, hour), UTC)


def event(name: str = "relief", day: int = 23, hours: tuple[float, float] = (12, 15), **more: Any) -> CalledEvent:
    told = {"programme": "csrp", "committed_kw": 10.0} | more
    return CalledEvent(id=name, start=moment(day, hours[0]), end=moment(day, hours[1]), **told)


TERMS = SettlementRule(
    programme="csrp",
    baseline="as_told",
    currency="USD",
    payment_per_kwh=0.5,
    penalty_per_kwh=0.25,
    capacity_per_kw_month=5.0,
)


def settling(*events: CalledEvent, rules: tuple[SettlementRule, ...] = (TERMS,)) -> Settling:
    return Settling(time_zone=str(PACIFIC), programmes=rules, events=events, holidays=(date(2019, 10, 14),))


def flat(kw: float) -> Meters:
    """A meter that showed one power all month."""
    return Meters(site=series([kw] * 31 * 24, at(1, 0)))


@pytest.mark.parametrize("name", SHEETS)
def test_a_real_month_is_paid_as_worked_out_by_hand(name: str) -> None:
    sheet, rule = Sheet(GOLDEN / f"{name}.csv"), replace(TERMS, baseline=name)
    earlier = event("earlier", day=16, committed_kw=0.0)
    other = replace(earlier, programme="other")

    told = settle(settling(event(), other, rules=(rule, replace(rule, programme="other"))), Meters(site=october()))

    relief, (capacity, *_) = told.events[0], told.capacity
    assert relief.measured.performance == pytest.approx(sheet.named("performance")[0], abs=1e-12)
    paid = [relief.energy.total, relief.penalty.total, capacity.amount, relief.total + capacity.amount]
    by_hand = [sheet.named(line)[0] for line in ("energy", "penalty", "capacity", "total")]
    assert paid == [Decimal(repr(round(amount, 2))).quantize(Decimal("0.01")) for amount in by_hand]
    assert sum(relief.energy.parts) == relief.energy.total


def test_sessions_replayed_are_the_load_worked_out_by_hand() -> None:
    with (GOLDEN / "session_counterfactual.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["evse"]]
    sessions = [
        RecordedSession(
            id=row["session"],
            evse=row["evse"],
            arrival=moment(23, float(row["arrival"])),
            departure=moment(23, float(row["departure"])),
            energy_kwh=float(row["kwh"]),
        )
        for row in rows
    ]

    loads = uncontrolled(sessions, october(), most_kw=6.656)

    total = np.sum([one.power_kw for one in loads.values()], axis=0)[22 * 24 + 12 : 22 * 24 + 15]
    assert total == pytest.approx(Sheet(GOLDEN / "session_counterfactual.csv").named("load kW", "GHI"), abs=1e-4)
    assert total == pytest.approx(october().power_kw[22 * 24 + 12 : 22 * 24 + 15], abs=2e-3)


def test_what_is_delivered_is_paid_up_to_what_is_accepted_and_what_lacks_is_taken() -> None:
    """Baseline 30, load 18: 12 kW less, of which 10 are paid for one hour; the next hour 6 of 10."""
    meters = flat(18.0)
    load = meters.site
    assert load is not None
    load.power_kw[22 * 24 + 13] = 24.0
    told = settle(settling(event(hours=(12, 14), baseline_kw=30.0)), meters).events[0]

    assert told.measured.difference_kw.tolist() == [12.0, 6.0]
    assert told.measured.paid_kwh.tolist() == [10.0, 6.0]
    assert told.measured.performance == pytest.approx(0.8)
    assert (told.energy.total, told.penalty.total, told.total) == (Decimal("8.00"), Decimal("1.00"), Decimal("7.00"))


def test_without_a_commitment_all_that_is_delivered_is_paid_and_nothing_is_taken() -> None:
    told = settle(settling(event(hours=(12, 13), baseline_kw=30.0, committed_kw=0.0)), flat(18.0)).events[0]

    assert (told.energy.total, told.penalty.total) == (Decimal("6.00"), Decimal("0.00"))


def test_more_load_is_delivered_where_more_was_asked_for() -> None:
    up = event(hours=(12, 13), baseline_kw=10.0, direction=Direction.TURN_UP)

    assert settle(settling(up), flat(18.0)).events[0].measured.paid_kwh.tolist() == [8.0]


def test_load_on_the_wrong_side_counts_as_nothing_unless_the_programme_nets() -> None:
    meters = flat(18.0)
    assert meters.site is not None
    meters.site.power_kw[22 * 24 + 13] = 34.0
    called = event(hours=(12, 14), baseline_kw=30.0, committed_kw=0.0)

    plain = settle(settling(called), meters).events[0]
    nets = settle(settling(called, rules=(replace(TERMS, nets=True),)), meters).events[0]

    assert plain.measured.paid_kwh.tolist() == [12.0, 0.0]
    assert nets.measured.paid_kwh.tolist() == [12.0, -4.0]
    assert nets.energy.total == Decimal("4.00")


@pytest.mark.parametrize(
    ("load_kw", "energy", "penalty", "capacity"),
    [(28.0, "0.00", "2.00", "0.00"), (25.0, "2.50", "1.25", "25.00"), (21.0, "4.50", "0.00", "50.00")],
)
def test_a_band_pays_nothing_below_it_and_capacity_as_a_whole_above_it(
    load_kw: float, energy: str, penalty: str, capacity: str
) -> None:
    """Of 10 kW 2, 5 and 9 are kept; below 0.25 nothing is paid, from 0.9 on all counts as kept."""
    band = replace(TERMS, pays_from_share=0.25, whole_from_share=0.9)
    told = settle(settling(event(hours=(12, 13), baseline_kw=30.0), rules=(band,)), flat(load_kw))

    assert (told.events[0].energy.total, told.events[0].penalty.total) == (Decimal(energy), Decimal(penalty))
    assert told.capacity[0].amount == Decimal(capacity)


def test_an_interval_below_its_share_counts_as_nothing() -> None:
    strict = replace(TERMS, interval_pays_from_share=0.5)
    called = event(hours=(12, 13), baseline_kw=30.0)

    assert settle(settling(called, rules=(strict,)), flat(26.0)).events[0].measured.paid_kwh.tolist() == [0.0]
    assert settle(settling(called, rules=(strict,)), flat(25.0)).events[0].measured.paid_kwh.tolist() == [5.0]


def test_what_was_not_metered_was_not_delivered_and_says_so() -> None:
    meters = flat(18.0)
    assert meters.site is not None
    holed = series(
        [*meters.site.power_kw[: 22 * 24 + 13], float("nan"), *meters.site.power_kw[22 * 24 + 14 :]], at(1, 0)
    )
    told = settle(settling(event(hours=(12, 14), baseline_kw=30.0)), Meters(site=holed)).events[0].measured

    assert told.paid_kwh.tolist() == [10.0, 0.0]
    assert [str(one) for one in told.quality] == ["OK", "MISSING"]


def test_load_that_comes_back_after_an_event_is_counted_above_the_baseline() -> None:
    meters = flat(18.0)
    assert meters.site is not None
    meters.site.power_kw[22 * 24 + 13 : 22 * 24 + 15] = (37.0, 29.0)
    rule = replace(TERMS, snap_back_h=2.0, snap_back_per_kwh=0.1)
    told = settle(settling(event(hours=(12, 13), baseline_kw=30.0), rules=(rule,)), meters).events[0]

    assert told.measured.snap_back_kwh == pytest.approx(7.0)
    assert told.total == Decimal("5.00") - Decimal("0.70")


def evse_meters() -> Meters:
    """Two EVSEs at 4 kW each; nothing else at the site."""
    four = [4.0] * 31 * 24
    evses = {name: series(four, at(1, 0)) for name in ("A", "B")}
    return Meters(site=series([8.0] * 31 * 24, at(1, 0)), evses=evses)


def test_one_evse_in_two_programmes_is_paid_once_by_the_first() -> None:
    """A has 6 kW less than its baseline for an hour. The first programme pays 4 of them, the second what is left."""
    rules = (TERMS, replace(TERMS, programme="dlrp"))
    first = event(hours=(12, 13), baseline_kw=10.0, committed_kw=4.0, evses=("A",))
    second = replace(first, id="second", programme="dlrp", committed_kw=6.0)

    told = settle(settling(second, first, rules=rules), evse_meters())

    assert [one.measured.event.id for one in told.events] == ["relief", "second"]
    assert [one.measured.paid_kwh.tolist() for one in told.events] == [[4.0], [2.0]]
    assert told.events[1].measured.shortfall_kwh.tolist() == [4.0]


def test_the_meter_of_a_site_counts_what_its_evses_have_not_sold_already() -> None:
    rules = (TERMS, replace(TERMS, programme="dlrp"))
    of_evse = event(hours=(12, 13), baseline_kw=10.0, committed_kw=6.0, evses=("A",))
    of_site = replace(of_evse, id="site", programme="dlrp", baseline_kw=16.0, committed_kw=8.0, evses=())

    told = settle(settling(of_evse, of_site, rules=rules), evse_meters())

    assert [one.measured.paid_kwh.tolist() for one in told.events] == [[6.0], [2.0]]


def test_what_a_voluntary_programme_has_paid_is_claimed_as_well() -> None:
    rules = (TERMS, replace(TERMS, programme="dlrp"))
    free = event(hours=(12, 13), baseline_kw=10.0, committed_kw=0.0, evses=("A",))
    second = replace(free, id="second", programme="dlrp", committed_kw=6.0)

    told = settle(settling(free, second, rules=rules), evse_meters())

    assert [one.measured.paid_kwh.tolist() for one in told.events] == [[6.0], [0.0]]


def test_events_that_overlap_for_half_an_hour_share_that_half_hour() -> None:
    rules = (TERMS, replace(TERMS, programme="dlrp"))
    first = event(hours=(12, 13), baseline_kw=12.0, committed_kw=4.0)
    second = replace(first, id="second", programme="dlrp", start=moment(23, 12.5), end=moment(23, 13.5))

    told = settle(settling(first, second, rules=rules), flat(8.0))

    assert told.events[1].measured.shared_kwh.tolist() == [2.0]
    assert told.events[1].measured.paid_kwh.tolist() == [2.0]


def test_other_evses_and_the_other_direction_share_nothing() -> None:
    rules = (TERMS, replace(TERMS, programme="dlrp"))
    one = event(hours=(12, 13), baseline_kw=8.0, committed_kw=4.0, evses=("A",))
    other = replace(one, id="other", programme="dlrp", evses=("B",))
    up = replace(one, id="up", programme="dlrp", baseline_kw=2.0, direction=Direction.TURN_UP)

    told = settle(settling(one, other, up, rules=rules), evse_meters())

    assert {name.measured.event.id: name.measured.shared_kwh.tolist() for name in told.events} == {
        "relief": [0.0],
        "other": [0.0],
        "up": [0.0],
    }


@given(
    loads=st.lists(st.floats(0.0, 60.0), min_size=4, max_size=4),
    kws=st.lists(st.floats(0.0, 60.0), min_size=3, max_size=3),
    starts=st.lists(st.integers(0, 3), min_size=3, max_size=3),
)
def test_however_events_overlap_no_kwh_is_claimed_twice(
    loads: list[float], kws: list[float], starts: list[int]
) -> None:
    """Hour by hour all programmes together claim no more than the load that is lacking to the common baseline."""
    rules = tuple(replace(TERMS, programme=name) for name in "abc")
    events = [
        replace(
            event(name, baseline_kw=60.0), programme=name, committed_kw=kw, start=moment(23, first), end=moment(23, 4)
        )
        for name, kw, first in zip("abc", kws, starts, strict=True)
    ]
    told = settle(settling(*events, rules=rules), Meters(site=series(loads, at(23, 0))))

    for hour, load_kw in enumerate(loads):
        claimed = sum(
            float(one.measured.claimed_kwh[one.measured.baseline.spans.starts_s == at(23, hour)].sum())
            for one in told.events
        )
        assert claimed <= 60.0 - load_kw + 1e-6


def test_capacity_of_a_month_is_its_highest_commitment_times_the_mean_performance() -> None:
    """4 of 4 kW kept on one day, 5 of 10 on another: 10 kW at 5 USD, three quarters of it."""
    whole = event("first", day=22, hours=(12, 13), baseline_kw=30.0, committed_kw=4.0)
    half = event("second", day=23, hours=(12, 13), baseline_kw=23.0)

    told = settle(settling(whole, half), flat(18.0))

    assert [month.amount for month in told.capacity] == [Decimal("37.50")]
    assert told.totals() == {"USD": Decimal("37.50") + Decimal("2.00") + Decimal("2.50") - Decimal("1.25")}


def test_an_event_that_nobody_took_part_in_is_named_and_its_day_counts_as_any_other() -> None:
    ten = replace(TERMS, baseline="caiso_10_in_10")
    out = event("out", day=22, opted_out=True)

    told = settle(settling(event(), out, rules=(ten,)), Meters(site=october()))

    assert told.opted_out == ("out",)
    assert date(2019, 10, 22) in told.events[0].measured.baseline.taken


def test_an_opt_out_that_counts_as_shortfall_lacks_all_that_was_committed() -> None:
    strict = replace(TERMS, opt_out_is_shortfall=True)
    told = settle(settling(event(hours=(12, 14), opted_out=True), rules=(strict,)), Meters())

    assert (told.events[0].total, told.capacity[0].amount) == (Decimal("-5.00"), Decimal("0.00"))


def test_more_than_was_committed_is_paid_up_to_the_share_that_a_programme_accepts() -> None:
    generous = replace(TERMS, accepted_share=1.1)
    told = settle(settling(event(hours=(12, 13), baseline_kw=30.0), rules=(generous,)), flat(18.0)).events[0]

    assert (told.measured.paid_kwh.tolist(), told.measured.performance) == ([11.0], 1.0)


@given(st.lists(st.floats(-1e4, 1e4), max_size=40))
def test_parts_in_cents_add_up_and_none_is_a_cent_off(exact: list[float]) -> None:
    told = amounts(exact)

    assert sum(told.parts, Decimal(0)) == told.total
    assert abs(told.total - Decimal(repr(sum(round(one, 9) for one in exact)))) <= Decimal("0.00500001")
    assert all(abs(float(part) - one) < 0.01 + 1e-9 for part, one in zip(told.parts, exact, strict=True))


def test_half_a_cent_is_rounded_up() -> None:
    assert amounts([0.005]).total == Decimal("0.01")
    assert amounts([1.005, 0.001, 0.001]).parts == (Decimal("1.01"), Decimal("0.00"), Decimal("0.00"))


def replay(kw: float, hours: tuple[float, float]) -> Meters:
    session = RecordedSession(
        id="s", evse="A", arrival=moment(23, hours[0]), departure=moment(23, 18), energy_kwh=kw * (hours[1] - hours[0])
    )
    meters = flat(0.0)
    assert meters.site is not None
    return replace(meters, replayed=uncontrolled([session], meters.site, most_kw=kw))


def test_a_session_that_leaves_before_it_is_full_draws_nothing_after() -> None:
    session = RecordedSession(id="s", evse="A", arrival=moment(23, 12), departure=moment(23, 12.5), energy_kwh=20.0)
    grid = flat(0.0).site
    assert grid is not None

    (load,) = uncontrolled([session], grid, most_kw=8.0).values()

    assert load.power_kw[22 * 24 + 12 : 22 * 24 + 14].tolist() == [4.0, 0.0]


def test_a_session_that_would_have_charged_then_is_what_was_delivered() -> None:
    rule = replace(TERMS, baseline="session_counterfactual")
    told = settle(settling(event(hours=(12, 14)), rules=(rule,)), replay(8.0, (12.5, 16.0))).events[0].measured

    assert told.baseline.adjusted_kw == pytest.approx([4.0, 8.0])
    assert told.paid_kwh == pytest.approx([4.0, 8.0])


def test_what_everyday_optimisation_took_out_of_the_window_is_shown_and_priced() -> None:
    """Uncontrolled 8 kW, on an everyday day 3: of 5 kWh that are not counted 5 would be paid at 0.50."""
    meters = replay(8.0, (12.0, 16.0))
    told = settle(settling(event(hours=(12, 13), baseline_kw=3.0)), meters).events[0].measured

    found = erosion(told, meters.replayed["A"])

    assert (told.paid_kwh.tolist(), found.eroded_kwh.tolist()) == ([3.0], [5.0])
    assert found.worth == pytest.approx(2.5)


def test_erosion_beyond_what_is_accepted_is_worth_nothing() -> None:
    meters = replay(20.0, (12.0, 16.0))
    told = settle(settling(event(hours=(12, 13), baseline_kw=8.0)), meters).events[0].measured

    assert erosion(told, meters.replayed["A"]).total_kwh == pytest.approx(12.0)
    assert erosion(told, meters.replayed["A"]).worth == pytest.approx(1.0)


def test_everything_that_is_wrong_is_told_at_once_with_its_place() -> None:
    broken = settling(
        event("a", programme="nobody"),
        event("a", hours=(15, 12)),
        rules=(replace(TERMS, baseline="guess", whole_from_share=1.2, payment_per_kwh=-1.0),),
    )
    with pytest.raises(InvalidScenario) as refused:
        settle(broken, flat(1.0))

    assert {finding.path for finding in refused.value.findings} == {
        "programmes[0].baseline",
        "programmes[0].whole_from_share",
        "programmes[0].payment_per_kwh",
        "events[1].id",
        "events[0].programme",
        "events[1].end",
    }


def test_an_event_of_too_many_intervals_is_refused_before_it_is_laid_out() -> None:
    with pytest.raises(InvalidScenario, match="more than 10000 intervals of 1e-06 min"):
        settle(settling(event(baseline_kw=1.0), rules=(replace(TERMS, settlement_min=1e-6),)), flat(1.0))


def test_an_evse_without_readings_is_named() -> None:
    with pytest.raises(InvalidScenario, match="there are no readings of EVSE C"):
        settle(settling(event(evses=("A", "C"), baseline_kw=1.0)), evse_meters())


def test_the_same_input_is_settled_alike_whatever_the_order_of_its_events() -> None:
    events = [event(name, day=day, baseline_kw=30.0) for name, day in (("x", 21), ("y", 22), ("z", 23))]

    def amounts_of(told: Statement) -> list[tuple[str, Decimal]]:
        return [(one.measured.event.id, one.total) for one in told.events]

    assert amounts_of(settle(settling(*events), flat(18.0))) == amounts_of(settle(settling(*events[::-1]), flat(18.0)))


def test_a_quarter_hour_meter_settles_hours_and_half_hours() -> None:
    quarter: LoadSeries = series([10.0, 12.0, 14.0, 16.0] * 24, at(23, 0), HOUR_S / 4)
    half = event(hours=(12, 12.5), baseline_kw=20.0)

    told = settle(settling(half), Meters(site=quarter)).events[0].measured

    assert told.hours.tolist() == [0.5]
    assert told.load_kw.tolist() == [11.0]
