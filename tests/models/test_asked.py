"""A timeline as caps, events, setpoints and prices of a scenario."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from models.domain.asked import Asked, asked
from models.domain.meanings import GroupPlace, Meaning, SignalRules
from models.domain.scenario import Scenario
from models.domain.signal import Cap, Direction, Dispatch, Event, PriceEvent, PriceMode
from models.domain.site import Evse, GridNode, NodeKind, Site
from models.domain.tariff import Tariff
from models.domain.timeline import fold
from models.domain.utility_signal import Flow, Scope, SignalInterval, SignalKind, SignalMode, Target, UtilitySignal
from models.domain.validation import validate
from models.domain.value import Step

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EAN = Target(scope=Scope.SITE, name="871685900012345678")


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def yard() -> Scenario:
    nodes = (GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=100.0), GridNode(id="hall", parent="grid"))
    evses = tuple(Evse(id=name, node="hall", max_power_kw=11.0) for name in ("one", "two"))
    return Scenario(site=Site(id="yard", nodes=nodes, evses=evses), tariff=Tariff(import_price=0.2, currency="EUR"))


def said(kind: SignalKind, *numbers: float | None, **more: object) -> UtilitySignal:
    """One number an hour from noon on."""
    intervals = tuple(SignalInterval(start=at(h), end=at(h + 1), value=v) for h, v in enumerate(numbers))
    given = {"id": "s", "source": "dso", "kind": kind, "intervals": intervals, **more}
    return UtilitySignal(**given)  # type: ignore[arg-type]  # fields by name


def told(*signals: UtilitySignal, rules: SignalRules | None = None) -> Asked:
    answer = asked(fold(signals, at(0), at(12)), yard(), rules or SignalRules(names=(EAN.name,)))
    assert not [f for f in validate(answer.within(yard())) if f.path.startswith("signals")]
    return answer


def test_a_limit_becomes_a_cap_of_the_connection_and_is_never_priced() -> None:
    (first, second) = told(said(SignalKind.LIMIT, 40.0, 30.0, targets=(EAN,))).signals
    assert isinstance(first, Cap)
    assert isinstance(second, Cap)
    assert (first.import_limit_kw, second.import_limit_kw) == (40.0, 30.0)
    assert (first.start, first.end, first.node, first.source) == (at(0), at(1), None, "dso")
    assert first.id != second.id


def test_an_export_limit_caps_what_is_fed_in() -> None:
    (cap,) = told(said(SignalKind.LIMIT, 4.0, flow=Flow.EXPORT)).signals
    assert isinstance(cap, Cap)
    assert (cap.import_limit_kw, cap.export_limit_kw) == (None, 4.0)


def test_names_of_one_site_are_one_place_and_the_least_holds() -> None:
    (cap,) = told(said(SignalKind.LIMIT, 40.0, targets=(EAN,)), said(SignalKind.LIMIT, 30.0, source="supplier")).signals
    assert isinstance(cap, Cap)
    assert (cap.import_limit_kw, cap.source) == (30.0, "supplier")


def test_a_limit_of_another_site_asks_nothing_and_is_told_where_there_is_no_other_site() -> None:
    other = said(SignalKind.LIMIT, 40.0, targets=(Target(scope=Scope.SITE, name="871685900012345679"),))
    assert told(other, rules=SignalRules(names=(EAN.name,), shares_its_portfolio=True)) == Asked()
    alone = told(other)
    assert not alone.signals
    assert alone.findings[0].message == "dso: site 871685900012345679 is no name of this site, and none of its groups"


def test_the_source_of_a_cap_is_whole_also_where_it_is_an_address() -> None:
    (cap,) = told(said(SignalKind.LIMIT, 40.0, source="https://vtn.example.com/openadr3")).signals
    assert cap.source == "https://vtn.example.com/openadr3"


def test_a_group_of_evses_has_no_export_and_says_so() -> None:
    rules = SignalRules(groups=(GroupPlace(name="fast", evses=("one",)),))
    target = Target(scope=Scope.GROUP, name="fast")
    answer = told(said(SignalKind.LIMIT, 9.0, targets=(target,), flow=Flow.EXPORT), rules=rules)
    assert not answer.signals
    assert "a group of EVSEs has no export of its own" in answer.findings[0].message


def test_a_group_is_where_the_rules_say() -> None:
    rules = SignalRules(groups=(GroupPlace(name="feeder-7", node="hall"), GroupPlace(name="fast", evses=("one",))))
    groups = tuple(Target(scope=Scope.GROUP, name=name) for name in ("feeder-7", "fast"))
    at_node, at_evse = told(said(SignalKind.LIMIT, 9.0, targets=groups), rules=rules).signals
    assert isinstance(at_node, Cap)
    assert isinstance(at_evse, Cap)
    assert (at_node.node, at_node.evses, at_evse.node, at_evse.evses) == ("hall", (), None, ("one",))


def test_a_limit_of_a_portfolio_holds_whole_at_each_site_and_says_that_it_is_not_divided() -> None:
    answer = told(said(SignalKind.LIMIT, 9.0), rules=SignalRules(shares_its_portfolio=True))
    assert len(answer.signals) == 1
    assert [f.message for f in answer.findings] == ["dso: a limit for portfolio is not divided among its sites"]


def test_prices_of_a_stretch_are_one_event_with_a_step_an_hour() -> None:
    (event,) = told(said(SignalKind.PRICE, 0.1, 0.1, 0.3, currency="EUR")).signals
    assert isinstance(event, PriceEvent)
    assert (event.start, event.end, event.mode) == (at(0), at(3), PriceMode.REPLACE)
    assert event.import_price == tuple(Step(start=at(h), value=p) for h, p in enumerate((0.1, 0.1, 0.3)))


def test_prices_in_another_currency_are_told_and_not_used() -> None:
    answer = told(said(SignalKind.PRICE, 0.1, currency="USD"))
    assert not answer.signals
    assert "its prices are in USD, the tariff is in EUR" in answer.findings[0].message


def test_of_two_sources_that_price_one_meter_one_is_used_and_the_other_told() -> None:
    answer = told(said(SignalKind.PRICE, 0.1), said(SignalKind.PRICE, 0.5, source="supplier"))
    assert [event.source for event in answer.signals] == ["dso"]
    assert "supplier/s: another source already prices some of this time" in answer.findings[0].message


def test_carbon_shapes_a_plan_only_at_the_price_that_the_operator_gives_it() -> None:
    assert "carbon has no price here" in told(said(SignalKind.CARBON, 400.0)).findings[0].message
    (event,) = told(said(SignalKind.CARBON, 400.0), rules=SignalRules(carbon_price_per_kg=0.05)).signals
    assert isinstance(event, PriceEvent)
    assert (event.mode, event.import_price) == (PriceMode.ADD, (Step(start=at(0), value=0.02),))


def test_carbon_is_added_to_the_tariff_also_where_a_gram_of_it_costs_one() -> None:
    """1000 of a currency for a kilogram, as in IDR, are 1 for a gram."""
    (event,) = told(said(SignalKind.CARBON, 400.0), rules=SignalRules(carbon_price_per_kg=1000.0)).signals
    assert isinstance(event, PriceEvent)
    assert (event.mode, event.import_price) == (PriceMode.ADD, (Step(start=at(0), value=400.0),))


def test_a_setpoint_without_a_price_of_deviations_is_a_limit_and_says_so() -> None:
    answer = told(said(SignalKind.DISPATCH, 50.0))
    assert [cap.import_limit_kw for cap in answer.signals if isinstance(cap, Cap)] == [50.0]
    assert "a setpoint is kept as a limit only" in answer.findings[0].message


def test_a_setpoint_with_a_price_of_deviations_is_followed() -> None:
    (setpoint,) = told(said(SignalKind.DISPATCH, 50.0), rules=SignalRules(deviation_price_per_kwh=0.4)).signals
    assert isinstance(setpoint, Dispatch)
    assert (setpoint.setpoint_kw, setpoint.price_above_per_kwh) == (50.0, 0.4)


def test_a_setpoint_of_what_is_to_be_fed_in_is_a_load_below_nothing() -> None:
    export = said(SignalKind.DISPATCH, 20.0, flow=Flow.EXPORT)
    (setpoint,) = told(export, rules=SignalRules(deviation_price_per_kwh=0.4)).signals
    assert isinstance(setpoint, Dispatch)
    assert setpoint.setpoint_kw == -20.0


def test_a_change_is_an_event_against_a_baseline_or_a_question_to_the_operator() -> None:
    less = said(SignalKind.DISPATCH, -20.0, mode=SignalMode.ADD)
    assert "a change needs a baseline" in told(less).findings[0].message
    (event,) = told(less, rules=SignalRules(baseline_kw=80.0, payment_per_kwh=0.5)).signals
    assert isinstance(event, Event)
    assert (event.direction, event.committed_kw, event.baseline_kw) == (Direction.REDUCE, 20.0, 80.0)


def test_levels_mean_what_the_operator_says_from_their_number_on() -> None:
    moderate = Meaning(topic="SIMPLE", from_level=1, evses_share=0.5)
    emergency = Meaning(topic="SIMPLE", from_level=3, import_limit_kw=5.0)
    levels = said(SignalKind.LEVEL, 0.0, 1.0, 2.0, 3.0, topic="SIMPLE")
    one, two, three = told(levels, rules=SignalRules(meanings=(moderate, emergency))).signals
    assert isinstance(one, Cap)
    assert isinstance(three, Cap)
    assert (one.start, one.import_limit_kw, one.evses) == (at(1), 11.0, ("one", "two"))
    assert two == replace(one, id=two.id, start=at(2), end=at(3))
    assert (three.import_limit_kw, three.evses) == (5.0, ())


def test_a_level_without_a_meaning_is_told_and_limits_nothing() -> None:
    answer = told(said(SignalKind.LEVEL, 0.0, 2.0, topic="SIMPLE"))
    assert not answer.signals
    assert [f.message for f in answer.findings] == ["dso/s: SIMPLE 2.0 has no meaning here"]


def test_in_a_black_start_cars_use_nothing_until_it_is_cleared() -> None:
    (cap,) = told(said(SignalKind.ALERT, None, topic="ALERT_BLACK_START")).signals
    assert isinstance(cap, Cap)
    assert (cap.import_limit_kw, cap.evses) == (0.0, ("one", "two"))


def test_what_was_asked_comes_back_staggered_and_a_default_limit_does_not() -> None:
    limit, default = said(SignalKind.LIMIT, 40.0), said(SignalKind.LIMIT, 60.0, id="sub", mode=SignalMode.DEFAULT)
    assert [one.stagger_minutes for one in told(limit).signals if isinstance(one, Cap)] == [10.0]
    assert [one.stagger_minutes for one in told(default).signals if isinstance(one, Cap)] == [0.0]
    at_once = told(limit, rules=SignalRules(return_minutes=0.0))
    assert [one.stagger_minutes for one in at_once.signals if isinstance(one, Cap)] == [0.0]


def test_less_load_comes_back_staggered_and_more_load_does_not() -> None:
    rules = SignalRules(baseline_kw=80.0, payment_per_kwh=0.5)
    for kw, minutes in ((-20.0, 10.0), (20.0, 0.0)):
        (event,) = told(said(SignalKind.DISPATCH, kw, mode=SignalMode.ADD), rules=rules).signals
        assert isinstance(event, Event)
        assert event.stagger_minutes == minutes
    (setpoint,) = told(said(SignalKind.DISPATCH, 50.0), rules=SignalRules(deviation_price_per_kwh=0.4)).signals
    assert isinstance(setpoint, Dispatch)
    assert setpoint.stagger_minutes == 10.0
