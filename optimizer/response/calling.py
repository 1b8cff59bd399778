"""A call of a programme as the event that a plan answers: what is committed, what each kWh of it is worth."""

from models.domain.meanings import RETURN_MINUTES
from models.domain.programme import Programme
from models.domain.programme_calls import EventCall, calendar_of
from models.domain.signal import Direction, Event, Rebound
from models.domain.staggering import watched_until
from models.domain.units import HOURS_PER_DAY, hours_from_seconds
from models.domain.value import Series

ALL_KW = 1e5
"""Accepted where a programme takes whatever is delivered; no site has more. [kW]"""


def called_event(
    programme: Programme,
    call: EventCall,
    *,
    baseline_kw: Series,
    nominated_kw: float | None = None,
    evses: tuple[str, ...] = (),
    peak_kw: float | None = None,
) -> Event:
    """The event of one call; ``baseline_kw`` is the settlement's own number, at the meter of the programme.

    ``nominated_kw`` None: nothing was promised for the month, and all that is delivered counts. ``peak_kw``: the peak
    of the day without it; more after it costs as much as the event brings, so that drivers who come later still get
    what they want. See ``call_findings`` for whether it may be called.
    """
    lacking = 0.0 if nominated_kw is None else lacking_price(programme, call)
    most = ALL_KW if nominated_kw is None else max(1.0, programme.accepted_share) * nominated_kw
    return Event(
        id=call.id,
        start=call.start,
        end=call.end,
        direction=programme.direction,
        baseline_kw=baseline_kw,
        committed_kw=nominated_kw or 0.0,
        accepted_kw=most,
        payment_per_kwh=programme.energy_per_kwh,
        penalty_per_kwh=lacking,
        pays_from_share=0.0 if nominated_kw is None else programme.dead_band.pays_from_share,
        settlement_min=programme.settlement_minutes,
        evses=evses if programme.measured_at_evses else (),
        rebound=None if peak_kw is None else _returning(programme, call, peak_kw, programme.energy_per_kwh + lacking),
        stagger_minutes=RETURN_MINUTES if programme.direction is Direction.REDUCE else 0.0,
        source=programme.id,
    )


def _returning(programme: Programme, call: EventCall, peak_kw: float, price: float) -> Rebound:
    until = watched_until(call.end, calendar_of(programme).time_zone)
    return Rebound(
        hours=min(HOURS_PER_DAY, hours_from_seconds((until - call.end).total_seconds())),
        limit_kw=peak_kw,
        price_per_kwh=price,
    )


def lacking_price(programme: Programme, call: EventCall) -> float:
    """What a kWh costs that is nominated and not delivered: the penalty, and its part of the month's capacity.

    The capacity payment of a month goes by performance over the calls of the month; this call is one of those that
    nominations reckon with. [currency/kWh]
    """
    hours = max(1.0, programme.calls_expected_per_month) * call.hours
    return programme.penalty_per_kwh + programme.capacity_per_kw_month / hours
