"""Stationary batteries: energies that do not fit, and limits that a plan could not keep for them."""

from collections.abc import Iterator

from models.domain.findings import Finding
from models.domain.paths import label, plain
from models.domain.scenario import Scenario
from models.domain.site import Battery, GridNode


def unfit_energies(scenario: Scenario) -> Iterator[Finding]:
    """More inside, or more in reserve, than a battery can hold."""
    for i, battery in enumerate(scenario.site.batteries):
        for field in ("energy_at_start_kwh", "reserve_kwh"):
            energy_kwh = getattr(battery, field)
            if energy_kwh > battery.capacity_kwh:
                message = (
                    f"{label(battery)}: {field} {energy_kwh:g} is above its capacity of {battery.capacity_kwh:g} kWh"
                )
                remedy = f"write at most {battery.capacity_kwh:g}"
                yield Finding(path=f"site.batteries[{i}].{field}", message=message, remedy=remedy, ids=(battery.id,))


def batteries_under_current_limits(scenario: Scenario) -> Iterator[Finding]:
    """Equation (6) knows cars and base load only; a limit that would not hold is refused, not ignored."""
    nodes = {node.id: node for node in scenario.site.nodes}
    for i, battery in enumerate(scenario.site.batteries):
        node = _current_limited(battery, nodes)
        if node is not None:
            message = f"{label(battery)}: {label(node)} above it is limited in A, which plans keep for cars only"
            remedy = f"write the limit of {plain(node.id)} as import_limit_kw, or hang the battery elsewhere"
            yield Finding(path=f"site.batteries[{i}].node", message=message, remedy=remedy, ids=(battery.id, node.id))


def _current_limited(battery: Battery, nodes: dict[str, GridNode]) -> GridNode | None:
    """The first node on the way to the grid with a limit in A; rings and dead ends are told elsewhere."""
    seen: set[str] = set()
    here: str | None = battery.node
    while here is not None and here in nodes and here not in seen:
        node = nodes[here]
        primary = node.transformer.primary_current_limit_a if node.transformer else None
        if node.current_limit_a is not None or primary is not None:
            return node
        seen.add(here)
        here = node.parent
    return None
