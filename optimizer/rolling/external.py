"""What others limit, as nodes of the grid: a hard bound of the program until it is cleared, and it can only lower."""

from dataclasses import replace
from itertools import groupby

from models.domain.site import Evse, GridNode, LimitKind, NodeKind, Site
from models.domain.value import Step
from optimizer.rolling.state import ExternalLimit, SiteState

PREFIX = "external limit"


def with_external_limits(site: Site, state: SiteState) -> Site:
    """The site with one more node above the EVSEs of every limit, a limit in amperes as one of current."""
    for k, limit in enumerate(state.external):
        evses = [evse for evse in site.evses if _is_meant(limit, evse)]
        by_node = groupby(sorted(evses, key=lambda evse: evse.node), key=lambda evse: evse.node)
        for node, below in by_node:
            there = list(below)
            site = _with_node(
                site, f"{PREFIX} {k} {limit.source} at {node}", node, there, limit, len(there) / len(evses)
            )
    return site


def _is_meant(limit: ExternalLimit, evse: Evse) -> bool:
    of_station = (evse.station or evse.id) == limit.station
    return of_station and limit.evse_number in (0, evse.evse_number)


def _with_node(site: Site, name: str, parent: str, evses: list[Evse], limit: ExternalLimit, share: float) -> Site:
    """Where the EVSEs of a station hang on several nodes, each has its share of the limit."""
    node = GridNode(
        id=name,
        parent=parent,
        kind=NodeKind.GROUP,
        limit_kind=LimitKind.CONTRACT,
        import_limit_kw=_shared(limit.power_kw, share) or None,
        current_limit_a=_shared(limit.current_a, share) or None,
    )
    below = {evse.id for evse in evses}
    moved = tuple(replace(evse, node=name) if evse.id in below else evse for evse in site.evses)
    return replace(site, nodes=(*site.nodes, node), evses=moved)


def _shared(steps: tuple[Step, ...], share: float) -> tuple[Step, ...]:
    return tuple(replace(step, value=share * step.value) for step in steps)
