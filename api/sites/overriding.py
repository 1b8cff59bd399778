"""What an operator decides for one EVSE, for a time: sooner, not now, not more than, not by us.

It comes before what a plan would do, and never above a limit: a pause and a manual limit are a grid node of their own
above the EVSE, so that optimizer, audit and defaults keep them like any other. Pure; ``deciding`` has the use cases.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from api.sites.forms import Boost, Override, OverrideKind
from api.sites.stays import Stay
from models.domain.series import UNLIMITED
from models.domain.site import Evse, GridNode, LimitKind, NodeKind, Site
from models.domain.value import Step
from optimizer.rolling.state import EvseRecord

MARK = ":manual"
Overrides = Mapping[str, Override]
"""By EVSE."""


def holding(overrides: Overrides, stays: tuple[Stay, ...], now: datetime) -> dict[str, Override]:
    """Those that hold now; a boost is over when its car has left."""
    there = {stay.told.session for stay in stays}
    return {
        evse: one
        for evse, one in overrides.items()
        if one.until > now and (one.kind is not OverrideKind.BOOST or one.session in there)
    }


def node_of(evse: str) -> str:
    """The grid node through which an EVSE is held down."""
    return f"{evse}{MARK}"


def held_down(site: Site, overrides: Overrides, start: datetime) -> Site:
    """The site with a node above every EVSE that is paused or limited; from its end on it limits nothing."""
    held = {evse: one for evse, one in overrides.items() if one.kind in (OverrideKind.PAUSE, OverrideKind.LIMIT)}
    here = [evse for evse in site.evses if evse.id in held]
    nodes = tuple(_node(evse, held[evse.id], start) for evse in here)
    evses = tuple(replace(evse, node=node_of(evse.id)) if evse in here else evse for evse in site.evses)
    return replace(site, nodes=(*site.nodes, *nodes), evses=evses) if here else site


def boosted(stays: tuple[Stay, ...], overrides: Overrides) -> tuple[Stay, ...]:
    """Cars whose EVSE is boosted want all of it as soon as they can."""
    hurried = {evse for evse, one in overrides.items() if one.kind is OverrideKind.BOOST}
    return tuple(replace(stay, boost=Boost()) if stay.told.evse in hurried else stay for stay in stays)


def left_alone(record: EvseRecord, overrides: Overrides, others: frozenset[str] = frozenset()) -> EvseRecord:
    """One that is excluded, or among the ``others``, is not steered by us, so it counts at its rating."""
    one = overrides.get(record.id)
    excluded = record.id in others or (one is not None and one.kind is OverrideKind.EXCLUDE)
    return record if record.excluded == excluded else replace(record, excluded=excluded)


def next_end(overrides: Overrides, now: datetime) -> datetime | None:
    """When the first of those that hold ends: a plan is due then."""
    return min((one.until for one in overrides.values() if one.until > now), default=None)


def _node(evse: Evse, told: Override, start: datetime) -> GridNode:
    most_kw = told.limit_kw if told.kind is OverrideKind.LIMIT and told.limit_kw is not None else 0.0
    steps = (Step(start=start, value=most_kw), Step(start=told.until, value=UNLIMITED))
    paused = told.kind is OverrideKind.PAUSE
    return GridNode(
        id=node_of(evse.id),
        parent=evse.node,
        kind=NodeKind.GROUP,
        limit_kind=LimitKind.CONTRACT,
        import_limit_kw=steps,
        export_limit_kw=steps if paused else None,
    )
