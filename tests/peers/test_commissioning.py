"""Commissioning of charge points with each defect: what is wrong is found from answers and meter values alone."""

import asyncio
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from ocpp.messages import Call as WireCall
from ocpp.messages import validate_payload
from typer.testing import CliRunner

from api.cli import app
from models.commissioning import (
    START,
    TRANSACTION,
    Flaw,
    Grade,
    Record,
    Subject,
    judge,
    read_observations,
    script,
)
from models.domain.errors import InvalidScenario
from models.domain.installed import OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, GridNode, NodeKind, RateUnit, Site
from models.domain.wire import read_scenario, scenario_json
from models.ocpp.profile import Version
from models.ocpp.station import Capability
from tests.peers.commissioner import Commissioner
from tests.peers.csms import Desk
from tests.peers.defects import Defect
from tests.peers.line import CsmsServer, StationLine
from tests.peers.link import Direct, OverSocket
from tests.peers.outlet import Outlet
from tests.peers.station import Station

DEEP = bool(os.environ.get("CHARGEWRIGHT_PEERS"))
"""`make kill` sets it."""
NOON_S = 1_772_452_800.0
TOLD = Capability(station_id="box", rate_units=(RateUnit.A, RateUnit.W), max_periods=24, max_stack_level=8)
UNTOLD = Capability(station_id="box")
GRADES = {
    Defect.IGNORES: Grade.C,
    Defect.AMPERES_ONLY: Grade.A,
    Defect.WATTS_ONLY: Grade.A,
    Defect.SLEEPS_AT_ZERO: Grade.A,
    Defect.SLOW_CLOCK: Grade.C,
    Defect.FEW_PERIODS: Grade.A,
    Defect.CALL_ERROR: Grade.A,
    Defect.FLOAT_PERIODS: Grade.A,
    Defect.REJECTS_TOP_LEVEL: Grade.A,
    Defect.DROPS_AT_DISCONNECT: Grade.B,
    Defect.LAST_PROFILE_ONLY: Grade.B,
    Defect.MAXIMUM_PER_CONNECTOR: Grade.A,
    Defect.DEFAULT_IGNORED_IN_SESSION: Grade.B,
    Defect.FACTORY_LIMITS_AFTER_REBOOT: Grade.B,
    Defect.ENERGY_ONLY: Grade.A,
    Defect.ONE_PHASE_REPORTED: Grade.A,
    Defect.ABORTS_WHEN_ANSWERED_LATE: Grade.A,
}


def charge_point(version: str, *defects: Defect, outlets: int = 2) -> Station:
    evses = [Outlet(number=number + 1) for number in range(outlets)]
    return Station(id="box", version=version, outlets=evses, defects=frozenset(defects), now_s=NOON_S, step_s=5.0)


def observed(station: Station, capability: Capability = TOLD, **car: Any) -> dict[str, Any]:
    """A script carried out within the process; what the CSMS wrote down."""
    station.connect()
    subject = Subject(version=Version(station.version), capability=capability, evses=len(station.outlets))
    log = asyncio.run(Commissioner(Direct(station), car).run(script(subject)))
    return {"station": "box", "version": station.version, "evses": len(station.outlets), "log": log}


def commissioned(version: str, *defects: Defect, **more: Any) -> Record:
    return judge(read_observations(observed(charge_point(version, *defects), **more)))


@pytest.mark.parametrize("version", list(Version))
def test_an_obedient_station_is_graded_a_with_all_that_was_seen(version: str) -> None:
    record = commissioned(version)

    assert (record.grade, record.flaws, record.because) == (Grade.A, (), ())
    assert (record.phases, record.least_a, record.wakes, record.offline) == (3, 6.0, True, OfflineBehaviour.KEEPS)
    assert (record.default_after_boot, record.maximum_holds, record.clock_offset_s) == (True, True, 0)
    assert record.follow_s is not None
    assert record.follow_s <= 15.0
    assert replace(record.capability.station, max_profiles=None) == TOLD.station


@pytest.mark.parametrize("defect", list(Defect))
def test_every_defect_is_named_alone_and_graded(defect: Defect) -> None:
    version = list(Version)[list(Defect).index(defect) % 3]
    record = commissioned(version, defect)

    assert (record.flaws, record.grade) == ((Flaw(defect.value),), GRADES[defect])
    assert bool(record.because) == (record.grade is not Grade.A)


@pytest.mark.parametrize("seed", range(60 if DEEP else 1))
def test_two_stations_swap_their_defects_and_each_name_goes_with_its_defect(seed: int) -> None:
    """Random versions, random metering of random cars; nothing but the log says which station has which."""
    draw = Random(seed)
    defects, versions = draw.sample(list(Defect), 2), draw.choices(list(Version), k=2)
    car = {"phases": draw.choice((1, 3)), "max_a": draw.choice((16.0, 20.0, 32.0))}
    for given in (defects, defects[::-1]):
        for version, defect in zip(versions, given, strict=True):
            seen = commissioned(version, defect, **car)
            named = () if defect is Defect.ONE_PHASE_REPORTED and car["phases"] == 1 else (Flaw(defect.value),)
            assert (seen.flaws, seen.grade) == (named, GRADES[defect]), (version, defect, car, seen)


@pytest.mark.parametrize(
    ("car", "defects"),
    [
        ({"phases": 1}, ()),
        ({"phases": 2}, (Defect.ENERGY_ONLY,)),
        ({"phases": 1, "max_a": 32.0}, (Defect.WATTS_ONLY, Defect.ENERGY_ONLY)),
    ],
)
def test_cars_on_fewer_phases_are_judged_by_their_own_currents(
    car: dict[str, Any], defects: tuple[Defect, ...]
) -> None:
    record = commissioned("1.6", *defects, **car)
    assert (record.grade, record.phases) == (Grade.A, car["phases"])


def test_a_car_that_needs_more_than_6_a_shows_the_true_minimum() -> None:
    assert commissioned("2.0.1", min_a=7.5).least_a == 8.0


def test_a_station_that_told_nothing_is_found_out_by_what_it_takes() -> None:
    record = commissioned("1.6", Defect.WATTS_ONLY, Defect.FEW_PERIODS, capability=UNTOLD)
    assert (record.capability.rate_units, record.capability.max_periods) == ((RateUnit.W,), 3)
    assert record.grade is Grade.A


def test_without_its_keys_no_station_is_blamed_for_levels_that_it_never_promised() -> None:
    assert commissioned("2.0.1", capability=UNTOLD).flaws == ()
    assert commissioned("1.6", Defect.CALL_ERROR, capability=UNTOLD).flaws == (Flaw.CALL_ERROR,)


def test_a_station_that_tells_a_unit_which_it_refuses_is_sent_the_other() -> None:
    lying = replace(TOLD, rate_units=(RateUnit.A,))
    assert commissioned("2.1", Defect.WATTS_ONLY, capability=lying).capability.rate_units == (RateUnit.W,)


def test_one_evse_alone_shows_its_maximum_with_one_car() -> None:
    record = judge(read_observations(observed(charge_point("1.6", outlets=1))))
    assert (record.grade, record.maximum_holds) == (Grade.A, True)


def test_one_evse_alone_shows_a_maximum_that_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    station = charge_point("1.6", outlets=1)
    monkeypatch.setattr(station.shelf, "maximum_a", lambda clock_s: None)

    record = judge(read_observations(observed(station)))

    assert (record.grade, record.flaws, record.maximum_holds) == (Grade.A, (Flaw.MAXIMUM_IGNORED,), False)


def test_a_car_that_never_draws_more_than_the_limits_proves_nothing() -> None:
    record = commissioned("1.6", max_a=6.0)
    assert record.grade is Grade.C
    assert "follow-2: no proof, the car never drew more than 6.0 A" in record.because


def test_without_a_meter_nothing_is_proven() -> None:
    log = [entry for entry in observed(charge_point("1.6"))["log"] if "MeterValues" not in str(entry)]
    record = judge(read_observations({"station": "box", "version": "1.6", "evses": 2, "log": log}))
    assert record.grade is Grade.C
    assert "tail: nothing was measured" in record.because


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.7])
def test_a_script_that_was_broken_off_is_judged_by_what_there_is(share: float) -> None:
    document = observed(charge_point("2.0.1"))
    document["log"] = document["log"][: int(share * len(document["log"]))]
    assert judge(read_observations(document)).grade is not Grade.A


def test_entries_that_make_no_sense_are_left_out() -> None:
    document = observed(charge_point("1.6"))
    dust = [7, {}, {"at": "noon"}, {"at": "2026-03-02T12:00:00"}, {"at": "2026-03-02T12:00:00Z", "message": [2]}]
    odd = {"at": "2026-03-02T12:00:00Z", "event": "received", "message": [3, {"a": 1}, None]}
    document["log"] = [*dust, odd, *document["log"], odd]
    assert judge(read_observations(document)).grade is Grade.A


@pytest.mark.parametrize("document", [None, [], {}, {"version": "1.6", "log": {}}, {"version": "3", "log": []}])
def test_what_is_no_log_is_refused_with_a_way_out(document: Any) -> None:
    with pytest.raises(InvalidScenario) as refused:
        read_observations(document)
    assert all(finding.remedy for finding in refused.value.findings)


def test_over_a_websocket_the_record_is_the_same_and_all_requests_fit_the_schemas() -> None:
    station, desk = charge_point("2.1", Defect.DEFAULT_IGNORED_IN_SESSION), Desk()

    async def story() -> tuple[list[dict[str, Any]], list[str]]:
        def heard(station_id: str, version: str, action: str, payload: Any) -> Any:
            return desk.answer(station_id, version, action, payload, station.now_s)

        async with CsmsServer(heard) as server:
            line = StationLine(station, server.url)
            await line.open()
            subject = Subject(version=Version.V21, capability=TOLD, evses=2)
            log = await Commissioner(OverSocket(line, server)).run(script(subject))
            await line.cut()
            return log, [*server.faults, *line.faults]

    log, faults = asyncio.run(story())
    assert faults == []
    record = judge(read_observations({"station": "box", "version": "2.1", "evses": 2, "log": log}))
    assert record == commissioned("2.1", Defect.DEFAULT_IGNORED_IN_SESSION)


@pytest.mark.parametrize("version", list(Version))
def test_every_request_of_every_script_fits_the_schemas(version: Version) -> None:
    steps = script(Subject(version=version, capability=UNTOLD, evses=2))
    for task in [task for step in steps for task in step.tasks]:
        for request in task.requests:
            told = json.loads(json.dumps(request.payload).replace(START, "2026-03-02T12:00:00Z"))
            if "TxProfile" in str(told):
                told = _with_transaction(told, 7 if version is Version.V16 else "7")
            asyncio.run(validate_payload(WireCall("1", request.action, told), version))


def _with_transaction(told: Any, transaction: Any) -> Any:
    if isinstance(told, dict):
        return {name: _with_transaction(inner, transaction) for name, inner in told.items()}
    if isinstance(told, list):
        return [_with_transaction(inner, transaction) for inner in told]
    return transaction if told == TRANSACTION else told


def test_the_command_line_prints_a_script_and_judges_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(observed(charge_point("1.6", Defect.LAST_PROFILE_ONLY))))
    runner = CliRunner()

    steps = json.loads(runner.invoke(app, ["commission", "script", "--ocpp", "1.6"]).output)
    told = runner.invoke(app, ["commission", "judge", str(path)]).output
    record = json.loads(runner.invoke(app, ["commission", "judge", str(path), "--json"]).output)

    assert [step["id"] for step in steps][:2] == ["keys", "metering"]
    assert "box: grade B" in told
    assert "only the last profile kept: let one default carry both plan and fail-safe" in told
    assert (record["grade"], record["offline"]) == ("B", "keeps")


def test_records_are_written_into_a_scenario(tmp_path: Path) -> None:
    grid = GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=22.0)
    evses = tuple(Evse(id=name, node="grid", max_current_a=32.0) for name in ("box", "other"))
    given, log = tmp_path / "scenario.json", tmp_path / "log.json"
    site = Site(id="yard", nodes=(grid,), evses=evses, voltage_v=230.0)
    noon = datetime.fromtimestamp(NOON_S, UTC)
    car = Session(id="s", evse="box", arrival=noon, departure=noon + timedelta(hours=4), energy_target_kwh=9.0)
    given.write_text(scenario_json(Scenario(site=site, sessions=(car,))))
    log.write_text(json.dumps(observed(charge_point("2.1", Defect.WATTS_ONLY, Defect.DROPS_AT_DISCONNECT))))

    printed = CliRunner().invoke(app, ["commission", "declare", str(given), str(log)]).output

    site = read_scenario(printed).site
    assert [evse.offline for evse in site.evses] == [OfflineBehaviour.FULL, None]
    (station,) = site.stations
    assert (station.id, station.ocpp_version, station.rate_units) == ("box", Version.V21, (RateUnit.W,))
