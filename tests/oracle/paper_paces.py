"""Guarantees of speed, on paper: equation (20)."""

from collections.abc import Iterator
from math import inf
from typing import Any

import pyomo.environ as pyo

from models.domain.guarantees import Guarantees, PowerRule
from models.domain.session import Session
from models.domain.site import CurrentType, Evse
from models.domain.states import is_followed
from models.domain.units import hours_from_minutes, hours_from_seconds
from tests.oracle.paper_loads import PaperSession, energy_factor
from tests.oracle.paper_words import Paper, Period, block, constrain

SMALL = 1e-9
PacePaper = tuple[str, float, float, float]
"""Name, rate [kW], up to [kWh], price [currency/kWh]; all at evse."""


def add_guaranteed_pace(model: pyo.ConcreteModel, paper: Paper) -> None:
    """(20) what came so far and what is behind is at least what was due by then. [kWh at evse]"""
    rows: dict[Any, Any] = {}
    block(model, "behind", {(s.id, pace[0]): (0.0, inf) for s, pace in paces(paper)})
    for s, (name, rate, up_to, _) in paces(paper):
        so_far, hours = 0.0, 0.0
        for t in there(paper, s):
            so_far += paper.h(s, t) * model.charge_power[s.id, t.label]
            hours += paper.h(s, t)
            due = min(up_to, rate * hours)
            rows[s.id, name, t.label] = so_far + model.behind[s.id, name] >= due
            if due >= up_to - SMALL:
                break
    constrain(model, "guaranteed_pace", rows)


def pace_money(model: pyo.ConcreteModel, paper: Paper) -> Any:
    """(20) what sessions are behind, at its price."""
    return sum(price * model.behind[s.id, name] for s, (name, _, _, price) in paces(paper))


def there(paper: Paper, s: PaperSession) -> list[Period]:
    return [t for t in paper.periods if paper.h(s, t) > 0]


def paces(paper: Paper) -> Iterator[tuple[PaperSession, PacePaper]]:
    """Of every session whose energy is not followed, those of its site and its port."""
    site, rules = paper.scenario.site, paper.scenario.site.guarantees or Guarantees()
    evses = {evse.id: evse for evse in site.evses}
    for s, told in zip(paper.sessions, paper.scenario.sessions, strict=True):
        evse = evses[told.evse]
        if not is_followed(told, evse):
            for pace in of_session(paper, s, told, evse, rules):
                if pace[1] > 0 and pace[2] > SMALL:
                    yield s, pace


def of_session(paper: Paper, s: PaperSession, told: Session, evse: Evse, rules: Guarantees) -> Iterator[PacePaper]:
    price = s.value_of_target if rules.price_per_kwh is None else rules.price_per_kwh
    cheap = told.charging_preference == "cheap"
    if not told.accepts_less and not cheap:
        yield "floor", min(floor(evse, rules), s.max_power_kw), s.energy_remaining_kwh, price
    first = rules.first_kwh - told.delivered_kwh * energy_factor(told, evse)
    yield "first", s.max_power_kw, min(first, s.energy_remaining_kwh), price
    if rules.defer_gain_per_kwh is not None and s.max_power_kw > 0 and not cheap:
        stay = hours_from_seconds(s.departure_s - max(s.arrival_s, paper.start_s))
        has_room = stay - s.energy_remaining_kwh / s.max_power_kw >= hours_from_minutes(rules.defer_room_minutes) - 1e-9
        yield "at_once", s.max_power_kw, s.energy_remaining_kwh, rules.defer_gain_per_kwh if has_room else price


def floor(evse: Evse, rules: Guarantees) -> float:
    if evse.power_floor_kw is not None:
        return evse.power_floor_kw
    if rules.power_rule is PowerRule.NEVI:
        return 150.0 if evse.current is CurrentType.DC else 6.0
    return 0.0
