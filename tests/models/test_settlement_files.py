"""Meters and sessions as CSV: what is read, what lacks, and what is refused with its line."""

from datetime import UTC, datetime

import numpy as np
import pytest

from models import programmes
from models.domain.errors import InvalidScenario
from models.settlement.files import read_loads, read_sessions
from models.settlement.load import Quality
from models.settlement.programmes import rule_of

METER = b"""start,site,A
2019-10-23T12:00:00-07:00,18.0,4
2019-10-23T12:15:00-07:00,20.0,
2019-10-23T12:45:00-07:00,22.0,6
"""


def test_every_column_is_a_meter_and_what_lacks_is_missing() -> None:
    loads = read_loads(METER)

    assert loads["site"].start_s == datetime(2019, 10, 23, 19, tzinfo=UTC).timestamp()
    assert (loads["site"].step_s, len(loads["site"].power_kw)) == (900.0, 4)
    assert loads["site"].power_kw[[0, 1, 3]].tolist() == [18.0, 20.0, 22.0]
    assert loads["site"].quality == (Quality.OK, Quality.OK, Quality.MISSING, Quality.OK)
    assert np.isnan(loads["A"].power_kw[[1, 2]]).all()
    assert loads["A"].quality == (Quality.OK, Quality.MISSING, Quality.MISSING, Quality.OK)


def test_the_energy_of_an_interval_becomes_its_mean_power() -> None:
    assert read_loads(METER, in_kwh=True)["site"].power_kw[0] == 72.0


def test_what_is_told_to_be_bad_does_not_count_and_estimates_do() -> None:
    told = b"start,site,quality\n2026-01-01T00:00Z,5,BAD\n2026-01-01T01:00Z,5,estimated\n2026-01-01T02:00Z,5,\n"

    load = read_loads(told)["site"]

    assert np.isnan(load.power_kw[0])
    assert load.power_kw[1:].tolist() == [5.0, 5.0]
    assert load.quality == (Quality.BAD, Quality.ESTIMATED, Quality.OK)


def test_rows_in_any_order_are_the_same_meter() -> None:
    head, *rows = METER.splitlines(keepends=True)
    again = read_loads(head + b"".join(rows[::-1]))["site"]

    assert np.array_equal(again.power_kw, read_loads(METER)["site"].power_kw, equal_nan=True)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (b"start,site\n", "it has no rows"),
        (b"at,site\n2026-01-01T00:00Z,1\n", "columns are lacking: start"),
        (b"start\n2026-01-01T00:00Z\n", "no column is a meter"),
        (b"start,site\n2026-01-01T00:00,1\n", "meter:2: 2026-01-01T00:00 has no offset"),
        (b"start,site\n2026-01-01T00:00Z,nan\n", "meter:2: nan is no finite number"),
        (b"start,site\n2026-01-01T00:00Z,1\n2026-01-01T00:00Z,2\n", "meter:3: there is another row of this start"),
        (b"start,site\n2026-01-01T00:00Z,1\n2026-01-01T00:15Z,2\n2026-01-01T00:22Z,2\n", "not on one grid of 420 s"),
        (b"start,site,quality\n2026-01-01T00:00Z,1,GOOD\n", "'GOOD' is not a valid Quality"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"start,site\n" + b"1" * 200_000 + b",1\n", "it is no CSV: field larger than field limit"),
        (b"start,site\n1970-01-01T00:00:00Z,1\n1970-01-01T00:00:01Z,2\n2026-01-01T00:00Z,1\n", "give at most 1000000"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(rows: bytes, said: str) -> None:
    with pytest.raises(InvalidScenario) as refused:
        read_loads(rows)
    assert said in str(refused.value)


def test_sessions_tell_their_power_or_leave_it_out() -> None:
    told = b"session,evse,arrival,departure,energy_kwh,power_kw\ns,A,2026-01-01T08:00Z,2026-01-01T17:00Z,12.5,11\n"

    (session,) = read_sessions(told)

    assert (session.id, session.evse, session.energy_kwh, session.power_kw) == ("s", "A", 12.5, 11.0)
    assert read_sessions(told.replace(b",11\n", b",\n"))[0].power_kw is None


def test_all_sessions_that_mean_nothing_are_told_at_once() -> None:
    told = b"session,evse,arrival,departure,energy_kwh\ns,A,2026-01-01T08:00Z,2026-01-01T07:00Z,1\nt,A,x,y,z\n"

    with pytest.raises(InvalidScenario) as refused:
        read_sessions(told)

    assert [finding.path for finding in refused.value.findings] == ["sessions:2", "sessions:3"]


def test_a_known_programme_says_what_it_pays() -> None:
    rule = rule_of(programmes.load("elrp"))

    assert (rule.programme, rule.baseline, rule.currency) == ("elrp", "caiso_10_in_10", "USD")
    assert (rule.payment_per_kwh, rule.penalty_per_kwh, rule.opt_out_is_shortfall) == (2.0, 0.0, False)
