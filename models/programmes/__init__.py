"""Known programmes as data: terms with their sources, and what of them no primary text was seen for."""

from importlib.resources import files

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.programme import Programme
from models.domain.wire import read_programme

NAMES = (
    "coned-auto-dlm",
    "coned-csrp",
    "coned-dlrp",
    "coned-term-dlm",
    "elrp",
    "example-firm",
    "neso-dfs",
    "nyseg-csrp",
)


def names() -> tuple[str, ...]:
    """What :func:`load` knows, in alphabetical order."""
    return NAMES


def load(name: str) -> Programme:
    """The terms of a known programme.

    Raises:
        InvalidScenario: none has this name; the finding lists those that exist.
    """
    if name not in NAMES:
        raise unknown(name)
    return read_programme(files("models.programmes").joinpath(f"{name}.json").read_text(encoding="utf-8"))


def unknown(name: str) -> InvalidScenario:
    """What is said of a name that no programme has."""
    remedy = f"take one of {', '.join(NAMES)}, or name a JSON file with its terms"
    return InvalidScenario([Finding(path="programme", message=f"no programme {name!r} is known", remedy=remedy)])
