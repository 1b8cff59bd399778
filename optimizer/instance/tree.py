"""The grid tree as positions: which nodes lie above which EVSE."""

from dataclasses import dataclass

from models.domain.site import Evse, GridNode, Site

CABINET_PREFIX = "cabinet:"


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes by position, and for each EVSE the way up to the site connection."""

    nodes: tuple[GridNode, ...]
    position: dict[str, int]
    ancestors: tuple[tuple[int, ...], ...]
    """For every node: itself and the nodes above it, towards the grid."""
    evses: dict[str, Evse]
    root: int
    """The site connection."""

    def above(self, node_id: str) -> tuple[int, ...]:
        """The node itself and all above it."""
        return self.ancestors[self.position[node_id]]


def tree(site: Site) -> Tree:
    """Positions and ancestors of a validated site: one root, no cycles."""
    position = {node.id: i for i, node in enumerate(site.nodes)}
    parent = [None if node.parent is None else position[node.parent] for node in site.nodes]
    ancestors = tuple(_way_up(i, parent) for i in range(len(parent)))
    return Tree(site.nodes, position, ancestors, {evse.id: evse for evse in site.evses}, parent.index(None))


def _way_up(i: int | None, parent: list[int | None]) -> tuple[int, ...]:
    way = []
    while i is not None:
        way.append(i)
        i = parent[i]
    return tuple(way)
