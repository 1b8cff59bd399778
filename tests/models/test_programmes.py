"""Programmes and rosters as data: what their terms allow, and what is said of terms that mean nothing."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from models import programmes
from models.domain.errors import InvalidScenario
from models.domain.programme import CallLimits, OptOutRules, Programme
from models.domain.programme_calls import EventCall, budget, call_findings, season_of
from models.domain.roster import Enrolment, Roster, check_digit, is_ean18, overlaps
from models.domain.wire import form_json, read_programme, read_roster

CSRP = programmes.load("coned-csrp")
MAY_DAY = date(2026, 5, 1)


def terms(**changes: Any) -> str:
    told = {"id": "p", "title": "P", "currency": "EUR", "time_zone": "Europe/Amsterdam"}
    return json.dumps(told | changes)


def findings_of(text: str) -> dict[str, str]:
    with pytest.raises(InvalidScenario) as refused:
        read_programme(text)
    return {finding.path: finding.message for finding in refused.value.findings}


def call(start: str, hours: float = 4.0, told: str | None = None, id: str = "e") -> EventCall:
    begin = datetime.fromisoformat(start)
    told_at = datetime.fromisoformat(told) if told else None
    return EventCall(id=id, start=begin, end=begin + timedelta(hours=hours), told_at=told_at)


@pytest.mark.parametrize("name", programmes.names())
def test_every_known_programme_has_a_source_and_comes_back_from_json_as_it_was(name: str) -> None:
    one = programmes.load(name)
    assert one.id == name
    assert one.sources
    assert read_programme(form_json(Programme, one)) == one


def test_a_name_that_no_programme_has_is_answered_with_those_that_exist() -> None:
    with pytest.raises(InvalidScenario, match="coned-csrp"):
        programmes.load("csrp")


def test_terms_that_mean_nothing_are_all_told_at_once() -> None:
    told = findings_of(
        terms(
            baseline="ten of ten",
            time_zone="Europe/Nowhere",
            season_start="02-31",
            penalty_per_kwh=-1.0,
            windows=[{"start": "16:00", "end": "16:00"}],
            dead_band={"pays_from_share": 0.9, "whole_from_share": 0.5},
            unverified=["payment"],
        )
    )
    assert "is no baseline that is known" in told["baseline"]
    assert "is not known" in told["time_zone"]
    assert "no day of a year" in told["season_start"]
    assert "penalty_per_kwh is -1, below 0" in told["penalty_per_kwh"]
    assert "is empty" in told["windows[0]"]
    assert "higher share" in told["dead_band.pays_from_share"]
    assert "no field of a programme" in told["unverified"]


def test_a_calendar_of_holidays_that_nobody_knows_is_refused() -> None:
    assert "no public holidays are known" in findings_of(terms(holiday_calendar="XX"))["holiday_calendar"]


def test_a_call_inside_its_window_with_notice_breaks_no_rule() -> None:
    assert call_findings(CSRP, call("2026-07-08T14:00-04:00", told="2026-07-07T16:00-04:00")) == ()


@pytest.mark.parametrize(
    ("called", "what"),
    [
        (call("2026-07-08T13:00-04:00"), "not inside a window"),  # an hour early
        (call("2026-07-03T14:00-04:00"), "not inside a window"),  # the Fourth of July is observed on this Friday
        (call("2026-10-07T14:00-04:00"), "not inside a window"),  # the season ends in September
        (call("2026-07-08T14:00-04:00", 5.0), "lasts 5 h"),
        (call("2026-07-08T14:00-04:00", 0.0), "ends before it starts"),
        (call("2026-07-08T14:00-04:00", told="2026-07-08T08:00-04:00"), "told 360 min before"),
    ],
)
def test_a_call_against_the_terms_is_told_with_its_reason(called: EventCall, what: str) -> None:
    assert what in " ".join(finding.message for finding in call_findings(CSRP, called))


def test_calls_and_hours_are_counted_by_local_day_month_and_season() -> None:
    limits = CallLimits(calls_per_day=1, hours_per_month=10.0, calls_per_season=3)
    one = Programme(id="p", title="P", currency="USD", time_zone="America/New_York", limits=limits)
    earlier = [
        call("2026-07-08T23:30-04:00", 1.0, id="same day, though the ninth in UTC"),
        call("2026-07-20T14:00-04:00", 4.0, id="same month"),
        call("2025-07-08T14:00-04:00", 4.0, id="a year ago"),
    ]
    used = {each.what: (each.used, each.left) for each in budget(one, call("2026-07-08T14:00-04:00"), earlier)}
    assert used == {"calls_per_day": (2, 0.0), "hours_per_month": (9.0, 1.0), "calls_per_season": (3, 0.0)}
    told = " ".join(f.message for f in call_findings(one, call("2026-07-08T14:00-04:00"), earlier))
    assert "calls per day" in told
    assert "hours per month" not in told


def test_a_call_told_again_or_cancelled_uses_nothing() -> None:
    one = Programme(id="p", title="P", currency="USD", time_zone="UTC", limits=CallLimits(calls_per_day=1))
    again = call("2026-07-08T14:00Z", id="e")
    gone = EventCall(id="x", start=again.start, end=again.end, cancelled=True)
    assert call_findings(one, again, [again, gone]) == ()


def test_a_season_that_begins_in_autumn_goes_on_in_the_new_year() -> None:
    dfs = programmes.load("neso-dfs")
    assert [season_of(dfs, day) for day in (date(2023, 11, 2), date(2024, 3, 1), date(2024, 10, 1))] == [
        2023,
        2023,
        2024,
    ]


def test_the_check_digit_of_an_ean18_is_that_of_gs1() -> None:
    # 87168590001234567: 7+5+3+1+0+9+8+1+8 = 42 at weight 3, 6+4+2+0+0+5+6+7 = 30 at weight 1; 126 + 30 + 4 = 160
    assert check_digit("87168590001234567") == 4
    assert is_ean18("871685900012345674")
    assert not is_ean18("871685900012345678")
    assert not is_ean18("87168590001234567")


def enrolment(id: str, first: date = MAY_DAY, last: date | None = None, evses: tuple[str, ...] = ()) -> Enrolment:
    return Enrolment(id=id, site="yard", first_day=first, last_day=last, account="4711", evses=evses)


def test_a_roster_is_refused_with_every_reason_and_its_place() -> None:
    told = {
        "programme": "p",
        "enrolments": [
            {"id": "a", "site": "yard", "first_day": "2026-05-01", "ean18": "871685900012345678"},
            {"id": "b", "site": "mall", "first_day": "2026-05-01", "last_day": "2026-04-01"},
            {"id": "b", "site": "yard", "first_day": "2026-06-01", "account": "1", "evses": ["1", "1"]},
        ],
    }
    with pytest.raises(InvalidScenario) as refused:
        read_roster(json.dumps(told))
    found = {finding.path: finding.message for finding in refused.value.findings}
    assert "check digit of 871685900012345678 would be 4" in found["enrolments[0].ean18"]
    assert "neither account nor ean18" in found["enrolments[1]"]
    assert "before it begins" in found["enrolments[1].last_day"]
    assert "there twice" in found["enrolments[2].id"]
    assert "names an EVSE twice" in found["enrolments[2].evses"]
    assert "is in a and in b from 2026-06-01" in found["enrolments[2]"]


def test_an_evse_in_two_programmes_at_the_same_time_is_told_with_both() -> None:
    one = Roster(programme="csrp", enrolments=(enrolment("a", last=date(2026, 9, 30), evses=("1", "2")),))
    other = Roster(programme="elrp", enrolments=(enrolment("b", date(2026, 7, 1), evses=("2", "3")),))
    (found,) = overlaps([one, other])
    assert (found.evses, found.programmes) == (("2",), ("csrp", "elrp"))
    assert (found.first_day, found.last_day) == (date(2026, 7, 1), date(2026, 9, 30))


def test_all_of_a_site_shares_every_evse_with_a_part_of_it() -> None:
    whole, part = (
        Roster(programme="x", enrolments=(enrolment("a"),)),
        Roster(programme="y", enrolments=(enrolment("b", evses=("2",)),)),
    )
    assert overlaps([whole, part])[0].evses == ("2",)


@pytest.mark.parametrize(
    "other",
    [
        enrolment("b", date(2026, 10, 1)),
        Enrolment(id="b", site="mall", first_day=MAY_DAY, account="1"),
        enrolment("b", evses=("9",)),
    ],
)
def test_enrolments_one_after_another_elsewhere_or_of_other_evses_do_not_overlap(other: Enrolment) -> None:
    first = Roster(programme="x", enrolments=(enrolment("a", last=date(2026, 9, 30), evses=("1",)),))
    assert overlaps([first, Roster(programme="y", enrolments=(other,))]) == ()


def test_opt_out_rules_are_part_of_the_terms() -> None:
    told = read_programme(terms(opt_out={"sites_may": False, "notice_minutes": 30.0}))
    assert told.opt_out == OptOutRules(sites_may=False, notice_minutes=30.0)
