"""A rate of the Utility Rate Database (OpenEI, form of version 8) as a tariff of the domain.

Energy by month and hour becomes time-of-use windows, flat and time-of-use demand become demand charges. What a domain
tariff has no place for (fixed charges, reactive power, blocks of energy) is told, not dropped in silence.
Source: https://openei.org/services/doc/rest/util_rates, version 8.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.tariff import ALL_DAYS, DayKind, DemandCharge, DemandTier, Rate, Tariff, TimeOfUse, Window

WEEKEND = (DayKind.SATURDAY, DayKind.SUNDAY, DayKind.HOLIDAY)
"""Public holidays count as weekends, where the tariff is told a calendar of them."""
DEMAND_WINDOW_MIN = 15.0
"""Where the rate says nothing. [min]"""
MONTHS, HOURS = 12, 24
_LAST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_UNITS = {"kw", ""}
_UNTOLD = {
    "fixedchargefirstmeter": "a fixed charge does not depend on what is planned",
    "demandreactivepowercharge": "reactive power is not planned",
    "coincidentratestructure": "a peak that counts with the network's has to be told as coincident_peaks",
    "minmonthlycharge": "a minimum bill does not depend on what is planned",
}
Document = Mapping[str, Any]
Grid = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class UrdbTariff:
    """What a rate comes to, and what of it has no place in a tariff."""

    tariff: Tariff
    left_out: tuple[str, ...]


def is_urdb(told: Any) -> bool:
    """Whether a JSON document looks like an answer of the database, or one rate of it."""
    return isinstance(told, dict) and ("energyratestructure" in _first(told))


def urdb_tariff(told: Document, *, holiday_calendar: str | None = None) -> UrdbTariff:
    """The tariff of a rate: of the first item, where the document is an answer with ``items``.

    Prices are ``rate`` plus ``adj``, in USD. A fixed charge and the like are named in ``left_out``.

    Raises:
        InvalidScenario: it has no energy prices, or schedules that are not 12 months of 24 hours.
    """
    rate = _first(told)
    if "energyratestructure" not in rate:
        message, remedy = "the rate has no energyratestructure", "ask the database with detail=full"
        raise InvalidScenario([Finding(path="items[0]", message=message, remedy=remedy)])
    try:
        return UrdbTariff(_tariff(rate, holiday_calendar), tuple(_left_out(rate)))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as broken:
        message = f"the rate is not in the form of version 8: {type(broken).__name__}, {broken}"
        remedy = "ask the database for it with version=8 and detail=full"
        raise InvalidScenario([Finding(path="items[0]", message=message, remedy=remedy)]) from None


def _tariff(rate: Document, holiday_calendar: str | None) -> Tariff:
    return Tariff(
        name=f"{rate.get('utility', '')}: {rate.get('name', '')}".strip(": "),
        source=str(rate.get("source") or rate.get("uri") or rate.get("sourceparent") or "URDB"),
        currency="USD",
        import_price=TimeOfUse(rates=tuple(_energy(rate))),
        demand_charges=(*_flat_demand(rate), *_timed_demand(rate)),
        holiday_calendar=holiday_calendar,
    )


def windows_of(weekdays: Grid, weekends: Grid) -> dict[int, list[Window]]:
    """Windows of each number in two tables of 12 months by 24 hours; months and hours that are alike become one."""
    found: dict[int, list[Window]] = defaultdict(list)
    for days, grid in _day_grids(weekdays, weekends):
        for months, hours in _alike(grid):
            for number, start, end in _runs(hours):
                for first, last in _seasons(months):
                    found[number].append(_window(days, first, last, start, end))
    return found


def _day_grids(weekdays: Grid, weekends: Grid) -> list[tuple[tuple[DayKind, ...], Grid]]:
    same = [list(row) for row in weekdays] == [list(row) for row in weekends]
    return [(ALL_DAYS, weekdays)] if same else [((DayKind.WEEKDAY,), weekdays), (WEEKEND, weekends)]


def _alike(grid: Grid) -> list[tuple[list[int], Sequence[int]]]:
    """Months (from 0) whose hours are the same."""
    found: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for month, hours in enumerate(grid):
        found[tuple(hours)].append(month)
    return [(months, hours) for hours, months in found.items()]


def _runs(hours: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(number, first hour, hour after the last) of each run of equal hours."""
    for number, run in groupby(range(HOURS), key=lambda hour: hours[hour]):
        inside = list(run)
        yield number, inside[0], inside[-1] + 1


def _seasons(months: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(first, last) of each run of months, which may wrap around the new year."""
    if len(months) == MONTHS:
        yield 0, MONTHS - 1
        return
    inside = set(months)
    for first in months:
        if (first - 1) % MONTHS not in inside:
            last = first
            while (last + 1) % MONTHS in inside:
                last = (last + 1) % MONTHS
            yield first, last


def _window(days: tuple[DayKind, ...], first: int, last: int, start: int, end: int) -> Window:
    return Window(
        days=days,
        season_start=f"{first + 1:02d}-01",
        season_end=f"{last + 1:02d}-{_LAST_DAYS[last]:02d}",
        start=f"{start:02d}:00",
        end=f"{end:02d}:00",
    )


def _first(told: Document) -> Document:
    items = told.get("items")
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else told


def _energy(rate: Document) -> Iterator[Rate]:
    prices = [_price(tiers[0]) for tiers in rate["energyratestructure"]]
    windows = windows_of(_grid(rate, "energyweekdayschedule"), _grid(rate, "energyweekendschedule"))
    by_price: dict[float, list[Window]] = defaultdict(list)
    for number, inside in sorted(windows.items()):
        by_price[_of(prices, number, "energyratestructure")].extend(inside)
    for price, inside in by_price.items():
        yield Rate(price_per_kwh=price, windows=tuple(inside))


def _flat_demand(rate: Document) -> Iterator[DemandCharge]:
    structure = rate.get("flatdemandstructure")
    if not structure:
        return
    _check_unit(rate, "flatdemandunit")
    months = rate.get("flatdemandmonths") or [0] * MONTHS
    for number in sorted(set(months)):
        inside = [month for month, told in enumerate(months) if told == number]
        windows = tuple(_window(ALL_DAYS, *season, 0, HOURS) for season in _seasons(inside))
        yield from _charge(rate, f"demand-{number}", _of(structure, number, "flatdemandstructure"), windows)


def _timed_demand(rate: Document) -> Iterator[DemandCharge]:
    structure = rate.get("demandratestructure")
    if not structure:
        return
    _check_unit(rate, "demandrateunit")
    windows = windows_of(_grid(rate, "demandweekdayschedule"), _grid(rate, "demandweekendschedule"))
    for number, inside in sorted(windows.items()):
        tiers = _of(structure, number, "demandratestructure")
        yield from _charge(rate, f"time-of-use-demand-{number}", tiers, tuple(inside))


def _charge(
    rate: Document, name: str, tiers: Sequence[Document], windows: tuple[Window, ...]
) -> Iterator[DemandCharge]:
    """One charge, or none where its price is 0."""
    prices = [_price(one) for one in tiers]
    if not any(prices):
        return
    above = [float(one["max"]) for one in tiers[:-1]]
    yield DemandCharge(
        id=name,
        rate_per_kw=prices[0],
        tiers=tuple(DemandTier(above_kw=kw, rate_per_kw=p) for kw, p in zip(above, prices[1:], strict=True)),
        windows=windows,
        demand_interval_min=float(rate.get("demandwindow") or DEMAND_WINDOW_MIN),
        ratchet_share=max(map(float, rate.get("demandratchetpercentage") or [0.0])),
    )


def _price(tier: Document) -> float:
    """Of one tier, with its adjustment."""
    return round(float(tier.get("rate", 0.0)) + float(tier.get("adj", 0.0)), 8)


def _of(prices: Sequence[Any], number: int, path: str) -> Any:
    if 0 <= number < len(prices):
        return prices[number]
    message = f"a schedule names period {number}, and there are {len(prices)}"
    raise InvalidScenario([Finding(path=path, message=message, remedy="correct the schedule")])


def _grid(rate: Document, path: str) -> Grid:
    grid = rate.get(path)
    if isinstance(grid, list) and len(grid) == MONTHS and all(len(row) == HOURS for row in grid):
        return grid
    message, remedy = "this is no table of 12 months by 24 hours", "ask the database with detail=full"
    raise InvalidScenario([Finding(path=path, message=message, remedy=remedy)])


def _check_unit(rate: Document, path: str) -> None:
    unit = str(rate.get(path) or rate.get("demandunits") or "")
    if unit.lower() not in _UNITS:
        message = f"demand is counted in {unit}, not in kW"
        raise InvalidScenario([Finding(path=path, message=message, remedy="tell the charge per kW and month")])


def _left_out(rate: Document) -> Iterator[str]:
    for field, why in _UNTOLD.items():
        if told := rate.get(field):
            yield f"{field} {told if isinstance(told, int | float) else ''}".strip() + f": {why}"
    if any(len(tiers) > 1 for tiers in rate["energyratestructure"]):
        yield "energyratestructure: a price that changes with the energy of the month counts at its first block"
    if rate.get("demandratchetpercentage"):
        yield "demandratchetpercentage: the highest share counts; tell the peaks it looks back on in earlier_peaks_kw"
