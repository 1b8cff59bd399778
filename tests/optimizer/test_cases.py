"""Case folders under tests/cases: a scenario, figures of its plan known by hand, and a README that works them out.

``expected.json`` holds ``figures`` by path (``sessions.a.charge_power_kw``, ``costs.energy_import``), the
``tolerance`` with which they hold and ``because``, why it is that large; ``settings`` are those of the solve, if not
the defaults. On a path a name chooses an attribute, a key, or the element whose first field it equals.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.domain.wire import read_scenario
from optimizer.audit import audit
from optimizer.optimize import optimize
from optimizer.settings import Objective, Settings

CASES = Path(__file__).parents[1] / "cases"
NAMES = sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())
LARGEST_TOLERANCE = 0.01


def expected(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / case / "expected.json").read_text())
    return found


def settings_of(case: str) -> Settings:
    given = expected(case).get("settings", {})
    if "objective" in given:
        given = {**given, "objective": Objective(given["objective"])}
    return Settings(**given)


def figure(value: Any, path: str) -> Any:
    """What a path leads to; KeyError with the path where it leads nowhere."""
    for name in path.split("."):
        value = _step(value, name, path)
    return value


def _step(value: Any, name: str, path: str) -> Any:
    if isinstance(value, Mapping):
        return value[name]
    if isinstance(value, tuple):
        matching = [item for item in value if getattr(item, fields(item)[0].name) == name]
        if len(matching) != 1:
            raise KeyError(f"{path}: {len(matching)} elements are called {name}")
        return matching[0]
    if not hasattr(value, name):
        raise KeyError(f"{path}: {type(value).__name__} has no {name}")
    return getattr(value, name)


@pytest.mark.parametrize("case", NAMES)
def test_a_plan_has_the_figures_that_were_worked_out_by_hand(case: str) -> None:
    scenario = read_scenario((CASES / case / "scenario.json").read_bytes())
    told = expected(case)

    plan = optimize(scenario, settings_of(case))

    for path, value in told["figures"].items():
        np.testing.assert_allclose(figure(plan, path), value, rtol=0.0, atol=told["tolerance"], err_msg=path)


@pytest.mark.parametrize("case", NAMES)
def test_the_plan_of_a_case_passes_its_audit(case: str) -> None:
    scenario, settings = read_scenario((CASES / case / "scenario.json").read_bytes()), settings_of(case)

    report = audit(scenario, optimize(scenario, settings), partial_draw=settings.partial_draw)

    assert report.passed, report.breaks


@pytest.mark.parametrize("case", NAMES)
def test_a_case_says_how_its_figures_come_about_and_why_they_may_differ_by_its_tolerance(case: str) -> None:
    told = expected(case)

    assert "=" in (CASES / case / "README.md").read_text()
    assert told["figures"]
    assert told["because"]
    assert 0.0 < told["tolerance"] <= LARGEST_TOLERANCE


def test_every_equation_of_the_model_page_has_a_case_known_by_hand() -> None:
    numbers = re.compile(r"\(([1-9]\d?)\)")  # (0) is a goal and no equation
    page = (CASES.parents[1] / "docs" / "model.md").read_text()
    told = {number for name in NAMES for number in numbers.findall((CASES / name / "README.md").read_text())}

    assert sorted(set(numbers.findall(page)) - told, key=int) == []
