"""How what several purposes say becomes one limit: the lowest, the fewest phases, the discharge limit closest to 0.

A setpoint is kept inside both. Numbers are converted into the unit of the question with the phases of the result.
"""

from collections.abc import Callable, Sequence

from models.domain.site import RateUnit
from models.ocpp.composite.neutral import Amount, CompositePeriod, Conventions
from models.ocpp.composite.stacking import Holding


def merged(holdings: Sequence[Holding], unit: RateUnit, conventions: Conventions) -> CompositePeriod | None:
    """One period from what the purposes say at an instant; None when none of them says anything."""
    if not holdings:
        return None
    phases = min(_phases(holding, conventions) for holding in holdings)

    def told(pick: Callable[[Holding], Amount | None]) -> list[Amount]:
        amounts = ((pick(h), h.unit) for h in holdings)
        return [_converted(a, of, unit, phases, conventions) for a, of in amounts if a is not None]

    limits, discharges = told(lambda h: h.period.limit), told(lambda h: h.period.discharge_limit)
    limit = combined(limits, min) or Amount(conventions.unlimited(unit))
    discharge, setpoint = combined(discharges, max), combined(told(lambda h: h.period.setpoint)[:1], min)
    return CompositePeriod(
        start_s=0.0,
        limit=limit,
        discharge_limit=discharge,
        setpoint=None if setpoint is None else _inside(setpoint, limit, discharge),
        number_phases=phases,
    )


def summed(parts: Sequence[CompositePeriod | None], unit: RateUnit, conventions: Conventions) -> CompositePeriod:
    """The EVSEs of a station together; one that nothing limits counts with what the station takes for unlimited."""
    free = Amount(conventions.unlimited(unit))
    limits = [free if part is None else part.limit for part in parts]
    phases = [part.number_phases for part in parts if part is not None and part.number_phases is not None]
    return CompositePeriod(
        start_s=0.0, limit=combined(limits, lambda a, b: a + b) or free, number_phases=max(phases, default=None)
    )


def lowest(first: CompositePeriod, second: CompositePeriod | None) -> CompositePeriod:
    """Both limits at once, in one unit already."""
    if second is None:
        return first
    phases = [p for p in (first.number_phases, second.number_phases) if p is not None]
    return CompositePeriod(
        start_s=0.0,
        limit=combined([first.limit, second.limit], min) or first.limit,
        discharge_limit=second.discharge_limit,
        number_phases=min(phases, default=None),
    )


def combined(amounts: Sequence[Amount], how: Callable[[float, float], float]) -> Amount | None:
    """Phase by phase; None without any. A number for all phases stands for each of them."""
    if not amounts:
        return None
    result = amounts[0]
    for other in amounts[1:]:
        value = how(result.value, other.value)
        if result.by_phase or other.by_phase:
            (_, a2, a3), (_, b2, b3) = _spelled_out(result), _spelled_out(other)
            result = Amount(value, how(a2, b2), how(a3, b3))
        else:
            result = Amount(value)
    return result


def _spelled_out(amount: Amount) -> tuple[float, float, float]:
    l2, l3 = (amount.value if own is None else own for own in (amount.l2, amount.l3))
    return amount.value, l2, l3


def _phases(holding: Holding, conventions: Conventions) -> int:
    told = holding.period.number_phases
    return conventions.number_phases if told is None else told


def _converted(amount: Amount, of: RateUnit, unit: RateUnit, phases: int, conventions: Conventions) -> Amount:
    """A is per phase; W is the sum over phases, or of one phase where phases have numbers of their own."""
    if of is unit:
        return amount
    watts_per_ampere = conventions.voltage_v * (1 if amount.by_phase else phases)
    factor = watts_per_ampere if unit is RateUnit.W else 1.0 / watts_per_ampere
    l2, l3 = (None if own is None else own * factor for own in (amount.l2, amount.l3))
    return Amount(amount.value * factor, l2, l3)


def _inside(setpoint: Amount, limit: Amount, discharge: Amount | None) -> Amount:
    below = combined([setpoint, limit], min) or setpoint
    return below if discharge is None else combined([below, discharge], max) or below
