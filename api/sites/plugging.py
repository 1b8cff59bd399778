"""Sessions of a site: who plugs in, what is wanted and measured, who leaves."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from api.sites.forms import Boost, Measurement, MeasurementBatch, NeedsTold, SessionTold, Unplugged
from api.sites.judging import judge_alone, judge_session, refuse
from api.sites.keeping import Desk, Kept
from api.sites.metering import measure_nodes
from api.sites.stays import Stay, left, measured, needing, plugged_in
from api.sites.waking import wake
from api.store.records import Kind
from models.domain.errors import Conflict, NotFound
from models.domain.findings import Finding
from models.domain.wire import form_json

AHEAD = timedelta(minutes=10)
"""A clock of a CSMS may be so far ahead of ours."""


def plug_in(desk: Desk, told: SessionTold, now: datetime) -> tuple[Kept[Stay], bool]:
    """The session, and whether it is new; raises InvalidDocument, Conflict for a stale revision.

    A session that was told to stand at the same EVSE until now has left, as one EVSE serves one vehicle at a time.
    """
    judge_alone(told)
    refuse(_unfit(desk, told, now))
    if desk.find(Kind.PAST_SESSION, told.session) is not None:
        raise Conflict("this vehicle has left; give its next session an id of its own")
    before = desk.find(Kind.SESSION, told.session)
    _unplug_others(desk, told)
    stay = plugged_in(told, before.value if before else None)
    kept = _kept(desk, stay, told.revision, now, "session told")
    return kept, before is None


def need(desk: Desk, session: str, told: NeedsTold, now: datetime) -> Kept[Stay]:
    """What a driver wants now; raises NotFound, InvalidDocument, Conflict."""
    judge_alone(told)
    return _changed(desk, session, lambda stay: needing(stay, told), told.revision, now, "needs told")


def boost(desk: Desk, session: str, told: Boost | None, now: datetime) -> Kept[Stay]:
    """Sooner, or no longer sooner; raises NotFound, InvalidDocument, Conflict for one that has left."""
    if told is not None:
        judge_alone(told)
    what = "boost" if told else "boost ended"
    return _changed(desk, session, lambda stay: replace(stay, boost=told), None, now, what)


def opt_out(desk: Desk, session: str, wanted: bool, now: datetime) -> Kept[Stay]:
    """As fast as limits allow, or planned again; raises NotFound, Conflict."""
    what = "opted out" if wanted else "opted in"
    return _changed(desk, session, lambda stay: replace(stay, opted_out=wanted), None, now, what)


def unplug(desk: Desk, session: str, told: Unplugged, now: datetime) -> Kept[Stay]:
    """A vehicle has left; told twice, it has left once. Raises NotFound, InvalidDocument."""
    judge_alone(told)
    found = known(desk, session)
    if not found.value.is_there:
        return found
    kept = _gone(desk, found, left(found.value, told, now), "unplugged")
    wake(desk, now)
    return kept


def known(desk: Desk, session: str) -> Kept[Stay]:
    """A session that is there or is over; raises NotFound."""
    found = desk.find(Kind.SESSION, session) or desk.find(Kind.PAST_SESSION, session)
    if found is None:
        raise NotFound("there is no session of this id")
    return found


def measure(desk: Desk, batch: MeasurementBatch, now: datetime) -> int:
    """How many of a batch were of sessions that are there; all of them are kept. Raises InvalidDocument.

    What a car drew calls for no plan by itself: the next one counts what has flowed.
    """
    judge_alone(batch)
    desk.get(Kind.SITE)
    desk.unit.append(desk.tenant, Kind.MEASUREMENT, desk.site, "batch", form_json(MeasurementBatch, batch))
    stays = _named(desk, batch)
    changed: dict[str, Stay] = {}
    for seen in sorted(batch.measurements, key=lambda one: one.at):
        session = _session_of(seen, stays)
        if session is not None:
            changed[session] = measured(changed.get(session, stays[session]), seen)
    desk.keep_all(Kind.SESSION, changed)
    _of_nodes(desk, batch, now)
    return len(changed)


def _of_nodes(desk: Desk, batch: MeasurementBatch, now: datetime) -> None:
    """Beside the cars as they are now: what they draw may be in the same batch."""
    seen = sorted((one for one in batch.measurements if one.node is not None), key=lambda one: one.at)
    if seen:
        measure_nodes(desk, seen, now)


FEW = 4
"""Sessions that are looked for one by one; for more it is quicker to read all of a site."""


def few_named(batch: MeasurementBatch) -> list[str]:
    """The sessions that a batch means, where it names all of them and they are few; else none."""
    names = {seen.session for seen in batch.measurements if seen.session is not None}
    unnamed = any(seen.session is None and seen.evse is not None for seen in batch.measurements)
    return [] if unnamed or len(names) > FEW else sorted(names)


def _named(desk: Desk, batch: MeasurementBatch) -> dict[str, Stay]:
    """The sessions that are there and that a batch can mean, by id."""
    names = few_named(batch)
    if not names and any(seen.node is None for seen in batch.measurements):
        return {kept.id: kept.value for kept in desk.every(Kind.SESSION)}
    desk.gather(*((Kind.SESSION, name) for name in names))
    found = {name: desk.find(Kind.SESSION, name) for name in names}
    return {name: kept.value for name, kept in found.items() if kept is not None}


def _session_of(seen: Measurement, stays: dict[str, Stay]) -> str | None:
    if seen.session is not None:
        return seen.session if seen.session in stays else None
    return next((name for name, stay in stays.items() if stay.told.evse == seen.evse), None)


def _changed(
    desk: Desk, session: str, change: Callable[[Stay], Stay], revision: int | None, now: datetime, what: str
) -> Kept[Stay]:
    found = known(desk, session)
    if not found.value.is_there:
        raise Conflict("the vehicle has left")
    return _kept(desk, change(found.value), revision, now, what)


def _kept(desk: Desk, stay: Stay, revision: int | None, now: datetime, what: str) -> Kept[Stay]:
    kept = desk.put(Kind.SESSION, stay, id=stay.told.session, expected=revision, what=what)
    judge_session(desk.get(Kind.SITE).value, stay, now)
    wake(desk, now)
    return kept


def _unplug_others(desk: Desk, told: SessionTold) -> None:
    for kept in desk.every(Kind.SESSION):
        stay: Stay = kept.value
        if stay.told.evse == told.evse and kept.id != told.session:
            if stay.told.plugged_in_at >= told.plugged_in_at:
                raise Conflict("another session was told to have plugged in there later")
            gone = replace(stay, unplugged_at=told.plugged_in_at)
            _gone(desk, kept, gone, "unplugged by the next session")


def _gone(desk: Desk, found: Kept[Stay], gone: Stay, what: str) -> Kept[Stay]:
    """Kept apart from those that are there, which every plan reads."""
    desk.remove(Kind.SESSION, id=found.id, expected=found.revision, what=what)
    desk.keep(Kind.PAST_SESSION, gone, id=found.id)
    return desk.get(Kind.PAST_SESSION, found.id)


def _unfit(desk: Desk, told: SessionTold, now: datetime) -> list[Finding]:
    findings = []
    if told.plugged_in_at > now + AHEAD:
        remedy = "tell it when it is there; who is expected belongs into a scenario's visits"
        findings.append(Finding(path="plugged_in_at", message="it has not plugged in yet", remedy=remedy))
    site = desk.get(Kind.SITE).value
    if told.evse not in {evse.id for evse in site.evses}:
        remedy = "name an EVSE of the site, or put it into the site first"
        findings.append(Finding(path="evse", message="the site has no such EVSE", remedy=remedy, ids=(told.evse,)))
    if site_of(desk, told.session) not in (None, desk.site):
        remedy = "give every session an id of its own among all your sites"
        findings.append(Finding(path="session", message="a session of this id is at another site", remedy=remedy))
    return findings


def site_of(desk: Desk, session: str) -> str | None:
    """Where a session is, or was; None where nobody told of it."""
    kinds = (Kind.SESSION, Kind.PAST_SESSION)
    found = [document for kind in kinds for document in desk.unit.search(desk.tenant, kind, session)]
    return found[0].place.site if found else None
