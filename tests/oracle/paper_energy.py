"""Equations (2), (3), (16) and the charging curve of (4), for cars whose energy is followed."""

from typing import Any

import pyomo.environ as pyo

from tests.oracle.paper_cars import PaperCar
from tests.oracle.paper_installed import is_held
from tests.oracle.paper_time import label
from tests.oracle.paper_words import Paper, Period, block, constrain, present


def add_energy(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(2), (3), and the charging curve of (4). [kWh at battery]"""
    back, inside, balance, departure, taper = {}, {}, {}, {}, {}
    for name, car in paper.cars.items():
        stay = paper.stay(car)
        spans = [(t.start_s, t.end_s) for t in stay]
        ends = [*(t.label for t in stay), label(stay[-1].end_s)]
        most = 0.0 if is_held(paper.scenario, car.stay.evse) else car.max_discharge_kw
        back |= {(name, t.label): (0.0, most) for t in stay if car.max_discharge_kw > 0}
        for i, end in enumerate(ends):
            around = spans[max(0, i - 1) : i + 1]
            bounds = min(car.floor_kwh(around), car.start_kwh), max(car.ceiling_kwh(around), car.start_kwh)
            inside[name, end] = bounds if i else (car.start_kwh, car.start_kwh)
    block(model, "discharge_power", back)
    block(model, "energy", inside)
    for name, car in paper.cars.items():
        stay = paper.stay(car)
        ends = [*(t.label for t in stay), label(stay[-1].end_s)]
        for t, after in zip(stay, ends[1:], strict=True):
            came = car.into * paper.h(car.stay, t) * model.charge_power[name, t.label]
            went = paper.h(car.stay, t) / car.out * given_back(model, car, t)
            balance[name, t.label] = model.energy[name, after] == model.energy[name, t.label] + came - went
            for number, (intercept, slope) in car.lines():
                at = after if slope < 0 else t.label
                allowed = intercept + slope * model.energy[name, at]
                taper[name, str(number), t.label] = model.charge_power[name, t.label] <= allowed
        there = model.energy[name, ends[-1]] / car.into + model.target_shortfall[name]
        for part in (model.minimum_shortfall, model.energy_after_horizon):
            there += present(part, name)
        departure[name] = there >= car.target_kwh / car.into
    constrain(model, "energy_balance", balance)
    constrain(model, "departure_energy", departure)
    constrain(model, "taper", taper)


def given_back(model: pyo.ConcreteModel, car: PaperCar, t: Period) -> Any:
    return model.discharge_power[car.stay.id, t.label] if car.max_discharge_kw > 0 else 0.0


def money_of_cars(model: pyo.ConcreteModel, paper: Paper) -> Any:
    """(16) and (18): wear, what drivers are paid or get back, and what is left in those that stay."""
    money: Any = 0.0
    for name, car in paper.cars.items():
        if car.max_discharge_kw <= 0:
            continue
        paid = car.session.discharge_price_per_kwh
        for t in paper.stay(car):
            given = paper.h(car.stay, t) * model.discharge_power[name, t.label]
            money += (car.wear_price / car.out + (paid or 0.0)) * given
            if paper.choices.margin and paid is None:
                money += car.stay.retail_price / (car.into * car.out) * given
        if car.stay.departure_s > paper.end_s:
            left = model.energy[name, label(paper.end_s)] - car.start_kwh
            money -= (car.session.terminal_value_per_kwh or 0.0) * left
    return money
