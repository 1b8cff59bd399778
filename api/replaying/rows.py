"""One row of the table: a real event at the site, what it moved, what that cost, what is paid, who missed what."""

from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from api.replaying.days import Month, load_of
from api.replaying.shifting import Shifted
from models import programmes
from models.domain.calendar import calendar_of
from models.domain.prices import mean_prices
from models.domain.signal import Event
from models.domain.times import instant
from models.domain.units import seconds_from_minutes
from models.domain.value import Step
from models.settlement.calls import CalledEvent, SettlementRule, Settling
from models.settlement.load import LoadSeries
from models.settlement.programmes import rule_of
from optimizer.backtest.metrics import costs_of
from optimizer.backtest.running import Run
from optimizer.response.baselines import Spans, spans_of
from optimizer.response.settling import Meters, settle


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one event."""

    event: Shifted
    followed_per_kwh: float
    """What a kWh was worth to the plan: the payment; where no rule pays, the price of energy in these hours."""
    usual_kwh: float
    """Load of the same hours on an everyday day."""
    moved_kwh: float
    """The way the event asked, net; below 0 the other way."""
    paid_kwh: float
    """Interval by interval on the right side of the everyday load."""
    payment: Decimal
    energy_cost: float
    """More for energy, over the whole day. [currency of the tariff]"""
    demand_cost: float
    """More for a peak above that of the month."""
    missed_kwh: float
    """That cars lacked more when they left."""

    @property
    def cost(self) -> float:
        """[currency of the tariff]"""
        return self.energy_cost + self.demand_cost


def row(event: Shifted, month: Month) -> Row:
    """Run its day with and without it, and settle it by the load without it."""
    usual = month.everyday(event.day)
    usual_load = load_of(usual, month.case.period_min)
    rule = _rule(event, month)
    spans = spans_of(event.start.timestamp(), event.end.timestamp(), seconds_from_minutes(rule.settlement_min))
    worth = event.payment.per_kwh or _energy_price(month, spans)
    asked = _asked(event, usual_load, worth, rule, month)
    done = month.with_event(event.day, asked, event.told_at)
    load = load_of(done, month.case.period_min)
    difference = load.mean_kw(spans.starts_s, spans.ends_s) - usual_load.mean_kw(spans.starts_s, spans.ends_s)
    paid_kwh, payment = _settled(asked, rule, load, month.zone)
    costs, before = (_costs(one) for one in (done, usual))
    return Row(
        event=event,
        followed_per_kwh=worth,
        usual_kwh=float(usual_load.mean_kw(spans.starts_s, spans.ends_s) @ spans.hours),
        moved_kwh=asked.direction.sign * float(difference @ spans.hours),
        paid_kwh=paid_kwh,
        payment=payment,
        energy_cost=costs["energy_import"] - before["energy_import"],
        demand_cost=costs["demand_charge"] - before["demand_charge"],
        missed_kwh=_missed_kwh(done) - _missed_kwh(usual),
    )


def _asked(event: Shifted, usual: LoadSeries, worth: float, rule: SettlementRule, month: Month) -> Event:
    """Nothing is committed, and all that is delivered counts."""
    return Event(
        id=event.real.id,
        start=event.start,
        end=event.end,
        direction=event.real.direction,
        baseline_kw=_steps(usual),
        accepted_kw=sum({car.evse: car.power_kw for car in month.course.cars}.values()),
        payment_per_kwh=worth,
        settlement_min=rule.settlement_min,
        source=event.real.programme,
    )


def _steps(load: LoadSeries) -> tuple[Step, ...]:
    pairs = zip(load.starts_s, load.power_kw.tolist(), strict=True)
    return tuple(Step(start=instant(at), value=kw) for at, kw in pairs)


def _rule(event: Shifted, month: Month) -> SettlementRule:
    """The terms of its programme, by the load without the event; without one nothing is paid, for all hours at once."""
    if event.payment.programme:
        return replace(rule_of(programmes.load(event.payment.programme)), baseline="as_told")
    length_min = (event.end.timestamp() - event.start.timestamp()) / seconds_from_minutes(1.0)
    currency = month.course.tariff.currency
    return SettlementRule(programme="no rule", baseline="as_told", currency=currency, settlement_min=length_min)


def _settled(asked: Event, rule: SettlementRule, load: LoadSeries, zone: ZoneInfo) -> tuple[float, Decimal]:
    """kWh that are paid, and their payment."""
    called = CalledEvent(
        id=asked.id,
        programme=rule.programme,
        start=asked.start,
        end=asked.end,
        direction=asked.direction,
        baseline_kw=asked.baseline_kw,
    )
    settling = Settling(time_zone=str(zone), programmes=(rule,), events=(called,))
    (told,) = settle(settling, Meters(site=load)).events
    return float(told.measured.paid_kwh.sum()), told.energy.total


def _energy_price(month: Month, spans: Spans) -> float:
    """Mean of the hours of an event: as if their energy were free. [currency/kWh]"""
    tariff = month.course.tariff
    instants_s = np.append(spans.starts_s, spans.ends_s[-1])
    prices = mean_prices(tariff.import_price, instants_s, calendar_of(tariff, month.course.site.time_zone))
    return float(np.average(prices, weights=spans.hours))


def _costs(done: Run) -> dict[str, float]:
    instants_s = np.array([done.intervals[0].start_s, *(one.end_s for one in done.intervals)])
    return costs_of(done.course, instants_s, np.array([one.import_kw for one in done.intervals]))[0]


def _missed_kwh(done: Run) -> float:
    return sum(max(0.0, car.need_kwh - done.got_kwh.get(car.id, 0.0)) for car in done.course.cars)
