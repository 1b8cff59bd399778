"""The power that ports give at once to whoever asks for it, and whether the site can carry it."""

from collections.abc import Iterator

from models.domain.electrical import NOMINAL_VOLTAGE_V, conversion_efficiency, evse_max_power_kw
from models.domain.findings import Assumption
from models.domain.guarantees import Guarantees, PowerRule
from models.domain.paths import plain, some_of
from models.domain.scenario import Scenario
from models.domain.site import CurrentType, Evse, GridNode, LimitKind, Site

NEVI_KW = {CurrentType.DC: 150.0, CurrentType.AC: 6.0}
"""23 CFR 680.106 (d), (e): simultaneously at every port, unless the customer consents to less."""
_FIRST = "limits come first; whoever falls behind is named in an alarm"


def floor_kw(evse: Evse, rules: Guarantees) -> float:
    """What a port gives to whoever asks for it. [kW at evse]"""
    if evse.power_floor_kw is not None:
        return evse.power_floor_kw
    return NEVI_KW[evse.current] if rules.power_rule is PowerRule.NEVI else 0.0


def has_floors(site: Site) -> bool:
    """Whether any port may give power to whoever asks for it."""
    return site.guarantees is not None or any(evse.power_floor_kw is not None for evse in site.evses)


def told_of_floors(scenario: Scenario) -> tuple[Scenario, list[Assumption]]:
    """The same scenario; where ports guarantee more than they, or a node above them, can carry, it is said."""
    site = scenario.site
    if not has_floors(site):
        return scenario, []
    rules = site.guarantees or Guarantees()
    floors = {evse.id: floor_kw(evse, rules) for evse in site.evses}
    if not any(floors.values()):
        return scenario, []
    return scenario, [*_of_ports(site, floors), *_of_nodes(site, floors)]


def _of_ports(site: Site, floors: dict[str, float]) -> Iterator[Assumption]:
    volts = site.voltage_v or NOMINAL_VOLTAGE_V
    weak = [evse.id for evse in site.evses if floors[evse.id] > evse_max_power_kw(evse, None, volts)]
    if weak:
        value = f"{some_of(weak)} give at most their own power, which is less than the rule asks for"
        yield Assumption(what="site.guarantees.power_rule", value=value, source=_FIRST)


def _of_nodes(site: Site, floors: dict[str, float]) -> Iterator[Assumption]:
    for node in site.nodes:
        limit_kw = _least_kw(node)
        below = [evse for evse in site.evses if node.id in _way_up(site, evse.node)]
        needed_kw = sum(floors[evse.id] / conversion_efficiency(evse) + evse.standby_kw for evse in below)
        if limit_kw is not None and needed_kw > limit_kw:
            value = (
                f"node {plain(node.id)} carries {limit_kw:g} of the {needed_kw:.4g} kW that its ports guarantee at once"
            )
            yield Assumption(what="site.guarantees", value=value, source=_FIRST)


def _least_kw(node: GridNode) -> float | None:
    """Of its import limit over time, times the factor of a rating. [kW]"""
    limit = node.import_limit_kw
    if limit is None:
        return None
    least = min(step.value for step in limit) if isinstance(limit, tuple) else limit
    return least * (node.continuous_factor or 1.0 if node.limit_kind is LimitKind.RATING else 1.0)


def _way_up(site: Site, name: str) -> Iterator[str]:
    parents = {node.id: node.parent for node in site.nodes}
    here: str | None = name
    while here is not None:
        yield here
        here = parents[here]
