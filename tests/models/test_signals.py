"""What utilities ask: the table of § 14a, how signals are written, and what is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from models.domain.calendar import Calendar, calendar_of
from models.domain.completion import complete
from models.domain.dimming import least_draw_kw
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.horizon import Horizon, Stretch
from models.domain.price_events import export_prices, import_prices
from models.domain.scenario import Scenario
from models.domain.signal import (
    Cap,
    CapRule,
    Direction,
    Dispatch,
    Event,
    Freeze,
    PriceEvent,
    PriceMode,
    Rebound,
)
from models.domain.signal_times import settlement_ends_s
from models.domain.site import Evse, GridNode, NodeKind, Site, Tier
from models.domain.tariff import Rate, Tariff, TimeOfUse, Window
from models.domain.validation import validate
from models.domain.value import Step
from models.domain.wire import read_scenario, scenario_json

SIX = datetime(2026, 3, 2, 18, tzinfo=UTC)


def at(hours: float) -> datetime:
    return SIX + timedelta(hours=hours)


def site() -> Site:
    nodes = (
        GridNode(id="grid", kind=NodeKind.CONNECTION, continuous_factor=1.0),
        GridNode(id="hall", parent="grid", continuous_factor=1.0),
    )
    evses = (Evse(id="one", node="hall", max_power_kw=11.0), Evse(id="two", node="grid", max_power_kw=11.0))
    return Site(id="yard", nodes=nodes, evses=evses, tiers=(Tier(id="all", value_of_target_per_kwh=1.0),))


def scenario(*signals: Any, hours: int = 6) -> Scenario:
    horizon = Horizon(start=SIX, stretches=(Stretch(count=hours, minutes=60.0),))
    return Scenario(site=site(), tariff=Tariff(currency="EUR", import_price=0.3), signals=signals, horizon=horizon)


@pytest.mark.parametrize(
    ("charge_points", "heat_pumps_kw", "kw"),
    [(1, (), 4.2), (2, (), 7.56), (4, (14.0,), 16.52), (10, (), 21.21), (9, (), 4.2 + 8 * 0.45 * 4.2)],
)
def test_the_least_draw_of_devices_is_that_of_the_decision(
    charge_points: int, heat_pumps_kw: tuple[float, ...], kw: float
) -> None:
    assert least_draw_kw(charge_points, heat_pumps_kw=heat_pumps_kw) == pytest.approx(kw)


def test_the_simultaneity_factor_falls_by_a_twentieth_with_every_device_from_two_to_nine() -> None:
    factors = [(least_draw_kw(n) / 4.2 - 1.0) / (n - 1) for n in range(2, 13)]

    assert factors == pytest.approx([0.80, 0.75, 0.70, 0.65, 0.60, 0.55, 0.50, 0.45, 0.45, 0.45, 0.45])


def test_heat_pumps_and_air_conditioners_count_with_the_larger_of_their_sums() -> None:
    """0.4 x 20 = 8 kW against 0.4 x 15 = 6 kW, and one further device of two: 8 + 0.8 x 4.2."""
    assert least_draw_kw(0, heat_pumps_kw=(15.0,), air_conditioners_kw=(20.0,)) == pytest.approx(8.0 + 0.8 * 4.2)


def test_no_device_has_no_least_draw() -> None:
    with pytest.raises(ValueError, match="at least one device"):
        least_draw_kw(0)


def test_a_rule_is_completed_to_its_number_and_told() -> None:
    cap = Cap(id="dim", start=SIX, end=at(1), evses=("one", "two"), rule=CapRule.ENWG_14A)

    completed = complete(scenario(cap))

    (signal,) = completed.scenario.signals
    assert isinstance(signal, Cap)
    assert signal.import_limit_kw == pytest.approx(7.56)
    assert any(told.what == "signals[0].import_limit_kw" for told in completed.assumptions)


def test_every_kind_of_signal_comes_back_from_its_document() -> None:
    signals = (
        Cap(id="cap", start=SIX, end=at(1), export_limit_kw=3.0, node="hall"),
        PriceEvent(id="price", start=at(1), end=at(2), mode=PriceMode.ADD, import_price=0.1),
        replace(EVENT, rebound=Rebound(limit_kw=3.0), freeze=Freeze(start=at(3), end=at(4), price_per_kwh=0.2)),
        DISPATCH,
    )

    document = scenario_json(scenario(*signals))

    assert [signal["kind"] for signal in json.loads(document)["signals"]] == ["cap", "price", "event", "dispatch"]
    assert read_scenario(document).signals == signals


def refused(**signal: Any) -> list[str]:
    document = json.loads(scenario_json(scenario()))
    document["signals"] = [signal]
    with pytest.raises(InvalidScenario) as refusal:
        read_scenario(json.dumps(document))
    return [f"{finding.path}: {finding.message} -> {finding.remedy}" for finding in refusal.value.findings]


def test_a_signal_without_a_kind_is_told_the_kinds_there_are() -> None:
    assert refused(id="a") == ["signals[0].kind: kind is missing -> write one of cap, event, dispatch, price"]
    assert refused(kind="capp") == [
        'signals[0].kind: "capp" is no kind that is known -> write one of cap, event, dispatch, price'
    ]


def test_an_unknown_field_is_told_the_fields_of_its_own_kind() -> None:
    (told,) = refused(kind="cap", id="a", start=SIX.isoformat(), end=at(1).isoformat(), import_limt_kw=3)

    assert told == "signals[0].import_limt_kw: unknown field import_limt_kw -> write import_limit_kw"


CAP = Cap(id="cap", start=SIX, end=at(1), import_limit_kw=5.0)
PRICE = PriceEvent(id="price", start=SIX, end=at(1), import_price=0.5)
EVENT = Event(id="dr", start=SIX, end=at(1), direction=Direction.REDUCE, baseline_kw=9.0, committed_kw=4.0)
DISPATCH = Dispatch(id="set", start=SIX, end=at(1), setpoint_kw=3.0, price_above_per_kwh=0.1, price_below_per_kwh=0.1)

UNFIT: dict[str, tuple[Any, str, str]] = {
    "a cap that limits nothing": (replace(CAP, import_limit_kw=None), "import_limit_kw", "it limits nothing"),
    "a rule beside a number": (
        replace(CAP, rule=CapRule.ENWG_14A, evses=("one",)),
        "rule",
        "both rule and import_limit_kw are given",
    ),
    "a rule about nobody": (
        replace(CAP, import_limit_kw=None, rule=CapRule.ENWG_14A),
        "evses",
        "its rule is about a number of EVSEs, and none is named",
    ),
    "a group that feeds in": (
        replace(CAP, evses=("one",), export_limit_kw=3.0),
        "export_limit_kw",
        "a group of EVSEs has no export of its own",
    ),
    "two places": (replace(CAP, node="hall", evses=("one",)), "node", "both node and evses are given"),
    "one EVSE twice": (replace(CAP, evses=("one", "one")), "evses", "an EVSE is named twice"),
    "an EVSE that is not there": (replace(CAP, evses=("nine",)), "evses[0]", "EVSE nine does not exist"),
    "export below zero": (replace(CAP, export_limit_kw=-1.0), "export_limit_kw", "export_limit_kw is -1, below 0"),
    "a price event without a price": (replace(PRICE, import_price=None), "import_price", "it changes no price"),
    "a price for another day": (
        replace(PRICE, start=at(24), end=at(25)),
        "start",
        "its window from 2026-03-03T18:00:00+00:00 to 2026-03-03T19:00:00+00:00 is outside the plan",
    ),
    "prices that begin too late": (
        replace(PRICE, import_price=(Step(start=at(0.5), value=0.5),)),
        "import_price[0].start",
        "the first step starts at 2026-03-02T18:30:00+00:00, after 2026-03-02T18:00:00+00:00",
    ),
    "prices with a gap": (
        replace(PRICE, end=at(2), import_price=tuple(Step(start=at(k / 4), value=0.5) for k in (0, 1, 2, 3, 5, 6, 7))),
        "import_price[4]",
        "gap: no step for 2026-03-02T19:00:00+00:00",
    ),
    "an event on another day": (
        replace(EVENT, start=at(24), end=at(25)),
        "start",
        "its window from 2026-03-03T18:00:00+00:00 to 2026-03-03T19:00:00+00:00 is outside the plan",
    ),
    "an event at no node": (replace(EVENT, node="cellar"), "node", "node cellar does not exist"),
    "an event at no EVSE": (replace(EVENT, evses=("one", "nine")), "evses[1]", "EVSE nine does not exist"),
    "an event in two places": (replace(EVENT, node="hall", evses=("one",)), "node", "both node and evses are given"),
    "a commitment above what is accepted": (
        replace(EVENT, accepted_kw=3.0),
        "committed_kw",
        "committed_kw 4 is above accepted_kw 3",
    ),
    "a payment below zero": (
        replace(EVENT, payment_per_kwh=-0.2),
        "payment_per_kwh",
        "payment_per_kwh is -0.2, below 0",
    ),
    "a share above all": (replace(EVENT, pays_from_share=1.5), "pays_from_share", "pays_from_share is 1.5, above 1"),
    "an interval and a half": (
        replace(EVENT, settlement_min=40.0),
        "settlement_min",
        "it does not last a whole number of settlement intervals of 40 min",
    ),
    "settlement intervals of no length": (
        replace(EVENT, settlement_min=0.0),
        "settlement_min",
        "settlement_min is 0, below 1",
    ),
    "a baseline with a gap": (
        replace(EVENT, end=at(2), baseline_kw=tuple(Step(start=at(k / 4), value=9.0) for k in (0, 1, 2, 4, 5, 6, 7))),
        "baseline_kw[3]",
        "gap: no step for 2026-03-02T18:45:00+00:00",
    ),
    "a rebound without a limit": (
        replace(EVENT, rebound=Rebound()),
        "rebound",
        "it has to say either limit_kw or above_reference_kw",
    ),
    "a rebound for ever": (
        replace(EVENT, rebound=Rebound(hours=30.0, limit_kw=5.0)),
        "rebound.hours",
        "hours is 30, above 24",
    ),
    "a freeze in the event": (
        replace(EVENT, freeze=Freeze(start=at(-1), end=at(0.5), price_per_kwh=0.1)),
        "freeze",
        "its hours overlap the event, in which the load is to change",
    ),
    "a freeze that ends before it starts": (
        replace(EVENT, freeze=Freeze(start=at(-1), end=at(-2), price_per_kwh=0.1)),
        "freeze.end",
        "not after its start",
    ),
    "a setpoint with a reward for missing it": (
        replace(DISPATCH, price_above_per_kwh=-0.1),
        "price_above_per_kwh",
        "price_above_per_kwh is -0.1, below 0",
    ),
    "a setpoint for another day": (replace(DISPATCH, start=at(-3), end=SIX), "start", "is outside the plan"),
    "prices that stop before the end": (
        replace(PRICE, end=at(2), import_price=tuple(Step(start=at(k / 4), value=0.5) for k in range(4))),
        "import_price[3]",
        "gap: no step for 2026-03-02T19:00:00+00:00",
    ),
}


@pytest.mark.parametrize("what", UNFIT)
def test_a_signal_that_cannot_be_meant_is_a_finding_at_its_place(what: str) -> None:
    signal, field, message = UNFIT[what]

    (finding,) = validate(scenario(signal))

    assert finding.path == f"signals[0].{field}"
    assert message in finding.message
    assert finding.remedy


def test_two_prices_in_place_of_one_are_a_finding_and_an_addition_is_not() -> None:
    other = PriceEvent(id="other", start=at(0.5), end=at(2), import_price=0.7)

    (finding,) = validate(scenario(PRICE, other))
    assert finding == Finding(
        path="signals[1].start",
        message="price event other: it and price event price both replace one price from "
        "2026-03-02T18:30:00+00:00 to 2026-03-02T19:00:00+00:00",
        remedy="let them not overlap, or write mode add",
        ids=("other",),
    )
    assert validate(scenario(PRICE, replace(other, mode=PriceMode.ADD))) == ()


def test_more_signals_than_anybody_sends_are_a_finding_and_not_compared_one_by_one() -> None:
    many = tuple(replace(EVENT, id=f"dr-{k}") for k in range(1001))

    (finding,) = validate(scenario(*many))

    assert finding.path == "signals"
    assert finding.message == "there are 1001 signals, more than 1000"


PAID_TWICE: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "one meter": ({}, {}, True),
    "the site and a node in it": ({}, {"node": "hall"}, True),
    "a node and an EVSE below it": ({"node": "hall"}, {"evses": ("one",)}, True),
    "a node and an EVSE elsewhere": ({"node": "hall"}, {"evses": ("two",)}, False),
    "EVSEs of which one is in both": ({"evses": ("one", "two")}, {"evses": ("two",)}, True),
    "one after the other": ({}, {"start": at(1), "end": at(2)}, False),
    "one down, one up": ({}, {"direction": Direction.TURN_UP}, False),
}


@pytest.mark.parametrize("what", PAID_TWICE)
def test_two_events_that_would_pay_for_the_same_kwh_are_a_finding(what: str) -> None:
    first, second, twice = PAID_TWICE[what]

    findings = validate(scenario(replace(EVENT, **first), replace(EVENT, id="other", **second)))

    assert [finding.path for finding in findings] == (["signals[1].start"] if twice else [])
    assert all("pay twice for one kWh" in finding.message for finding in findings)


def test_settlement_intervals_begin_with_the_event() -> None:
    ends = settlement_ends_s(replace(EVENT, start=at(0.1), end=at(0.6)))

    assert ends.tolist() == [at(0.1).timestamp() + 900.0 * k for k in range(3)]


def the_calendar() -> Calendar:
    return calendar_of(Tariff(currency="EUR", import_price=0.0), "UTC")


def test_an_addition_counts_on_top_of_what_replaces_the_tariff_and_a_part_of_a_period_counts_in_part() -> None:
    """0.3 until 18:30, then 0.5 in its place until 19:30, and 0.1 on top of all from 19:00: means 0.4 and 0.5."""
    replaced = PriceEvent(id="a", start=at(0.5), end=at(1.5), import_price=0.5)
    added = PriceEvent(id="b", start=at(1), end=at(2), mode=PriceMode.ADD, import_price=0.1)
    instants = np.array([at(k).timestamp() for k in range(3)])

    for signals in ((replaced, added), (added, replaced)):
        prices = import_prices(scenario(*signals), instants, the_calendar())
        assert prices == pytest.approx([0.4, 0.5 * 0.6 + 0.5 * 0.4])


def test_periods_of_one_price_have_it_to_the_last_bit() -> None:
    tariff = Tariff(currency="EUR", import_price=TimeOfUse(rates=(Rate(price_per_kwh=0.1, windows=(Window(),)),)))
    event = PriceEvent(id="a", start=at(0.1), end=at(2.7), export_price=0.1)
    instants = np.array([at(k).timestamp() for k in range(4)])

    prices = export_prices(replace(scenario(event), tariff=replace(tariff, export_price=0.1)), instants, the_calendar())

    assert prices.tolist() == [0.1, 0.1, 0.1]


def test_nobodys_target_is_given_up_for_a_price_that_an_event_asks() -> None:
    told = replace(scenario(replace(PRICE, import_price=3.0)), site=replace(site(), tiers=(Tier(id="all"),)))

    (tier,) = complete(told).scenario.site.tiers

    assert tier.value_of_target_per_kwh == pytest.approx(30.0)
