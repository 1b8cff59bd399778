"""What an algorithm knows of a site: its messages, folded. Nothing else gets in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from models.domain.signal import Event
from models.domain.site import BaseLoad, PvPlant
from models.domain.units import hours_from_seconds
from optimizer.backtest.messages import (
    Arrival,
    Consent,
    Departure,
    EventCalled,
    Forecast,
    Message,
    MeterReading,
    SiteReading,
    Tick,
)
from optimizer.backtest.tapering import Fell, Shown, Taken, slope_at_least
from optimizer.backtest.v2g import gained_kwh

NOTHING_KW = 1e-3
"""Who takes less is full, or does not charge: that is no point of a line on which power falls. [kW]"""
SURPRISE_KWH = 0.02
"""So much less than offered is no rounding: the car takes less. [kWh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A car that is there."""

    session: str
    evse: str
    arrival_s: float
    power_kw: float | None
    """What it told that it can take. [kW]"""
    stated_departure_s: float | None
    stated_kwh: float | None
    minimum_kwh: float = 0.0
    """What its driver was promised. [kWh]"""
    consent: Consent | None = None
    """To V2G. None: it gives nothing back."""
    drew_kwh: float = 0.0
    """As its meter showed last. [kWh]"""
    given_back_kwh: float = 0.0
    """The same. [kWh]"""
    got_kwh: float = 0.0
    """What it drew, less what makes up for what it gave back. [kWh]"""
    read_s: float = 0.0
    drawn_kw: float | None = None
    """Mean between the last two readings, while something was offered. [kW]"""
    offered_kw: float = 0.0
    offered_since_s: float | None = None
    """When the offer last changed between nothing and something. [s]"""
    starts: int = 0
    shown: Shown | None = None
    """What it took while it was offered more. None: it took all."""
    least_slope_per_h: float = 0.0
    """Of a line towards full, by what it took of its offers. [1/h]"""

    @property
    def is_short_of_offer(self) -> bool:
        """Whether it took noticeably less than it could have."""
        return self.drawn_kw is not None and self.drawn_kw < self.offered_kw

    @property
    def takes_nothing(self) -> bool:
        """Whether it took nothing of what it was offered."""
        return self.is_short_of_offer and self.drawn_kw is not None and self.drawn_kw <= NOTHING_KW


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A car that has left: the history from which an algorithm may learn."""

    session: str
    evse: str
    arrival_s: float
    departure_s: float
    got_kwh: float
    wanted_kwh: float
    """What it took, or what it had asked for if it was still short of that. [kWh]"""
    power_kw: float | None


@dataclass(slots=True)
class Known:
    """The present state, and who has been here."""

    at_s: float = 0.0
    here: dict[str, Present] = field(default_factory=dict)
    gone: list[Gone] = field(default_factory=list)
    base_loads: tuple[BaseLoad, ...] | None = None
    pv_plants: tuple[PvPlant, ...] | None = None
    events: list[Event] = field(default_factory=list)
    """Called, in the order in which they were told."""
    metered: list[tuple[float, float]] = field(default_factory=list)
    """(end of an interval, mean import in it) since the last ``take``. [s, kW]"""
    is_new: bool = False
    """Whether anything happened that no plan could foresee."""
    fell: list[Fell] = field(default_factory=list)
    """Of cars that have left, how they filled up."""

    def take(self, messages: Iterable[Message]) -> None:
        """Fold a batch in."""
        self.is_new, self.metered = False, []
        for message in messages:
            self._one(message)

    def _one(self, message: Message) -> None:
        match message:
            case Arrival():
                self.here[message.session] = _arrived(message)
                self.is_new = True
            case Departure():
                self._leave(message)
            case MeterReading():
                self._read(message)
            case SiteReading():
                self.metered.append((message.at_s, message.import_kw))
            case Forecast():
                self.base_loads, self.pv_plants, self.is_new = message.base_loads, message.pv_plants, True
            case EventCalled():
                self.events.append(message.event)
                self.is_new = True
            case Tick():
                self.at_s = message.at_s

    def _leave(self, message: Departure) -> None:
        if (car := self.here.pop(message.session, None)) is not None:
            self.gone.append(_left(car, message.at_s))
            self.fell += _fell(car)
            self.is_new = True

    def _read(self, message: MeterReading) -> None:
        car = self.here.get(message.session)
        if car is None:
            return
        could_kwh = car.offered_kw * hours_from_seconds(message.at_s - max(car.read_s, car.arrival_s))
        moved_kwh = message.energy_kwh - car.drew_kwh - (message.given_back_kwh - car.given_back_kwh)
        short = (could_kwh - moved_kwh if could_kwh >= 0.0 else moved_kwh - could_kwh) > SURPRISE_KWH
        self.is_new |= short
        drawn_kw = None if car.offered_kw <= 0.0 else message.power_kw if short else car.offered_kw
        read = replace(_metered(car, message), read_s=message.at_s, drawn_kw=drawn_kw)
        taken = Taken((car.got_kwh + read.got_kwh) / 2.0, message.power_kw)
        shown = _shown(car, taken) if short and message.power_kw > NOTHING_KW else car.shown
        slope = car.least_slope_per_h if short else _least_slope(car, taken)
        self.here[car.session] = replace(read, shown=shown, least_slope_per_h=slope)

    def offer(self, power_kw: Mapping[str, float]) -> None:
        """Remember what is sent."""
        for name, car in self.here.items():
            self.here[name] = _offered(car, power_kw.get(name, 0.0), self.at_s)


def _metered(car: Present, message: MeterReading) -> Present:
    """With what its meter shows, and with what its state of charge says that it got, where that is told."""
    told = replace(car, drew_kwh=message.energy_kwh, given_back_kwh=message.given_back_kwh)
    if car.consent is None or message.soc is None:
        return replace(told, got_kwh=message.energy_kwh)
    return replace(told, got_kwh=gained_kwh(car.consent, message.soc))


def _shown(car: Present, taken: Taken) -> Shown:
    """With one more reading of a car that takes less than its offer."""
    return Shown(taken, taken) if car.shown is None else car.shown.and_then(taken)


def _fell(car: Present) -> list[Fell]:
    """How it filled up, if it asked for energy and took any."""
    if not car.stated_kwh or (car.shown is None and car.least_slope_per_h == 0.0):
        return []
    slope = car.least_slope_per_h if car.shown is None else car.shown.line(car.stated_kwh).slope_per_h
    return [Fell(car.stated_kwh, slope)]


def _least_slope(car: Present, taken: Taken) -> float:
    """The steepest line that it must have, as it took all of its offer."""
    if car.stated_kwh is None or taken.power_kw <= 0.0:
        return car.least_slope_per_h
    return max(car.least_slope_per_h, slope_at_least(taken.power_kw, taken.inside_kwh, car.stated_kwh))


def _arrived(message: Arrival) -> Present:
    return Present(
        session=message.session,
        evse=message.evse,
        arrival_s=message.at_s,
        power_kw=message.power_kw,
        stated_departure_s=message.stated_departure_s,
        stated_kwh=message.stated_kwh,
        minimum_kwh=message.minimum_kwh,
        consent=message.consent,
        read_s=message.at_s,
    )


def _left(car: Present, at_s: float) -> Gone:
    """Who could not take more of the offer was done; who could may have wanted what was asked for."""
    asked_kwh = car.got_kwh if car.stated_kwh is None or _took_all_it_could(car) else car.stated_kwh
    return Gone(
        session=car.session,
        evse=car.evse,
        arrival_s=car.arrival_s,
        departure_s=at_s,
        got_kwh=car.got_kwh,
        wanted_kwh=max(car.got_kwh, asked_kwh),
        power_kw=car.power_kw,
    )


def _took_all_it_could(car: Present) -> bool:
    """It took less than its offer, or was offered all that its own line allows."""
    if car.is_short_of_offer:
        return True
    if car.shown is None or car.stated_kwh is None or car.offered_kw <= 0.0:
        return False
    return car.offered_kw >= car.shown.line(car.stated_kwh).power_kw(car.got_kwh)


def _offered(car: Present, offer_kw: float, at_s: float) -> Present:
    was_on, is_on = car.offered_kw > 0.0, offer_kw > 0.0
    since_s = at_s if was_on != is_on or car.offered_since_s is None else car.offered_since_s
    starts = car.starts + (is_on and not was_on)
    return replace(car, offered_kw=offer_kw, offered_since_s=since_s, starts=starts)
