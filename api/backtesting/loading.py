"""Code of somebody else by the name of its module: found where Python finds it, or in the current folder."""

import hashlib
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding


def loaded(module: str, name: str) -> Callable[[], Any]:
    """A class or a function of a module.

    Raises:
        InvalidScenario: there is no such module, it fails while it is loaded, or it has nothing of that name to call.
    """
    found = getattr(_module(module), name, None) if module and name else None
    if callable(found):
        made: Callable[[], Any] = found
        return made
    raise _refused(f"{module!r} has no class or function {name!r}", "write --method acnportal:MODULE:CLASS")


def digest_of(module: str) -> str:
    """Of the file of a module; of its name where it has none. Raises InvalidScenario, as ``loaded``."""
    path = getattr(_module(module), "__file__", None)
    return hashlib.sha256(Path(path).read_bytes() if path else module.encode()).hexdigest()[:16]


def _module(name: str) -> Any:
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        return import_module(name)
    except Exception as error:  # it is anybody's code
        raise _refused(
            f"{name!r} cannot be loaded: {type(error).__name__}: {error}",
            "run in its folder, or set PYTHONPATH; install what it imports",
        ) from error


def _refused(message: str, remedy: str) -> InvalidScenario:
    return InvalidScenario([Finding(path="--method", message=message, remedy=remedy)])
