"""The live site behind the documents of one: what was told is laid over what was heard. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from api.operating.live import LiveSite
from api.sites.assembling import OVERDUE, Contents, by_meters, in_sight, priced, site_now
from api.sites.overriding import boosted, held_down, holding, left_alone
from api.sites.stays import Stay, session_of
from api.sites.steering import steering_of
from models.domain.default_horizon import default_stay_h, floor_start_s
from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.installed import OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Site
from models.domain.times import instant, seconds
from optimizer.rolling import next_scenario, opening
from optimizer.rolling.plugging import unplugged
from optimizer.rolling.state import EvseRecord, SessionRecord, SiteState


def refreshed(live: LiveSite | None, known: Contents, now: datetime) -> LiveSite:
    """The live site as the documents have it now; what its stations told stays."""
    start, overrides = instant(floor_start_s(seconds(now))), holding(known.overrides, known.stays, now)
    known = replace(known, stays=boosted(known.stays, overrides))
    site = _hurried(held_down(site_now(known, start, now), overrides, start), known)
    site = _over_ocpi(site, known.over_ocpi)
    state = opening(site) if live is None else _with_equipment(live.state, site)
    stays = {stay.told.evse: stay for stay in known.stays}
    others = steering_of(known.policy, site).left_alone | (known.over_ocpi - stays.keys())
    records = {name: left_alone(record, overrides, others) for name, record in state.evses.items()}
    evses = {name: _with_stay(record, stays.get(name)) for name, record in records.items()}
    wishes = {name: wish(stay, site, now) for name, stay in stays.items()}
    state = replace(state, evses=evses, wishes=wishes)
    live = live or LiveSite(site=site, state=state)
    return replace(
        live,
        site=site,
        state=state,
        tariff=known.tariff,
        signals=known.signals,
        version=known.policy.ocpp,
        plan_every_minutes=known.policy.replan_minutes,
        plan_only=tuple(sorted({evse.station or evse.id for evse in site.evses if evse.id in known.over_ocpi})),
    )


def _over_ocpi(site: Site, told: frozenset[str]) -> Site:
    """EVSEs that no default can be told to count at their rating without us: the next car there is held by nothing."""
    if not told:
        return site
    evses = (replace(e, offline=OfflineBehaviour.FULL) if e.id in told else e for e in site.evses)
    return replace(site, evses=tuple(evses))


def scenario_of(live: LiveSite, known: Contents, now: datetime) -> Scenario:
    """What is to be planned now, with prices that are not published yet estimated."""
    scenario = next_scenario(live.state, live.site, live.tariff, live.signals, now)
    assert scenario.horizon is not None, "the receding horizon is always there"
    tariff, estimated = priced(known, scenario.horizon)
    signals = in_sight(scenario.signals, scenario.horizon)
    told = (*scenario.assumptions, *by_meters(known, now), *estimated)
    return replace(scenario, tariff=tariff, signals=signals, assumptions=told)


def wish(stay: Stay, site: Site, now: datetime) -> Session:
    """What its driver wants, as told, and as asked for since.

    A boost is a promise, by its own time where one was told; how soon it comes is a matter of floors, see ``_hurried``.
    """
    session = replace(session_of(stay), departure=_still_there_until(stay, site, now))
    if stay.boost is None and not stay.opted_out:
        return session
    target_kwh = session.energy_target_kwh
    if stay.boost is not None and stay.boost.energy_kwh is not None:
        target_kwh = stay.delivered_kwh + stay.boost.energy_kwh
    promised_kwh = session.energy_minimum_kwh if target_kwh is None else target_kwh
    ready_by = stay.boost.ready_by if stay.boost else None
    soon = ready_by if ready_by is not None and ready_by > now else None
    return replace(
        session,
        departure=soon or session.departure,
        energy_target_kwh=target_kwh,
        energy_minimum_kwh=promised_kwh,
        accepts_less=False,
    )


def _still_there_until(stay: Stay, site: Site, now: datetime) -> datetime | None:
    """As told; whoever is there for longer than told, or than is usual, is expected to stay another hour."""
    told = stay.told.departure
    usual = None if site.habits else stay.told.plugged_in_at + timedelta(hours=default_stay_h(site))
    over = told or usual
    return now + OVERDUE if over is not None and over <= now else told


def _hurried(site: Site, known: Contents) -> Site:
    """EVSEs of cars that are to charge as soon as they can give all they have at once, as far as limits allow."""
    hurry = {stay.told.evse for stay in known.stays if _hurries(stay)}
    voltage_v = site.voltage_v or NOMINAL_VOLTAGE_V
    evses = (
        replace(evse, power_floor_kw=evse_max_power_kw(evse, None, voltage_v)) if evse.id in hurry else evse
        for evse in site.evses
    )
    return replace(site, evses=tuple(evses))


def _hurries(stay: Stay) -> bool:
    return stay.opted_out or (stay.boost is not None and stay.boost.ready_by is None)


def _with_equipment(state: SiteState, site: Site) -> SiteState:
    """Records of what stands there now; what is known of an EVSE stays as long as it hangs on the same station."""
    fresh = opening(site)
    stations = {name: state.stations.get(name, record) for name, record in fresh.stations.items()}
    evses = {name: _kept(state.evses.get(name), record) for name, record in fresh.evses.items()}
    return replace(state, site_id=site.id, stations=stations, evses=evses)


def _kept(known: EvseRecord | None, fresh: EvseRecord) -> EvseRecord:
    if known is None or (known.station, known.number) != (fresh.station, fresh.number):
        return fresh
    return replace(known, plate=fresh.plate)


def _with_stay(record: EvseRecord, stay: Stay | None) -> EvseRecord:
    """Whoever was told to be there is there under the caller's id; whoever was told to have left is gone.

    A session that a station alone told of has an id that was made of the EVSE's, and stays.
    """
    session = record.session
    if stay is None:
        by_station_alone = session is None or session.id.startswith(f"{record.id}@")
        return record if by_station_alone else unplugged(record)
    if session is None or not _same(session, stay):
        session = SessionRecord(id=stay.told.session, evse=record.id, arrival=stay.told.plugged_in_at)
    return replace(record, session=_told(session, record, stay))


def _same(session: SessionRecord, stay: Stay) -> bool:
    """Under the caller's id already, or told by the station when it plugged in."""
    by_station = session.id.startswith(f"{session.evse}@") and session.arrival >= stay.told.plugged_in_at - _APART
    return session.id == stay.told.session or by_station


_APART = timedelta(minutes=10)
"""Between what a station and a CSMS tell of the same plug."""


def _told(session: SessionRecord, record: EvseRecord, stay: Stay) -> SessionRecord:
    """Phases that nobody measured are those of the EVSE: a caller means what it says of a need."""
    told_phases = stay.told.vehicle.phases if stay.told.vehicle else None
    return replace(
        session,
        id=stay.told.session,
        arrival=stay.told.plugged_in_at,
        transaction_id=stay.told.transaction_id or session.transaction_id,
        phases=session.phases or told_phases or record.plate.phases,
        delivered_kwh=max(session.delivered_kwh, stay.delivered_kwh),
        soc=stay.soc if stay.soc is not None else session.soc,
    )
