"""Rules of setpoints and offers so far in a document: what is refused, and what is told as assumed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.completion import complete
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.setpoints import OfferHistory, SetpointRules
from models.domain.site import CurrentType, Evse, GridNode, PowerCabinet, Site
from models.domain.validation import validate
from models.domain.wire import read_scenario, scenario_json

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
RULES = SetpointRules()
ON = OfferHistory(on=True, since=NOON - timedelta(minutes=10), starts=1)


def with_history(history: OfferHistory | None, rules: SetpointRules | None = RULES) -> Scenario:
    """A car that came at 11:30; the plan begins at noon."""
    evse = Evse(id="bay", node="grid", max_power_kw=11.0)
    car = Session(
        id="car",
        evse="bay",
        arrival=NOON - timedelta(minutes=30),
        departure=NOON + timedelta(hours=1),
        energy_target_kwh=5.0,
        offer_history=history,
    )
    return Scenario(
        site=Site(id="s", nodes=(GridNode(id="grid"),), evses=(evse,), setpoints=rules),
        sessions=(car,),
        horizon=Horizon(start=NOON, stretches=(Stretch(count=4, minutes=15.0),)),
    )


def test_rules_and_offers_survive_the_way_to_json_and_back() -> None:
    scenario = with_history(ON, SetpointRules(max_starts=None, min_on_minutes=20.0))

    assert validate(scenario) == ()
    assert read_scenario(scenario_json(scenario)) == scenario


@pytest.mark.parametrize(
    ("history", "field", "words"),
    [
        (replace(ON, since=NOON - timedelta(hours=1)), "since", "before arrival"),
        (replace(ON, since=NOON + timedelta(minutes=1)), "since", "after the start of the horizon"),
        (replace(ON, starts=0), "starts", "never started"),
        (replace(ON, starts=-1), "starts", "below 0"),
    ],
    ids=["before the car came", "in the future", "without a start", "of less than no start"],
)
def test_offers_that_cannot_have_been_are_refused(history: OfferHistory, field: str, words: str) -> None:
    (finding,) = validate(with_history(history))

    assert finding.path == f"sessions[0].offer_history.{field}"
    assert words in finding.message


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        (SetpointRules(near_h=0.0), "near_h"),
        (SetpointRules(max_starts=0), "max_starts"),
        (SetpointRules(min_on_minutes=-1.0), "min_on_minutes"),
        (SetpointRules(min_off_minutes=1e5), "min_off_minutes"),
    ],
)
def test_rules_that_no_plan_can_follow_are_refused(rules: SetpointRules, field: str) -> None:
    assert [finding.path for finding in validate(with_history(ON, rules))] == [f"site.setpoints.{field}"]


def test_a_module_larger_than_its_cabinet_is_refused() -> None:
    site = with_history(ON).site
    outlet = replace(site.evses[0], current=CurrentType.DC)
    cabinet = PowerCabinet(id="c", node="grid", evses=("bay",), total_kw=20.0, module_kw=30.0)
    scenario = replace(with_history(ON), site=replace(site, evses=(outlet,), cabinets=(cabinet,)))

    (finding,) = validate(scenario)

    assert (finding.path, finding.ids) == ("site.cabinets[0].module_kw", ("c",))


@pytest.mark.parametrize(("module_kw", "fits"), [(0.1, True), (0.099, False), (1e-9, False)])
def test_a_cabinet_has_no_more_than_a_thousand_modules(module_kw: float, fits: bool) -> None:
    """Of a billion each would have been a level of its own, and no memory large enough for them."""
    cabinet = PowerCabinet(id="c", node="grid", evses=("bay",), total_kw=100.0, module_kw=module_kw)
    site = with_history(ON).site
    outlet = replace(site.evses[0], current=CurrentType.DC, max_power_kw=1e9)
    scenario = replace(with_history(ON), site=replace(site, evses=(outlet,), cabinets=(cabinet,)))

    found = [finding.path for finding in validate(scenario)]

    assert found == ([] if fits else ["site.cabinets[0].module_kw"])


def test_that_nobody_told_what_a_car_was_offered_is_told_back_where_it_matters() -> None:
    def told(scenario: Scenario) -> list[str]:
        return [a.value for a in complete(scenario).assumptions if a.what == "sessions[*].offer_history"]

    assert told(with_history(None)) == ["not charging, and free to start, for 1 sessions that are there already"]
    assert told(with_history(None, rules=None)) == []
    assert told(with_history(ON)) == []
