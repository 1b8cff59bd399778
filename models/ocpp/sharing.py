"""Which EVSEs share a limit: what one of them is raised by, another must have been lowered by before."""

from collections.abc import Iterator

from models.domain.scenario import Scenario
from models.domain.signal import Cap, PriceEvent
from models.domain.site import GridNode, Site


def shared_limits(scenario: Scenario) -> tuple[frozenset[str], ...]:
    """For each limit of two EVSEs or more, the ids of all that it limits: nodes, cabinets, caps, what is asked."""
    groups = [*_nodes(scenario.site), *_of_signals(scenario)]
    groups += [frozenset(cabinet.evses) for cabinet in scenario.site.cabinets]
    return tuple(dict.fromkeys(group for group in groups if len(group) > 1))


def _nodes(site: Site) -> Iterator[frozenset[str]]:
    yield from (below(site, node.id) for node in site.nodes if _limits(node))


def _of_signals(scenario: Scenario) -> Iterator[frozenset[str]]:
    for signal in scenario.signals:
        if isinstance(signal, PriceEvent):
            continue
        if isinstance(signal, Cap) and signal.evses:
            yield frozenset(signal.evses)
        else:
            yield below(scenario.site, signal.node or _root(scenario.site))


def below(site: Site, node_id: str) -> frozenset[str]:
    """The EVSEs that a node feeds."""
    parents = {node.id: node.parent for node in site.nodes}
    return frozenset(evse.id for evse in site.evses if node_id in _up(parents, evse.node))


def _up(parents: dict[str, str | None], node_id: str) -> Iterator[str]:
    here: str | None = node_id
    while here is not None:
        yield here
        here = parents.get(here)


def _root(site: Site) -> str:
    return next(node.id for node in site.nodes if node.parent is None)


def _limits(node: GridNode) -> bool:
    own = (node.import_limit_kw, node.import_limit_kva, node.export_limit_kw, node.current_limit_a, node.transformer)
    return any(limit is not None for limit in own)
