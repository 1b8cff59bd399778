"""Answers to a programme for scenarios that are at hand: an offer before an event, a commitment, a target divided."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import floor

from api.figures import rounded
from api.planning import check
from api.programmes.documents import (
    OfferDocument,
    SplitDocument,
    finding_lines,
    offer_steps,
    split_document,
    used_lines,
)
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import some_of
from models.domain.programme import Programme
from models.domain.programme_calls import EventCall, budget, calendar_of, call_findings
from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.signal import Direction
from models.domain.value import Series
from optimizer.completing import complete
from optimizer.flexibility import Flexibility, flexibility
from optimizer.optimize import optimize
from optimizer.response.calling import called_event
from optimizer.response.commitment import Commitment, commit
from optimizer.response.portfolio import site_offer, split
from optimizer.response.reference import uncontrolled_kw
from optimizer.settings import Settings

STEP_SLACK = 1e-6


def offered(
    scenario: Scenario, programme: Programme, call: EventCall, earlier: Sequence[EventCall], settings: Settings
) -> OfferDocument:
    """What a site could deliver below its plan, and at which price; raises InvalidScenario and what planning raises."""
    check(scenario)
    _ordered(call)
    curve = flexibility(scenario, programme.direction, call.start, call.end - call.start, settings)
    steps = offer_steps(curve)
    paid = max((step.to_kw for step in steps if step.price_per_kwh <= programme.energy_per_kwh), default=0.0)
    whole = programme.step_kw * floor(paid / programme.step_kw + STEP_SLACK)
    return OfferDocument(
        programme=programme.id,
        currency=curve.currency,
        start=curve.start,
        end=curve.end,
        most_kw=rounded(curve.most_kw),
        offered_kw=rounded(whole if whole >= programme.minimum_kw else 0.0),
        steps=steps,
        budget=used_lines(budget(programme, call, earlier)),
        against_terms=finding_lines(call_findings(programme, call, earlier)),
    )


def committed(
    scenario: Scenario,
    programme: Programme,
    call: EventCall,
    *,
    nominated_kw: float | None,
    baseline_kw: Series | None,
    evses: tuple[str, ...],
    earlier: Sequence[EventCall],
    settings: Settings,
) -> Commitment:
    """The commitment of a site; without a baseline it is what its sessions would draw if nobody planned them.

    After the event what is drawn above the peak of that day's plan without it has a price. Raises InvalidScenario and
    what planning raises.
    """
    check(scenario)
    _ordered(call)
    completed = complete(scenario).scenario
    peak = _peak_of_day(optimize(completed, settings), programme, call)
    event = called_event(programme, call, baseline_kw=0.0, nominated_kw=nominated_kw, evses=evses, peak_kw=peak)
    told = uncontrolled_kw(completed, event) if baseline_kw is None else baseline_kw
    event = replace(event, baseline_kw=told)
    check(replace(completed, signals=(*completed.signals, event)))
    return commit(completed, programme, call, event, nominated_kw=nominated_kw, earlier=earlier, settings=settings)


def _peak_of_day(plan: Schedule, programme: Programme, call: EventCall) -> float:
    """Of the local day on which an event ends, as far as the plan without it reaches. [kW]"""
    calendar = calendar_of(programme)
    day = calendar.local(call.end).date()
    first_s, next_s = calendar.day_start_s(day), calendar.day_start_s(day + timedelta(days=1))
    there = (plan.instants_s[:-1] < next_s) & (plan.instants_s[1:] > first_s)
    return float(plan.grid_import_kw[there].max(initial=0.0))


def divided(
    scenarios: Mapping[str, Scenario], direction: Direction, start: datetime, end: datetime, target_kw: float,
    settings: Settings,
) -> SplitDocument:  # fmt: skip
    """A target over sites, each of which is asked by itself. Raises InvalidScenario, also for several currencies."""
    for name, scenario in scenarios.items():
        _checked(name, scenario)
    curves = {name: flexibility(one, direction, start, end - start, settings) for name, one in scenarios.items()}
    found = split([site_offer(name, curve) for name, curve in curves.items()], target_kw)
    return split_document(found, target_kw, _currency(curves))


def _currency(curves: Mapping[str, Flexibility]) -> str:
    currencies = {curve.currency: name for name, curve in curves.items()}
    if len(currencies) > 1:
        message = f"the sites pay in {some_of(currencies)}, so their costs cannot be compared"
        raise InvalidScenario([Finding(path="sites", message=message, remedy="divide among sites of one currency")])
    return next(iter(currencies), "")


def _checked(name: str, scenario: Scenario) -> None:
    try:
        check(scenario)
    except InvalidScenario as invalid:
        raise InvalidScenario([replace(f, path=f"{name}: {f.path}") for f in invalid.findings]) from None


def _ordered(call: EventCall) -> None:
    if call.end <= call.start:
        message = f"event {call.id} ends before it starts"
        raise InvalidScenario([Finding(path="end", message=message, remedy="write an end after the start")])
