"""Where: the tree of grid nodes, walked from its leaves to the site connection."""

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter

from models.domain.schedule import Floats
from models.domain.site import GridNode, PowerCabinet, Site


def cabinet_label(cabinet: PowerCabinet) -> str:
    """The name under which a power cabinet stands beside the nodes."""
    return f"cabinet:{cabinet.id}"


def root_of(site: Site) -> GridNode:
    """The site connection."""
    return next(node for node in site.nodes if node.parent is None)


def leaves_first(site: Site) -> tuple[GridNode, ...]:
    """Every node after all nodes below it, else as the site tells them: sums are the same to the last digit everywhere.

    Raises graphlib.CycleError where the tree is none.
    """
    below: dict[str, list[str]] = {node.id: [] for node in site.nodes}
    for node in site.nodes:
        if node.parent is not None:
            below[node.parent].append(node.id)
    by_id = {node.id: node for node in site.nodes}
    return tuple(by_id[node_id] for node_id in TopologicalSorter(below).static_order())


def above(by_id: Mapping[str, GridNode], node_id: str) -> Iterator[GridNode]:
    """The node itself and all nodes towards the grid."""
    node: GridNode | None = by_id[node_id]
    while node is not None:
        yield node
        node = by_id[node.parent] if node.parent is not None else None


def rolled_up(leaves: tuple[GridNode, ...], own: Mapping[str, Floats]) -> dict[str, Floats]:
    """Sums over everything below each node, from what hangs on the node itself; ``leaves`` come first."""
    total = dict(own)
    for node in leaves:
        if node.parent is not None:
            total[node.parent] = total[node.parent] + total[node.id]
    return total
