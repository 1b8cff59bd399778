"""What others limit, as nodes of the grid: a hard bound of the program until it is cleared, and it can only lower."""

from dataclasses import replace
from datetime import datetime
from itertools import groupby

from models.domain.series import UNLIMITED
from models.domain.site import Evse, GridNode, LimitKind, NodeKind, Site
from models.domain.value import Step
from optimizer.rolling.state import ExternalLimit, SiteState
from optimizer.rolling.timing import FARTHEST

PREFIX = "external limit"


def with_external_limits(site: Site, state: SiteState, begin: datetime) -> Site:
    """The site with one more node above the EVSEs of every limit, a limit in amperes as one of current.

    ``begin``: of the plan. Before its first step a limit holds nothing back.
    """
    for k, limit in enumerate(state.external):
        ahead = replace(limit, power_kw=_ahead(limit.power_kw, begin), current_a=_ahead(limit.current_a, begin))
        evses = [evse for evse in site.evses if _is_meant(limit, evse)]
        by_node = groupby(sorted(evses, key=lambda evse: evse.node), key=lambda evse: evse.node)
        for node, below in by_node:
            there = list(below)
            site = _with_node(
                site, f"{PREFIX} {k} {limit.source} at {node}", node, there, ahead, len(there) / len(evses)
            )
    return site


def _ahead(steps: tuple[Step, ...], begin: datetime) -> tuple[Step, ...]:
    if not steps:
        return ()
    begun = [step.value for step in steps if step.start <= begin]
    later = (step for step in steps if begin < step.start <= begin + FARTHEST)
    return (Step(start=begin, value=begun[-1] if begun else UNLIMITED), *later)


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
