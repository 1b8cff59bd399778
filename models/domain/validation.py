"""Whether a scenario describes something that can be planned: every finding at once, in the order of the document.

Contradicting bounds of one device are told apart, by :func:`contradictions`: such a scenario is well written, but no
plan can satisfy it.
"""

from collections.abc import Callable, Iterator

from models.domain.checks.batteries import batteries_under_current_limits, unfit_energies
from models.domain.checks.before import early_ends, told_twice
from models.domain.checks.chances import unfit_chances, unfit_habits
from models.domain.checks.clock import unfit_times, unknown_time_zones
from models.domain.checks.contracts import (
    billing_periods_elsewhere,
    empty_contracts,
    falling_tiers,
    overlapping_windows,
    unfit_utilisation,
)
from models.domain.checks.contradictions import contradicting_bounds
from models.domain.checks.equipment import (
    empty_phase_limits,
    limited_twice,
    missing_continuous_factors,
    shared_outlets,
    unfit_evses,
)
from models.domain.checks.failsafe import unfit_fail_safe
from models.domain.checks.futures import unfit_futures, unfit_in_future
from models.domain.checks.guarantees import floors_above_power
from models.domain.checks.identity import broken_tree, dead_references, duplicate_ids, installed_twice, station_numbers
from models.domain.checks.leaves import leaves, leaves_below
from models.domain.checks.offers import unfit_histories, unfit_modules
from models.domain.checks.ranges import out_of_range
from models.domain.checks.rates import hours_without_rate, malformed_windows, metering_intervals
from models.domain.checks.series import disordered_steps, late_series, price_gaps, short_prices
from models.domain.checks.signals import (
    late_signal_series,
    paid_twice,
    signals_in_time,
    too_many_signals,
    unclear_signals,
)
from models.domain.checks.span import nothing_to_plan, too_many_powers, unfit_horizon
from models.domain.checks.stays import backward_times, minimum_above_target, two_at_once, unclear_needs
from models.domain.checks.vehicles import more_than_fits, underpaid_discharge, unfit_states, unordered_tapers
from models.domain.default_horizon import default_horizon
from models.domain.electrical import NOMINAL_VOLTAGE_V
from models.domain.findings import Finding
from models.domain.scenario import Scenario
from models.domain.times import zone

Check = Callable[[Scenario], Iterator[Finding]]

_CHECKS: tuple[Check, ...] = (
    duplicate_ids,
    installed_twice,
    station_numbers,
    dead_references,
    broken_tree,
    unfit_evses,
    shared_outlets,
    empty_phase_limits,
    limited_twice,
    missing_continuous_factors,
    unfit_energies,
    batteries_under_current_limits,
    backward_times,
    two_at_once,
    minimum_above_target,
    unfit_chances,
    unfit_habits,
    floors_above_power,
    unfit_fail_safe,
    unclear_needs,
    unordered_tapers,
    unfit_states,
    more_than_fits,
    underpaid_discharge,
    unfit_histories,
    unfit_modules,
    disordered_steps,
    price_gaps,
    too_many_signals,
    unclear_signals,
    late_signal_series,
    malformed_windows,
    metering_intervals,
    empty_contracts,
    overlapping_windows,
    falling_tiers,
    unfit_utilisation,
    told_twice,
    unfit_futures,
    early_ends,
)


_OF_SESSIONS: tuple[Check, ...] = (
    duplicate_ids,
    dead_references,
    backward_times,
    two_at_once,
    minimum_above_target,
    unfit_chances,
    unordered_tapers,
    unfit_states,
    more_than_fits,
    underpaid_discharge,
    unfit_histories,
    disordered_steps,
)
"""All of these that can find anything about a session."""


def validate(scenario: Scenario) -> tuple[Finding, ...]:
    """Everything that is wrong with it; empty when it can be completed and planned."""
    findings = [*unknown_time_zones(scenario), *_numbers_and_times(scenario)]
    sound = not findings
    findings += [finding for check in _CHECKS for finding in check(scenario)]
    # The length of a horizon is computed, which hostile numbers would break.
    findings += _over_time(scenario, findings) if sound else []
    return (*findings, *unfit_in_future(scenario, findings, validate))


def validate_sessions(scenario: Scenario) -> tuple[Finding, ...]:
    """What of :func:`validate` is about sessions, where the rest of the scenario is known to be sound.

    For one session this takes half as long: a site of one EVSE has more to look at than its session.
    """
    found = leaves_below(scenario, "sessions")
    findings = [*out_of_range(found), *unfit_times(found, zone(scenario.site.time_zone))]
    sound = not findings
    findings += [finding for check in _OF_SESSIONS for finding in check(scenario)]
    findings += _over_time(scenario, findings) if sound else []
    return tuple(finding for finding in findings if finding.path.startswith("sessions["))


def contradictions(scenario: Scenario) -> tuple[Finding, ...]:
    """Bounds of one device that leave it no current but 0; ``ids`` of each finding is an irreducible set.

    For scenarios without findings of :func:`validate`.
    """
    voltage_v = scenario.site.voltage_v
    return tuple(contradicting_bounds(scenario, NOMINAL_VOLTAGE_V if voltage_v is None else voltage_v))


def _numbers_and_times(scenario: Scenario) -> list[Finding]:
    found = leaves(scenario)
    return [*out_of_range(found), *unfit_times(found, zone(scenario.site.time_zone))]


def _over_time(scenario: Scenario, findings: list[Finding]) -> list[Finding]:
    """Whether there is a horizon, and prices and other series for all of it, where their steps are in order."""
    horizon = scenario.horizon or default_horizon(scenario)
    told = [nothing_to_plan()] if horizon is None else list(unfit_horizon(horizon))
    told += hours_without_rate(scenario)
    if horizon is None or told:
        return told
    told += too_many_powers(scenario, horizon)
    told += billing_periods_elsewhere(scenario, horizon.start)
    if not any(finding.path.endswith((".start", ".steps")) for finding in findings):
        told += [*late_series(scenario, horizon.start), *short_prices(scenario, horizon.end)]
        told += signals_in_time(scenario, horizon)
    if not findings:
        told += paid_twice(scenario)
    return told
