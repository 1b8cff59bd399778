"""Callers tell what a site is and what is expected there: judged together with the rest, and kept, or not at all."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from api.sites.assembling import assembled, contents
from api.sites.forms import SiteMode, SitePolicy
from api.sites.judging import judge_alone, judge_together, refuse
from api.sites.keeping import ONE_A_SITE, Desk, Kept
from api.sites.steering import steering_of
from api.sites.waking import wake
from api.store.records import Kind, Place
from models.domain.errors import NotFound
from models.domain.findings import Finding
from models.domain.site import Site

PREFIXES = {
    Kind.SITE: "site",
    Kind.TARIFF: "tariff",
    Kind.PRICES: "tariff",
}
"""Where in a scenario a document stands."""


def tell(desk: Desk, kind: Kind, told: Any, now: datetime, *, id: str = ONE_A_SITE, expected: int | None) -> Kept[Any]:
    """Keep a document; raises InvalidDocument with what is wrong with it, or with the site once it is there; Conflict.

    Whatever is raised, the unit is to be given up.
    """
    judge_alone(told)
    _check_names(desk, kind, told, id)
    if kind is Kind.POLICY:
        _note_mode(desk, told)
    kept = desk.put(kind, told, id=id, expected=expected, what=f"{kind} told")
    judge_together(assembled(contents(desk), now), PREFIXES.get(kind, ""))
    if kind is Kind.SITE:
        _have_utilities_look(desk, now)
    wake(desk, now)
    return kept


def _have_utilities_look(desk: Desk, now: datetime) -> None:
    """What they ask was placed at the site as it was."""
    for asked in desk.every(Kind.ASKED):
        due = Place(tenant=desk.tenant, kind=Kind.CONNECTION_DUE, id=asked.id)
        if desk.unit.find(due) is not None:
            desk.unit.write(due, now.isoformat())


def take_back(desk: Desk, kind: Kind, now: datetime, *, id: str = ONE_A_SITE, expected: int | None) -> None:
    """Remove a document; raises NotFound, Conflict, and InvalidDocument where the site needs it."""
    desk.remove(kind, id=id, expected=expected, what=f"{kind} removed")
    judge_together(assembled(contents(desk), now), "")
    wake(desk, now)


def _check_names(desk: Desk, kind: Kind, told: Any, id: str) -> None:
    """Raises NotFound for a node or a plant that the site does not have, InvalidDocument for an id told twice."""
    if kind is Kind.SITE:
        _same("id", told.id, desk.site)
        return
    site: Site = desk.get(Kind.SITE).value
    if kind in (Kind.NODE_LIMIT, Kind.BASE_LOAD) and id not in {node.id for node in site.nodes}:
        raise NotFound("the site has no node of this id")
    if kind is Kind.PV and id not in {plant.id for plant in site.pv_plants}:
        raise NotFound("the site has no PV plant of this id")
    if kind is Kind.PRICES and desk.find(Kind.TARIFF) is None:
        message = "prices stand in place of those of a tariff, and there is none"
        remedy = "write the tariff first: it says the currency, and what else is paid"
        refuse([Finding(path="", message=message, remedy=remedy)])
    if kind is Kind.SIGNAL:
        _same("id", told.id, id)


def _note_mode(desk: Desk, told: SitePolicy) -> None:
    """Every change of mode is in the audit trail by itself; handing back is more than a change of mode."""
    found, site = desk.find(Kind.POLICY), desk.get(Kind.SITE).value
    before: SitePolicy = found.value if found else SitePolicy()
    refuse([*_unfit_sets(told, site), *_handed_back(told, before)])
    was, will = steering_of(before, site).modes, steering_of(told, site).modes
    changed = {evse: [was[evse], mode] for evse, mode in will.items() if was[evse] is not mode}
    if told.mode is not before.mode or changed or told.canary != before.canary:
        share = {} if told.canary is None else {"share": told.canary.share}
        desk.audit("mode", desk.site, mode=told.mode, before=before.mode, evses=changed, **share)


def _handed_back(told: SitePolicy, before: SitePolicy) -> Iterator[Finding]:
    remedy = "call POST /v1/sites/{site}/hand-back, which clears our profiles as well"
    if told.mode is SiteMode.HANDED_BACK and before.mode is not SiteMode.HANDED_BACK:
        yield Finding(path="mode", message="a site is not handed back by its policy", remedy=remedy)
    gone = {evse for one in before.sets if one.mode is SiteMode.HANDED_BACK for evse in one.evses}
    for i, one in enumerate(told.sets):
        if one.mode is SiteMode.HANDED_BACK and not set(one.evses) <= gone:
            message = "EVSEs are not handed back by a policy"
            yield Finding(path=f"sets[{i}].mode", message=message, remedy=f"{remedy}; name them as evse")


def _unfit_sets(told: SitePolicy, site: Site) -> Iterator[Finding]:
    known = {evse.id for evse in site.evses}
    for i, one in enumerate(told.sets):
        if unknown := sorted(set(one.evses) - known):
            remedy = "name EVSEs of the site, or put them into the site first"
            message = "the site has no such EVSE"
            yield Finding(path=f"sets[{i}].evses", message=message, remedy=remedy, ids=tuple(unknown))


def _same(path: str, told: str, address: str) -> None:
    if told != address:
        message = "the id in the body is another one than in the address"
        refuse([Finding(path=path, message=message, remedy="write the same id in both")])
