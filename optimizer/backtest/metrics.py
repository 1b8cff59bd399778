"""What became of a run, in figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isinf

import numpy as np

from models.domain.calendar import Calendar, calendar_of
from models.domain.demand import billing_periods
from models.domain.prices import mean_prices
from models.domain.schedule import Floats
from models.domain.tariff import DemandCharge
from models.domain.units import SECONDS_PER_HOUR, hours_from_seconds, seconds_from_minutes
from optimizer.backtest.algorithm import CHANGED_KW
from optimizer.backtest.consenting import consenting
from optimizer.backtest.course import Car, Course
from optimizer.backtest.hindsight import Hindsight
from optimizer.backtest.responses import kept_percent, responses
from optimizer.backtest.running import Run
from optimizer.backtest.simulated_site import Interval
from optimizer.statement.demand import billed_peaks

MET_SHARE = 0.99
"""Who got so much of a need has had it met, as published tables count it."""
LACKS_KWH = 0.01
"""Who lacks less is full. [kWh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Money is what the bill of the whole course says: energy by its price, demand by the billing periods of a charge
    in which new cars can come."""

    energy_kwh: float
    """Delivered, at evse; of who gave back less what makes up for it. [kWh]"""
    energy_percent: float
    """Of what was needed."""
    deadlines_percent: float
    """Of cars whose need was met when they left."""
    peak_kw: float
    """Highest mean of any interval between two instants, at grid. [kW]"""
    load_factor: float
    """Mean over highest import."""
    costs: Mapping[str, float] = field(default_factory=dict)
    """By component: energy_import, energy_export, carbon, demand_charge; v2g_payment where a price is paid for energy
    given back. [currency]"""
    revenue: float = 0.0
    """[currency]"""
    carbon_kg: float = 0.0
    jain: float = 1.0
    """Fairness of shares of needs that were met: 1 if all are alike, 1/n if one car has all."""
    least_percent: float = 100.0
    """The share of its need that the worst-off twentieth of cars got at most."""
    worst_percent: float = 100.0
    """The share of its need that the worst-off car got: what max-min fairness raises first."""
    given_back_kwh: float = 0.0
    """By cars, at evse. [kWh]"""
    throughput_kwh: float = 0.0
    """Of cars whose drivers consent to V2G: drawn and given back together, at evse. [kWh]"""
    minimums_percent: float = 100.0
    """Of cars that were promised something, those that had it when they left."""
    events_percent: float | None = None
    """Of the energy that was committed in events, what was kept. None: nothing was committed."""
    starts: float = 0.0
    """A session."""
    most_starts: int = 0
    changes: float = 0.0
    """Of offers, a session."""
    plan_changes: float = 0.0
    """Setpoints that a new plan had otherwise than the plan before it, a session."""
    shortest_run_min: float = 0.0
    """Of offers other than 0 that ended before the car was full or left; 0 where none did. [min]"""
    plans: int = 0
    wall_s: float = 0.0
    processor_s: float = 0.0
    solver_s: float = 0.0

    @property
    def cost(self) -> float:
        """Of the whole course. [currency]"""
        return sum(self.costs.values())

    @property
    def profit(self) -> float:
        """[currency]"""
        return self.revenue - self.cost


def figures(run: Run) -> Figures:
    """All figures of a run."""
    course = run.course
    instants_s = np.array([run.intervals[0].start_s, *(one.end_s for one in run.intervals)])
    load_kw = np.array([one.import_kw for one in run.intervals])
    offers = offers_of(run)
    return replace(
        _of_load(course, instants_s, load_kw, run.got_kwh, run.given_back_kwh),
        events_percent=kept_percent(responses(course, run.intervals)),
        starts=offers.starts / max(1, len(course.cars)),
        most_starts=offers.most_starts,
        changes=offers.changes / max(1, len(course.cars)),
        shortest_run_min=offers.shortest_run_min,
        plan_changes=run.effort.plan_changes / max(1, len(course.cars)),
        plans=run.effort.plans,
        wall_s=run.wall_s,
        processor_s=run.processor_s,
        solver_s=run.effort.solver_s,
    )


def figures_in_hindsight(course: Course, best: Hindsight) -> Figures:
    """The same of an optimum; nobody was offered anything, so there are no starts and changes."""
    plan = best.schedule
    load_kw = plan.grid_import_kw - plan.grid_export_kw
    found = _of_load(course, plan.instants_s, load_kw, got_in_hindsight(course, best), given_back_in_hindsight(best))
    return replace(found, plans=1, solver_s=plan.statistics.solver_s)


def given_back_in_hindsight(best: Hindsight) -> dict[str, float]:
    """By session, of those that gave anything back. [kWh]"""
    return {one.session_id: one.given_back_kwh for one in best.schedule.sessions if one.given_back_kwh > 0.0}


def got_in_hindsight(course: Course, best: Hindsight) -> dict[str, float]:
    """By session, less what makes up for what it gave back. [kWh]"""
    drew_kwh = {one.session_id: one.energy_kwh for one in best.schedule.sessions}
    made_up = _made_up(course.cars, given_back_in_hindsight(best))
    return {name: kwh - made_up.get(name, 0.0) for name, kwh in drew_kwh.items()}


def _made_up(cars: Sequence[Car], given_back_kwh: Mapping[str, float]) -> dict[str, float]:
    """What was drawn for what was given back, by session. [kWh]"""
    return {
        car.id: car.battery.made_up_kwh(given_back_kwh[car.id])
        for car in consenting(cars)
        if car.battery is not None and car.id in given_back_kwh
    }


def _of_load(
    course: Course,
    instants_s: Floats,
    load_kw: Floats,
    got_kwh: Mapping[str, float],
    given_back_kwh: Mapping[str, float],
) -> Figures:
    """What can be told from the load of a site, and from what each car got and gave back."""
    needs = np.array([car.need_kwh for car in course.cars])
    got = np.array([got_kwh.get(car.id, 0.0) for car in course.cars])
    shares = np.divide(got, needs, out=np.ones_like(needs), where=needs > 0.0)
    costs, carbon_kg = costs_of(course, instants_s, load_kw)
    made_up_kwh = _made_up(course.cars, given_back_kwh)
    drew_kwh = sum(got_kwh.get(car.id, 0.0) + made_up_kwh.get(car.id, 0.0) for car in consenting(course.cars))
    paid = _payment(course.cars, given_back_kwh)
    return Figures(
        energy_kwh=float(got.sum()),
        energy_percent=_percent(float(got.sum()), float(needs.sum())),
        deadlines_percent=_percent(float((shares >= MET_SHARE).sum()), float(len(shares))),
        peak_kw=float(load_kw.max(initial=0.0)),
        load_factor=_load_factor(instants_s, load_kw),
        costs=costs | ({"v2g_payment": paid} if paid else {}),
        revenue=(float(got.sum()) + _resold_kwh(course.cars, made_up_kwh)) * (course.retail_per_kwh or 0.0),
        given_back_kwh=sum(given_back_kwh.values()),
        throughput_kwh=drew_kwh + sum(given_back_kwh.values()),
        carbon_kg=carbon_kg,
        jain=_jain(shares),
        least_percent=100.0 * float(np.quantile(shares, 0.05)) if len(shares) else 100.0,
        worst_percent=100.0 * float(shares.min(initial=1.0)),
        minimums_percent=_minimums_kept(course, got_kwh),
    )


def shares_of(course: Course, got_kwh: Mapping[str, float]) -> Floats:
    """Of its need, what each car got, the worst-off first."""
    needs = np.array([car.need_kwh for car in course.cars])
    got = np.array([got_kwh.get(car.id, 0.0) for car in course.cars])
    return np.sort(np.divide(got, needs, out=np.ones_like(needs), where=needs > 0.0))


def _payment(cars: Sequence[Car], given_back_kwh: Mapping[str, float]) -> float:
    """To drivers who are paid a price for what they give back. [currency]"""
    priced = ((car.id, car.consent.price_per_kwh) for car in cars if car.consent is not None)
    return sum(price * given_back_kwh.get(name, 0.0) for name, price in priced if price is not None)


def _resold_kwh(cars: Sequence[Car], made_up_kwh: Mapping[str, float]) -> float:
    """Drivers who are paid a price pay for all that they draw; others get back what they paid (decision 0010). [kWh]"""
    priced = (car.id for car in cars if car.consent is not None and car.consent.price_per_kwh is not None)
    return sum(made_up_kwh.get(name, 0.0) for name in priced)


def _minimums_kept(course: Course, got_kwh: Mapping[str, float]) -> float:
    promised = [car for car in course.cars if car.minimum_kwh > 0.0]
    kept = sum(got_kwh.get(car.id, 0.0) >= car.minimum_kwh - LACKS_KWH for car in promised)
    return _percent(float(kept), float(len(promised)))


def costs_of(course: Course, instants_s: Floats, load_kw: Floats) -> tuple[dict[str, float], float]:
    """What a load costs by component [currency], and its carbon. [kg]"""
    tariff, hours = course.tariff, np.diff(instants_s) / SECONDS_PER_HOUR
    calendar = calendar_of(tariff, course.site.time_zone)
    bought, sold = np.maximum(load_kw, 0.0) * hours, np.maximum(-load_kw, 0.0) * hours
    carbon_kg = float(mean_prices(tariff.carbon_intensity, instants_s, calendar) @ bought)
    costs = {
        "energy_import": float(mean_prices(tariff.import_price, instants_s, calendar) @ bought),
        "energy_export": -float(mean_prices(tariff.export_price, instants_s, calendar) @ sold),
        "carbon": carbon_kg * tariff.carbon_price_per_kg,
        "demand_charge": sum(
            _demand_cost(charge, calendar, course, instants_s, load_kw) for charge in tariff.demand_charges
        ),
    }
    return costs, carbon_kg


def _demand_cost(
    charge: DemandCharge, calendar: Calendar, course: Course, instants_s: Floats, load_kw: Floats
) -> float:
    """In full for every billing period in which new cars could come. The peak of a later one, which cars that stay on
    reach into, is set by cars that are in no course. [currency]"""
    periods = billing_periods(charge.billing_period, calendar, course.start_s, course.end_s)
    labels = {f"{charge.id}@{period.label}" for period in periods}
    return sum(one.amount for one in billed_peaks(charge, calendar, instants_s, load_kw) if one.label in labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """How steadily cars were offered power."""

    starts: int
    most_starts: int
    changes: int
    shortest_run_min: float


def offers_of(run: Run) -> Offers:
    """Starts, changes and the shortest run, over all sessions."""
    watched = {car.id: _Watched(car) for car in run.course.cars}
    before: Mapping[str, float] = {}
    for one in run.intervals:
        for name in one.offered_kw.keys() | before.keys():
            watched[name].see(one, one.offered_kw.get(name, 0.0), one.drawn_kw.get(name, 0.0))
        before = one.offered_kw
    shortest_s = min((watch.shortest_s for watch in watched.values()), default=inf)
    return Offers(
        starts=sum(watch.starts for watch in watched.values()),
        most_starts=max((watch.starts for watch in watched.values()), default=0),
        changes=sum(watch.changes for watch in watched.values()),
        shortest_run_min=0.0 if isinf(shortest_s) else shortest_s / seconds_from_minutes(1.0),
    )


@dataclass(slots=True)
class _Watched:
    """One car, interval by interval."""

    car: Car
    offer_kw: float = 0.0
    since_s: float = 0.0
    got_kwh: float = 0.0
    starts: int = 0
    changes: int = 0
    shortest_s: float = inf

    def see(self, one: Interval, offer_kw: float, drawn_kw: float) -> None:
        before_kw, self.offer_kw = self.offer_kw, offer_kw
        self.changes += abs(offer_kw - before_kw) > CHANGED_KW
        if before_kw == 0.0 and offer_kw != 0.0:
            self.starts, self.since_s = self.starts + 1, one.start_s
        lacks = self.got_kwh < self.car.need_kwh - LACKS_KWH
        if before_kw != 0.0 and offer_kw == 0.0 and one.start_s < self.car.departure_s and lacks:
            self.shortest_s = min(self.shortest_s, one.start_s - self.since_s)
        moved_kwh = drawn_kw * hours_from_seconds(one.end_s - one.start_s)
        battery = self.car.battery
        self.got_kwh += moved_kwh if battery is None or moved_kwh >= 0.0 else -battery.made_up_kwh(-moved_kwh)


def _percent(part: float, whole: float) -> float:
    return 100.0 * part / whole if whole > 0.0 else 100.0


def _load_factor(instants_s: Floats, load_kw: Floats) -> float:
    highest = float(load_kw.max(initial=0.0))
    hours = np.diff(instants_s)
    return float(load_kw @ hours / hours.sum()) / highest if highest > 0.0 else 1.0


def _jain(shares: Floats) -> float:
    """Jain, Chiu, Hawe (1984)."""
    squares = float((shares**2).sum())
    return float(shares.sum()) ** 2 / (len(shares) * squares) if squares > 0.0 else 1.0
