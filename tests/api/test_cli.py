"""The command: what it prints, what it writes, how it ends; never with a traceback."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api import cli
from api.commands.later import COMMANDS
from api.doctor import Check
from api.planning import Answer
from api.report import print_report
from api.settings import ServiceSettings
from models import samples


def run(environment: dict[str, str], *arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """The command as a user runs it."""
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(command, env=environment, input=stdin, capture_output=True, timeout=120, check=False)


def ended(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    """The same in this process, which is ten times faster: exit code, output, errors."""
    monkeypatch.setattr(sys, "argv", ["chargewright", *arguments])
    monkeypatch.setenv("COLUMNS", "160")
    with pytest.raises(SystemExit) as end:
        cli.main()
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


@pytest.fixture
def chargewright(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda *arguments: ended(capsys, monkeypatch, *map(str, arguments))


def test_a_plan_says_who_gets_how_much_when_and_at_what_cost(chargewright: Any, yard_file: Path) -> None:
    code, told, _ = chargewright("plan", yard_file)

    assert code == 0
    row = next(line for line in told.splitlines() if "car-1" in line)
    assert "bay-1" in row
    assert "11.0" in row
    assert "1.10" in row
    assert "08:00-09:00" in row, "07:00 to 08:00 UTC is 08:00 to 09:00 in Berlin"
    (paid,) = (line for line in told.splitlines() if line.startswith("to pay"))
    assert paid.split()[-2:] == ["1.10", "3.30"]
    assert "Audit:" in told


def test_the_load_chart_has_a_full_hour_at_half_the_limit(chargewright: Any, yard_file: Path) -> None:
    _, told, _ = chargewright("plan", yard_file)

    planned = next(line for line in told.splitlines() if " planned" in line and "Mon" in line)
    unplanned = next(line for line in told.splitlines() if " no plan" in line and "Mon" in line)
    assert planned.rstrip().endswith("··▄▄"), "11 of 22 kW from 08:00 to 09:00 local time"
    assert unplanned.rstrip().endswith("▄▄··")


def test_what_a_roof_gives_and_what_is_held_back_is_told(
    chargewright: Any, yard_file: Path, yard: dict[str, Any]
) -> None:
    yard["site"]["nodes"][0]["export_limit_kw"] = 3.0
    yard["site"]["pv_plants"] = [
        {"id": "roof", "node": yard["site"]["nodes"][0]["id"], "expected_kw": 5, "curtailable": True}
    ]
    yard_file.write_text(json.dumps(yard))

    code, told, _ = chargewright("plan", yard_file)

    assert code == 0
    assert "PV roof: 10.0 kWh expected, 4.0 kWh of it curtailed." in told, "2 h of 5 kW, 3 of which may leave"


def test_what_a_battery_draws_and_gives_back_is_told(chargewright: Any, yard_file: Path, yard: dict[str, Any]) -> None:
    battery = {"id": "bank", "node": yard["site"]["nodes"][0]["id"], "capacity_kwh": 10, "max_charge_kw": 0}
    battery |= {"max_discharge_kw": 2, "charge_efficiency": 1, "discharge_efficiency": 0.5, "energy_at_start_kwh": 4}
    yard["site"]["batteries"] = [battery | {"terminal_value_per_kwh": 0}]
    yard_file.write_text(json.dumps(yard))

    code, told, _ = chargewright("plan", yard_file)

    assert code == 0
    sentence = "Battery bank: 0.0 kWh drawn, 2.0 kWh given back; 4.0 kWh inside at first, 0.0 kWh at the end."
    assert sentence in told, "half of 4 kWh comes back, and the car takes it"


def test_what_a_car_misses_is_told_with_a_reason(chargewright: Any, yard_file: Path, yard: dict[str, Any]) -> None:
    yard["site"]["nodes"][0]["import_limit_kw"] = 4.0
    yard_file.write_text(json.dumps(yard))

    code, told, _ = chargewright("plan", yard_file)

    assert code == 0, "an unreachable wish is no error"
    assert "3.0 kWh" in next(line for line in told.splitlines() if "car-1" in line), "11 - 2 h x 4 kW"
    assert "1 of them miss 3.0 kWh" in told


def test_the_document_goes_to_a_file_or_to_standard_output(chargewright: Any, yard_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.json"

    assert chargewright("plan", yard_file, "--json", out)[0] == 0
    code, told, report = chargewright("plan", yard_file, "--ocpp", "1.6", "--json", "-")

    assert code == 0
    assert json.loads(out.read_text())["comparison"]["cost"] == pytest.approx(1.10)
    assert json.loads(told)["ocpp"]["version"] == "1.6"
    assert "Audit:" in report, "the report makes room for the document"


def test_standard_input_is_read(environment: dict[str, str], yard_file: Path) -> None:
    done = run(environment, "plan", "-", stdin=yard_file.read_bytes())

    assert done.returncode == 0, done.stderr
    assert b"car-1" in done.stdout


@pytest.mark.parametrize("name", samples.names())
def test_every_sample_plans_and_passes_its_audit(chargewright: Any, name: str) -> None:
    code, told, _ = chargewright("plan", f"sample:{name}")

    assert code == 0, told[-2000:]


def test_samples_are_listed_with_a_line_each(chargewright: Any) -> None:
    code, told, _ = chargewright("samples")

    assert code == 0
    assert all(f"sample:{name}" in told for name in samples.names())


def test_a_good_scenario_is_called_valid(chargewright: Any, yard_file: Path) -> None:
    code, told, _ = chargewright("validate", yard_file)

    assert (code, told.strip()) == (0, "valid: 1 EVSEs, 1 sessions, 0 visits")


def test_all_findings_are_told_at_once(chargewright: Any, yard_file: Path, yard: dict[str, Any]) -> None:
    yard["sessions"][0] |= {"evse": "bay-9", "departure": "2026-03-02T05:00:00Z"}
    yard_file.write_text(json.dumps(yard))

    code, _, told = chargewright("validate", yard_file)

    assert code == 2
    assert "sessions[0].evse" in told
    assert "sessions[0].departure" in told
    assert told.count("->") >= 2


def test_doctor_finds_the_known_optimum(chargewright: Any) -> None:
    code, told, _ = chargewright("doctor")

    assert code == 0, told
    assert "1.100000 EUR" in told
    assert all(package in told for package in ("highspy", "numpy", "time zones"))


def test_doctor_fails_when_the_solver_does(chargewright: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.doctor.solver_check", lambda: Check("solver", False, "cost 9"))

    code, told, _ = chargewright("doctor")

    assert code == 1
    assert "FAIL" in told


IMPOSSIBLE = {"max_power_kw": None, "max_current_a": 10.0, "min_current_a": 16.0}
BAD_SOURCES = {
    "no such file": ("nowhere.json", b"", 2, "No such file"),
    "a folder": (".", b"", 2, "directory"),
    "no such sample": ("sample:atlantis", b"", 2, "caltech-garage"),
    "not JSON": ("-", b"site: yard", 2, "JSON"),
    "nothing": ("-", b"", 2, ""),
    "not UTF-8": ("-", b'{"site": "\xff"}', 2, ""),
    "an array": ("-", b"[]", 2, ""),
    "NaN": ("-", b'{"import_limit_kw": NaN, "evses": []}', 2, "NaN"),
    "a lone surrogate": ("-", b'{"import_limit_kw": 22, "evses": [{"id": "\\ud800"}]}', 2, ""),
    "deep nesting": ("-", b"[" * 100_000, 2, ""),
    "a null byte in the name": ("a\0b", b"", 2, ""),
}


@pytest.mark.parametrize("name", BAD_SOURCES)
def test_a_bad_source_ends_with_a_sentence(
    chargewright: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    source, stdin, expected, part = BAD_SOURCES[name]
    content = tmp_path / "stdin"
    content.write_bytes(stdin)
    with content.open(encoding="latin-1") as text:
        monkeypatch.setattr(sys, "stdin", text)
        code, _, told = chargewright("plan", source)

    assert code == expected
    assert part in told
    assert told.strip()
    assert "Traceback" not in told


def test_contradictory_data_of_a_device_end_with_3(chargewright: Any, yard_file: Path, yard: dict[str, Any]) -> None:
    yard["site"]["evses"][0] |= IMPOSSIBLE
    yard_file.write_text(json.dumps(yard))

    code, _, told = chargewright("plan", yard_file)

    assert code == 3
    assert "bay-1" in told


def test_a_plan_that_its_audit_refuses_ends_with_1_and_sends_nothing(
    chargewright: Any, yard_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from optimizer.audit import audit

    refuse = lambda *given, **kept: replace(audit(*given, **kept), passed=False)  # noqa: E731
    monkeypatch.setattr("optimizer.ladder.audit", refuse)
    out = tmp_path / "plan.json"

    code, _, _ = chargewright("plan", yard_file, "--ocpp", "2.0.1", "--json", out)

    assert code == 1
    assert json.loads(out.read_text())["ocpp"]["messages"] == []


COMMAND_LINES = {
    "no command": ([], 2),
    "an unknown command": (["fly"], 2),
    "an unknown option": (["plan", "sample:caltech-garage", "--fast"], 2),
    "an unknown version": (["plan", "sample:caltech-garage", "--ocpp", "3.0"], 2),
    "a missing scenario": (["plan"], 2),
    "a folder that is not there for the answer": (["plan", "YARD", "--json", "no/such/folder/plan.json"], 2),
    "a folder that is not there for the picture": (["plan", "YARD", "--plot", "no/such/folder/plan.html"], 2),
    "a service that could answer nobody": (["serve", "--port", "0"], 2),
    "a key for a tenant that is none": (["keys", "create", "--tenant", "Not A Tenant"], 2),
    "a key for a scope that is none": (["keys", "create", "--tenant", "acme", "--scope", "everything"], 2),
    "a key that is not there": (["keys", "revoke", "000000000000"], 1),
    "a port that is none": (["serve", "--port", "123456"], 2),
}


@pytest.mark.parametrize("name", COMMAND_LINES)
def test_no_traceback_reaches_the_user(environment: dict[str, str], yard_file: Path, name: str) -> None:
    arguments, code = COMMAND_LINES[name]

    done = run(environment, *(str(yard_file) if part == "YARD" else part for part in arguments))

    assert done.returncode == code
    assert done.stdout + done.stderr
    assert b"Traceback" not in done.stdout + done.stderr


def test_an_error_of_ours_is_a_sentence_too(
    chargewright: Any, yard_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("api.planning.plan", broken)

    code, _, told = chargewright("plan", yard_file)

    assert code == 1
    assert "ZeroDivisionError" in told
    assert "Traceback" not in told


def test_a_terminal_that_knows_only_ascii_gets_its_plan(environment: dict[str, str], yard_file: Path) -> None:
    done = run(environment | {"PYTHONIOENCODING": "ascii"}, "plan", str(yard_file))

    assert done.returncode == 0, done.stderr
    assert b"car-1" in done.stdout


def test_a_narrow_terminal_gets_its_plan(yard_answer: Answer) -> None:
    from io import StringIO

    from rich.console import Console

    from api.build_document import document

    told = StringIO()
    print_report(document(yard_answer), Console(file=told, width=60))

    assert max(map(len, told.getvalue().splitlines())) <= 67, "the chart alone is as wide as a day"


def test_help_names_every_command() -> None:
    told = CliRunner().invoke(cli.app, ["--help"]).output

    assert all(name in told for name in ("plan", "samples", "validate", "doctor", "serve", "demo", *COMMANDS))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_imported_later_explains_itself(name: str) -> None:
    done = CliRunner().invoke(cli.app, [name, "--help"])

    assert done.exit_code == 0, done.output
    assert f"{name} [OPTIONS]" in done.output


def test_no_command_waits_for_what_others_import(environment: dict[str, str]) -> None:
    seen = (
        "import sys, api.cli\nprint([m for m in ('highspy', 'pydantic', 'plotly', 'sqlalchemy') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", seen], env=environment, capture_output=True, timeout=60, check=True)

    assert done.stdout.strip() == b"[]"


def test_planning_loads_no_web_framework_and_no_plots(environment: dict[str, str], yard_file: Path) -> None:
    seen = "import sys; from api import cli; sys.argv = ['c', 'plan', sys.argv[1]]\ntry: cli.main()\nfinally: "
    seen += "print('LOADED', [m for m in ('fastapi', 'plotly', 'pyomo', 'uvicorn') if m in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", seen, str(yard_file)], env=environment, capture_output=True, timeout=60, check=False
    )

    assert b"LOADED []" in done.stdout, done.stderr


def test_the_environment_sets_the_longest_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGEWRIGHT_MAX_BODY_BYTES", "2048")

    assert ServiceSettings().max_body_bytes == 2048


def test_the_demo_tells_five_days_and_draws_one(chargewright: Any, tmp_path: Path) -> None:
    page = tmp_path / "demo.html"

    code, told, _ = chargewright("demo", "--page", page)

    assert code == 0
    peaks = [float(line[40:].split()[0]) for line in told.splitlines() if " kW " in line and " % " in line + " "]
    assert len(peaks) == 5
    assert peaks[1] < peaks[0], "a plan that does not lower the peak is no story"
    assert page.stat().st_size > 1_000_000, "the picture carries its own script"


def test_without_time_for_the_solver_a_rule_stands_in_and_is_told(
    chargewright: Any, yard_file: Path, tmp_path: Path
) -> None:
    """A microsecond: the first rule is made all the same, and charges the car at once for 3.30 EUR."""
    out = tmp_path / "plan.json"

    code, told, _ = chargewright("plan", yard_file, "--deadline", "0.000001", "--json", out)

    document = json.loads(out.read_text())
    assert code == 0, "a plan is a plan"
    assert document["method"] == "earliest_deadline_first"
    assert document["comparison"]["cost"] == pytest.approx(3.30)
    assert "optimal: missing; no time was left for the solver" in told
    assert "Audit: passed" in told


def test_a_solver_fault_ends_in_a_plan_with_its_reason(
    chargewright: Any, yard_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.faults.solvers import fails

    monkeypatch.setattr("optimizer.ladder.improving", fails)

    code, told, _ = chargewright("plan", yard_file)

    assert code == 0
    assert "Plan: earliest_deadline_first" in told
    assert "optimal: missing; SolverFault: the solver ended as kSolveError" in told


def test_an_optimum_is_told_without_the_plans_that_it_beats(chargewright: Any, yard_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.json"

    _, told, _ = chargewright("plan", yard_file, "--json", out)

    first, *others = json.loads(out.read_text())["candidates"]
    assert "Plan: optimal" in told
    assert "fail_safe" not in told
    assert (first["method"], first["standing"], first["objective"]) == ("optimal", "chosen", pytest.approx(1.10))
    assert others[-1]["method"] == "fail_safe"


def test_without_time_the_plan_before_is_carried_over(chargewright: Any, yard_file: Path, tmp_path: Path) -> None:
    """It charges in the cheap hour for 1.10 EUR; a rule would charge at once for 3.30 EUR."""
    before, out = tmp_path / "before.json", tmp_path / "plan.json"
    chargewright("plan", yard_file, "--json", before)

    code, told, _ = chargewright("plan", yard_file, "--deadline", "0.000001", "--previous", before, "--json", out)

    document = json.loads(out.read_text())
    assert code == 0
    assert document["method"] == "carried_over"
    assert document["comparison"]["cost"] == pytest.approx(1.10)
    assert document["sessions"][0]["setpoints"] == json.loads(before.read_text())["sessions"][0]["setpoints"]
    assert "Plan: carried_over" in told


@pytest.mark.parametrize("name", samples.names())
def test_the_plan_of_a_sample_is_read_back_and_carried_over_as_it_was(
    chargewright: Any, tmp_path: Path, name: str
) -> None:
    before, out = tmp_path / "before.json", tmp_path / "plan.json"
    chargewright("plan", f"sample:{name}", "--json", before)

    chargewright("plan", f"sample:{name}", "--deadline", "0.000001", "--previous", before, "--json", out)

    energy = {one["session_id"]: own_energy_kwh(one) for one in json.loads(before.read_text())["sessions"]}
    document = json.loads(out.read_text())
    assert document["method"] == "carried_over"
    assert {s["session_id"]: s["energy_kwh"] for s in document["sessions"]} == pytest.approx(energy, abs=0.01)


def own_energy_kwh(session: dict[str, Any]) -> float:
    """Without what a car charges only to give it back: a plan that is carried over gives nothing back."""
    energy = session["energy_kwh"]
    return float(min(energy, session["energy_remaining_kwh"]) if session["energy_given_back_kwh"] else energy)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"sessions": []}'])
def test_what_is_no_plan_cannot_be_the_plan_before(
    chargewright: Any, yard_file: Path, tmp_path: Path, content: bytes
) -> None:
    before = tmp_path / "before.json"
    before.write_bytes(content)

    code, _, told = chargewright("plan", yard_file, "--previous", before)

    assert code == 2
    assert "not the document of a plan" in told


@pytest.mark.parametrize("broken", [{"instants": []}, {"method": "magic"}, {"instants": ["2026-03-02T06:00:00Z"]}])
def test_a_plan_before_whose_times_do_not_fit_together_is_refused(
    chargewright: Any, yard_file: Path, tmp_path: Path, broken: dict[str, Any]
) -> None:
    before = tmp_path / "before.json"
    chargewright("plan", yard_file, "--json", before)
    before.write_text(json.dumps(json.loads(before.read_text()) | broken))

    code, _, told = chargewright("plan", yard_file, "--previous", before)

    assert (code, "not the document of a plan" in told) == (2, True)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "86401"])
def test_a_deadline_that_is_none_is_refused(chargewright: Any, yard_file: Path, seconds: str) -> None:
    code, _, told = chargewright("plan", yard_file, "--deadline", seconds)

    assert code == 2
    assert "deadline" in told


def test_the_environment_sets_the_deadline_of_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGEWRIGHT_DEADLINE_S", "2.5")

    assert ServiceSettings().deadline_s == 2.5


def test_a_contract_tells_how_far_and_for_how_much_it_is_exceeded(chargewright: Any) -> None:
    case = Path(__file__).parents[1] / "cases" / "contracted-capacity" / "scenario.json"

    code, told, _ = chargewright("plan", case)

    assert code == 0
    assert "Contract transport:import: 4.0 kWh above its limit, 2.0 kW at most." in told
    (row,) = (line for line in told.splitlines() if line.startswith("above contracts"))
    assert row.split()[-2] == "6.00"
