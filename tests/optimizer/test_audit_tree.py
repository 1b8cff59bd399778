"""The order in which the audit sums up a grid tree."""

from models.domain.site import Evse, GridNode, Site
from optimizer.audit.tree import leaves_first


def test_nodes_come_after_all_below_them_and_else_as_the_site_tells_them() -> None:
    feeders = [f"feeder-{k}" for k in range(12)]
    nodes = (GridNode(id="grid", import_limit_kw=100.0), *(GridNode(id=name, parent="grid") for name in feeders))
    site = Site(id="yard", nodes=nodes, evses=(Evse(id="a", node="feeder-0"),), voltage_v=230.0)
    assert [node.id for node in leaves_first(site)] == [*feeders, "grid"]
