"""EVSEs, cabinets and limits of a site: what each needs, and what does not go together."""

from collections.abc import Iterator
from itertools import pairwise

from models.domain.checks.us_time_zones import US_TIME_ZONES
from models.domain.findings import Finding
from models.domain.paths import label, plain
from models.domain.scenario import Scenario
from models.domain.site import CurrentType, Evse, GridNode, LimitKind, PhaseSeries, Wiring


def unfit_evses(scenario: Scenario) -> Iterator[Finding]:
    """EVSEs whose power is unknown, or whose phases or levels make no sense."""
    for i, evse in enumerate(scenario.site.evses):
        for field, defect, remedy in _evse_defects(evse):
            path = f"site.evses[{i}].{field}"
            yield Finding(path=path, message=f"{label(evse)}: {defect}", remedy=remedy, ids=(evse.id,))


Defect = tuple[str, str, str]
"""Field, what is wrong, and the way out."""


def _evse_defects(evse: Evse) -> Iterator[Defect]:
    if evse.current is CurrentType.DC and evse.max_power_kw is None:
        yield "max_power_kw", "a DC EVSE has no max_power_kw", "write its rated power, and where it is measured"
    if evse.max_power_kw is None and evse.max_current_a is None:
        yield "max_current_a", "neither a current nor a power is given", "write max_current_a or max_power_kw"
    yield from _phase_defects(evse)
    yield from _level_defects(evse)


def _phase_defects(evse: Evse) -> Iterator[Defect]:
    phases = evse.phases
    if phases is not None and len(set(phases)) != len(phases):
        yield "phases", f"a phase is named twice in {', '.join(phases)}", "name each phase once, in order of rotation"
    if phases == ():
        yield "phases", "no phase is named", "name its phases, or write null for one unknown phase"
    if evse.wiring is Wiring.LINE_TO_LINE and (phases is None or len(phases) == 1):
        yield "phases", "a load between lines has fewer than two phases", "name the two or three lines it lies between"


def _level_defects(evse: Evse) -> Iterator[Defect]:
    levels = evse.pilot_levels_a
    if levels is None:
        return
    if not levels:
        yield "pilot_levels_a", "there is no level", "list the currents it can offer, or leave it out"
    if any(after <= before for before, after in pairwise(levels)):
        yield "pilot_levels_a", "the levels are not in ascending order", "sort them, each once"


def shared_outlets(scenario: Scenario) -> Iterator[Finding]:
    """EVSEs that belong to two cabinets, or twice to one."""
    first: dict[str, str] = {}
    for i, cabinet in enumerate(scenario.site.cabinets):
        for k, outlet in enumerate(cabinet.evses):
            if outlet in first:
                message = f"{label(cabinet)}: EVSE {plain(outlet)} is in cabinet {plain(first[outlet])} already"
                path, ids = f"site.cabinets[{i}].evses[{k}]", (first[outlet], cabinet.id, outlet)
                yield Finding(path=path, message=message, remedy="name each EVSE in one cabinet, once", ids=ids)
            first.setdefault(outlet, cabinet.id)


def empty_phase_limits(scenario: Scenario) -> Iterator[Finding]:
    """Current limits by phase that name no phase, so that they limit nothing."""
    for i, node in enumerate(scenario.site.nodes):
        limits = {"current_limit_a": node.current_limit_a}
        if node.transformer is not None:
            limits["transformer.primary_current_limit_a"] = node.transformer.primary_current_limit_a
        for field, limit in limits.items():
            if limit == PhaseSeries():
                message = f"{label(node)}: {field} names no phase and limits nothing"
                remedy = "write L1, L2 or L3, or one number for all of them, or leave it out"
                yield Finding(path=f"site.nodes[{i}].{field}", message=message, remedy=remedy, ids=(node.id,))


def missing_continuous_factors(scenario: Scenario) -> Iterator[Finding]:
    """Ratings of US sites that do not say how much of them may be loaded for hours (NEC 625.42, 210.20)."""
    if scenario.site.time_zone not in US_TIME_ZONES:
        return
    for i, node in enumerate(scenario.site.nodes):
        if node.continuous_factor is None and node.limit_kind is LimitKind.RATING and has_limit(node):
            path = f"site.nodes[{i}].continuous_factor"
            message = f"{label(node)}: a rating at a US site does not say how much of it may be loaded for hours"
            remedy = "write 0.8 for a breaker (NEC 625.42), or 1.0 for equipment rated for continuous load"
            yield Finding(path=path, message=message, remedy=remedy, ids=(node.id,))


def has_limit(node: GridNode) -> bool:
    """Whether a node limits anything, to which a continuous factor could apply."""
    primary = node.transformer.primary_current_limit_a if node.transformer else None
    limits = (node.import_limit_kw, node.import_limit_kva, node.export_limit_kw, node.current_limit_a, primary)
    return any(limit is not None for limit in limits)


def limited_twice(scenario: Scenario) -> Iterator[Finding]:
    """Import limits in kW and in kVA at one node: its figures are in one of them."""
    for i, node in enumerate(scenario.site.nodes):
        if node.import_limit_kw is not None and node.import_limit_kva is not None:
            message = f"{label(node)}: its import is limited in kW and in kVA"
            remedy = "write one of them here, and the other at a node above or below"
            yield Finding(path=f"site.nodes[{i}].import_limit_kva", message=message, remedy=remedy, ids=(node.id,))
