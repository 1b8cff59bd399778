"""What the peers share: each reads the site, runs whenever it is asked to, times the run and tells it.

    python peer_NAME.py draws.npz CLOCK     CLOCK: a function of ``time``, perf_counter or process_time

Imports nothing of the project, for it runs in the environment of a peer. Tells one line of JSON with versions and
options when all is imported and read; then, for every line that comes in, makes one run from numbers to optimum and
tells it in one line. The draws are those of ``random_numbers``, with the prices of a peak and of energy that lacks.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TextIO

import numpy as np

Draws = dict[str, np.ndarray]


def answer(
    solve: Callable[[Any], float],
    *,
    packages: tuple[str, ...],
    options: str,
    prepare: Callable[[Draws], Any] = lambda draws: draws,
) -> None:
    """Until nothing more is asked. ``solve`` gets what ``prepare`` made of the draws, and returns its cost."""
    path, clock = sys.argv[1:]
    draws, answers = dict(np.load(path)), own_output()
    tell(answers, {"versions": {name: version(name) for name in packages}, "options": options})
    for _ in sys.stdin:
        tell(answers, timed(draws, prepare, solve, getattr(time, clock)))


def own_output() -> TextIO:
    """Standard output for answers alone: what libraries and HiGHS print goes where errors go from now on."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def tell(answers: TextIO, told: dict[str, Any]) -> None:
    print(json.dumps(told), file=answers, flush=True)


def timed(
    draws: Draws, prepare: Callable[[Draws], Any], solve: Callable[[Any], float], clock: Callable[[], float]
) -> dict[str, float]:
    """One run: seconds of its two halves, and its cost in the currency of the site."""
    started = clock()
    prepared_input = prepare(draws)
    prepared = clock()
    cost = solve(prepared_input)
    return {"prepare_s": prepared - started, "solve_s": clock() - prepared, "cost": float(cost)}


def insist_on_optimum(status: str) -> None:
    """Ends the process, and so the comparison, with any other ``status`` than optimal."""
    if status != "optimal":
        sys.exit(f"the peer ended as {status}")


def hours(draws: Draws) -> float:
    """Of one period of the day. [h]"""
    return 24 / len(draws["price"])


def cells(draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Session and period of every pair in which a car is plugged in, session by session."""
    stay = draws["departure"] - draws["arrival"]
    session = np.repeat(np.arange(len(stay)), stay)
    first = np.cumsum(stay) - stay
    return session, np.arange(len(session)) + np.repeat(draws["arrival"] - first, stay)
