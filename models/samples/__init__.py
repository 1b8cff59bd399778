"""Real sites, small enough to ship: a whole scenario each, with its sources and licences in a README beside it."""

from importlib.resources import files

from models.datasets.recorded import RecordedSession
from models.datasets.session_file import read_sessions
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.tariff import Tariff
from models.domain.wire import read_form, read_scenario

NAMES = ("apartment-block", "caltech-garage", "v2g-block", "van-depot")
MONTHS = {"caltech-garage": "sessions-2019-10.csv"}
"""Samples with a month of past sessions beside their day."""


def names() -> tuple[str, ...]:
    """What :func:`load` knows, in alphabetical order."""
    return NAMES


def load(name: str) -> Scenario:
    """The scenario of a sample.

    Raises:
        InvalidScenario: no sample has this name; the finding lists those that exist.
    """
    return read_scenario(_text(name, "scenario.json"))


def describe(name: str) -> str:
    """One line about a sample: the title of its README.

    Raises:
        InvalidScenario: no sample has this name; the finding lists those that exist.
    """
    return _text(name, "README.md").splitlines()[0].removeprefix("# ")


def tariff_names() -> tuple[str, ...]:
    """What :func:`tariff` knows, in alphabetical order."""
    shipped = (path.name for path in files("models.samples").joinpath("tariffs").iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in shipped if name.endswith(".json")))


def tariff(name: str) -> Tariff:
    """A real tariff that comes along; the README beside them names sources and assumptions.

    Raises:
        InvalidScenario: no tariff has this name; the finding lists those that exist.
    """
    if name not in tariff_names():
        message, remedy = f"there is no tariff {name!r}", f"take one of {', '.join(tariff_names())}"
        raise InvalidScenario([Finding(path="tariff", message=message, remedy=remedy)])
    return read_form(Tariff, files("models.samples").joinpath("tariffs", f"{name}.json").read_text(encoding="utf-8"))


def month(name: str) -> tuple[RecordedSession, ...]:
    """A month of past sessions at a sample's site, as they were: not cut, with what drivers claimed.

    Raises:
        InvalidScenario: no sample has this name, or it has no month.
    """
    if name not in MONTHS:
        message, remedy = f"there is no month of sessions of {name!r}", f"take one of {', '.join(MONTHS)}"
        raise InvalidScenario([Finding(path="sessions", message=message, remedy=remedy)])
    return read_sessions(_text(name, MONTHS[name])).sessions


def _text(name: str, file: str) -> str:
    if name not in NAMES:
        finding = Finding(
            path="sample",
            message=f"there is no sample {name!r}",
            remedy=f"take one of {', '.join(NAMES)}",
        )
        raise InvalidScenario([finding])
    return files("models.samples").joinpath(name, file).read_text(encoding="utf-8")
