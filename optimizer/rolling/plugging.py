"""Vehicles that come, want, and leave, whatever the order in which that is told."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from models.domain.answers import (
    EvseReserved,
    PriorityTold,
    ReservationEnded,
    TransactionGoesOn,
    TransactionNamed,
)
from models.domain.events import EvseState, NeedsTold, StateTold, TokenShown, TransactionBegan, TransactionEnded
from optimizer.rolling.changing import (
    by_transaction,
    counted,
    evse_of,
    evse_or_transaction,
    with_evse,
    with_session,
    with_station,
    without_verdicts,
)
from optimizer.rolling.state import EvseRecord, Reservation, Role, SessionRecord, SiteState
from optimizer.rolling.timing import FARTHEST, Placed
from optimizer.rolling.verdict import Flaw

MOST_ENDED = 20
"""Transactions of a station that are remembered after their end."""
PLUGGED_IN = {
    EvseState.CONNECTED,
    EvseState.CHARGING,
    EvseState.SUSPENDED_BY_STATION,
    EvseState.SUSPENDED_BY_VEHICLE,
}


def token(state: SiteState, event: TokenShown, when: Placed) -> SiteState:
    """Whoever starts next at this station, if the start itself names nobody."""
    return state if when.late else with_station(state, event.station_id, token_digest=event.token_digest)


def state_told(state: SiteState, event: StateTold, when: Placed) -> SiteState:
    """A vehicle is there from the first state that says so; an EVSE that is free has none."""
    record = evse_of(state, event)
    if record is None:
        return state
    if record.state_at is not None and event.at < record.state_at:
        return counted(state, event.station_id, "a state out of order")
    record = replace(record, state=event.state, state_at=event.at)
    if event.state is EvseState.AVAILABLE:
        return with_evse(state, unplugged(record))
    if event.state in PLUGGED_IN and record.session is None and not when.late:
        record = replace(record, session=_arrived(record, when.at), reservation=None)
    return with_evse(state, record)


def began(state: SiteState, event: TransactionBegan, when: Placed) -> SiteState:
    """The vehicle that is plugged in has a transaction; one that was told before is told twice."""
    record, station = evse_of(state, event), state.stations[event.station_id]
    if record is None:
        return counted(state, event.station_id, "a transaction at no EVSE of the site")
    if event.transaction_id is not None and event.transaction_id in station.ended:
        return counted(state, event.station_id, "a start told after its end")
    session = record.session
    if session is not None and _same(session, event):
        return counted(state, event.station_id, "a start told twice")
    if session is not None and (session.transaction_id is not None or session.register_at_start_kwh is not None):
        state, session = counted(state, event.station_id, "a start before the end of the transaction before"), None
        record = unplugged(record)
    digest = event.token_digest or station.token_digest
    session = session or _arrived(record, when.at)
    session = replace(
        session,
        transaction_id=event.transaction_id,
        token_digest=digest,
        driver_group=state.groups.get(digest or ""),
        register_at_start_kwh=_register_at_start(record, session, event),
    )
    state = with_station(state, event.station_id, token_digest=None)
    return with_evse(state, replace(record, session=session, reservation=None))


def named(state: SiteState, event: TransactionNamed, when: Placed) -> SiteState:
    """OCPP 1.6: the transaction that began without an id has one now; one that was refused is none."""
    record = evse_of(state, event)
    if record is None or record.session is None:
        return state
    if not event.accepted:
        return with_evse(state, with_session(record, transaction_id=None))
    return with_evse(state, with_session(record, transaction_id=event.transaction_id))


def goes_on(state: SiteState, event: TransactionGoesOn, when: Placed) -> SiteState:
    """A transaction that nobody told the start of has begun by now; phases that a station counts are measured."""
    station = state.stations[event.station_id]
    record = evse_or_transaction(state, event, event.transaction_id)
    if record is None or event.transaction_id in station.ended:
        return state
    session = record.session
    if session is None or session.transaction_id not in (None, event.transaction_id):
        session = _arrived(unplugged(record), when.at)
    told = event.phases_used
    phases = told if told is not None and 1 <= told <= record.plate.phases else session.phases
    session = replace(session, transaction_id=event.transaction_id, phases=phases)
    return with_evse(state, replace(record, session=session))


def ended(state: SiteState, event: TransactionEnded, when: Placed) -> SiteState:
    """The end of another transaction than the one that runs is told late, and changes nothing of this one."""
    station = state.stations[event.station_id]
    again = event.transaction_id in station.ended
    last = station.ended if again else (*station.ended, event.transaction_id)[-MOST_ENDED:]
    state = with_station(state, event.station_id, ended=last)
    record = by_transaction(state, event.station_id, event.transaction_id)
    if again or record is None:
        return counted(state, event.station_id, "an end told twice" if again else "an end of no transaction")
    register_kwh = record.register_kwh if event.meter_kwh is None else event.meter_kwh
    return with_evse(state, unplugged(replace(record, register_kwh=register_kwh)))


def needs(state: SiteState, event: NeedsTold, when: Placed) -> SiteState:
    """What a vehicle asks for; where it cannot be meant, it counts as not told."""
    record = evse_of(state, event)
    if record is None or when.late:
        return state
    if event.departure is not None and event.departure <= when.at:
        state = counted(state, event.station_id, "a departure in the past")
    if event.departure is not None and event.departure > when.at + FARTHEST:
        state = counted(state, event.station_id, "a departure beyond a year")
    session = record.session or _arrived(record, when.at)
    asked = _asked(event, when.at, session.delivered_kwh)
    return with_evse(state, replace(record, session=replace(session, **asked)))


def _asked(event: NeedsTold, now: datetime, delivered_kwh: float) -> dict[str, Any]:
    """Those of its wishes that can be meant; energies are told from now on, and kept from the start of the session."""
    told: dict[str, Any] = {
        "departure": event.departure if event.departure and now < event.departure <= now + FARTHEST else None,
        "energy_target_kwh": _in_all(event.energy_kwh, delivered_kwh),
        "energy_minimum_kwh": _in_all(event.energy_least_kwh, delivered_kwh),
        "max_charge_kw": _least(event.max_charge_kw),
        "max_discharge_kw": _least(event.max_discharge_kw),
        "max_current_a": _least(event.max_current_a),
        "capacity_kwh": event.capacity_kwh if (event.capacity_kwh or 0.0) > 0.0 else None,
        "soc": _share(event.soc),
        "soc_target": _share(event.soc_target),
    }
    return {name: amount for name, amount in told.items() if amount is not None}


def priority(state: SiteState, event: PriorityTold, when: Placed) -> SiteState:
    record = by_transaction(state, event.station_id, event.transaction_id)
    return state if record is None else with_evse(state, with_session(record, priority=event.active))


def reserved(state: SiteState, event: EvseReserved, when: Placed) -> SiteState:
    record = evse_of(state, event)
    if record is None:
        return state
    booked = Reservation(id=event.reservation_id, until=event.until, token_digest=event.token_digest)
    return with_evse(state, replace(record, reservation=booked))


def reservation_ended(state: SiteState, event: ReservationEnded, when: Placed) -> SiteState:
    for record in state.evses.values():
        booked = record.reservation
        if record.station == event.station_id and booked is not None and booked.id == event.reservation_id:
            state = with_evse(state, replace(record, reservation=None))
    return state


def unplugged(record: EvseRecord) -> EvseRecord:
    """A plan goes with its transaction, and so does what was seen of the car; what holds without one stays."""
    told = tuple(one for one in record.told if one.role is not Role.PLAN or one.stays)
    gone = (Flaw.DRAWS_LESS, *(() if told else (Flaw.UNVERIFIED,)))
    return replace(without_verdicts(record, *gone), session=None, told=told, readings=())


def _arrived(record: EvseRecord, at: datetime) -> SessionRecord:
    return SessionRecord(id=f"{record.id}@{at:%Y-%m-%dT%H:%M:%SZ}", evse=record.id, arrival=at)


def _register_at_start(record: EvseRecord, session: SessionRecord, event: TransactionBegan) -> float | None:
    """A vehicle may have charged in a transaction before, as where its station booted: that counts as delivered."""
    register_kwh = event.meter_kwh if event.meter_kwh is not None else record.register_kwh
    return None if register_kwh is None else register_kwh - session.delivered_kwh


def _same(session: SessionRecord, event: TransactionBegan) -> bool:
    """In 1.6 a start has no id: the same meter and the same driver are the same start."""
    if event.transaction_id is not None:
        return session.transaction_id == event.transaction_id
    start_kwh = session.register_at_start_kwh
    same_meter = start_kwh is not None and event.meter_kwh in (start_kwh, start_kwh + session.delivered_kwh)
    return same_meter and session.token_digest == event.token_digest


def _least(amount: float | None) -> float | None:
    return None if amount is None else max(0.0, amount)


def _in_all(still_kwh: float | None, delivered_kwh: float) -> float | None:
    return None if still_kwh is None else delivered_kwh + max(0.0, still_kwh)


def _share(soc: float | None) -> float | None:
    return soc if soc is not None and 0.0 <= soc <= 1.0 else None
