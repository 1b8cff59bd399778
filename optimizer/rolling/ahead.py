"""From what is measured to what is planned next: the receding horizon."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.setpoints import OfferHistory
from models.domain.signal import Signal
from models.domain.site import Evse, Site
from models.domain.tariff import Tariff
from models.domain.units import MINUTES_PER_HOUR
from optimizer.rolling.afterwards import asked_now
from optimizer.rolling.asking_again import is_asked_again, wanted_kwh
from optimizer.rolling.covering import covered, late_evses
from optimizer.rolling.external import with_external_limits
from optimizer.rolling.following import least_kw
from optimizer.rolling.installed import installed
from optimizer.rolling.state import EvseRecord, SessionRecord, SiteState, Stage
from optimizer.rolling.verdict import Flaw

SETTLING_MINUTES = 2.0
"""The first period: until then EVSEs may still follow what they had. [min]"""
QUARTER_MINUTES = 15.0
QUARTERS = 24
"""Six hours."""
LEAST_HOURS, MOST_HOURS = 18, 7 * 24
"""Of the hourly periods after that."""


def next_scenario(
    state: SiteState, site: Site, tariff: Tariff | None, signals: tuple[Signal, ...], now: datetime
) -> Scenario:
    """What to plan now: who is there with what they got, what is installed, what binds, and the plan before.

    A vehicle whose phases were not measured counts in full on all of its EVSE's for limits, and for energy as if one
    of them charged it.
    """
    late = late_evses(state, signals, now)
    records = [record for record in state.evses.values() if record.session is not None]
    sessions = tuple(_session(state, record, now) for record in records if record.session is not None)
    periods = horizon(now, sessions)
    return Scenario(
        site=_as_it_is(with_external_limits(site, state, periods.start), state, now),
        sessions=sessions,
        tariff=tariff,
        signals=covered(asked_now(state, signals, now), late),
        installed=(*installed(state, now), *(one.as_installed for one in late if one.as_installed)),
        horizon=periods,
        previous=state.previous,
        ledger=state.ledger,
    )


def horizon(now: datetime, sessions: tuple[Session, ...]) -> Horizon:
    """A short period to settle in, quarters of an hour on the clock, then hours, to the last departure that is told."""
    start = now.astimezone(UTC).replace(second=0, microsecond=0)
    begun = start.minute % QUARTER_MINUTES + SETTLING_MINUTES
    rest = QUARTER_MINUTES - begun if begun <= QUARTER_MINUTES - 1.0 else 2 * QUARTER_MINUTES - begun
    near = start + timedelta(minutes=SETTLING_MINUTES + rest + QUARTERS * QUARTER_MINUTES)
    last = max((s.departure for s in sessions if s.departure is not None), default=near)
    hours = min(MOST_HOURS, max(LEAST_HOURS, -int((near - last) / timedelta(hours=1)) + 1))
    stretches = ((1, SETTLING_MINUTES), (1, rest), (QUARTERS, QUARTER_MINUTES), (hours, MINUTES_PER_HOUR))
    return Horizon(start=start, stretches=tuple(Stretch(count=n, minutes=length) for n, length in stretches))


def _as_it_is(site: Site, state: SiteState, now: datetime) -> Site:
    """EVSEs whose cars do not wake are not paused; those that must not serve get no floor."""
    return replace(site, evses=tuple(_evse(evse, state.evses.get(evse.id), now) for evse in site.evses))


def _evse(evse: Evse, record: EvseRecord | None, now: datetime) -> Evse:
    """A floor is a wish, never above a limit: with it a new car shows its phases, one that sleeps stays awake, and one
    that was full is asked again.
    """
    if record is None or record.session is None or evse.power_floor_kw is not None:
        return evse
    sleeps = any(verdict.flaw is Flaw.SLEEPS_AT_ZERO for verdict in record.verdicts)
    is_new = record.session.stage in (Stage.WAITING, Stage.PROBING) and record.session.phases is None
    if is_asked_again(record, now):
        return replace(evse, power_floor_kw=least_kw(record.plate))
    return replace(evse, power_floor_kw=record.plate.least_kw) if sleeps or is_new else evse


def _session(state: SiteState, record: EvseRecord, now: datetime) -> Session:
    """What is measured, over what the vehicle told, over what its driver told, over the site's defaults."""
    measured, wish = record.session, state.wishes.get(record.id)
    assert measured is not None, "only EVSEs with a session are asked"
    base = wish or Session(id=measured.id, evse=record.id, arrival=measured.arrival)
    departure, target_kwh = measured.departure or base.departure, _target_kwh(record, measured, base, now)
    return replace(
        base,
        id=measured.id,
        evse=record.id,
        arrival=min(measured.arrival, now),
        departure=departure if departure is not None and departure > now else None,
        connector=measured.connector or base.connector,
        energy_target_kwh=target_kwh,
        energy_minimum_kwh=_minimum_kwh(measured, base, target_kwh),
        soc_target=None if target_kwh is not None else measured.soc_target or base.soc_target,
        delivered_kwh=measured.delivered_kwh,
        vehicle=_vehicle(record, measured, base.vehicle),
        driver_group=measured.driver_group or base.driver_group,
        transaction_id=measured.transaction_id,
        soc=base.soc if measured.soc is None else measured.soc,
        offer_history=_history(measured),
    )


def _target_kwh(record: EvseRecord, session: SessionRecord, base: Session, now: datetime) -> float | None:
    """Who is full wants no more. Where phases were not measured, one of them may be all that fills the battery."""
    target_kwh = base.energy_target_kwh if session.energy_target_kwh is None else session.energy_target_kwh
    if session.stage is Stage.FULL:
        return session.delivered_kwh + (wanted_kwh(record) if is_asked_again(record, now) else 0.0)
    if target_kwh is None or session.phases is not None or record.plate.dc:
        return target_kwh
    told = base.vehicle.phases if base.vehicle is not None else None
    still_kwh = max(0.0, target_kwh - session.delivered_kwh)
    return session.delivered_kwh + still_kwh * record.plate.phases / min(told or 1, record.plate.phases)


def _minimum_kwh(session: SessionRecord, base: Session, target_kwh: float | None) -> float:
    """What a car must have by its own account is as good as promised; never more than its target."""
    minimum_kwh = max(base.energy_minimum_kwh, session.energy_minimum_kwh or 0.0)
    return minimum_kwh if target_kwh is None else min(minimum_kwh, target_kwh)


def _vehicle(record: EvseRecord, session: SessionRecord, wished: Vehicle | None) -> Vehicle:
    """What it can do at most, and of that no more than it draws with its margin.

    Phases count for limits once they are measured: what a driver told may be wrong, and then overload a phase.
    """
    base = wished or Vehicle(id=session.id)
    powers = [kw for kw in (base.max_charge_kw, session.max_charge_kw, session.follow_kw) if kw is not None]
    currents = [a for a in (base.max_current_a, session.max_current_a) if a is not None]
    return replace(
        base,
        max_charge_kw=min(powers, default=None),
        max_current_a=min(currents, default=None),
        phases=session.phases,
        battery_capacity_kwh=session.capacity_kwh or base.battery_capacity_kwh,
        max_discharge_kw=session.max_discharge_kw if session.max_discharge_kw is not None else base.max_discharge_kw,
    )


def _history(session: SessionRecord) -> OfferHistory | None:
    if session.offered is None or session.offered_since is None:
        return None
    return OfferHistory(on=session.offered, since=session.offered_since, starts=session.starts)
