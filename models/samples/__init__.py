"""Real sites, small enough to ship: a whole scenario each, with its sources and licences in a README beside it."""

from importlib.resources import files

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.wire import read_scenario

NAMES = ("apartment-block", "caltech-garage", "v2g-block", "van-depot")


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


def _text(name: str, file: str) -> str:
    if name not in NAMES:
        finding = Finding(
            path="sample",
            message=f"there is no sample {name!r}",
            remedy=f"take one of {', '.join(NAMES)}",
        )
        raise InvalidScenario([finding])
    return files("models.samples").joinpath(name, file).read_text(encoding="utf-8")
