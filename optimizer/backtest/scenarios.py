"""What is known of a site, as a scenario that the optimizer can plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from models.domain.electrical import evse_max_power_kw
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, TaperPoint, Vehicle
from models.domain.setpoints import OfferHistory
from models.domain.signal import Event, PriceEvent, PriceMode
from models.domain.site import Evse, Site
from models.domain.tariff import Tariff
from models.domain.times import instant
from models.domain.units import seconds_from_hours, seconds_from_minutes
from models.domain.value import Step
from optimizer.backtest.known import Known, Present
from optimizer.backtest.messages import Consent
from optimizer.backtest.tapering import Fell, Line, expected
from optimizer.backtest.v2g import with_consent

DONE_KWH = 1e-3
"""Who lacks less has what was asked for. [kWh]"""
FOLLOWED_H = 0.25
"""Between the fine periods of a plan and the coarse ones: for which length falling lines are made steeper. October 2019
at Caltech with batteries: 1,300.59 USD with 5 minutes, 1,306.64 with 15. [h]"""
LATEST_KNEE = 0.999
"""State of charge before which every line begins to fall, so that it has a length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How far and how finely a plan looks ahead."""

    near_count: int = 12
    near_min: float = 5.0
    far_min: float = 30.0
    longest_h: float = 24.0

    def horizon(self, at_s: float, until_s: float) -> Horizon:
        """From now to the end of what is known: to the next full period, fine ones, then coarse ones."""
        near_s, far_s = seconds_from_minutes(self.near_min), seconds_from_minutes(self.far_min)
        until_s = min(until_s, at_s + seconds_from_hours(self.longest_h))
        cut_min = (near_s - at_s % near_s) / seconds_from_minutes(1.0)
        first = [Stretch(count=1, minutes=cut_min)] if cut_min < self.near_min else []
        begun_s = at_s + seconds_from_minutes(cut_min) * len(first)
        count = max(1 - len(first), min(self.near_count, ceil((until_s - begun_s) / near_s)))
        near = [Stretch(count=count, minutes=self.near_min)] if count > 0 else []
        left_s = until_s - begun_s - max(count, 0) * near_s
        far = [Stretch(count=ceil(left_s / far_s), minutes=self.far_min)] if left_s > 0.0 else []
        return Horizon(start=instant(at_s), stretches=(*first, *near, *far))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How what drivers and cars tell is taken."""

    retail_per_kwh: float | None = None
    waiting_per_kwh_h: float = 3e-4
    """What it costs to move a kWh an hour later: later others may want to charge as well, and drivers leave before they
    said. Over a day it is less than what tariffs ask more in their dearer hours. [currency/kWh/h]"""
    learns_power: bool = True
    """Whether a car that takes less than offered is planned with what it takes."""
    learns_taper: bool = False
    """Whether cars are planned with the line on which their power falls towards full, learnt from those before them."""
    gives_back: bool = True
    """Whether cars whose drivers consent to V2G are planned with it; else they only charge."""
    rise: float = 1.1
    """By how much more than it took a car is tried at least, as a factor ..."""
    step_kw: float = 0.2
    """... and as a difference. [kW]"""


def scenario_of(known: Known, site: Site, tariff: Tariff, look: Look, reading: Reading) -> Scenario | None:
    """The present as a scenario; None where nobody is there who wants anything."""
    evses = {evse.id: evse for evse in site.evses}
    sessions = tuple(_sessions(known, evses, site, reading))
    if not sessions:
        return None
    ends_s = [s.departure.timestamp() for s in sessions if s.departure is not None]
    open_ended = len(ends_s) < len(sessions)
    until_s = known.at_s + seconds_from_hours(look.longest_h) if open_ended else max(ends_s)
    horizon = look.horizon(known.at_s, until_s)
    if known.base_loads is not None and known.pv_plants is not None:
        site = replace(site, base_loads=known.base_loads, pv_plants=known.pv_plants)
    waiting = _waiting(horizon, reading) if reading.waiting_per_kwh_h else ()
    signals: tuple[PriceEvent | Event, ...] = (*waiting, *events_ahead(known, horizon))
    return Scenario(site=site, sessions=sessions, tariff=tariff, horizon=horizon, signals=signals)


def events_ahead(known: Known, horizon: Horizon) -> Iterator[Event]:
    """Events that a plan can still do something about."""
    yield from (event for event in known.events if event.end > horizon.start and event.start < horizon.end)


def _sessions(known: Known, evses: dict[str, Evse], site: Site, reading: Reading) -> Iterator[Session]:
    for car in known.here.values():
        wants_kwh, evse = _wants_kwh(car), evses[car.evse]
        consent = _consent(car, known.at_s) if reading.gives_back else None
        if consent is None and wants_kwh is not None and wants_kwh - car.got_kwh <= DONE_KWH:
            continue
        session = _session(car, wants_kwh, known.at_s, evse, site, reading)
        if consent is not None:
            yield with_consent(session, consent, car.got_kwh, _most_kw(car, evse, site, reading))
        elif car.got_kwh < 0.0:
            yield _with_owed(session, -car.got_kwh)
        else:
            yield _tapering(session, car, _told_kw(car, evse, site), known.fell) if reading.learns_taper else session


def _consent(car: Present, at_s: float) -> Consent | None:
    """Whose driver is overdue may leave at any moment, with what is inside then: nothing is given back any more."""
    overdue = car.stated_departure_s is None or car.stated_departure_s <= at_s
    return None if overdue else car.consent


def _with_owed(session: Session, owed_kwh: float) -> Session:
    """What a car gave back beyond what it had got is wanted on top, and promised."""
    target_kwh = None if session.energy_target_kwh is None else session.energy_target_kwh + owed_kwh
    promised_kwh = 0.0 if target_kwh is None else session.energy_minimum_kwh + owed_kwh
    return replace(session, energy_target_kwh=target_kwh, energy_minimum_kwh=promised_kwh)


def _wants_kwh(car: Present) -> float | None:
    """What was asked for; None where nothing was, or where more flows than was asked for. [kWh]"""
    if car.stated_kwh is None:
        return None
    still_takes = car.drawn_kw is not None and not car.is_short_of_offer
    return None if still_takes and car.got_kwh > car.stated_kwh + DONE_KWH else car.stated_kwh


def _tapering(session: Session, car: Present, power_kw: float, fell: Sequence[Fell]) -> Session:
    """The same with the line on which its power will fall towards full, where one is known.

    Its battery is taken to be empty on arrival: only what it still takes until it is full matters.
    """
    wants_kwh = session.energy_target_kwh
    if wants_kwh is None or car.takes_nothing:
        return session
    line = car.shown.line(wants_kwh) if car.shown else expected(fell, wants_kwh, car.least_slope_per_h)
    if line is None:
        return session
    vehicle = Vehicle(
        id=car.session,
        max_charge_kw=power_kw,
        battery_capacity_kwh=line.full_kwh,
        charge_efficiency=1.0,
        taper=_taper(line.at_ends_of(FOLLOWED_H), power_kw),
    )
    return replace(session, vehicle=vehicle, soc=min(1.0, car.got_kwh / line.full_kwh))


def _taper(line: Line, power_kw: float) -> tuple[TaperPoint, TaperPoint]:
    """Full power up to the line, and down on it to nothing."""
    knee = min(line.begins_kwh(power_kw) / line.full_kwh, LATEST_KNEE)
    return (
        TaperPoint(soc=knee, power_kw=line.slope_per_h * (1.0 - knee) * line.full_kwh),
        TaperPoint(soc=1.0, power_kw=0.0),
    )


def _told_kw(car: Present, evse: Evse, site: Site) -> float:
    """What it told that it can take, as far as its EVSE can give it. [kW]"""
    most_kw = evse_max_power_kw(evse, None, site.voltage_v or 0.0)
    return most_kw if car.power_kw is None else min(car.power_kw, most_kw)


def _session(car: Present, wants_kwh: float | None, at_s: float, evse: Evse, site: Site, reading: Reading) -> Session:
    stays = car.stated_departure_s is not None and car.stated_departure_s > at_s
    history = None
    if car.offered_since_s is not None:
        since = instant(car.offered_since_s)
        history = OfferHistory(on=car.offered_kw > 0.0, since=since, starts=car.starts)
    return Session(
        id=car.session,
        evse=car.evse,
        arrival=instant(car.arrival_s),
        departure=instant(car.stated_departure_s) if stays and car.stated_departure_s is not None else None,
        energy_target_kwh=wants_kwh,
        energy_minimum_kwh=0.0 if wants_kwh is None else min(car.minimum_kwh, wants_kwh),
        delivered_kwh=max(0.0, car.got_kwh),
        retail_price_per_kwh=reading.retail_per_kwh,
        vehicle=_vehicle(car, evse, site, reading),
        offer_history=history,
    )


def _vehicle(car: Present, evse: Evse, site: Site, reading: Reading) -> Vehicle | None:
    """With its power, where that is less than its EVSE's."""
    power_kw = _most_kw(car, evse, site, reading)
    if power_kw >= evse_max_power_kw(evse, None, site.voltage_v or 0.0):
        return None
    return Vehicle(id=car.session, max_charge_kw=power_kw)


def _most_kw(car: Present, evse: Evse, site: Site, reading: Reading) -> float:
    """What it told it can do, or less: what it took when it was offered more, and a little on top to see. [kW]"""
    told_kw = _told_kw(car, evse, site)
    if reading.learns_power and car.drawn_kw is not None and car.is_short_of_offer:
        told_kw = min(told_kw, max(car.drawn_kw * reading.rise, car.drawn_kw + reading.step_kw))
    return told_kw


def _waiting(horizon: Horizon, reading: Reading) -> tuple[PriceEvent, ...]:
    """A price that rises with time, a step a period."""
    instants: Sequence[datetime] = horizon.instants()
    begin_s = instants[0].timestamp()
    steps = tuple(
        Step(start=at, value=reading.waiting_per_kwh_h * (at.timestamp() - begin_s) / seconds_from_hours(1.0))
        for at in instants[:-1]
    )
    event = PriceEvent(id="waiting", start=instants[0], end=instants[-1], import_price=steps, mode=PriceMode.ADD)
    return (event,)
