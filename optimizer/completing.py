"""Completed for planning: with what the domain assumes, and with the fail-safe shares that plans keep room for."""

from dataclasses import replace

from models.domain import completion
from models.domain.completion import Completed
from models.domain.made_once import made_once
from models.domain.scenario import Scenario
from optimizer.failsafe import shares


def complete(scenario: Scenario) -> Completed:
    """As ``models.domain.completion``; with shares where the site has a fail-safe and nobody gave them."""
    return made_once(_complete, scenario)


def _complete(scenario: Scenario) -> Completed:
    found = completion.complete(scenario)
    if scenario.site.fail_safe is None or found.scenario.shares:
        return found
    return Completed(scenario=replace(found.scenario, shares=shares(found.scenario)), assumptions=found.assumptions)
