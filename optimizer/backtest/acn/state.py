"""What is known of a site in the periods and amperes of acnportal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import floor, inf

from models.domain.calendar import Calendar, calendar_of
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Site
from models.domain.tariff import Tariff
from models.domain.times import instant
from models.domain.units import seconds_from_minutes
from optimizer.backtest.acn.sessions import SessionInfo, session_info
from optimizer.backtest.acn.stations import Stations
from optimizer.backtest.algorithm import CLOCK_S
from optimizer.backtest.known import Known
from optimizer.backtest.messages import Message, MeterReading
from optimizer.backtest.scenarios import Look, Reading, events_ahead, scenario_of
from optimizer.completing import complete

_READING = Reading(learns_power=False, waiting_per_kwh_h=0.0, gives_back=False)


@dataclass(slots=True)
class State:
    """Messages, folded; nothing else gets in."""

    site: Site
    tariff: Tariff
    period_min: float
    stations: Stations
    known: Known = field(default_factory=Known)
    start_s: float | None = None
    """When the first message came. [s]"""
    sent_a: dict[str, float] = field(default_factory=dict)
    """By session, of all that were there, what was sent last; 0 to whoever was not named. [A]"""
    drawn_a: dict[str, float] = field(default_factory=dict)
    """By session, mean between the last two readings. [A]"""
    peak_a: float = 0.0
    """Highest sum of these. [A]"""

    def take(self, messages: Sequence[Message]) -> None:
        """Fold a batch in."""
        self.known.take(messages)
        self.start_s = self.known.at_s if self.start_s is None else self.start_s
        readings = [one for one in messages if isinstance(one, MeterReading) and one.session in self.known.here]
        drawn_a = {one.session: one.power_kw / self.kw_per_a(one.session) for one in readings}
        self.drawn_a = {name: drawn_a.get(name, self.drawn_a.get(name, 0.0)) for name in self.known.here}
        self.sent_a = {name: amperes for name, amperes in self.sent_a.items() if name in self.known.here}
        self.peak_a = max(self.peak_a, sum(self.drawn_a.values()))

    def send(self, current_a: Mapping[str, float]) -> dict[str, float]:
        """Currents by session as powers, remembered. [A] -> [kW]"""
        self.sent_a = {name: current_a.get(name, 0.0) for name in self.known.here}
        power_kw = {name: amperes * self.kw_per_a(name) for name, amperes in current_a.items()}
        self.known.offer(power_kw)
        return power_kw

    def kw_per_a(self, session: str) -> float:
        """At the EVSE of a car that is there. [kW/A]"""
        return float(self.stations.kw_per_a[self.stations.position[self.known.here[session].evse]])

    @property
    def calendar(self) -> Calendar:
        """Of prices and of the site."""
        return calendar_of(self.tariff, self.site.time_zone)

    def period_of(self, at_s: float) -> int:
        """The period that an instant lies in, since the beginning."""
        assert self.start_s is not None, "messages come before questions"
        return floor((at_s + CLOCK_S - self.start_s) / seconds_from_minutes(self.period_min))

    def begin_s(self, period: int) -> float:
        """When it begins. [s]"""
        assert self.start_s is not None, "messages come before questions"
        return self.start_s + period * seconds_from_minutes(self.period_min)

    @property
    def period(self) -> int:
        """The present one."""
        return self.period_of(self.known.at_s)

    def local(self, period: int) -> datetime:
        """When a period begins, on the clock of the site."""
        return self.calendar.local(instant(self.begin_s(period)))

    def present(self) -> Scenario:
        """The site with what is forecast for it and the events of this period; nobody is there."""
        now = Horizon(start=instant(self.known.at_s), stretches=(Stretch(count=1, minutes=self.period_min),))
        site = self.site
        if self.known.base_loads is not None and self.known.pv_plants is not None:
            site = replace(site, base_loads=self.known.base_loads, pv_plants=self.known.pv_plants)
        return Scenario(site=site, tariff=self.tariff, horizon=now, signals=tuple(events_ahead(self.known, now)))

    def sessions(self) -> list[SessionInfo]:
        """Who lacks energy, station by station; what drivers did not say is completed as for every other method."""
        scenario = scenario_of(self.known, self.site, self.tariff, Look(), _READING)
        here = () if scenario is None else complete(scenario).scenario.sessions
        return [self._session(one) for one in sorted(here, key=lambda one: self.stations.position[one.evse])]

    def _session(self, one: Session) -> SessionInfo:
        assert one.departure is not None, "it is completed"
        assert one.energy_target_kwh is not None, "it is completed"
        told_kw, now = self.known.here[one.id].power_kw, self.period
        departure = self.period_of(one.departure.timestamp())
        return session_info(
            station_id=one.evse,
            session_id=one.id,
            requested_energy=one.energy_target_kwh,
            energy_delivered=one.delivered_kwh,
            arrival=self.period_of(one.arrival.timestamp()),
            departure=max(departure, now + 1),
            current_time=now,
            most_a=inf if told_kw is None else told_kw / self.kw_per_a(one.id),
        )
