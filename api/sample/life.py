"""Time passes at the sample site: what a CSMS would tell is told and what it would send is sent, by its use cases.

One tick is one unit of the store, so a process that dies leaves cars and documents as they belong together.
"""

from collections.abc import Callable, Iterator
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from api.sample import place
from api.sample.cars import REGISTER_KWH, SampleCar, drawn, newcomer, next_arrival, settled
from api.sample.station import Profiles, after, offered_kw, without_transaction
from api.security.access import NOBODY_IN_PARTICULAR
from api.service import Service
from api.sites.commanding import acknowledge, pull
from api.sites.forms import Acknowledgement, Acknowledgements, Measurement, MeasurementBatch, Outcome, SessionTold
from api.sites.forms import Unplugged as Left
from api.sites.keeping import Desk, Kept, writing_desk
from api.sites.plugging import measure, plug_in, unplug
from api.sites.removing import remove_site
from api.sites.stays import Stay
from api.sites.telling import take_back, tell
from api.store.port import NEW, Unit
from api.store.records import Kind, Place
from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.errors import ChargingError
from models.domain.session import Vehicle
from models.domain.site import Evse, Site
from models.domain.value import Step, value
from models.domain.wire import form_json, read_form

WHO = "sample"
"""In the audit trail."""
SEED = 20260302
TICK_S = 5.0
MEASURED_EVERY = timedelta(seconds=15)
MOST_WAVES = 5
"""Commands that wait for others come in waves."""
CARS_AT_FIRST = 5
ADOPTED_STAY, ADOPTED_KWH, ADOPTED_KW = timedelta(hours=2), 15.0, 11.0
"""Of a car that somebody posts without saying more."""
PLACE = Place(tenant=NOBODY_IN_PARTICULAR, kind=Kind.SAMPLE, site=place.SITE_ID, id=place.SITE_ID)
log = structlog.get_logger("chargewright.sample")


@value
class Life:
    """What the sample remembers between two ticks."""

    seed: int
    at: datetime
    measured_at: datetime
    next_at: datetime
    """When the next car comes."""
    arrivals: int = 0
    cars: tuple[SampleCar, ...] = ()
    installed: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    """Profiles by bay."""


class Sample:
    """The life of the sample site of a service; every method can be called again after it failed."""

    def __init__(self, service: Service, seed: int = SEED) -> None:
        self._service, self._seed = service, seed

    def begin(self) -> bool:
        """Put it into a store in which nobody has a site yet; whether it is there now."""
        now = self._service.clock()
        with writing_desk(self._service.store, now, PLACE.tenant, PLACE.site, WHO) as desk:
            if is_sample(desk.unit, PLACE.tenant, PLACE.site):
                return True
            if desk.unit.find(PLACE) is not None or desk.unit.everywhere(Kind.SITE):
                return False
            _build(desk, now)
            life = Life(seed=self._seed, at=now, measured_at=now, next_at=now)
            for _ in range(CARS_AT_FIRST):
                life = _arrived(desk, life, now, settled)
            life = _measured(desk, life, now)
            desk.unit.write(PLACE, form_json(Life, life), expected=NEW)
            return True

    def tick(self) -> None:
        """Let the time since the tick before pass; never raises."""
        now = self._service.clock()
        try:
            with writing_desk(self._service.store, now, PLACE.tenant, PLACE.site, WHO) as desk:
                found = desk.unit.find(PLACE)
                if found is None or desk.find(Kind.SITE) is None:
                    return
                life = passed(desk, read_form(Life, found.body), now)
                desk.unit.write(PLACE, form_json(Life, life))
        except ChargingError as error:
            log.warning("sample_failed", error=str(error).partition("\n")[0])
        except Exception:  # the clock goes on for all other sites
            log.exception("sample_failed")

    def end(self) -> bool:
        """Take it away again, for a service that is to have none; whether there was one."""
        with writing_desk(self._service.store, self._service.clock(), PLACE.tenant, PLACE.site, WHO) as desk:
            if not is_sample(desk.unit, PLACE.tenant, PLACE.site):
                return False
            remove_site(desk, None)
            desk.unit.remove(PLACE)
            return True


def is_sample(unit: Unit, tenant: str, site: str) -> bool:
    """Whether the cars of this site are simulated."""
    mine = (tenant, site) == (PLACE.tenant, PLACE.site)
    there = Place(tenant=tenant, kind=Kind.SITE, site=site, id=site)
    return mine and unit.find(PLACE) is not None and unit.find(there) is not None


def passed(desk: Desk, life: Life, now: datetime) -> Life:
    """One tick: cars draw, leave and come, meters tell, commands are followed."""
    if now <= life.at:
        return life
    site: Site = desk.get(Kind.SITE).value
    life = _drawn(_reconciled(desk, life, site, now), site, now)
    life = _departed(desk, life, now)
    if now >= life.next_at:
        life = _arrived(desk, life, now)
    if now - life.measured_at >= MEASURED_EVERY:
        life = _measured(desk, life, now)
    _forecast(desk, now)
    return replace(_followed(desk, life, now), at=now)


def _build(desk: Desk, now: datetime) -> None:
    tell(desk, Kind.SITE, place.site(), now, expected=NEW)
    tell(desk, Kind.POLICY, place.policy(), now, expected=NEW)
    tell(desk, Kind.TARIFF, place.tariff(), now, expected=NEW)
    _tell_forecasts(desk, now)
    begin = (now + place.FIRST_RELIEF).replace(second=0, microsecond=0)
    tell(desk, Kind.SIGNAL, relief := place.relief(begin), now, id=relief.id, expected=NEW)


def _forecast(desk: Desk, now: datetime) -> None:
    """Forecasts reach days ahead, and the next request of the utility is there before it begins."""
    kept = desk.find(Kind.BASE_LOAD, place.GRID)
    if kept is None or now - kept.changed_at > timedelta(days=1):
        _tell_forecasts(desk, now)
    asked = desk.every(Kind.SIGNAL)
    for over in (one for one in asked if one.value.source == place.relief(now).source and one.value.end <= now):
        take_back(desk, Kind.SIGNAL, now, id=over.id, expected=None)
        begin = over.value.start + place.RELIEF_EVERY
        while begin <= now:
            begin += place.RELIEF_EVERY
        tell(desk, Kind.SIGNAL, following := place.relief(begin), now, id=following.id, expected=None)


def _tell_forecasts(desk: Desk, now: datetime) -> None:
    tell(desk, Kind.BASE_LOAD, place.cafe(now), now, id=place.GRID, expected=None)
    tell(desk, Kind.PV, place.roof(now), now, id=place.ROOF, expected=None)


def _reconciled(desk: Desk, life: Life, site: Site, now: datetime) -> Life:
    """Cars that somebody else unplugged are gone; those that somebody else plugged in draw like any other."""
    told: dict[str, Kept[Stay]] = {kept.id: kept for kept in desk.every(Kind.SESSION)}
    cars = tuple(car for car in life.cars if car.session in told)
    known = {car.session for car in cars}
    evses = {evse.id: evse for evse in site.evses}
    adopted = (_adopted(kept.value, evses[kept.value.told.evse], site, now) for kept in told.values())
    return replace(life, cars=(*cars, *(car for car in adopted if car.session not in known)))


def _adopted(stay: Stay, evse: Evse, site: Site, now: datetime) -> SampleCar:
    told = stay.told
    power_kw = min(ADOPTED_KW, evse_max_power_kw(evse, told.vehicle, site.voltage_v or NOMINAL_VOLTAGE_V))
    later = told.departure if told.departure is not None and told.departure > now else now + ADOPTED_STAY
    return SampleCar(
        session=told.session,
        evse=told.evse,
        arrived_at=min(now, told.plugged_in_at),
        leaves_at=later,
        need_kwh=told.energy_target_kwh or ADOPTED_KWH,
        power_kw=power_kw,
        tells=True,
        got_kwh=stay.delivered_kwh,
        register_kwh=REGISTER_KWH if told.register_kwh is None else told.register_kwh,
    )


def _drawn(life: Life, site: Site, now: datetime) -> Life:
    """What was installed at the last tick holds until now: what is commanded now holds from now on."""
    seconds, evses = (now - life.at).total_seconds(), {evse.id: evse for evse in site.evses}

    def offer(car: SampleCar) -> float:
        return offered_kw(_profiles(life, car.evse), evses[car.evse], _transaction(car), life.at)

    return replace(life, cars=tuple(drawn(car, offer(car), seconds) for car in life.cars if car.evse in evses))


def _departed(desk: Desk, life: Life, now: datetime) -> Life:
    for car in (one for one in life.cars if one.leaves_at <= now):
        unplug(desk, car.session, Left(unplugged_at=now, register_kwh=car.register_kwh + car.got_kwh), now)
        left = {car.evse: without_transaction(_profiles(life, car.evse))}
        life = replace(life, installed={**life.installed, **left})
    return replace(life, cars=tuple(car for car in life.cars if car.leaves_at > now))


def _arrived(desk: Desk, life: Life, now: datetime, since: Callable[[SampleCar], SampleCar] = lambda car: car) -> Life:
    number = life.arrivals + 1
    life = replace(life, arrivals=number, next_at=next_arrival(life.seed, number, now))
    car = newcomer(life.seed, number, desk.get(Kind.SITE).value, life.cars, now)
    if car is None:
        return life
    car = since(car)
    plug_in(desk, _told(car), now)
    return replace(life, cars=(*life.cars, car))


def _told(car: SampleCar) -> SessionTold:
    """What its driver says; one who says nothing is planned by what the site assumes."""
    said: dict[str, Any] = {"departure": car.leaves_at, "energy_target_kwh": car.need_kwh} if car.tells else {}
    return SessionTold(
        session=car.session,
        evse=car.evse,
        plugged_in_at=car.arrived_at,
        vehicle=Vehicle(id=car.session, max_charge_kw=car.power_kw),
        transaction_id=_transaction(car),
        register_kwh=car.register_kwh,
        **said,
    )


def _measured(desk: Desk, life: Life, now: datetime) -> Life:
    def of(car: SampleCar) -> Measurement:
        register_kwh = round(car.register_kwh + car.got_kwh, 4)
        return Measurement(at=now, session=car.session, power_kw=round(car.drawn_kw, 3), register_kwh=register_kwh)

    total_kw = sum(car.drawn_kw for car in life.cars) + _other_kw(desk, now)
    grid = Measurement(at=now, node=place.GRID, power_kw=round(total_kw, 3))
    measure(desk, MeasurementBatch(measurements=(*map(of, life.cars), grid)), now)
    return replace(life, measured_at=now)


def _other_kw(desk: Desk, now: datetime) -> float:
    """The café less the sun, just as forecast. [kW]"""
    kept = desk.find(Kind.BASE_LOAD, place.GRID), desk.find(Kind.PV, place.ROOF)
    load_kw, sun_kw = (_at(one.value.expected_kw, now) if one else 0.0 for one in kept)
    return load_kw - sun_kw


def _at(series: float | tuple[Step, ...], now: datetime) -> float:
    if not isinstance(series, tuple):
        return series
    return next((step.value for step in reversed(series) if step.start <= now), series[0].value)


def _followed(desk: Desk, life: Life, now: datetime) -> Life:
    """Every command is accepted and holds from now on."""
    for _ in range(MOST_WAVES):
        commands = pull(desk, 0, now)
        if not commands:
            return life
        for one in commands:
            bay = one.evse or one.station
            installed = {**life.installed, bay: after(_profiles(life, bay), one.action, one.payload)}
            life = replace(life, installed=installed)
        acknowledge(desk, Acknowledgements(acknowledgements=tuple(_accepted(c.id for c in commands))), now)
    return life


def _accepted(commands: Iterator[str]) -> Iterator[Acknowledgement]:
    for command in commands:
        yield Acknowledgement(command=command, outcome=Outcome.ACCEPTED)


def _profiles(life: Life, bay: str) -> Profiles:
    return life.installed.get(bay, ())


def _transaction(car: SampleCar) -> str:
    return f"tx-{car.session}"
