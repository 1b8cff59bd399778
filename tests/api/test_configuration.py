"""Settings out of the environment and files: which comes first, what is refused, and that the page has all of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.configuration_page import table
from api.serving import serve
from api.settings import ServiceSettings
from api.settings_files import unknown_variables
from models.domain.errors import ChargingError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHARGEWRIGHT_PORT", "CHARGEWRIGHT_CONFIG", "CHARGEWRIGHT_DATABASE_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def file(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    path = folder / "chargewright.toml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("CHARGEWRIGHT_CONFIG", str(path))
    return path


def test_a_file_has_settings_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file(tmp_path, monkeypatch, 'port = 9001\nplans_by_itself = false\ndatabase_url = "memory:"\n')

    told = ServiceSettings()

    assert (told.port, told.plans_by_itself, told.database_url) == (9001, False, "memory:")


def test_options_come_before_variables_these_before_secrets_and_those_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file(tmp_path, monkeypatch, 'host = "10.0.0.1"\nport = 1\nrate_limit = "1/second"\nreplica = "file"\n')
    (tmp_path / "port").write_text("2\n", encoding="utf-8")
    monkeypatch.setenv("CHARGEWRIGHT_PORT_FILE", str(tmp_path / "port"))
    monkeypatch.setenv("CHARGEWRIGHT_REPLICA", "variable")
    monkeypatch.setenv("CHARGEWRIGHT_HOST", "10.0.0.2")

    told = ServiceSettings(host="10.0.0.3")

    assert (told.host, told.replica, told.port, told.rate_limit) == ("10.0.0.3", "variable", 2, "1/second")


def test_a_secret_may_be_in_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "database_url"
    secret.write_text("postgresql://cw:geheim@db/cw\n", encoding="utf-8")
    monkeypatch.setenv("CHARGEWRIGHT_DATABASE_URL_FILE", str(secret))

    assert ServiceSettings().database_url == "postgresql://cw:geheim@db/cw"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot = 1", "there is no setting prot; did you mean port?"),
        ("zzz = 1", "there is no setting zzz; docs/configuration.md has all of them"),
        ("port = ", "is no TOML"),
    ],
)
def test_a_file_that_says_something_else_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    path = file(tmp_path, monkeypatch, text)

    with pytest.raises(ChargingError) as refused:
        ServiceSettings()

    assert told in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("variable", ["CHARGEWRIGHT_CONFIG", "CHARGEWRIGHT_DATABASE_URL_FILE"])
def test_a_file_that_is_not_there_is_no_reason_to_start_without_it(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "/nowhere/at/all")

    with pytest.raises(ChargingError, match=f"{variable}: /nowhere/at/all cannot be read"):
        ServiceSettings()
    assert "cannot be read" in serve(host=None, port=None, insecure=True)[0]


def test_a_number_out_of_range_in_a_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file(tmp_path, monkeypatch, "port = 99999")

    (told,) = serve(host=None, port=None, insecure=True)

    assert told.startswith("CHARGEWRIGHT_PORT")


def test_a_variable_that_means_nothing_is_told_with_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGEWRIGHT_KEEP_PLAN_DAYS", "3")
    monkeypatch.setenv("CHARGEWRIGHT_SECRET_ACME__VTN", "x")

    told = [line for line in unknown_variables(ServiceSettings) if "KEEP_PLAN" in line or "ACME" in line]

    assert told == ["CHARGEWRIGHT_KEEP_PLAN_DAYS is no setting and is left out; did you mean keep_plans_days?"]


def test_traces_without_their_extra_are_no_reason_to_start_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.setenv("CHARGEWRIGHT_TRACES", "true")

    (told,) = serve(host=None, port=None, insecure=True)

    assert "chargewright[otel]" in told


def test_the_page_has_every_setting_as_it_is() -> None:
    """``python -m api.configuration_page`` prints the table anew."""
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert table() in page
    printed = subprocess.run(
        [sys.executable, "-m", "api.configuration_page"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == table()


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in ServiceSettings.model_fields.items() if not field.description] == []
