"""Prices of energy as CSV: SMARD downloads, exports of the ENTSO-E Transparency Platform, and tables of several zones.

A missing hour is never filled: the price before it would look like one that holds. Sources: www.smard.de (German and
English headings, local time, decimal comma or point), transparency.entsoe.eu (``MTU``, the ends of an interval).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from models.datasets.csv_columns import number_of, plain
from models.datasets.csv_shape import Table, table_of
from models.datasets.csv_times import Reading, day_first_of, instant_of
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.tariff import PriceSeries
from models.domain.units import per_kwh_from_per_mwh
from models.domain.value import Step

BRUSSELS = ZoneInfo("Europe/Brussels")
"""The clock of ENTSO-E's and SMARD's local times; SMARD's Berlin has the same."""
PRICE_DIGITS = 5
_BEGIN = (
    r"^datum von$",
    r"^start date$",
    r"^mtu.*$",
    r"^utc start$",
    r"^(start|time|datetime|timestamp)( utc)?$",
    r"^datum$",
)
_MISSING = {"", "-", "n/e", "n/a", "na", "null"}
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Priced:
    """Prices of one column, and which it was."""

    prices: PriceSeries
    """[currency/kWh]"""
    column: str
    step: timedelta


def prices_of(
    content: bytes,
    *,
    column: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    adder_per_kwh: float = 0.0,
) -> Priced:
    """Prices per kWh of a column with prices per MWh, from ``start`` to before ``end``, plus a constant of fees.

    Raises:
        InvalidScenario: no column of times or prices is understood, several could be meant, or an interval lacks.
    """
    table = table_of(content)
    begin = _begin_column(table)
    chosen = _price_column(table, begin, column)
    rows = [(told, row[chosen]) for told, (_, row) in zip(_instants(table, begin), table.rows(), strict=True)]
    inside = [(at, text) for at, text in rows if (start is None or at >= start) and (end is None or at < end)]
    comma = any(re.fullmatch(r"-?[\d.]*,\d+", text) for _, text in inside)
    told = [(at, number_of(text, decimal_comma=comma)) for at, text in inside if text.lower() not in _MISSING]
    steps = tuple(
        Step(start=at, value=round(per_kwh_from_per_mwh(price) + adder_per_kwh, PRICE_DIGITS))
        for at, price in told
        if price is not None
    )
    step = _step(steps, chosen)
    _refuse_gaps([one.start for one in steps], step)
    return Priced(PriceSeries(steps=steps, end=steps[-1].start + step), chosen, step)


def _begin_column(table: Table) -> str:
    for pattern in _BEGIN:
        for column in table.columns:
            if re.search(pattern, plain(column)):
                return column
    message = f"no column says when a price begins; there are {', '.join(table.columns)}"
    raise InvalidScenario([Finding(path="line 1", message=message, remedy="name it start")])


def _price_column(table: Table, begin: str, told: str | None) -> str:
    """The one that is named, or the only one that says MWh; else the only one beside the times."""
    if told is not None:
        fitting = [name for name in table.columns if plain(told) in plain(name) and name != begin]
    else:
        fitting = [name for name in table.columns if "mwh" in plain(name)]
        fitting = fitting or [name for name in table.columns if name != begin]
    if len(fitting) == 1 or (told in fitting and told is not None):
        return told if told in fitting and told is not None else fitting[0]
    message = f"{len(fitting)} columns could be the price" if fitting else f"there is no column like {told}"
    there = ", ".join(name for name in (fitting or table.columns) if name != begin)
    raise InvalidScenario([Finding(path="--column", message=message, remedy=f"name one of {there}")])


def _instants(table: Table, begin: str) -> list[datetime]:
    """When each row begins; an hour that the clock shows twice is the second one where the row before was the first."""
    texts = [re.split(r" - |/", row[begin])[0] if " - " in row[begin] else row[begin] for _, row in table.rows()]
    zone = ZoneInfo("UTC") if "utc" in plain(begin) else BRUSSELS
    reading = Reading(day_first=day_first_of(texts) is not False, zone=zone)
    found: list[datetime] = []
    for line, text in enumerate(texts, start=2):
        instant = instant_of(text, reading)
        if instant is None:
            message = f"{text!r} is no time"
            raise InvalidScenario([Finding(path=f"line {line}, {begin}", message=message, remedy="export it again")])
        at = instant.at
        found.append(at + timedelta(hours=1) if instant.twice and found and at <= found[-1] else at)
    return found


def _step(steps: Sequence[Step], column: str) -> timedelta:
    """The most frequent distance between prices."""
    apart = [later.start - earlier.start for earlier, later in pairwise(steps)]
    if not apart:
        message, remedy = f"{column} has fewer than two prices in this time", "name another time or column"
        raise InvalidScenario([Finding(path=column, message=message, remedy=remedy)])
    return max(sorted(set(apart)), key=apart.count)


def _refuse_gaps(starts: Sequence[datetime], step: timedelta) -> None:
    gaps = [earlier + step for earlier, later in pairwise(starts) if later - earlier != step]
    if gaps:
        named = ", ".join(f"{at:%Y-%m-%dT%H:%MZ}" for at in gaps[:_SHOWN])
        message = f"{len(gaps)} prices lack or stand out of order, the first at {named}"
        remedy = "name a stretch without gaps with --from and --to; a missing hour must not look cheap"
        raise InvalidScenario([Finding(path="prices", message=message, remedy=remedy)])
