"""Whose share it is where not everybody's minimum fits: by order, or by turns of the day. 32 A fit five times 6 A."""

from dataclasses import replace

import pytest

from models.domain.failsafe import DailyStep, FailSafe, Share, SharePolicy
from models.domain.installed import OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.validation import validate
from optimizer.failsafe import fail_safe_shares, shares
from tests.optimizer.test_failsafe import LEVELS, ONE_PHASE_KW_PER_A, amperes, carport, street


def ruled(scenario: Scenario, rules: FailSafe) -> Scenario:
    told = replace(rules, offline=rules.offline or OfflineBehaviour.KEEPS)
    return replace(scenario, site=replace(scenario.site, fail_safe=told))


def at(share: Share, hour: float) -> float:
    """Of one EVSE of a street at a time of day. [A]"""
    if not share.daily:
        return share.power_kw / ONE_PHASE_KW_PER_A
    return [step.power_kw for step in share.daily if step.start_s <= 3600 * hour][-1] / ONE_PHASE_KW_PER_A


def test_the_last_two_evses_come_first_if_they_are_named_first() -> None:
    rules = FailSafe(policy=SharePolicy.PRIORITY, order=("bay-7", "bay-6"))
    named = ruled(street(8, 32.0, LEVELS), rules)

    assert amperes(named) == pytest.approx([7, 7, 6, 0, 0, 0, 6, 6])


def test_where_everybody_fits_no_policy_takes_anything_away() -> None:
    for policy in SharePolicy:
        assert amperes(ruled(street(8, 64.0), FailSafe(policy=policy))) == pytest.approx([8.0] * 8)


def test_turns_of_the_day_begin_where_the_one_before_stopped() -> None:
    """Five of eight in each of four turns of six hours: 0 to 4, then 5, 6, 7, 0, 1, then 2 to 6, then 7, 0, 1, 2, 3."""
    found = shares(ruled(street(8, 30.0), FailSafe(policy=SharePolicy.ROTATE, turns_a_day=4)))

    served = [[k for k, share in enumerate(found) if at(share, hour) > 0] for hour in (1, 7, 13, 19)]
    assert served == [[0, 1, 2, 3, 4], [0, 1, 5, 6, 7], [2, 3, 4, 5, 6], [0, 1, 2, 3, 7]]


def test_between_two_turns_nobody_has_more_than_in_either() -> None:
    """Two EVSEs, room for one: by turns, and for ten minutes after 0, 12 o'clock nobody."""
    found = shares(ruled(street(2, 6.0), FailSafe(policy=SharePolicy.ROTATE, turns_a_day=2, guard_minutes=10.0)))

    six_a = pytest.approx(6 * ONE_PHASE_KW_PER_A)
    assert [(step.start_s, step.power_kw) for step in found[0].daily] == [(0.0, 0.0), (600.0, six_a), (43200.0, 0.0)]
    assert [(step.start_s, step.power_kw) for step in found[1].daily] == [(0.0, 0.0), (43800.0, six_a)]


def test_of_shares_that_take_turns_only_the_least_is_there_at_any_time() -> None:
    taking_turns = ruled(street(2, 6.0), FailSafe(policy=SharePolicy.ROTATE, turns_a_day=2))

    assert fail_safe_shares(taking_turns) == {"bay-0": 0.0, "bay-1": 0.0}


def test_an_evse_that_nothing_holds_has_its_rating_and_the_others_what_is_left() -> None:
    """25 kW less 11 kW are 7 kW for each of two."""
    scenario = ruled(carport(25.0, 11.0, 11.0, 11.0), FailSafe())
    first, *others = scenario.site.evses
    for behaviour in (OfflineBehaviour.FULL, OfflineBehaviour.UNKNOWN):
        evses = (replace(first, offline=behaviour), *others)
        found = shares(replace(scenario, site=replace(scenario.site, evses=evses)))
        assert [share.power_kw for share in found] == pytest.approx([11.0, 7.0, 7.0])


def test_shares_that_are_told_are_taken_as_they_are() -> None:
    told = (Share(evse="bay-0", power_kw=4.5), Share(evse="bay-1", power_kw=5.0))

    assert shares(replace(carport(12.0, 11.0, 11.0), shares=told)) == told


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        (FailSafe(), "site.evses[0].offline"),
        (FailSafe(offline=OfflineBehaviour.STOPS, order=("bay-0",)), "site.fail_safe.order"),
        (
            FailSafe(offline=OfflineBehaviour.STOPS, policy=SharePolicy.PRIORITY, order=("x",)),
            "site.fail_safe.order[0]",
        ),
        (FailSafe(offline=OfflineBehaviour.STOPS, blind_minutes=0.0), "site.fail_safe.blind_minutes"),
        (FailSafe(offline=OfflineBehaviour.STOPS, blind_minutes=5.0), "site.fail_safe.guard_minutes"),
    ],
)
def test_rules_that_say_too_little_or_too_much_are_refused_with_their_place(rules: FailSafe, path: str) -> None:
    scenario = carport(12.0, 11.0)

    findings = validate(replace(scenario, site=replace(scenario.site, fail_safe=rules)))

    assert [finding.path for finding in findings] == [path]


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ((Share(evse="bay-0", power_kw=1.0),), "shares"),
        ((Share(evse="bay-0", power_kw=1.0), Share(evse="bay-0", power_kw=1.0)), "shares[1].evse"),
        (
            (
                Share(evse="bay-0", power_kw=1.0, daily=(DailyStep(start_s=60.0, power_kw=1.0),)),
                Share(evse="bay-1", power_kw=1.0),
            ),
            "shares[0].daily",
        ),
    ],
)
def test_shares_of_some_evses_or_of_some_of_the_day_are_refused(told: tuple[Share, ...], path: str) -> None:
    scenario = carport(12.0, 11.0, 11.0)

    assert path in [finding.path for finding in validate(replace(scenario, shares=told))]
