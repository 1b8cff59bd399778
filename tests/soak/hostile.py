"""The same random sites with a few numbers that no site has, but that the documented ranges allow."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from models.domain.errors import InvalidScenario
from models.domain.scenario import Scenario
from models.domain.wire import read_scenario, scenario_json
from tests.strategies import random_scenario

FACTORS = (1e-9, 1e-4, 1e-2, 1e2, 1e4, 1e6)
EXTREMES = (0.0, 1e-9, 1e9)
MOST_CHANGES = 4
TIME = ("count", "minutes", "demand_interval_min")
"""Numbers of periods: other ones would make a scenario long, not odd."""
Place = tuple[Any, Any]
"""A container and the key of a number in it."""


def hostile_scenario(seed: int) -> Scenario | None:
    """The random scenario of a seed with one to four numbers changed; None where validation refuses the result."""
    dice = np.random.default_rng([seed, 1])
    document = json.loads(scenario_json(random_scenario(seed)))
    places = list(_numbers(document))
    for k in dice.choice(len(places), size=int(dice.integers(1, MOST_CHANGES, endpoint=True))):
        holder, key = places[int(k)]
        holder[key] = _odd(dice, holder[key])
    try:
        return read_scenario(json.dumps(document))
    except InvalidScenario:
        return None


def _odd(dice: np.random.Generator, number: float) -> float:
    if dice.integers(2):
        return float(dice.choice(EXTREMES))
    return float(np.clip(number * dice.choice(FACTORS), -1e9, 1e9))


def _numbers(holder: Any) -> Iterator[Place]:
    items = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from _numbers(value)
        elif isinstance(value, float) and key not in TIME:
            yield holder, key
