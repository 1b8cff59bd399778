"""A scenario in the symbols of the model page, and how blocks of columns and rows are written down."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product
from math import isfinite
from typing import Any

import pyomo.environ as pyo

from models.domain.scenario import Scenario
from models.domain.site import Battery, Evse, PvPlant
from tests.oracle.paper_arrivals import reserve_kw
from tests.oracle.paper_cars import PaperCar, paper_cars
from tests.oracle.paper_contracts import PaperExcess, PaperSide, paper_excesses
from tests.oracle.paper_installed import floor_kw, held_kw, is_held, most_kw, rating_kw
from tests.oracle.paper_loads import PaperSession, efficiency
from tests.oracle.paper_prices import LocalDays, PaperWindow, demand_windows, local_days, tariff_of
from tests.oracle.paper_time import mean, overlap_h


@dataclass(frozen=True)
class Period:
    """Period t from one instant to the next."""

    label: str
    start_s: float
    end_s: float

    @property
    def hours(self) -> float:
        """Δ[t]. [h]"""
        return overlap_h(self.start_s, self.end_s, self.start_s, self.end_s)


@dataclass(frozen=True)
class Choices:
    """The settings that show in the equations."""

    margin: bool = False
    partial_draw: bool = True
    current_tolerance: float = 1e-4


USUAL = Choices()


@dataclass(frozen=True)
class Paper:
    """A scenario in the symbols of the model page."""

    scenario: Scenario
    periods: tuple[Period, ...]
    sessions: tuple[PaperSession, ...]
    choices: Choices

    @cached_property
    def cars(self) -> dict[str, PaperCar]:
        """Sessions whose energy is followed, if they are plugged in at some time of the plan."""
        there = {s.id for s in self.sessions for t in self.periods if self.h(s, t) > 0}
        return {name: car for name, car in paper_cars(self.scenario).items() if name in there}

    def stay(self, car: PaperCar) -> list[Period]:
        return [t for t in self.periods if self.h(car.stay, t) > 0]

    def givers(self, places: Collection[str], t: Period) -> list[PaperCar]:
        """Cars below a node that may give back in a period."""
        here = [self.cars[s.id] for s in self.plugged(places, t) if s.id in self.cars]
        return [car for car in here if car.max_discharge_kw > 0]

    @property
    def start_s(self) -> float:
        return self.periods[0].start_s

    @property
    def end_s(self) -> float:
        return self.periods[-1].end_s

    @property
    def days(self) -> LocalDays:
        return local_days(self.scenario)

    @cached_property
    def windows(self) -> tuple[PaperWindow, ...]:
        charges = tariff_of(self.scenario).demand_charges
        return tuple(w for c in charges for w in demand_windows(c, self.days, self.start_s, self.end_s))

    def excesses(self, c: PaperSide) -> list[PaperExcess]:
        return paper_excesses(c, [t.start_s for t in self.periods], self.end_s)

    def h(self, s: PaperSession, t: Period) -> float:
        return s.hours(t.start_s, t.end_s)

    def most_kw(self, s: PaperSession, t: Period) -> float:
        return most_kw(self.scenario, s, t.start_s, t.end_s)

    def floor_kw(self, s: PaperSession, t: Period) -> float | None:
        return floor_kw(self.scenario, s, t.start_s, t.end_s, self.start_s)

    def counted(self, model: pyo.ConcreteModel, s: PaperSession, t: Period) -> pyo.Expression:
        """What limits count of a session: nothing at an EVSE out of reach, which counts by itself. [kW at evse]"""
        if is_held(self.scenario, s.evse):
            return 0.0
        installed = self.floor_kw(s, t) is not None
        return model.reserved_power[s.id, t.label] if installed else model.charge_power[s.id, t.label]

    def held_kw(self, evses: Collection[Evse], t: Period, kappa: Callable[[Evse], float] = efficiency) -> float:
        """EVSEs out of reach among some, where a limit measures them."""
        out = [e for e in evses if is_held(self.scenario, e.id)]
        return sum(held_kw(self.scenario, e, t.start_s, t.end_s) / kappa(e) for e in out)

    def reserve_kw(self, evses: Collection[Evse], t: Period, kappa: Callable[[Evse], float] = efficiency) -> float:
        """(21) of some EVSEs, where a limit measures them."""
        rating = partial(rating_kw, self.scenario)
        return reserve_kw(self.scenario, evses, t.start_s, self.start_s, rating, kappa)

    def floors_kw(self, users: Collection[PaperSession], t: Period) -> float:
        """What EVSEs in reach may still follow. [kW at grid]"""
        return sum((self.floor_kw(s, t) or 0.0) / s.kappa for s in users)

    def in_reach(self, users: Collection[PaperSession]) -> list[PaperSession]:
        return [s for s in users if not is_held(self.scenario, s.evse)]

    def plugged(self, places: Collection[str], t: Period) -> list[PaperSession]:
        """Who below a node is plugged in during some of a period."""
        return [s for s in self.sessions if s.node in places and self.h(s, t) > 0]

    def curtailable(self, t: Period) -> list[PvPlant]:
        """The plants that give something in a period of which some can be held back."""
        plants = self.scenario.site.pv_plants
        return [v for v in plants if v.curtailable and mean(v.expected_kw, t.start_s, t.end_s) > 0]

    def batteries(self, places: Collection[str]) -> list[Battery]:
        """Those that hang on some nodes."""
        return [b for b in self.scenario.site.batteries if b.node in places]

    @cached_property
    def planned_before(self) -> dict[tuple[PaperSession, Period], float]:
        """Mean setpoint of the plan before while a session is plugged in, where that plan covers all of it. [kW]"""
        plans = {plan.session: plan for plan in self.scenario.previous}
        found = {}
        for s, t in product(self.sessions, self.periods):
            since_s, until_s = max(s.arrival_s, t.start_s), min(s.departure_s, t.end_s)
            plan = plans.get(s.id)
            if plan is None or since_s >= until_s:
                continue
            if plan.charge_power_kw[0].start.timestamp() <= since_s and until_s <= plan.end.timestamp():
                found[s, t] = mean(plan.charge_power_kw, since_s, until_s)
        return found

    def after_kwh(self, s: PaperSession) -> float:
        return s.after_horizon_kwh(self.end_s)

    def unavoidable_kwh(self, s: PaperSession) -> float:
        """What of a promise not even full power could keep. [kWh]"""
        reach = sum(self.h(s, t) * self.most_kw(s, t) for t in self.periods)
        return max(0.0, s.promised_kwh - reach - self.after_kwh(s))


def block(model: pyo.ConcreteModel, name: str, bounds: dict[Any, tuple[float, float]]) -> None:
    """A block of columns with the bounds of each label."""

    def rule(_: pyo.ConcreteModel, *labels: str) -> tuple[float, float | None]:
        low, up = bounds[labels if len(labels) > 1 else labels[0]]
        return low, up if isfinite(up) else None

    setattr(model, name, pyo.Var(list(bounds), bounds=rule))


def present(columns: pyo.Var, label: str) -> pyo.Expression:
    """A column of a ragged block, or nothing where it does not exist."""
    return columns[label] if label in columns else 0.0  # noqa: SIM401  # Pyomo's blocks have no get


def constrain(model: pyo.ConcreteModel, name: str, rows: dict[Any, Any]) -> None:
    """A block of rows by label."""
    setattr(model, name, pyo.Constraint(list(rows), rule=lambda _, *at: rows[at if len(at) > 1 else at[0]]))
