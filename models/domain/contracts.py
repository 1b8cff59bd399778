"""Limits of contracts (11) over the periods of a plan, and the billing periods in which their largest excess is priced.

Instants are seconds since 1970 in UTC, as in :mod:`models.domain.series`.
"""

from dataclasses import dataclass

import numpy as np

from models.domain.calendar import Calendar
from models.domain.demand import billing_periods
from models.domain.schedule import Floats
from models.domain.series import How, changes, over_periods, values
from models.domain.tariff import Contract, ContractLimit, TimeClasses
from models.domain.windows import group_steps, timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcessPeriod:
    """One billing period of a contract with a price per kW of its largest excess."""

    label: str
    """``2026-03``."""
    start_s: float
    end_s: float
    floor_kw: float
    """Up to here an excess costs nothing more. [kW]"""
    cost_per_kw: float
    """Scaled to the part of the period in sight, as in (10). [currency/kW]"""


def contract_limits(limit: ContractLimit, instants_s: Floats, calendar: Calendar) -> Floats:
    """The least limit inside each period (T,) of instants (T + 1,); inf where there is none. [kW]"""
    if isinstance(limit, TimeClasses):
        starts_s, limits = _steps(limit, float(instants_s[0]), float(instants_s[-1]), calendar)
        return over_periods(starts_s, limits, instants_s, How.LEAST)
    return values(limit, instants_s, How.LEAST)


def contract_changes(limit: ContractLimit, start_s: float, end_s: float, calendar: Calendar) -> Floats:
    """Instants strictly between start and end at which another limit holds, ascending."""
    if isinstance(limit, TimeClasses):
        return _steps(limit, start_s, end_s, calendar)[0][1:]
    return changes(limit, start_s, end_s)


def excess_periods(contract: Contract, calendar: Calendar, start_s: float, end_s: float) -> tuple[ExcessPeriod, ...]:
    """The billing periods that a horizon touches; none where the largest excess has no price."""
    if contract.price_per_kw is None:
        return ()
    return tuple(
        ExcessPeriod(
            label=period.label,
            start_s=period.start_s,
            end_s=period.end_s,
            floor_kw=contract.excess_set_kw if period.start_s <= start_s else 0.0,
            cost_per_kw=contract.price_per_kw * period.share,
        )
        for period in billing_periods(contract.billing_period, calendar, start_s, end_s)
    )


def _steps(limit: TimeClasses, start_s: float, end_s: float, calendar: Calendar) -> tuple[Floats, Floats]:
    """Instants from which a limit holds, the first one ``start_s``, and these limits."""
    table = timetable(tuple(one.windows for one in limit.classes))
    starts_s, places = group_steps(table, calendar, start_s, end_s)
    # Place -1, no class, picks the last one.
    return starts_s, np.array([*(one.limit_kw for one in limit.classes), np.inf])[places]
