"""Public data sets: what loaders make of them, and what they say of files that are not the known ones."""

import gzip
import hashlib
import json
import os
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.datasets import CATALOGUE, acn, dataset
from models.datasets.acn import between, blocks, march_2019, october_2019, published_month
from models.datasets.acn_network import network, site_of
from models.datasets.depot import truck_depot
from models.datasets.dundee import public_sessions
from models.datasets.files import read, rows, rows_inside
from models.datasets.norway import apartments
from models.datasets.simbench import profile
from models.datasets.tariffs import sce_tou_ev_4
from models.domain.errors import InvalidScenario

FOLDER = Path(os.environ.get("CHARGEWRIGHT_DATA", "no-such-folder"))


def needs(name: str) -> pytest.MarkDecorator:
    file = dataset(name).file
    return pytest.mark.skipif(not (FOLDER / file).is_file(), reason=f"CHARGEWRIGHT_DATA has no {file}")


@needs("acn-caltech-2018-09")
def test_the_published_month_has_its_2315_sessions() -> None:
    found = published_month(FOLDER)
    assert len(found) == 2315
    assert found[0].energy_kwh == 37.14
    assert found[0].stated_departure is None


@needs("acn-caltech-2019-03")
def test_the_month_of_the_published_peaks_is_counted_in_periods_from_its_first_midnight() -> None:
    found = march_2019(FOLDER)
    assert len(found) == 954
    assert found[0].arrival == datetime(2019, 3, 1, 14, 20, tzinfo=UTC)  # in period 76; it came at 14:24
    assert (found[0].evse, found[0].energy_kwh) == ("CA-315", 4.216)


def test_events_of_a_simulation_are_read_as_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    car = {"_session_id": "s", "_station_id": "CA-1", "_arrival": 12, "_departure": 24, "_requested_energy": 3.5}
    kept = {"context_dict": {"1": {"class": "models.ev.EV", "attributes": car}, "2": {"class": "models.Battery"}}}
    one = replace(dataset("acn-caltech-2019-03"), file="a.json.gz")
    content = gzip.compress(json.dumps(json.dumps(kept)).encode(), mtime=0)
    (tmp_path / one.file).write_bytes(content)
    monkeypatch.setattr(acn, "dataset", lambda name: replace(one, sha256=hashlib.sha256(content).hexdigest()))
    (found,) = march_2019(tmp_path)
    assert (found.arrival, found.departure) == tuple(datetime(2019, 3, 1, 9 + k, tzinfo=UTC) for k in (0, 1))
    assert (found.id, found.evse, found.energy_kwh, found.stated_departure) == ("s", "CA-1", 3.5, None)


@needs("acn-caltech-2019-10")
def test_a_driver_who_said_something_is_told_apart_from_one_who_said_nothing() -> None:
    found = october_2019(FOLDER, "caltech")
    said = [one for one in found if one.stated_departure is not None]
    assert 0 < len(said) < len(found)
    first = next(one for one in found if one.id == "2_39_79_377_2019-10-01 14:35:59.507656")
    assert first.stated_departure == datetime(2019, 10, 1, 21, 51, 59, tzinfo=UTC)
    assert (first.stated_energy_kwh, first.energy_kwh) == (37.5, 22.069)


@needs("acn-blocks")
def test_blocks_agree_with_the_month_that_is_also_a_file_of_its_own() -> None:
    month = october_2019(FOLDER, "jpl")
    inside = {one.id: one for one in blocks(FOLDER, "jpl")}
    assert max(abs(inside[one.id].energy_kwh - one.energy_kwh) for one in month) < 1e-3
    start, end = datetime(2019, 11, 1, tzinfo=UTC), datetime(2019, 12, 1, tzinfo=UTC)
    assert all(one.arrival.month == 11 for one in between(list(inside.values()), start, end))


@needs("norway-apartments")
def test_nobody_in_an_apartment_block_stands_on_one_place_twice() -> None:
    found = apartments(FOLDER, "ASK")
    by_place: dict[str, datetime] = {}
    for one in found:
        assert one.arrival >= by_place.get(one.evse, one.arrival)
        by_place[one.evse] = one.departure
        assert one.power_kw is not None
        assert one.power_kw > 0.0


@needs("dundee")
def test_a_station_with_two_connectors_is_two_places() -> None:
    found = public_sessions(FOLDER)
    assert {"50339-1", "50339-2"} <= {one.evse for one in found}


@needs("truck-depot")
def test_needs_of_short_stays_are_carried_to_the_next_long_one() -> None:
    found = truck_depot(FOLDER)
    assert min(one.departure - one.arrival for one in found).total_seconds() >= 4 * 3600
    assert 0.9 * 17_804.972 < sum(one.energy_kwh for one in found) <= 17_804.972


@needs("network-caltech")
def test_the_caltech_garage_has_two_pods_below_one_transformer_of_150_kw() -> None:
    site = site_of(network(FOLDER, "caltech"))
    assert len(site.evses) == 54
    assert [node.id for node in site.nodes] == ["transformer", "cc-pod", "av-pod"]
    assert site.nodes[0].current_limit_a == pytest.approx(150_000 / 3 / 120)
    assert sum(evse.node == "cc-pod" for evse in site.evses) == 8


@needs("network-jpl")
def test_each_panel_at_jpl_hangs_below_the_transformer_that_counts_its_evses() -> None:
    site = site_of(network(FOLDER, "jpl"))
    parents = {node.id: node.parent for node in site.nodes}
    assert parents["first-floor-sp2"] == "first-floor-transformer"
    assert parents["fourth-floor-panel"] == "third-fourth-floor-transformer"
    assert parents["third-fourth-floor-transformer"] == "service"
    primary = next(node for node in site.nodes if node.id == "first-floor-transformer").transformer
    assert primary is not None
    assert primary.primary_current_limit_a == pytest.approx(54.1516, abs=1e-3)


@needs("sce-tou-ev-4")
def test_the_tariff_has_both_seasons_and_one_demand_charge() -> None:
    tariff = sce_tou_ev_4(FOLDER, demand_interval_min=5.0)
    assert tariff.demand_charges[0].rate_per_kw == 15.51
    assert tariff.demand_charges[0].demand_interval_min == 5.0


def test_every_data_set_names_its_licence_its_authors_and_where_it_is_from() -> None:
    assert len({one.name for one in CATALOGUE}) == len(CATALOGUE)
    for one in CATALOGUE:
        assert one.licence
        assert one.attribution
        assert one.source
        assert len(one.sha256) == 64


def test_a_file_of_the_same_name_with_other_bytes_is_refused(tmp_path: Path) -> None:
    one = replace(dataset("dundee"), file="a.csv")
    (tmp_path / "a.csv").write_text("session_id\n")
    with pytest.raises(InvalidScenario, match="SHA-256 is not the known one"):
        read(tmp_path, one)


def test_a_missing_file_is_told_with_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidScenario, match=r"data\.dundeecity\.gov\.uk"):
        read(tmp_path, dataset("dundee"))


def test_a_name_that_is_no_data_set_is_answered_with_those_that_are() -> None:
    with pytest.raises(InvalidScenario, match="acn-caltech-2019-10"):
        dataset("acn")


def test_packed_tables_are_read_out_of_an_archive_in_the_order_of_their_names(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("later", "earlier"):
            archive.writestr(f"in/{name}.csv.gz", gzip.compress(f"name\n{name}\n".encode()))
        archive.writestr("out/other.csv.gz", gzip.compress(b"name\nother\n"))
    digest = hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest()
    one = replace(dataset("acn-blocks"), file="a.zip", sha256=digest)
    assert [row["name"] for row in rows_inside(tmp_path, one, "in/")] == ["earlier", "later"]


@needs("simbench")
def test_a_roof_gives_nothing_at_midnight_and_its_share_of_the_peak_at_noon() -> None:
    day = [datetime(2016, 6, d, tzinfo=UTC) for d in (1, 2)]
    told = profile(FOLDER, "pv1", *day, peak_kw=200.0)
    by_hand = next(row for row in rows(FOLDER, dataset("simbench")) if row["utc_start"] == "2016-06-01T11:00:00Z")
    noon = next(step for step in told if step.start.hour == 11)
    assert len(told) == 96
    assert (told[0].value, noon.value) == (0.0, pytest.approx(200.0 * float(by_hand["pv1"]), abs=1e-3))


@needs("simbench")
def test_another_year_has_the_weekdays_of_2016() -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    told = profile(FOLDER, "g0_m", monday, monday + timedelta(days=1), peak_kw=50.0)
    then = profile(FOLDER, "g0_m", monday - timedelta(weeks=522), monday - timedelta(weeks=522, days=-1), peak_kw=50.0)
    assert monday - timedelta(weeks=522) == datetime(2016, 2, 29, tzinfo=UTC)  # a Monday too
    assert [step.value for step in told] == [step.value for step in then]


@needs("simbench")
def test_a_profile_that_does_not_exist_or_reach_is_refused() -> None:
    start = datetime(2016, 12, 30, tzinfo=UTC)
    with pytest.raises(InvalidScenario, match="there is no profile pv99"):
        profile(FOLDER, "pv99", start, start + timedelta(days=1), peak_kw=1.0)
    with pytest.raises(InvalidScenario, match="quarter hours"):
        profile(FOLDER, "pv1", start, start + timedelta(days=4), peak_kw=1.0)
