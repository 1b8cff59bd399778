"""What is shipped: three packages from one root, typed, with their data."""

from importlib import import_module, resources
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pytest

import api
import models
import optimizer

PACKAGES = (models, optimizer, api)


def test_the_three_packages_load_from_one_root() -> None:
    roots = {Path(str(package.__file__)).parents[1] for package in PACKAGES}
    assert len(roots) == 1


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_that_it_is_typed(package: object) -> None:
    assert resources.files(package).joinpath("py.typed").is_file()  # type: ignore[arg-type]


def faces() -> list[ModuleType]:
    """Packages that say what they show."""
    found = (f"{p.__name__}.{m.name}" for p in PACKAGES for m in iter_modules(p.__path__) if m.ispkg)
    return [face for face in map(import_module, found) if hasattr(face, "__all__")]


def test_what_a_package_shows_is_there() -> None:
    shown = [(face.__name__, name, hasattr(face, name)) for face in faces() for name in face.__all__]
    assert len(shown) > 10
    assert [line for line in shown if not line[2]] == []
