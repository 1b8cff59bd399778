"""The pages keep step with the code: blocks, dims and units, fields, JSON that can be copied, links."""

import dataclasses
import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from math import nan
from pathlib import Path
from typing import Any

import pytest

import models.domain
import optimizer.instance
from api.demo import tell
from api.problems import TABLE
from models import samples
from models.domain.completion import complete
from models.domain.scenario import Scenario
from models.domain.wire import read_scenario
from optimizer.audit import audit
from optimizer.backends.highs import Solver
from optimizer.goals import GoalSolver
from optimizer.instance import instance_of
from optimizer.optimize import optimize
from optimizer.program import Block, LinearProgram
from optimizer.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
NOMENCLATURE = DOCS / "nomenclature.md"

EVERY_BLOCK = """{
  "site": {
    "id": "every-block",
    "time_zone": "Europe/Berlin",
    "voltage_v": 230,
    "nodes": [
      {"id": "grid", "kind": "connection", "import_limit_kw": 9, "export_limit_kw": 6,
       "continuous_factor": 1},
      {"id": "panel", "parent": "grid", "kind": "panel", "current_limit_a": 22, "continuous_factor": 1}
    ],
    "evses": [
      {"id": "a", "node": "panel", "wiring": "line_to_line", "phases": ["L1", "L2"], "max_current_a": 32},
      {"id": "b", "node": "panel", "wiring": "line_to_line", "phases": ["L2", "L3"], "max_current_a": 32},
      {"id": "c", "node": "grid", "max_power_kw": 11},
      {"id": "d", "node": "grid", "max_power_kw": 4}
    ],
    "base_loads": [{"node": "grid", "expected_kw": -4, "high_kw": 0}],
    "pv_plants": [{"id": "roof", "node": "grid", "expected_kw": 3, "curtailable": true}],
    "batteries": [{"id": "bank", "node": "grid", "capacity_kwh": 10, "max_charge_kw": 5, "max_discharge_kw": 4,
                   "charge_efficiency": 0.9, "discharge_efficiency": 0.8, "energy_at_start_kwh": 3}],
    "tiers": [{"id": "all", "value_of_target_per_kwh": 5}],
    "guarantees": {"first_kwh": 1}, "green_price_per_kg": 0.1
  },
  "sessions": [
    {"id": "a", "evse": "a", "arrival": "2026-03-02T06:00:00Z", "departure": "2026-03-02T08:00:00Z",
     "energy_target_kwh": 14, "energy_minimum_kwh": 10},
    {"id": "b", "evse": "b", "arrival": "2026-03-02T06:00:00Z", "departure": "2026-03-02T08:00:00Z",
     "energy_target_kwh": 14, "energy_minimum_kwh": 10},
    {"id": "c", "evse": "c", "arrival": "2026-03-02T06:00:00Z", "departure": "2026-03-02T10:00:00Z",
     "energy_target_kwh": 30, "charging_preference": "green"},
    {"id": "d", "evse": "d", "arrival": "2026-03-02T06:00:00Z", "time_price_per_h": 1,
     "still_there": [{"start": "2026-03-02T06:00:00Z", "value": 1}, {"start": "2026-03-02T07:00:00Z", "value": 0}],
     "still_wants": [{"up_to_kwh": 2, "chance": 0.9}, {"up_to_kwh": 4, "chance": 0.4}]}
  ],
  "tariff": {"currency": "EUR", "import_price": 0.3, "carbon_intensity": 0.4,
             "change_price_per_kwh": 0.01, "demand_charges": [{"id": "month", "rate_per_kw": 10,
                                 "tiers": [{"above_kw": 5, "rate_per_kw": 12}]}],
             "contracts": [{"id": "transport", "import_limit_kw": 8, "price_per_kw": 2}]},
  "signals": [{"kind": "cap", "id": "dimmed", "start": "2026-03-02T06:00:00Z", "end": "2026-03-02T07:00:00Z",
               "evses": ["a", "c"], "rule": "enwg_14a"},
              {"kind": "event", "id": "less", "start": "2026-03-02T06:30:00Z", "end": "2026-03-02T07:00:00Z",
               "direction": "reduce", "baseline_kw": 3, "committed_kw": 2, "payment_per_kwh": 0.5,
               "penalty_per_kwh": 0.2, "pays_from_share": 0.5, "reference_kw": 3,
               "rebound": {"limit_kw": 2, "price_per_kwh": 0.2},
               "freeze": {"start": "2026-03-02T07:30:00Z", "end": "2026-03-02T08:00:00Z", "price_per_kwh": 0.1}},
              {"kind": "dispatch", "id": "set", "start": "2026-03-02T07:00:00Z", "end": "2026-03-02T08:00:00Z",
               "setpoint_kw": 1, "price_above_per_kwh": 0.4, "price_below_per_kwh": 0.2}],
  "previous": [{"session": "c", "charge_power_kw": [{"start": "2026-03-02T06:00:00Z", "value": 5}],
                "end": "2026-03-02T07:00:00Z"}],
  "installed": [{"evse": "c", "profiles": [{"power_kw": 4}]}],
  "horizon": {"start": "2026-03-02T06:00:00Z", "stretches": [{"count": 8, "minutes": 15}]}
}"""
"""Promises of 20 kWh that 9 kW cannot keep in two hours, unequal currents between lines, generation, and the rest."""

BOTH_AT_ONCE = b"""{
  "site": {
    "id": "both", "voltage_v": 230,
    "nodes": [{"id": "grid", "export_limit_kw": 50, "continuous_factor": 1}],
    "evses": [{"id": "a", "node": "grid", "max_current_a": 16, "max_discharge_kw": 10}],
    "batteries": [{"id": "box", "node": "grid", "capacity_kwh": 10, "max_charge_kw": 5, "max_discharge_kw": 5,
                   "charge_efficiency": 0.9, "discharge_efficiency": 0.9, "energy_at_start_kwh": 2}]
  },
  "sessions": [
    {"id": "a", "evse": "a", "arrival": "2026-03-02T06:00:00Z", "departure": "2026-03-02T09:00:00Z",
     "soc": 0.1, "soc_target": 0.1, "allows_discharge": true,
     "vehicle": {"id": "van", "battery_capacity_kwh": 40, "max_discharge_kw": 10,
                 "taper": [{"soc": 0.5, "power_kw": 11}, {"soc": 1, "power_kw": 2}]}}
  ],
  "tariff": {"currency": "EUR", "import_price": -0.1, "export_price": 0.1},
  "horizon": {"start": "2026-03-02T06:00:00Z", "stretches": [{"count": 3, "minutes": 60}]}
}"""
"""Whoever draws is paid and whoever gives back as well; a car below its reserve."""


def spelled(block: Block) -> str:
    """The name of a block on a page: a number at its end is told as what it counts."""
    counts = "rank" if block.name.startswith("promise_kept") else "r"
    return re.sub(r"_\d+(?=$|_excludes|_permits|_keeps)", f"_<{counts}>", block.name)


@cache
def blocks() -> Mapping[str, tuple[str, Block]]:
    """Whether column or row, and the block, by its name on a page: of every program that some solves are made of."""
    found: dict[str, tuple[str, Block]] = {}
    for program in programs():
        found |= {spelled(block): ("column", block) for block in program.columns.values() if block.size}
        found |= {spelled(block): ("row", block) for block in program.rows.values() if block.size}
    return found


def programs() -> list[LinearProgram]:
    """Every program that is loaded into the solver on the way to some plans, and the last ones with their cuts."""
    shared = (ROOT / "tests" / "golden" / "one-share" / "scenario.json").read_bytes()
    scenarios = [*map(samples.load, samples.names()), read_scenario(EVERY_BLOCK)]
    scenarios += [read_scenario(BOTH_AT_ONCE), read_scenario(shared)]
    loaded: list[LinearProgram] = []

    def recording(method: Callable[[Solver, LinearProgram], None]) -> Callable[[Solver, LinearProgram], None]:
        def recorded(solver: Solver, program: LinearProgram) -> None:
            loaded.append(program)
            method(solver, program)

        return recorded

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Solver, "load", recording(Solver.load))
        patch.setattr(Solver, "change", recording(Solver.change))
        for scenario in scenarios:
            solved = GoalSolver(instance_of(complete(scenario).scenario), Settings(steady=True)).solve()
            loaded += [solved.program, solved.money_program]
    return loaded


def table(heading: str) -> dict[str, tuple[tuple[str, ...], str]]:
    """Dims and unit by block, of a table of the nomenclature."""
    section = NOMENCLATURE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("|")]
    return {
        name.strip("`"): (tuple(re.findall(r"`(\w+)`", dims)), unit)
        for _, name, dims, unit, _ in cells
        if name.startswith("`")
    }


def test_every_block_of_a_solve_is_named_on_the_model_page() -> None:
    page = (DOCS / "model.md").read_text(encoding="utf-8")

    missing = [name for name in blocks() if f"`{name}`" not in page]

    assert missing == []


@pytest.mark.parametrize(("kind", "heading"), [("column", "Columns"), ("row", "Rows")])
def test_the_nomenclature_has_exactly_the_blocks_of_real_programs(kind: str, heading: str) -> None:
    real = {name: (block.dims, block.unit) for name, (of_kind, block) in blocks().items() if of_kind == kind}

    assert table(heading) == real


def test_every_field_of_the_nomenclature_exists() -> None:
    fields = known_fields()
    named = set(re.findall(r"`([A-Z]\w+\.[a-z_]\w*)`", NOMENCLATURE.read_text(encoding="utf-8")))

    assert len(named) > 50
    assert named - fields == set()


def known_fields() -> set[str]:
    """``Class.field`` for every dataclass of the domain and of the instance, properties included."""
    return {
        f"{name}.{field}"
        for package in (models.domain, optimizer.instance)
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        for name, kind in vars(importlib.import_module(module.name)).items()
        if isinstance(kind, type) and dataclasses.is_dataclass(kind)
        for field in [*(f.name for f in dataclasses.fields(kind)), *vars(kind)]
    }


def snippets(page: Path) -> list[Any]:
    """The JSON of a page, fragment by fragment."""
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)]


def laid_over(below: Any, above: Any) -> Any:
    """The fields of ``site`` and ``tariff`` one by one in place of those of ``below``, all others whole."""
    joined = {name: below.get(name, {}) | above[name] for name in ("site", "tariff") if name in above}
    return below | above | joined


def sites_of_the_scenario_page() -> Iterator[Scenario]:
    document: Any = {}
    for fragment in snippets(DOCS / "scenario.md"):
        document = laid_over(document, fragment)
        yield read_scenario(json.dumps(document))


def test_each_snippet_of_the_scenario_page_laid_over_those_before_it_can_be_planned() -> None:
    for scenario in (sites := list(sites_of_the_scenario_page())):
        report = audit(scenario, optimize(scenario))
        assert report.passed, report.verdict

    assert len(sites) >= 5


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md", "docs/api.md"])
def test_a_scenario_that_can_be_copied_from_a_page_can_be_planned(page: str) -> None:
    copied = [text for text in snippets(ROOT / page) if "evses" in text]

    assert copied
    for document in copied:
        scenario = read_scenario(json.dumps({"start": "2026-03-02T18:00:00Z"} | document))
        plan = optimize(scenario)
        assert audit(scenario, plan).passed
        assert sum(session.target_shortfall_kwh for session in plan.sessions) == pytest.approx(0.0, abs=1e-6)


def test_the_first_figures_of_the_readme_are_those_that_the_demo_prints(tmp_path: Path) -> None:
    rows = (re.split(r"\s{2,}", line.strip()) for line in tell(tmp_path / "demo.html"))
    told = {name: [number(cell) for cell in cells] for name, *cells in rows if len(cells) == 4}
    shown = list(rows_with_kilowatts(ROOT / "README.md"))

    assert len(shown) == 5
    for name, *cells in shown:
        # A plan that is followed blindly by other cars depends on which of equally cheap plans it is.
        precision = 0.05 if "about" in cells[0] else 1e-9
        assert [number(cell) for cell in cells] == pytest.approx(told[name], rel=precision)


def rows_with_kilowatts(page: Path) -> Iterator[list[str]]:
    for line in page.read_text(encoding="utf-8").splitlines():
        if re.search(r"\d kW +\|", line):
            yield [cell.strip() for cell in line.split("|")[1:-1]]


def number(cell: str) -> float:
    """The number in a cell such as ``1,617 USD``; NaN where there is none."""
    found = re.search(r"\d[\d,.]*", cell)
    return float(found[0].replace(",", "")) if found else nan


def test_the_api_page_has_every_kind_of_problem_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([\w-]+)` \|", (DOCS / "api.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert {(str(int(kind.status)), kind.name) for kind in TABLE.values()} - set(rows) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_to_files_of_the_repository(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)

    assert [target for target in targets if "://" not in target and not (page.parent / target).exists()] == []


def test_a_car_that_comes_and_leaves_inside_periods_does_not_split_them() -> None:
    """docs/decisions/0001: eight quarter hours stay eight when a car comes at 06:05 and leaves at 06:50."""
    scenario = read_scenario(EVERY_BLOCK)
    early, *others = scenario.sessions
    moved = replace(early, arrival=early.arrival.replace(minute=5), departure=early.arrival.replace(minute=50))

    plan = optimize(replace(scenario, sessions=(moved, *others)))

    assert plan.period_count == 8
    assert plan.sessions[0].plugged_in_h == pytest.approx([2 / 12, 1 / 4, 1 / 4, 1 / 12])
