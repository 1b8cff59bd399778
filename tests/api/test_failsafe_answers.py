"""What an answer tells of the time without us: proof, what is kept free, what it costs; and what stations are sent."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from api.build_document import document
from api.document import FailSafeResult
from api.planning import Answer, plan
from api.report import print_report
from models.domain.failsafe import FailSafe, SharePolicy
from models.domain.installed import OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.sending import Version
from models.ocpp.manner import Manner
from optimizer.settings import Settings
from tests.optimizer.test_failsafe import FOUR
from tests.optimizer.test_failsafe_proof import yard

KEEPS = OfflineBehaviour.KEEPS


def answered(scenario: Scenario, ocpp: Manner | None = None) -> Answer:
    return plan(scenario, settings=Settings(), now=FOUR, ocpp=ocpp, deadline_s=20.0)


def told(answer: Answer) -> FailSafeResult:
    found = document(answer).fail_safe
    assert found is not None
    return found


def test_what_is_kept_free_and_what_it_costs_are_in_the_answer() -> None:
    """22 kW for three cars of 11 kW; one of 5.5 kW may come: 5.5 kW less for 20 minutes, all of it missed."""
    found = told(answered(yard(22.0, 4, 3, FailSafe(arrivals=1, offline=KEEPS))))

    assert [(one.instant, one.proven) for one in found.instants] == [
        ("connected", True),
        ("blind", True),
        ("after", True),
    ]
    assert (found.reserve_kw, found.reserve_kwh) == pytest.approx((5.5, 5.5 / 3), abs=1e-4)
    assert found.costs_kw == pytest.approx(5.5, abs=1e-3)
    # The plan's periods are hours, and one that begins in the blind time keeps the room to its end.
    assert found.put_off_kwh == pytest.approx(5.5, abs=1e-3)
    assert found.missed_kwh == pytest.approx(5.5, abs=1e-3)
    assert found.plan_until == FOUR + timedelta(minutes=20)


def test_the_report_says_it_in_words() -> None:
    out = StringIO()
    print_report(
        document(answered(yard(22.0, 4, 3, FailSafe(arrivals=1, offline=KEEPS)))), Console(file=out, width=200)
    )

    assert "Without us: proven connected, blind, after" in out.getvalue()
    assert "5.5 kW, 1.8 kWh are kept free for 1 cars until 16:20" in out.getvalue()


def test_what_is_not_proven_is_said_with_its_place_and_who_is_to_blame() -> None:
    out = StringIO()
    print_report(
        document(answered(yard(20.0, 2, 1, FailSafe(offline=OfflineBehaviour.FULL)))), Console(file=out, width=200)
    )

    assert "NOT after: grid: 22.00 kW on a limit of 20.00 kW" in out.getvalue()
    assert "bay-0, bay-1 are held by nothing without contact" in out.getvalue()


def test_a_site_without_a_fail_safe_is_told_nothing_of_it() -> None:
    scenario = yard(22.0, 4, 1, FailSafe(offline=KEEPS))
    assert document(answered(replace(scenario, site=replace(scenario.site, fail_safe=None)))).fail_safe is None


def test_stations_leave_the_plan_for_their_shares_when_the_blind_time_ends() -> None:
    """16:00 plus 20 minutes, less 5 for clocks that differ; then the share, 22 kW for four: 5.5 kW are 7.9 A."""
    answer = answered(yard(22.0, 4, 1, FailSafe(arrivals=2, offline=KEEPS)), Manner(version=Version.V201))

    assert answer.ocpp is not None
    (request,) = answer.ocpp.requests
    schedule = json.loads(json.dumps(request.payload))["chargingProfile"]["chargingSchedule"][0]
    start = datetime.fromisoformat(schedule["startSchedule"]).astimezone(UTC)
    last = schedule["chargingSchedulePeriod"][-1]
    assert start + timedelta(seconds=last["startPeriod"]) == FOUR + timedelta(minutes=15)
    assert last["limit"] == 7.9


def test_shares_that_take_turns_are_sent_with_their_times_of_day() -> None:
    """Two bays, room for one, four turns a day: after the plan the limit of a bay changes every six hours."""
    rules = FailSafe(policy=SharePolicy.ROTATE, turns_a_day=4, arrivals=1, offline=KEEPS)
    answer = answered(yard(5.0, 2, 1, rules), Manner(version=Version.V201))

    assert answer.ocpp is not None
    (request,) = answer.ocpp.requests
    periods = json.loads(json.dumps(request.payload))["chargingProfile"]["chargingSchedule"][0][
        "chargingSchedulePeriod"
    ]
    assert {period["limit"] for period in periods if period["startPeriod"] > 3600} >= {0, 7.2}
