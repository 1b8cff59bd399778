"""Exports of sessions as CPOs have them: columns, units and clocks are guessed, and what is odd about a row is told."""

import csv
import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from models.datasets import dataset
from models.datasets.acn import october_2019
from models.datasets.csv_columns import ColumnMap, Guess, guess, number_of, plain
from models.datasets.csv_sessions import sessions_of
from models.datasets.csv_shape import table_of
from models.datasets.csv_times import Reading, duration_of, instant_of
from models.datasets.imported import Imported, told_counts, without_doubtful
from models.datasets.pseudonyms import pseudonym
from models.datasets.session_file import read_sessions, write_sessions
from models.domain.errors import InvalidScenario
from models.domain.wire import form_json, read_form

FOLDER = Path(os.environ.get("CHARGEWRIGHT_DATA", "no-such-folder"))
BERLIN = "Europe/Berlin"


def needs(name: str) -> pytest.MarkDecorator:
    file = dataset(name).file
    return pytest.mark.skipif(not (FOLDER / file).is_file(), reason=f"CHARGEWRIGHT_DATA has no {file}")


def named(token: str) -> str | None:
    return pseudonym(b"key", token)


def read(text: str | bytes, time_zone: str | None = None, **told: str) -> tuple[Imported, Guess]:
    table = table_of(text.encode() if isinstance(text, str) else text)
    guessed = guess(table, time_zone, told)
    return sessions_of(table, guessed.columns, named), guessed


GERMAN = (
    "Ladevorgang-ID;Ladepunkt;Startzeit;Endzeit;Energie (kWh);RFID-Karte\r\n"
    "L1;LP 1;13.03.2026 17:00;13.03.2026 19:30;1.012,50;04 A2 B3\r\n"
    "L2;LP 2;13.03.2026 18:00;14.03.2026 07:00;9,5;04 a2 b3\r\n"
)


def test_a_german_export_is_read_with_decimal_commas_on_the_clock_of_the_site() -> None:
    found, guessed = read(GERMAN.encode("cp1252"), BERLIN)
    second = found.sessions[1]
    assert (second.id, second.evse, second.energy_kwh) == ("L2", "LP 2", 9.5)
    assert second.arrival == datetime(2026, 3, 13, 17, tzinfo=UTC)
    assert found.sessions[0].energy_kwh == 1012.5
    assert guessed.columns.decimal_comma


def test_a_token_is_named_anew_and_is_nowhere_in_what_is_written() -> None:
    found, _ = read(GERMAN, BERLIN)
    first, second = (one.driver for one in found.sessions)
    assert first == second == named("04 A2 B3")
    assert "04 A2" not in write_sessions(found.sessions).upper()
    assert first != pseudonym(b"another key", "04 A2 B3")


def test_an_impossible_energy_is_kept_and_doubted() -> None:
    found, _ = read(GERMAN, BERLIN)
    assert told_counts(found.doubtful) == [("more than 250 kWh", 1)]
    assert [one.id for one in without_doubtful(found).sessions] == ["L2"]


def test_date_and_time_of_day_may_stand_in_columns_of_their_own() -> None:
    text = (
        "Charging event,CP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Site\n"
        "3447951,50692,3,31/08/2018,23:59,01/09/2018,00:34,13.2,Ice Arena\n"
    )
    (one,) = read(text, "Europe/London")[0].sessions
    assert (one.evse, one.arrival) == ("50692-3", datetime(2018, 8, 31, 22, 59, tzinfo=UTC))
    assert one.departure - one.arrival == timedelta(minutes=35)


def test_energy_is_the_difference_of_meters_in_wh_where_it_has_no_column() -> None:
    text = (
        "Transaction ID,ChargeBox ID,Connector ID,OCPP Tag,Start Timestamp,Start Value,Stop Timestamp,Stop Value\n"
        "1,CB1,2,AB12,2026-03-02T17:00:00.000Z,1200,2026-03-02T19:00:00.000Z,9300\n"
        "2,CB1,2,AB12,2026-03-02T20:00:00.000Z,9300,2026-03-02T21:00:00.000Z,9200\n"
    )
    found, guessed = read(text)
    assert [one.energy_kwh for one in found.sessions] == [8.1]
    assert told_counts(found.left_out) == [("the meter runs back", 1)]
    assert any("taken as Wh" in line for line in guessed.doubts)


def test_energies_without_a_unit_are_wh_where_half_of_them_could_be_no_kwh() -> None:
    text = "evse,start,end,energy\n" + "\n".join(
        f"a,2026-03-0{day}T08:00:00Z,2026-03-0{day}T12:00:00Z,{wh}" for day, wh in ((1, 8000), (2, 12500), (3, 300))
    )
    found, guessed = read(text)
    assert [one.energy_kwh for one in found.sessions] == [8.0, 12.5, 0.3]
    assert guessed.columns.energy_unit == "Wh"


@pytest.mark.parametrize(("heading", "told"), [("Energy (MWh)", "0.008"), ("Energy (Wh)", "8000"), ("kWh", "8")])
def test_energies_are_in_the_unit_of_their_heading(heading: str, told: str) -> None:
    found, _ = read(f"Station,Start,End,{heading}\nA,2026-03-02T08:00:00Z,2026-03-02T12:00:00Z,{told}\n")
    assert [one.energy_kwh for one in found.sessions] == pytest.approx([8.0])


def test_times_whose_heading_says_utc_need_no_clock() -> None:
    found, guessed = read("Station,Arrival UTC,Departure UTC,kWh\nA,2026-07-02 08:00,2026-07-02 12:00,3\n")
    assert found.sessions[0].arrival == datetime(2026, 7, 2, 8, tzinfo=UTC)
    assert guessed.columns.time_zone == "UTC"


def test_an_end_may_be_told_as_a_duration() -> None:
    text = "Station,Start,Duration (hh:mm:ss),Energy (kWh)\nA,2026-03-02T08:00:00Z,26:30:00,5\n"
    (one,) = read(text)[0].sessions
    assert one.departure - one.arrival == timedelta(hours=26, minutes=30)


@pytest.mark.parametrize(
    ("dates", "zone", "day"),
    [
        (("01/13/2018 17:49", "01/02/2018 10:00"), "America/Denver", 13),  # 13 is no month
        (("13/01/2018 17:49", "02/01/2018 10:00"), "Europe/London", 13),
    ],
)
def test_a_number_above_12_tells_whether_day_or_month_is_in_front(dates: tuple[str, str], zone: str, day: int) -> None:
    lines = "\n".join(f"A,{date},{date.replace(':49', ':59').replace(':00', ':30')},3" for date in dates)
    found, guessed = read(f"Station,Start,End,kWh\n{lines}\n", zone)
    assert {one.arrival.astimezone(ZoneInfo(zone)).day for one in found.sessions} == {day, 2}
    assert guessed.doubts == ()


def test_where_no_date_tells_the_order_it_is_taken_from_the_clock_and_doubted() -> None:
    text = "Station,Start,End,kWh\nA,03/02/2026 08:00,03/02/2026 09:00,3\n"
    european, american = read(text, BERLIN), read(text, "America/Denver")
    assert [one[0].sessions[0].arrival.month for one in (european, american)] == [2, 3]
    assert "no date tells" in european[1].doubts[0]


def test_an_hour_that_the_clock_shows_twice_or_never_is_doubted() -> None:
    text = (
        "Station,Start,End,kWh\n"
        "A,25.10.2026 02:30,25.10.2026 05:00,3\n"  # 02:30 comes twice
        "A,29.03.2026 02:30,29.03.2026 05:00,3\n"  # 02:30 never comes
        "A,13.04.2026 02:30,13.04.2026 05:00,3\n"
    )
    found, _ = read(text, BERLIN)
    assert [one.arrival for one in found.sessions] == [
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        datetime(2026, 4, 13, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    ]
    assert {reason for reason, _ in told_counts(found.doubtful)} == {
        "the clock shows its time twice, and the first is taken",
        "the clock never shows its time, and it is moved by an hour",
    }


def test_times_without_an_offset_need_a_clock() -> None:
    with pytest.raises(InvalidScenario, match="--time-zone"):
        read("Station,Start,End,kWh\nA,2026-03-02 08:00,2026-03-02 09:00,3\n")


def test_every_row_that_is_left_out_is_told_by_its_line_and_reason() -> None:
    text = (
        "id,station,start,end,kwh\n"
        "1,A,2026-03-02T08:00:00Z,2026-03-02T07:00:00Z,3\n"
        "2,A,yesterday,2026-03-02T09:00:00Z,3\n"
        "3,,2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,3\n"
        "4,A,2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,much\n"
        + "".join(f"{k},A,2026-03-{k:02d}T08:00:00Z,2026-03-{k:02d}T09:00:00Z,3\n" for k in range(5, 31))
        + "5,A,2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,3\n"
    )
    found, _ = read(text)
    assert [(one.path, one.ids[0]) for one in found.left_out] == [
        ("line 2, end", "it ends before it begins"),
        ("line 3, start", "a time cannot be read"),
        ("line 4, station", "no EVSE is named"),
        ("line 5, kwh", "an energy cannot be read"),
        ("line 32", "told twice"),
    ]


def test_two_cars_at_one_evse_are_doubted() -> None:
    text = (
        "id,station,start,end,kwh\n"
        "1,A,2026-03-02T08:00:00Z,2026-03-02T12:00:00Z,3\n"
        "2,A,2026-03-02T11:00:00Z,2026-03-02T13:00:00Z,3\n"
    )
    found, _ = read(text)
    assert [one.ids for one in found.doubtful] == [("two cars at one EVSE", "2")]


def test_columns_that_are_not_understood_are_named_with_a_way_out() -> None:
    with pytest.raises(InvalidScenario, match="no column is understood as energy") as refused:
        read("Station,Start,End,Juice\nA,2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,3\n")
    assert "--column" in refused.value.findings[0].remedy
    found, _ = read("Station,Start,End,Juice\nA,2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,3\n", energy="Juice")
    assert found.sessions[0].energy_kwh == 3.0


def test_a_map_that_is_kept_reads_the_next_export_alike() -> None:
    _, guessed = read(GERMAN, BERLIN)
    kept = read_form(ColumnMap, form_json(ColumnMap, guessed.columns))
    assert sessions_of(table_of(GERMAN.encode()), kept, named) == read(GERMAN, BERLIN)[0]


@pytest.mark.parametrize(
    ("text", "comma", "number"),
    [("1.234,5", True, 1234.5), ("1,234.5", False, 1234.5), ("12 kWh", False, 12.0), ("1'000", False, 1000.0),
     ("", False, None), ("NaN", False, None), ("-0.3", False, -0.3), ("1e3", False, 1000.0)],
)  # fmt: skip
def test_numbers_as_offices_write_them(text: str, comma: bool, number: float | None) -> None:
    assert number_of(text, decimal_comma=comma) == number


@pytest.mark.parametrize(
    "text",
    ["2026-03-02T17:05:00Z", "2026-03-02 18:05:00+01:00", "02.03.2026 18:05", "02/03/2026 06:05 PM", "1772471100",
     "1772471100000", "Mon, 02 Mar 2026 17:05:00 GMT"],
)  # fmt: skip
def test_times_as_exports_write_them_are_one_instant(text: str) -> None:
    found = instant_of(text, Reading(zone=ZoneInfo(BERLIN)))
    assert found is not None
    assert found.at.astimezone(UTC) == datetime(2026, 3, 2, 17, 5, tzinfo=UTC)


def test_names_and_durations_are_read_past_case_accents_and_signs() -> None:
    assert [plain(name) for name in ("Énergie (kWh)", "kWhDelivered", "Start_Date___Time", "Max. power [kW]")] == [
        "energie kwh", "kwh delivered", "start date time", "max power kw",
    ]  # fmt: skip
    assert duration_of("1 02:30") == timedelta(days=1, hours=2, minutes=30)


@needs("acn-caltech-2019-10")
def test_the_export_of_a_real_garage_gives_the_sessions_that_its_own_loader_gives() -> None:
    content = (FOLDER / dataset("acn-caltech-2019-10").file).read_bytes()
    found, _ = read(content)
    loaded = {one.id: one for one in october_2019(FOLDER, "caltech")}
    assert (len(found.sessions), found.left_out, found.doubtful) == (930, (), ())
    assert all(
        (one.arrival, one.energy_kwh) == (loaded[one.id].arrival, loaded[one.id].energy_kwh) for one in found.sessions
    )


@needs("dundee")
def test_rows_of_a_city_export_that_end_before_they_begin_are_left_out_and_counted() -> None:
    text = gzip.decompress((FOLDER / dataset("dundee").file).read_bytes()).decode()
    first = "\n".join(text.splitlines()[:6001])
    found, _ = read(first)
    rows = list(csv.DictReader(first.splitlines()))
    backwards = sum(row["departure_utc"] <= row["arrival_utc"] for row in rows)
    assert 0 < backwards == dict(told_counts(found.left_out))["it ends before it begins"]
    assert len(found.sessions) + len(found.left_out) == len(rows) == 6000


@needs("norway-apartments")
def test_apartments_have_sessions_whose_duration_is_off_by_the_change_of_the_clock() -> None:
    text = gzip.decompress((FOLDER / dataset("norway-apartments").file).read_bytes()).decode()
    found, _ = read("\n".join(text.splitlines()[:6001]))
    off = [one for one in found.doubtful if one.ids[0] == "its duration is not that between its times"]
    changed = {one.id: one for one in found.sessions}
    oslo = ZoneInfo("Europe/Oslo")
    spans = [
        (changed[one.ids[1]].arrival.astimezone(oslo), changed[one.ids[1]].departure.astimezone(oslo)) for one in off
    ]
    assert spans
    assert all(arrival.utcoffset() != departure.utcoffset() for arrival, departure in spans)


def test_what_an_import_writes_is_read_again() -> None:
    found, _ = read(GERMAN, BERLIN)
    assert read_sessions(write_sessions(found.sessions)).sessions == found.sessions


def test_a_comma_before_three_digits_everywhere_is_doubted() -> None:
    text = "Station;Start;End;kWh\nA;2026-03-02T08:00:00Z;2026-03-02T09:00:00Z;7,125\n"
    found, guessed = read(text)
    assert found.sessions[0].energy_kwh == 7.125
    assert any("thousands" in line for line in guessed.doubts)


FITTING = "".join(f"A{k},2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,3\n" for k in range(10))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A,0001-01-01T00:10:00+05:00,2026-03-02T09:00:00Z,3", "a time cannot be read"),
        ("A,2026-03-02T08:00:00Z,9999-12-31T23:59:00-05:00,3", "a time cannot be read"),
        ("A,2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,1e400", "an energy cannot be read"),
    ],
)
def test_a_row_beyond_all_clocks_and_meters_is_left_out_and_the_others_are_read(row: str, reason: str) -> None:
    found, _ = read(f"Station,Start,End,kWh\n{FITTING}{row}\n")
    assert len(found.sessions) == 10
    assert told_counts(found.left_out) == [(reason, 1)]


@pytest.mark.parametrize("stay", ["99999999999999:00", "90000000:00", "1e300", ""])
def test_a_duration_that_nobody_lives_to_see_is_left_out(stay: str) -> None:
    rows = "".join(f"A{k},2026-03-02T08:00:00Z,1:00,3\n" for k in range(10))
    found, _ = read(f"Station,Start,Duration,kWh\n{rows}A,2026-03-02T08:00:00Z,{stay},3\n")
    assert len(found.sessions) == 10
    assert told_counts(found.left_out) == [("no end is told", 1)]


def test_a_quotation_mark_that_is_not_closed_is_told_with_its_line() -> None:
    text = f'Station,Start,End,kWh\n{FITTING}"A,2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,3\n' + FITTING * 300
    with pytest.raises(InvalidScenario, match=r"after line 11: .*a quotation mark that is not closed"):
        read(text)
    (finding,) = read_sessions('session,evse,arrival,departure,energy_kwh\n1,A,"' + "x" * 140_000).findings
    assert finding.path == "after line 1"


@pytest.mark.parametrize(
    ("end", "kwh", "reason"),
    [
        ("2026-03-05T08:01:00Z", "3", "a stay of more than 72 h"),
        ("2026-03-02T09:00:00Z", "0", "nothing was delivered"),
        ("2026-03-02T09:00:00Z", "11.6", "more energy than the stay allows"),  # 11 kW, and 5 % for meters that err
    ],
)
def test_what_is_odd_about_a_row_is_told_and_it_is_kept(end: str, kwh: str, reason: str) -> None:
    found, _ = read(f"Station,Start,End,kWh,Max power kW\nA,2026-03-02T08:00:00Z,{end},{kwh},11\n")
    assert told_counts(found.doubtful) == [(reason, 1)]
    assert len(found.sessions) == 1


def test_rows_that_are_just_within_are_not_doubted() -> None:
    ends = {"2026-03-05T08:00:00Z": "3", "2026-03-02T09:00:00Z": "11.5"}
    for end, kwh in ends.items():
        found, _ = read(f"Station,Start,End,kWh,Max power kW\nA,2026-03-02T08:00:00Z,{end},{kwh},11\n")
        assert found.doubtful == ()


def test_blanks_around_a_token_name_nobody_else() -> None:
    assert named(" 04a2b3 ") == named("04A2B3")
    assert named("  ") is None
