"""Limits that building and energy systems tell, on the nodes of a site: they lower what it allows, never raise it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from api.sites.forms import NodeLimit
from models.domain.series import UNLIMITED, value_at
from models.domain.site import GridNode, PhaseSeries, Site
from models.domain.value import Series, Step


def limited(site: Site, limits: Mapping[str, NodeLimit], start: datetime) -> Site:
    """The site as a plan from ``start`` on sees it."""
    nodes = tuple(_limited(node, limits[node.id], start) if node.id in limits else node for node in site.nodes)
    return replace(site, nodes=nodes)


def _limited(node: GridNode, limit: NodeLimit, start: datetime) -> GridNode:
    if limit.current_limit_a is not None:
        return _in_amperes(node, _over_time(limit, limit.current_limit_a, start), start)
    assert limit.import_limit_kw is not None, "one of both is told"
    told = _over_time(limit, limit.import_limit_kw, start)
    if node.import_limit_kva is not None:  # what is drawn in kW is at most what is drawn in kVA
        return replace(node, import_limit_kva=lower(node.import_limit_kva, told, start))
    return replace(node, import_limit_kw=lower(node.import_limit_kw, told, start))


def _in_amperes(node: GridNode, told: Series, start: datetime) -> GridNode:
    own = node.current_limit_a
    if not isinstance(own, PhaseSeries):
        return replace(node, current_limit_a=lower(own, told, start))
    each = {phase: lower(getattr(own, phase), told, start) for phase in ("L1", "L2", "L3")}
    return replace(node, current_limit_a=PhaseSeries(**each))


def _over_time(limit: NodeLimit, now: float, start: datetime) -> Series:
    """Steps from ``start`` on; before the limit begins and after it has ended, nothing is limited."""
    begins = limit.start or start
    steps = [Step(start=start, value=UNLIMITED)] if begins > start else []
    steps.append(Step(start=max(begins, start), value=now))
    if limit.end is not None:
        after = UNLIMITED if limit.afterwards is None else limit.afterwards
        over = limit.end <= start
        steps = [Step(start=start, value=after)] if over else [*steps, Step(start=limit.end, value=after)]
    return tuple(steps)


def lower(own: Series | None, told: Series, start: datetime) -> Series:
    """The lower one of two limits at every instant from ``start`` on."""
    if own is None:
        return told
    changes = {step.start for series in (own, told) if isinstance(series, tuple) for step in series}
    instants = sorted({start} | {at for at in changes if at > start})
    return tuple(Step(start=at, value=min(value_at(own, at), value_at(told, at))) for at in instants)
