"""How many kW to commit to a call, and why no more: the day with it beside the day without it, and what it uses up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from math import floor

from models.domain.findings import Finding
from models.domain.programme import Programme
from models.domain.programme_calls import EventCall, Used, budget, call_findings
from models.domain.scenario import Scenario
from models.domain.signal import Event
from optimizer.flexibility import Flexibility, flexibility
from optimizer.response.calling import lacking_price
from optimizer.response.opt_in import BROKEN_KWH, OptIn, opt_in
from optimizer.settings import Settings

SAME_KW = 1e-3
"""Powers that are closer are the same. [kW]"""


class Held(StrEnum):
    """Why no more is committed."""

    NOMINATED = "nominated"
    """All that was nominated is committed."""
    PRICE = "price"
    """The next kW costs more than it brings."""
    MOST = "most"
    """Limits and promises leave nothing more to shed."""
    MINIMUM = "minimum"
    """What is left is less than the programme takes."""
    PROMISES = "promises"
    """Promises to drivers would be broken."""
    COSTS = "costs"
    """Taking part costs more than it brings."""
    NOT_OWED = "not_owed"
    """The call is against the terms, and answering it would cost more than it brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """The answer to one call."""

    event: Event
    """As it is to be planned with: 0 kW committed and nothing paid where the site stays out."""
    committed_kw: float
    """Delivered in every settlement interval of the plan."""
    nominated_kw: float | None
    held: Held
    found: OptIn
    """Both days."""
    brings_per_kwh: float
    """What a kWh delivered brings: its payment, and what lacking it would cost."""
    next_kw_per_kwh: float | None
    """What a kWh of the next kW would cost; None where there is no next kW."""
    owed: float
    """What staying out costs under the terms. [currency]"""
    budget: tuple[Used, ...]
    """What the call uses of the calls and hours that the programme has."""
    against_terms: tuple[Finding, ...]

    @property
    def takes_part(self) -> bool:
        return self.committed_kw > 0.0

    @property
    def gain(self) -> float:
        """What taking part brings beside staying out. [currency]"""
        return self.found.gain + self.owed


def commit(
    scenario: Scenario,
    programme: Programme,
    call: EventCall,
    event: Event,
    *,
    nominated_kw: float | None = None,
    earlier: Sequence[EventCall] = (),
    settings: Settings = Settings(),
) -> Commitment:
    """Answer a call of a programme with a valid scenario that does not have its event yet.

    ``event`` is the call as :func:`called_event` makes it. Raises InvalidScenario, SolverFault, DeadlinePassed.
    """
    against = call_findings(programme, call, earlier)
    found = opt_in(replace(scenario, signals=(*scenario.signals, event)), event.id, settings)
    brings = programme.energy_per_kwh + (event.penalty_per_kwh if nominated_kw is not None else 0.0)
    delivered = float(found.event.delivered_kw.min())
    stepped = _stepped(delivered, programme.step_kw, nominated_kw)
    owed = 0.0 if against else _owed(programme, call, nominated_kw)
    next_price = _next_price(_curve(scenario, event, settings), delivered, call.hours)
    held = _held(programme, found, stepped, nominated_kw, next_price, owed=owed, against=bool(against))
    part = held in (Held.NOMINATED, Held.PRICE, Held.MOST)
    committed = stepped if part else 0.0
    return Commitment(
        event=_planned_with(event, committed, nominated_kw),
        committed_kw=committed,
        nominated_kw=nominated_kw,
        held=held,
        found=found,
        brings_per_kwh=brings,
        next_kw_per_kwh=next_price,
        owed=owed,
        budget=budget(programme, call, earlier),
        against_terms=against,
    )


def _stepped(delivered_kw: float, step_kw: float, nominated_kw: float | None) -> float:
    """Whole steps, or all that was nominated."""
    if nominated_kw is not None and delivered_kw >= nominated_kw - SAME_KW:
        return nominated_kw
    return step_kw * floor(delivered_kw / step_kw + SAME_KW)


def _owed(programme: Programme, call: EventCall, nominated_kw: float | None) -> float:
    """What a site that stays out lacks, where that counts as lacking. [currency]"""
    if nominated_kw is None or not programme.opt_out.counts_as_shortfall:
        return 0.0
    return nominated_kw * call.hours * lacking_price(programme, call)


def _curve(scenario: Scenario, event: Event, settings: Settings) -> Flexibility:
    """What each kW below the baseline would cost throughout, against the plan without the event; at grid."""
    length: timedelta = event.end - event.start
    return flexibility(scenario, event.direction, event.start, length, settings, baseline_kw=event.baseline_kw)


def _next_price(curve: Flexibility, power_kw: float, hours: float) -> float | None:
    """Of a kWh of the next kW; None where the curve ends. [currency/kWh]"""
    reached = [point for point in curve.points if point.power_kw <= power_kw + SAME_KW]
    per_kw = reached[-1].per_kw if reached else None
    return None if per_kw is None else per_kw / hours


def _held(
    programme: Programme,
    found: OptIn,
    stepped_kw: float,
    nominated_kw: float | None,
    next_price: float | None,
    *,
    owed: float,
    against: bool,
) -> Held:
    if found.broken_kwh >= BROKEN_KWH:
        return Held.PROMISES
    if found.gain + owed <= 0.0:
        return Held.NOT_OWED if against else Held.COSTS
    if nominated_kw is not None and stepped_kw >= nominated_kw:
        return Held.NOMINATED
    if stepped_kw <= 0.0 or stepped_kw < programme.minimum_kw:
        return Held.MINIMUM
    return Held.MOST if next_price is None else Held.PRICE


def _planned_with(event: Event, committed_kw: float, nominated_kw: float | None) -> Event:
    """The plan answers to what is owed; where nothing was nominated, to what is committed now."""
    if committed_kw <= 0.0:
        return replace(event, committed_kw=0.0, payment_per_kwh=0.0, penalty_per_kwh=0.0)
    return event if nominated_kw is not None else replace(event, committed_kw=committed_kw)
