"""What a kWh costs when: one number, time-of-use windows in local time, or prices published for instants.

Instants are seconds since 1970 in UTC; periods lie between instants, as in :mod:`models.domain.series`. Emission
intensities have the same forms. :func:`price_at` shares no arithmetic with :func:`mean_prices`: one audits the other.
"""

from datetime import UTC, datetime

import numpy as np

from models.domain.calendar import Calendar
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.schedule import Floats
from models.domain.series import How, changed_at, changes, over_periods, value_at, values
from models.domain.tariff import CoincidentPeak, Price, PriceSeries, TimeOfUse
from models.domain.units import hours_from_minutes
from models.domain.windows import group_steps, holds, timetable
from models.domain.windows import uncovered as uncovered_by_windows


def mean_prices(price: Price, instants_s: Floats, calendar: Calendar, *, path: str = "tariff.import_price") -> Floats:
    """Price of each period (T,), weighted by time, of instants (T + 1,). [currency/kWh]

    Raises InvalidScenario, with ``path``, where there is no price inside the periods.
    """
    if isinstance(price, TimeOfUse):
        starts_s, prices = _steps(price, float(instants_s[0]), float(instants_s[-1]), calendar)
        _refuse_gaps(starts_s, prices, calendar, path)
        return over_periods(starts_s, prices, instants_s, How.MEAN)
    if isinstance(price, PriceSeries):
        _refuse_after_end(price, float(instants_s[-1]), path)
        return values(price.steps, instants_s, How.MEAN)
    return values(price, instants_s)


def price_changes(price: Price, start_s: float, end_s: float, calendar: Calendar) -> Floats:
    """Instants strictly between start and end at which the price becomes another one, ascending."""
    if isinstance(price, TimeOfUse):
        starts_s, prices = _steps(price, start_s, end_s, calendar)
        return changed_at(starts_s, prices)
    return changes(price.steps if isinstance(price, PriceSeries) else price, start_s, end_s)


def price_at(price: Price, instant: datetime, calendar: Calendar, *, path: str = "tariff.import_price") -> float:
    """The price at one instant; raises InvalidScenario, with ``path``, where there is none. [currency/kWh]"""
    if isinstance(price, TimeOfUse):
        for rate in price.rates:
            if any(holds(window, instant, calendar) for window in rate.windows):
                return rate.price_per_kwh
        raise _no_price(instant, calendar, path)
    if isinstance(price, PriceSeries):
        if price.end is not None and instant >= price.end:
            raise _ends_before(price.end, instant, path)
        return value_at(price.steps, instant)
    return float(price)


def coincident_costs(peaks: tuple[CoincidentPeak, ...], instants_s: Floats) -> Floats:
    """What a kWh of import in each period costs by the chance that it counts (T,). [currency/kWh]

    In an interval of an hour it is one kW, in a shorter one more.
    """
    total = np.zeros(len(instants_s) - 1)
    for peak in peaks:
        total += peak.price_per_kw * values(peak.chance, instants_s, How.MEAN) / hours_from_minutes(peak.interval_min)
    return total


def highest_price(price: Price) -> float:
    """The highest price it can ever have; 0 when it has none at all. [currency/kWh]"""
    if isinstance(price, TimeOfUse):
        return max((rate.price_per_kwh for rate in price.rates), default=0.0)
    if isinstance(price, PriceSeries):
        return max((step.value for step in price.steps), default=0.0)
    return float(price)


def uncovered(time_of_use: TimeOfUse, calendar: Calendar) -> list[str]:
    """Local times without a price, in words: ``saturday, 06-01 to 09-30, 18:00 to 24:00``; empty when all have one."""
    return uncovered_by_windows(tuple(rate.windows for rate in time_of_use.rates), calendar)


def _steps(time_of_use: TimeOfUse, start_s: float, end_s: float, calendar: Calendar) -> tuple[Floats, Floats]:
    """Instants from which a price holds, the first one ``start_s``, and these prices; nan where there is none."""
    table = timetable(tuple(rate.windows for rate in time_of_use.rates))
    starts_s, places = group_steps(table, calendar, start_s, end_s)
    # Place -1, no rate, picks the last one.
    prices = np.array([*(rate.price_per_kwh for rate in time_of_use.rates), np.nan])
    return starts_s, prices[places]


def _refuse_gaps(starts_s: Floats, prices: Floats, calendar: Calendar, path: str) -> None:
    gaps = np.flatnonzero(np.isnan(prices))
    if len(gaps):
        raise _no_price(datetime.fromtimestamp(float(starts_s[gaps[0]]), UTC), calendar, path)


def _refuse_after_end(price: PriceSeries, end_s: float, path: str) -> None:
    if price.end is not None and end_s > price.end.timestamp():
        raise _ends_before(price.end, datetime.fromtimestamp(end_s, UTC), path)


def _no_price(instant: datetime, calendar: Calendar, path: str) -> InvalidScenario:
    local = calendar.local(instant)
    kind = calendar.kind_of(local.date())
    message = f"no rate has a window for {local:%Y-%m-%d %H:%M} in {calendar.time_zone.key} (a {kind})"
    remedy = "add a last rate without windows: it counts whenever no other does"
    return InvalidScenario([Finding(path=path, message=message, remedy=remedy)])


def _ends_before(end: datetime, instant: datetime, path: str) -> InvalidScenario:
    valid_until, asked = (f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for moment in (end, instant))
    message = f"the prices end at {valid_until}, and one is asked for until {asked}"
    remedy = "shorten the horizon, add steps, or leave out end so that the last price holds on"
    return InvalidScenario([Finding(path=path, message=message, remedy=remedy)])
