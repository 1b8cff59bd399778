"""Why a site should be planned again: what changed that a plan depends on."""

from collections.abc import Iterator
from datetime import timedelta

from optimizer.rolling.state import EvseRecord, SiteState, Stage

EVERY = timedelta(minutes=15)
"""Without any reason. Plans end in the fail-safe share some time after the next one is due."""
MOVED = 0.1
"""Share by which what a car is held down to has to move to be worth a plan; flash memories wear out."""


def due(before: SiteState, after: SiteState) -> tuple[str, ...]:
    """One sentence for each reason, empty where the plan that there is still fits."""
    return tuple(_reasons(before, after))


def _reasons(before: SiteState, after: SiteState) -> Iterator[str]:
    if before.external != after.external:
        yield "external limits changed"
    for name, station in after.stations.items():
        if station.reachable != before.stations[name].reachable:
            yield f"station {name} is {'back' if station.reachable else 'out of reach'}"
    for name, record in after.evses.items():
        if record is not before.evses[name]:
            yield from _of_evse(before.evses[name], record)


def _of_evse(before: EvseRecord, after: EvseRecord) -> Iterator[str]:
    if before.uncontrolled != after.uncontrolled:
        yield f"EVSE {after.id} is {'not controlled' if after.uncontrolled else 'trusted again'}"
    was, session = before.session, after.session
    if session is None or was is None or was.id != session.id:
        if was is not session:
            yield f"EVSE {after.id}: a car {'left' if session is None else 'came'}"
        return
    if was.transaction_id != session.transaction_id:
        yield f"EVSE {after.id}: its transaction has an id"
    if was.phases != session.phases:
        yield f"EVSE {after.id}: {session.phases} phases are used"
    if was.stage != session.stage and session.stage in (Stage.FULL, Stage.WOKEN):
        yield f"EVSE {after.id}: its car is {session.stage}"
    if was.energy_target_kwh != session.energy_target_kwh or was.departure != session.departure:
        yield f"EVSE {after.id}: its car told what it needs"
    if _moved(was.follow_kw, session.follow_kw):
        yield f"EVSE {after.id}: its car {'wants more' if session.follow_kw is None else 'draws less'}"


def _moved(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(after - before) > MOVED * before
