"""Giving back some EVSEs of a site: our profiles there are cleared, and the rest goes on."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from api.sites.commanding import live_site
from api.sites.deciding import released
from api.sites.forms import EvseSet, SiteMode, SitePolicy
from api.sites.judging import refuse
from api.sites.keeping import Desk
from api.sites.steering import steering_of
from api.sites.waking import wake
from api.store.records import Kind
from models.domain.findings import Finding

HANDED_BACK = "handed-back"
"""Id of the set that they are in from then on."""


def hand_back_some(desk: Desk, evses: Iterable[str], reason: str, now: datetime) -> int:
    """How many commands clear our profiles; done again, it changes nothing. Raises NotFound, InvalidDocument."""
    site, found = desk.get(Kind.SITE).value, desk.find(Kind.POLICY)
    asked, policy = set(evses), found.value if found else SitePolicy()
    if unknown := sorted(asked - {evse.id for evse in site.evses}):
        message, remedy = "the site has no such EVSE", "name EVSEs of the site"
        refuse([Finding(path="evse", message=message, remedy=remedy, ids=tuple(unknown))])
    modes = steering_of(policy, site).modes
    fresh = sorted(evse for evse in asked if modes[evse] is not SiteMode.HANDED_BACK)
    if not fresh:
        return 0
    live, before = live_site(desk, now), {evse: modes[evse] for evse in fresh}
    waiting = {command.id for command in live.outbox}
    for evse in fresh:
        live = released(live, evse, now)
    desk.put(Kind.POLICY, _without(policy, fresh), expected=None, what="evses handed back")
    changed = {evse: [mode, SiteMode.HANDED_BACK] for evse, mode in before.items()}
    desk.audit("mode", desk.site, mode=policy.mode, before=policy.mode, evses=changed, reason=reason)
    desk.keep(Kind.STATE, live)
    wake(desk, now)
    return sum(command.id not in waiting for command in live.outbox)


def _without(policy: SitePolicy, evses: list[str]) -> SitePolicy:
    """With these in the set of those that are handed back, and in no other."""
    gone = set(evses)
    others = [replace(one, evses=tuple(evse for evse in one.evses if evse not in gone)) for one in policy.sets]
    before = {evse for one in others if one.id == HANDED_BACK for evse in one.evses}
    mine = EvseSet(id=HANDED_BACK, evses=tuple(sorted(before | gone)), mode=SiteMode.HANDED_BACK)
    kept = (one for one in others if one.id != HANDED_BACK and one.evses)
    return replace(policy, sets=(*kept, mine))
