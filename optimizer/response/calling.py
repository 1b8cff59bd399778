"""A call of a programme as the event that a plan answers: what is committed, what each kWh of it is worth."""

from models.domain.programme import Programme
from models.domain.programme_calls import EventCall
from models.domain.signal import Event, Rebound
from models.domain.value import Series

ALL_KW = 1e5
"""Accepted where a programme takes whatever is delivered; no site has more. [kW]"""
STAGGER_MINUTES = 10.0
"""Over which EVSEs come back: the randomised delay of the UK Smart Charge Points Regulations 2021, 600 s. [min]"""
REBOUND_H = 2.0
"""After an event, in which its load may not come back as a new peak. [h]"""


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

    ``nominated_kw`` None: nothing was promised for the month, and all that is delivered counts. ``peak_kw``: what may
    be drawn in the two hours after it. Raises nothing; see ``call_findings`` for whether it may be called.
    """
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
        penalty_per_kwh=0.0 if nominated_kw is None else lacking_price(programme, call),
        pays_from_share=0.0 if nominated_kw is None else programme.dead_band.pays_from_share,
        settlement_min=programme.settlement_minutes,
        evses=evses if programme.measured_at_evses else (),
        rebound=None if peak_kw is None else _returning(peak_kw),
        source=programme.id,
    )


def _returning(peak_kw: float) -> Rebound:
    return Rebound(hours=REBOUND_H, limit_kw=peak_kw, stagger_minutes=STAGGER_MINUTES)


def lacking_price(programme: Programme, call: EventCall) -> float:
    """What a kWh costs that is nominated and not delivered: the penalty, and its part of the month's capacity.

    The capacity payment of a month goes by performance over the calls of the month; this call is one of those that
    nominations reckon with. [currency/kWh]
    """
    hours = max(1.0, programme.calls_expected_per_month) * call.hours
    return programme.penalty_per_kwh + programme.capacity_per_kw_month / hours
