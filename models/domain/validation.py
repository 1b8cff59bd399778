"""Whether a scenario describes something that can be planned: every finding at once, in the order of the document.

Contradicting bounds of one device are told apart, by :func:`contradictions`: such a scenario is well written, but no
plan can satisfy it.
"""

from collections.abc import Callable, Iterator

from models.domain.checks.clock import unfit_times, unknown_time_zones
from models.domain.checks.contradictions import contradicting_bounds
from models.domain.checks.equipment import (
    empty_phase_limits,
    missing_continuous_factors,
    shared_outlets,
    unfit_evses,
)
from models.domain.checks.identity import broken_tree, dead_references, duplicate_ids, station_numbers
from models.domain.checks.ranges import out_of_range
from models.domain.checks.rates import hours_without_rate, malformed_windows, metering_intervals
from models.domain.checks.series import disordered_steps, late_series, price_gaps, short_prices
from models.domain.checks.span import unfit_horizon
from models.domain.checks.stays import backward_times, minimum_above_target, two_at_once, unclear_needs
from models.domain.default_horizon import default_horizon
from models.domain.electrical import NOMINAL_VOLTAGE_V
from models.domain.findings import Finding
from models.domain.scenario import Scenario

Check = Callable[[Scenario], Iterator[Finding]]

_NUMBERS_AND_TIMES: tuple[Check, ...] = (unknown_time_zones, out_of_range, unfit_times)
_ANY_ORDER: tuple[Check, ...] = (
    duplicate_ids,
    station_numbers,
    dead_references,
    broken_tree,
    unfit_evses,
    shared_outlets,
    empty_phase_limits,
    missing_continuous_factors,
    backward_times,
    two_at_once,
    minimum_above_target,
    unclear_needs,
    disordered_steps,
    price_gaps,
    malformed_windows,
    metering_intervals,
)


def validate(scenario: Scenario) -> tuple[Finding, ...]:
    """Everything that is wrong with it; empty when it can be completed and planned."""
    findings = [finding for check in _NUMBERS_AND_TIMES for finding in check(scenario)]
    sound = not findings
    findings += [finding for check in _ANY_ORDER for finding in check(scenario)]
    # What follows computes with lengths of time, which hostile numbers would break.
    if sound:
        findings += unfit_horizon(scenario)
        findings += hours_without_rate(scenario)
        findings += _outside_of_horizon(scenario, findings)
    return tuple(findings)


def contradictions(scenario: Scenario) -> tuple[Finding, ...]:
    """Bounds of one device that leave it no current but 0; ``ids`` of each finding is an irreducible set.

    For scenarios without findings of :func:`validate`.
    """
    voltage_v = scenario.site.voltage_v
    return tuple(contradicting_bounds(scenario, NOMINAL_VOLTAGE_V if voltage_v is None else voltage_v))


def _outside_of_horizon(scenario: Scenario, findings: list[Finding]) -> list[Finding]:
    """Series that do not span the horizon; it has to be sound, and the steps in order."""
    if any(finding.path.startswith("horizon") or ".steps" in finding.path for finding in findings):
        return []
    horizon = scenario.horizon or default_horizon(scenario)
    if horizon is None:
        return []
    return [*late_series(scenario, horizon.start), *short_prices(scenario, horizon.end)]
