"""Scenarios as JSON: what is written comes back, and what is wrong is told with its place and the way out."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # has no types

from models.domain import scenario as scenario_module
from models.domain.completion import complete
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.wire import json_schema, read_scenario, scenario_json, schema_text
from models.domain.wire_findings import _BRANCHES, MOST_FINDINGS
from tests.strategies import scenarios

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
FULL = """
{
  "site": {
    "id": "yard",
    "time_zone": "Europe/Berlin",
    "nodes": [{"id": "grid", "import_limit_kw": 50}],
    "evses": [{"id": "bay-1", "node": "grid", "max_power_kw": 11}, {"id": "bay-2", "node": "grid", "max_current_a": 32}]
  },
  "sessions": [
    {"id": "car-1", "evse": "bay-1", "arrival": "2026-03-02T18:00:00+01:00", "departure": "2026-03-02T22:00:00+01:00"},
    {"id": "car-2", "evse": "bay-2", "arrival": "2026-03-02T18:00:00+01:00", "energy_target_kwh": 9.5}
  ],
  "tariff": {"currency": "EUR", "import_price": 0.3}
}
"""
RICH = """
{
  "site": {
    "id": "depot",
    "time_zone": "Europe/Berlin",
    "nodes": [
      {"id": "grid", "import_limit_kw": [{"start": "2026-03-01T00:00:00Z", "value": 50}], "limit_kind": "contract"},
      {"id": "hall", "parent": "grid", "current_limit_a": {"L1": 63, "L2": 63},
       "transformer": {"primary_voltage_v": 480, "secondary_voltage_v": 208}}
    ],
    "evses": [{"id": "bay-1", "node": "hall", "max_power_kw": 11, "pilot_levels_a": [0, 6, 16]},
              {"id": "rapid", "node": "grid", "current": "DC", "max_power_kw": 150, "station": "CS"}],
    "cabinets": [{"id": "C", "node": "grid", "evses": ["rapid"], "total_kw": 150}],
    "stations": [{"id": "CS", "max_periods": 24}],
    "base_loads": [{"node": "hall", "expected_kw": 3.5}],
    "tiers": [{"id": "first"}],
    "session_defaults": {"stay_h": 6, "energy_target_kwh": 12}
  },
  "sessions": [{"id": "car-1", "evse": "bay-1", "arrival": "2026-03-02T18:00:00+01:00", "vehicle": {"id": "V"}}],
  "visits": [{"id": "van", "evse": "rapid", "vehicle": {"id": "W", "battery_capacity_kwh": 60}, "soc_needed": 0.8,
              "soc_at_arrival": 0.2, "arrival": "2026-03-02T19:00:00Z", "departure": "2026-03-02T21:00:00Z"}],
  "tariff": {"currency": "EUR", "holidays": ["2026-03-02"], "holiday_calendar": "DE-BY",
    "import_price": {"steps": [{"start": "2026-03-02T00:00:00Z", "value": 0.2}], "end": "2026-03-04T00:00:00Z"},
    "export_price": {"rates": [{"price_per_kwh": 0.1, "windows": [{"days": ["weekday"], "start": "06:00"}]},
                               {"price_per_kwh": 0}]},
    "demand_charges": [{"id": "peak", "rate_per_kw": 12}]},
  "signals": [{"kind": "cap", "id": "dr", "start": "2026-03-02T19:00:00Z", "end": "2026-03-02T20:00:00Z",
               "import_limit_kw": 20}],
  "horizon": {"start": "2026-03-02T17:00:00Z", "stretches": [{"count": 8, "minutes": 30}]}
}
"""
QUICK = '{"import_limit_kw": 22, "evses": [{"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 24}}]}'


def findings_of(document: bytes | str) -> tuple[Finding, ...]:
    with pytest.raises(InvalidScenario) as refused:
        read_scenario(document, now=NOW)
    return refused.value.findings


def with_(old: str, new: str, document: str = FULL) -> str:
    """The document with one thing in another way."""
    assert document.count(old) == 1, old
    return document.replace(old, new)


def price(text: str) -> str:
    return with_('"import_price": 0.3', f'"import_price": {text}')


def steps(*hours: int) -> str:
    """Prices by the hour, in UTC."""
    each = (f'{{"start": "2026-03-02T{hour}:00:00Z", "value": 0.2}}' for hour in hours)
    return f'{{"steps": [{", ".join(each)}]}}'


A_TIME = "write a date and time with its offset, as in 2026-03-02T17:00:00+01:00"
A_NUMBER = "write a finite number, or leave the field out if it is unknown or unlimited"
BAD: dict[str, tuple[str | bytes, str, str, str]] = {
    "an unknown field": (
        with_('"max_current_a"', '"max_curent_a"'),
        "site.evses[1].max_curent_a",
        "unknown field max_curent_a",
        "write max_current_a",
    ),
    "an unknown field like no other": (
        with_('"currency"', '"zzz": 1, "currency"'),
        "tariff.zzz",
        "unknown field zzz",
        "remove it; known are currency, import_price, time_zone, export_price, demand_charges, ",
    ),
    "a missing field": (
        with_('"evse": "bay-1", ', ""),
        "sessions[0].evse",
        "evse is missing",
        "add it: a text",
    ),
    "a number as text": (
        with_("9.5", '"9.5"'),
        "sessions[1].energy_target_kwh",
        '"9.5" is not a number',
        "write a number, or leave it out",
    ),
    "yes for a number": (with_("0.3", "true"), "tariff.import_price", "true is not a number or an object", "write"),
    "a fraction of a connector": (
        with_('"evse": "bay-1"', '"evse": "bay-1", "connector": 1.5'),
        "sessions[0].connector",
        "1.5 is not a whole number",
        "write a whole number, or leave it out",
    ),
    "an unknown kind": (
        with_('"id": "grid", "imp', '"id": "grid", "kind": "fuse", "imp'),
        "site.nodes[0].kind",
        '"fuse" is not one of the known words',
        "write one of connection, transformer, feeder, panel, cabinet, group",
    ),
    "a date for a time": (
        with_("2026-03-02T22:00:00+01:00", "2026-03-02"),
        "sessions[0].departure",
        '"2026-03-02" is not a date and time',
        f"{A_TIME}, or leave it out",
    ),
    "a month thirteen": (
        with_("2026-03-02T22:00:00+01:00", "2026-13-02T22:00:00+01:00"),
        "sessions[0].departure",
        '"2026-13-02T22:00:00+01:00" is not a date and time (month value is outside expected range of 1-12)',
        f"{A_TIME}, or leave it out",
    ),
    "seconds since 1970": (
        with_('"2026-03-02T22:00:00+01:00"', "1772485200"),
        "sessions[0].departure",
        "1772485200 is not a date and time",
        f"{A_TIME}, or leave it out",
    ),
    "a list for the site": (
        '{"site": [1, 2, 3]}',
        "site",
        "a list is not an object",
        "write an object with id, nodes, evses",
    ),
    "null for a session": (
        with_('"sessions": [', '"sessions": [null,'),
        "sessions[0]",
        "null is not an object",
        "write",
    ),
    "NaN": (with_("9.5", "NaN"), "sessions[1].energy_target_kwh", "NaN is not a number in JSON", A_NUMBER),
    "infinity": (
        with_("9.5", "-Infinity"),
        "sessions[1].energy_target_kwh",
        "-Infinity is not a number in JSON",
        A_NUMBER,
    ),
    "1e999": (
        with_("9.5", "1e999"),
        "sessions[1].energy_target_kwh",
        "1e999 is beyond all numbers that can be computed with",
        A_NUMBER,
    ),
    "five thousand digits": (
        with_("9.5", "9" * 5000),
        "sessions[1].energy_target_kwh",
        f"{'9' * 40}... is beyond all numbers that can be computed with",
        A_NUMBER,
    ),
    "a lone surrogate": (
        with_('"car-1"', '"\\ud83d"'),
        "sessions[0].id",
        'the text contains the lone surrogate "\\ud83d", half of a character',
        "write the whole character, or leave it out",
    ),
    "a lone surrogate in a string of Python": (
        with_('"car-1"', '"\ud800"'),
        "sessions[0].id",
        'the text contains the lone surrogate "\\ud800", half of a character',
        "write the whole character, or leave it out",
    ),
    "a lone surrogate in a name": (
        with_('"tariff"', '"tarif\\ud83d"'),
        '["tarif\\ud83d"]',
        'the text contains the lone surrogate "\\ud83d", half of a character',
        "write the whole character, or leave it out",
    ),
    "a naive time": (
        with_("22:00:00+01:00", "22:00:00"),
        "sessions[0].departure",
        "session car-1: departure 2026-03-02T22:00:00 has no offset to UTC",
        "write 2026-03-02T22:00:00+01:00 if it is local time of Europe/Berlin",
    ),
    "departure before arrival": (
        with_("22:00:00+01:00", "17:40:00+01:00"),
        "sessions[0].departure",
        "session car-1: departure 2026-03-02T17:40:00+01:00 is not after arrival 2026-03-02T18:00:00+01:00",
        "correct one of them, or leave out departure if it is unknown",
    ),
    "an unknown EVSE": (
        with_('"evse": "bay-2"', '"evse": "bay-9"'),
        "sessions[1].evse",
        "session car-2: EVSE bay-9 does not exist",
        "write one of bay-1, bay-2, or add it to site.evses",
    ),
    "two sessions at one EVSE at once": (
        with_('"evse": "bay-2"', '"evse": "bay-1"'),
        "sessions[1].arrival",
        "session car-2 arrives at EVSE bay-1 at 2026-03-02T18:00:00+01:00, "
        "but session car-1 stays until 2026-03-02T22:00:00+01:00",
        "an EVSE serves one vehicle at a time: correct these times, or write the departure of session car-1",
    ),
    "a limit below zero": (
        with_('"import_limit_kw": 50', '"import_limit_kw": -50'),
        "site.nodes[0].import_limit_kw",
        "node grid: import_limit_kw is -50, below 0",
        "write a number of at least 0",
    ),
    "a price gap": (
        price(steps(17, 18, 19, 21, 22, 23)),
        "tariff.import_price.steps[3]",
        "price gap: no step for 2026-03-02T20:00:00+00:00",
        "add these steps; repeat the price where it did not change",
    ),
    "a time that a DST day skips": (
        with_("2026-03-02T22:00:00+01:00", "2026-03-29T02:30:00"),
        "sessions[0].departure",
        "session car-1: departure 2026-03-29T02:30:00 does not exist in Europe/Berlin",
        "the clock is moved ahead then: write 2026-03-29T01:30:00+01:00 or 2026-03-29T03:30:00+02:00",
    ),
    "a time that a DST day repeats": (
        with_("2026-03-02T22:00:00+01:00", "2026-10-25T02:30:00"),
        "sessions[0].departure",
        "session car-1: departure 2026-10-25T02:30:00 happens twice in Europe/Berlin",
        "write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00",
    ),
    "a key that is there twice": (
        with_('"energy_target_kwh": 9.5', '"energy_target_kwh": 9.5, "energy_target_kwh": 95'),
        "sessions[1].energy_target_kwh",
        'the key "energy_target_kwh" is there twice in one object',
        "keep one of them",
    ),
    "nesting too deep": (
        with_('"car-1"', "[" * 40 + "]" * 40),
        "sessions[0].id" + "[0]" * 29,
        "objects and lists are nested more than 32 deep",
        "a scenario needs eight levels: check for brackets that are not closed",
    ),
    "nesting without end": (
        "[" * 200_000,
        "",
        "objects and lists are nested more than 32 deep",
        "a scenario needs eight levels: check for brackets that are not closed",
    ),
    "a comma too much": (
        '{"site": {},}',
        "",
        "not JSON: ",
        "correct the document there; JSON has no comments or trailing commas",
    ),
    "bytes that are no UTF-8": (
        b'{\n"site": "caf\xe9"}',
        "",
        "byte 0xe9 in line 2 is not UTF-8",
        "save the document as UTF-8",
    ),
    "nothing at all": (b"", "", "not JSON: Expecting value in line 1, column 1", "correct the document there"),
    "a list of scenarios": ("[]", "", "this is no scenario: it has neither site nor evses", 'write {"site": ...'),
    "neither form": ("{}", "", "this is no scenario: it has neither site nor evses", 'write {"site": ...'),
    "both forms": (
        with_('"site"', '"evses": [], "site"'),
        "evses",
        "unknown field evses",
        "remove it; known are site, sessions",
    ),
    "a step without value": (
        price('{"steps": [{"start": "2026-03-02T17:00:00Z"}]}'),
        "tariff.import_price.steps[0].value",
        "value is missing",
        "add it: a number",
    ),
    "a word for a price": (
        price('"dear"'),
        "tariff.import_price",
        '"dear" is not a number or an object',
        "write a number, or an object with rates, or an object with steps",
    ),
    "an object that is no form of a price": (
        price("{}"),
        "tariff.import_price",
        "an object is not a number or an object",
        "write a number, or an object with rates, or an object with steps",
    ),
    "a fourth phase": (
        with_('"import_limit_kw": 50', '"current_limit_a": {"L1": 63, "L4": 63}'),
        "site.nodes[0].current_limit_a.L4",
        "unknown field L4",
        "remove it; known are L1, L2, L3",
    ),
    "a word in a step of a limit of a phase": (
        with_('"import_limit_kw": 50', '"current_limit_a": {"L2": [{"start": "2026-03-02T17:00:00Z", "value": "x"}]}'),
        "site.nodes[0].current_limit_a.L2[0].value",
        '"x" is not a number',
        "write a number",
    ),
    "a quick form with an unknown field": (
        with_('"energy_kwh"', '"energy"', QUICK),
        "evses[0].car.energy",
        "unknown field energy",
        "write energy_kwh",
    ),
    "a quick form with a power below zero": (
        with_("11", "-11", QUICK),
        "evses[0].max_power_kw",
        "EVSE bay-1: max_power_kw is -11, below 0",
        "write a number of at least 0",
    ),
}


@pytest.mark.parametrize(("document", "path", "message", "remedy"), BAD.values(), ids=BAD)
def test_a_bad_document_is_told_with_its_place_and_the_way_out(
    document: str | bytes, path: str, message: str, remedy: str
) -> None:
    found = [finding for finding in findings_of(document) if finding.path == path]
    assert len(found) == 1, findings_of(document)
    assert found[0].message.startswith(message)
    assert found[0].remedy.startswith(remedy)


def test_all_findings_of_a_document_are_told_at_once() -> None:
    document = with_("9.5", "NaN", with_('"car-1"', '"\\ud83d"', with_("11}", '11, "kw": 1}', price('"dear"'))))
    assert {finding.path for finding in findings_of(document)} == {
        "sessions[0].id",
        "sessions[1].energy_target_kwh",
        "site.evses[0].kw",
        "tariff.import_price",
    }


def test_only_what_is_optional_may_be_left_out() -> None:
    (needed,) = findings_of(with_('"id": "yard"', '"id": 3'))
    (optional,) = findings_of(with_("9.5", '"x"'))
    assert needed.remedy == "write a text"
    assert optional.remedy == "write a number, or leave it out"


def test_the_way_out_of_a_range_names_its_ends() -> None:
    (limit,) = findings_of(with_('"import_limit_kw": 50', '"import_limit_kw": -50'))
    (share,) = findings_of(with_('"import_limit_kw": 50', '"import_limit_kw": 50, "continuous_factor": 80'))
    assert limit.remedy == "write a number of at least 0"
    assert share.remedy == "write a number of at least 0.01 and at most 1"


def test_a_finding_names_the_thing_that_it_is_about() -> None:
    (finding,) = findings_of(with_("9.5", '"9.5"'))
    assert finding.ids == ("car-2",)


def test_a_huge_input_is_not_echoed() -> None:
    findings = findings_of(with_('"bay-1", "node"', f'"bay-1", "{"x" * 100_000}": 1, "node"'))
    assert all(len(str(finding)) < 1000 for finding in findings)
    findings = findings_of(with_("9.5", f'"{"9" * 100_000}"'))
    assert all(len(str(finding)) < 1000 for finding in findings)


def test_of_very_many_findings_the_first_ones_are_told_and_how_many_there_are() -> None:
    unknown = ", ".join(f'"a{i}": 0' for i in range(1000))
    findings = findings_of(with_('"currency"', f'{unknown}, "currency"'))
    assert len(findings) == MOST_FINDINGS + 1
    assert findings[-1].message == "there are 800 more findings"


def test_a_message_can_be_printed_on_any_terminal() -> None:
    document = with_('"car-1"', '"\\u001b[31m\\n\\ud83d"')
    assert all(str(finding).isprintable() and str(finding).encode() for finding in findings_of(document))


def test_a_document_of_everything_has_no_findings() -> None:
    scenario = read_scenario(RICH)
    assert read_scenario(scenario_json(scenario)) == scenario


def test_a_byte_order_mark_is_no_part_of_a_document() -> None:
    assert read_scenario(b"\xef\xbb\xbf" + FULL.encode()) == read_scenario("\ufeff" + FULL) == read_scenario(FULL)


def test_an_offset_is_kept_as_it_was_written() -> None:
    scenario = read_scenario(FULL)
    assert scenario.sessions[0].arrival.isoformat() == "2026-03-02T18:00:00+01:00"
    assert '"arrival":"2026-03-02T18:00:00+01:00"' in scenario_json(scenario)


def test_what_was_not_given_is_not_written() -> None:
    written = json.loads(scenario_json(read_scenario(FULL)))
    assert set(written) == {"site", "sessions", "tariff"}
    assert set(written["sessions"][1]) == {"id", "evse", "arrival", "energy_target_kwh"}


def test_one_unknown_phase_is_not_the_default_of_three() -> None:
    document = with_('"max_power_kw": 11', '"max_power_kw": 11, "phases": null')
    scenario = read_scenario(document)
    assert scenario.site.evses[0].phases is None
    assert read_scenario(scenario_json(scenario)) == scenario


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios())
def test_a_scenario_comes_back_from_json_as_it_was(scenario: Scenario) -> None:
    document = scenario_json(scenario)
    again = read_scenario(document)
    assert again == scenario
    assert scenario_json(again) == document


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(scenarios())
def test_the_schema_accepts_every_scenario(scenario: Scenario) -> None:
    assert VALIDATOR.is_valid(json.loads(scenario_json(scenario, indent=2)))


VALIDATOR = Draft202012Validator(json_schema())


def test_the_schema_describes_both_forms_and_refuses_unknown_fields() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert VALIDATOR.is_valid(json.loads(FULL))
    assert VALIDATOR.is_valid(json.loads(QUICK))
    assert not VALIDATOR.is_valid(json.loads(with_('"currency"', '"curency"')))
    assert not VALIDATOR.is_valid(json.loads(with_('"max_power_kw"', '"power"', QUICK)))


def test_the_checked_in_schema_is_the_one_of_the_domain() -> None:
    checked_in = Path(scenario_module.__file__).with_name("scenario.schema.json").read_text(encoding="utf-8")
    assert checked_in == schema_text(), "run: python -m models.domain.wire > models/domain/scenario.schema.json"


def test_every_member_of_a_union_is_known_to_the_findings() -> None:
    """Their names are dropped from paths, so none may be missing, and no field may have one."""
    fields = [field for d in json_schema()["$defs"].values() for field in d.get("properties", {}).items()]
    assert {member for _, options in fields for member in _members(options)} == _BRANCHES
    assert not {name for name, _ in fields} & _BRANCHES


def _members(options: dict[str, Any]) -> list[str]:
    """As pydantic names them."""
    members = [option for option in options.get("anyOf", ()) if option.get("type") != "null"]
    return [_name(member) for member in members] if len(members) > 1 else []


def _name(member: dict[str, Any]) -> str:
    if member.get("type") == "array":
        return f"tuple[{_name(member['items'])}, ...]"
    return "float" if member.get("type") == "number" else str(member["$ref"]).rpartition("/")[2]


def _refused_or_read(document: bytes | str) -> None:
    """A scenario that can be completed, or InvalidScenario, and nothing else."""
    told: tuple[Finding, ...] | None = None
    try:
        complete(read_scenario(document, now=NOW))
    except InvalidScenario as refused:
        told = refused.findings
    assert told is None or all(finding.message and finding.remedy and str(finding).encode() for finding in told)
    assert told != ()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_findings(document: bytes) -> None:
    _refused_or_read(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-03-02T18:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    return [place for key in keys for place in ((tree, key), *_places(tree[key]))]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.sampled_from([FULL, RICH, QUICK]), st.data())
def test_a_document_with_anything_at_any_place_is_read_or_refused_with_findings(text: str, data: st.DataObject) -> None:
    tree = json.loads(text)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(_places(tree)))
        container[key] = data.draw(JSON)
    _refused_or_read(json.dumps(tree))


HOSTILE = (0, -1, 1e-300, 1e308, -1e308, 1e9, 10**30, "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "")


@pytest.mark.parametrize("hostile", HOSTILE, ids=map(str, HOSTILE))
@pytest.mark.parametrize("text", [RICH, QUICK], ids=["full", "quick"])
def test_an_extreme_value_at_any_place_is_read_or_refused_with_findings(text: str, hostile: object) -> None:
    _refused_or_read(text)
    for i in range(len(_places(json.loads(text)))):
        tree = json.loads(text)
        container, key = _places(tree)[i]
        container[key] = hostile
        _refused_or_read(json.dumps(tree))
