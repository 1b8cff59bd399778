"""Locations and charge detail records of OCPI 2.1.1, 2.2.1 and 2.3.0 as a site and past sessions."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from models.datasets.imported import told_counts
from models.datasets.pseudonyms import pseudonym
from models.domain.electrical import evse_max_power_kw
from models.domain.errors import InvalidScenario
from models.domain.scenario import Scenario
from models.domain.site import CurrentType, Wiring
from models.domain.validation import validate
from models.ocpi.cdrs import sessions_of_cdrs
from models.ocpi.exports import objects_of
from models.ocpi.location_site import site_of_location


def named(token: str) -> str | None:
    return pseudonym(b"key", token)


def plug(power_type: str, volts: float, amperes: float, **told: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "standard": "IEC_62196_T2",
        "power_type": power_type,
        "max_voltage": volts,
        "max_amperage": amperes,
        **told,
    }


def location(*plugs: dict[str, Any], **told: Any) -> dict[str, Any]:
    evses = [{"uid": f"E{k}", "status": "AVAILABLE", "connectors": [one]} for k, one in enumerate(plugs)]
    return {"id": "LOC1", "country": "DEU", "time_zone": "Europe/Berlin", "evses": evses, **told}


def powers_kw(told: dict[str, Any]) -> list[float]:
    site = site_of_location(told, limit_kw=50.0).site
    return [evse_max_power_kw(evse, None, 230.0) for evse in site.evses]


def test_power_follows_from_voltage_current_and_phases() -> None:
    told = location(
        plug("AC_3_PHASE", 230, 32), plug("AC_1_PHASE", 230, 16), plug("DC", 400, 125, max_electric_power=45_000)
    )
    assert powers_kw(told) == pytest.approx([22.08, 3.68, 45.0])


def test_400_v_on_three_phases_are_those_between_lines_and_that_is_told() -> None:
    found = site_of_location(location(plug("AC_3_PHASE", 400, 32)), limit_kw=50.0)
    assert found.site.evses[0].max_power_kw == pytest.approx(22.17, abs=0.01)  # 400 V x sqrt(3) x 32 A
    assert "between lines" in found.assumptions[0].source


def test_2_1_1_calls_voltage_and_current_otherwise_and_means_the_same() -> None:
    told = {"id": "1", "standard": "IEC_62196_T2", "power_type": "AC_3_PHASE", "voltage": 230, "amperage": 16}
    assert powers_kw(location(told)) == pytest.approx([11.04])


def test_one_phase_of_which_nobody_tells_the_place_counts_on_each() -> None:
    assert site_of_location(location(plug("AC_1_PHASE", 230, 32)), limit_kw=50.0).site.evses[0].phases is None


def test_208_v_in_north_america_lie_between_two_lines() -> None:
    (evse,) = site_of_location(location(plug("AC_1_PHASE", 208, 32), country="USA"), limit_kw=50.0).site.evses
    assert evse.wiring is Wiring.LINE_TO_LINE
    assert evse_max_power_kw(evse, None, 120.0) == pytest.approx(6.656)


def test_an_evse_takes_the_strongest_of_its_plugs_and_keeps_them_all() -> None:
    told = location()
    told["evses"] = [
        {"uid": "E0", "status": "AVAILABLE", "connectors": [plug("AC_3_PHASE", 230, 63), plug("DC", 500, 100)]}
    ]
    (evse,) = site_of_location(told, limit_kw=90.0).site.evses
    assert (evse.current, evse.max_power_kw, len(evse.connectors)) == (CurrentType.DC, 50.0, 2)


def test_the_limit_of_a_connection_is_never_told_by_ocpi_so_it_is_assumed_aloud() -> None:
    found = site_of_location(location(plug("AC_3_PHASE", 230, 32), plug("AC_3_PHASE", 230, 32)))
    assert found.site.nodes[0].import_limit_kw == pytest.approx(44.16)
    assert "--limit-kw" in found.assumptions[-1].source


def test_a_site_of_a_location_is_one_that_can_be_planned() -> None:
    site = site_of_location(location(plug("AC_3_PHASE", 230, 32), plug("DC", 400, 125)), limit_kw=50.0).site
    assert [f for f in validate(Scenario(site=site)) if f.path != "horizon"] == []


def test_evses_that_cannot_be_read_or_are_gone_are_told_and_the_others_kept() -> None:
    told = location(plug("AC_3_PHASE", 230, 32))
    told["evses"] += [{"uid": "E8", "connectors": []}, {"uid": "E9", "status": "REMOVED"}, "E10"]
    found = site_of_location(told, limit_kw=50.0)
    assert [evse.id for evse in found.site.evses] == ["E0"]
    assert [finding.path for finding in found.left_out] == ["evses[1]", "evses[2]", "evses[3]"]


@pytest.mark.parametrize("volts", [0, -230, float("nan"), "much", None])
def test_a_plug_whose_voltage_is_no_number_above_zero_is_no_plug(volts: Any) -> None:
    told = location(plug("AC_3_PHASE", 230, 32), plug("AC_3_PHASE", volts, 32))
    found = site_of_location(told, limit_kw=50.0)
    assert ([evse.id for evse in found.site.evses], [one.path for one in found.left_out]) == (["E0"], ["evses[1]"])


def test_an_evse_that_is_told_twice_counts_once() -> None:
    told = location(plug("AC_3_PHASE", 230, 32))
    found = site_of_location(told | {"evses": told["evses"] * 2}, limit_kw=50.0)
    assert len(found.site.evses) == 1
    assert "E0 is told twice" in found.left_out[0].message


@pytest.mark.parametrize("told", [{"evses": 5}, {"evses": [{"uid": "E0", "connectors": 5}]}, {"evses": None}])
def test_a_location_in_another_form_has_no_evse_that_can_be_read(told: dict[str, Any]) -> None:
    with pytest.raises(InvalidScenario, match="no EVSE that can be read"):
        site_of_location(location() | told)


def test_a_location_without_a_clock_asks_for_one() -> None:
    with pytest.raises(InvalidScenario, match="--time-zone"):
        site_of_location(location(plug("DC", 400, 125), time_zone=None))


CDR_211 = {
    "id": "C1", "start_date_time": "2026-03-02T08:00:00Z", "stop_date_time": "2026-03-02T12:00:00Z",
    "auth_id": "DE-ABC-1", "location": {"id": "LOC1", "evses": [{"uid": "E0", "connectors": []}]},
    "total_energy": 12.5, "total_cost": 5.0,
}  # fmt: skip
CDR_221 = {
    "id": "C2", "start_date_time": "2026-03-02T08:00:00Z", "end_date_time": "2026-03-02T12:00:00Z",
    "cdr_token": {"uid": "04A2B3", "type": "RFID", "contract_id": "DE-ABC-1"},
    "cdr_location": {"id": "LOC2", "evse_uid": "E1", "evse_id": "DE*ABC*E1", "connector_id": "1"},
    "total_energy": "7.25", "total_cost": {"excl_vat": 5.0},
}  # fmt: skip


def test_records_of_all_versions_become_sessions_of_one_driver() -> None:
    found = sessions_of_cdrs([CDR_211, CDR_221], named)
    assert [(one.id, one.evse, one.energy_kwh) for one in found.sessions] == [("C1", "E0", 12.5), ("C2", "E1", 7.25)]
    assert {one.departure for one in found.sessions} == {datetime(2026, 3, 2, 12, tzinfo=UTC)}
    assert {one.driver for one in found.sessions} == {named("DE-ABC-1")}


def test_records_of_one_location_can_be_asked_for() -> None:
    assert [one.id for one in sessions_of_cdrs([CDR_211, CDR_221], named, location="LOC2").sessions] == ["C2"]


def test_what_is_no_session_is_left_out_with_its_reason() -> None:
    broken = [CDR_221 | {"id": "C3", "credit": True}, CDR_211 | {"id": "C4", "stop_date_time": None},
              CDR_221 | {"id": "C5", "cdr_location": {"id": "LOC2"}},
              CDR_211 | {"id": "C6", "total_energy": -1}, 7]  # fmt: skip
    found = sessions_of_cdrs([*broken, CDR_221], named)
    assert [one.id for one in found.sessions] == ["C2"]
    assert [finding.ids[0] for finding in found.left_out][:3] == [
        "it takes back another record", "no end is told", "no EVSE is named",
    ]  # fmt: skip
    assert len(found.left_out) == 5
    assert "DE-ABC-1" not in str(found.left_out)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([CDR_211, CDR_221]),
        json.dumps({"data": [CDR_211, CDR_221], "status_code": 1000, "timestamp": "2026-03-03T00:00:00Z"}),
        json.dumps([{"data": [CDR_211], "status_code": 1000}, {"data": [CDR_221], "status_code": 1000}]),
        json.dumps(CDR_211) + "\n" + json.dumps(CDR_221) + "\n",
    ],
)
def test_objects_lie_in_files_as_lists_answers_pages_or_lines(text: str) -> None:
    assert objects_of(text.encode()) == [CDR_211, CDR_221]


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"data": []}'])
def test_a_file_without_objects_says_how_to_export_them(text: str) -> None:
    with pytest.raises(InvalidScenario, match="export"):
        objects_of(text.encode())


def test_equal_records_count_once() -> None:
    found = sessions_of_cdrs([CDR_211, CDR_211], named)
    assert len(found.sessions) == 1
    assert told_counts(found.left_out) == [("told twice", 1)]
