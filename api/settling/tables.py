"""The tables of a settlement as CSV: events, intervals, days of baselines, data quality."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from api.settling.document import SettlementDocument
from api.settling.inputs import Case
from models.domain.times import instant
from models.settlement.load import LoadSeries, Quality

TABLES = ("events.csv", "intervals.csv", "baseline_days.csv", "data_quality.csv")
_EVENT = (
    *("event", "programme", "direction", "start", "end", "committed_kw", "performance", "delivered_kwh", "paid_kwh"),
    *("shortfall_kwh", "snap_back_kwh", "payment", "penalty", "snap_back", "total", "currency", "baseline"),
)
_INTERVAL = (
    *("event", "start", "end", "raw_baseline_kw", "baseline_kw", "load_kw", "quality", "delivered_kwh"),
    *("shared_kwh", "paid_kwh", "shortfall_kwh", "payment", "penalty"),
)
_DAY = ("event", "day", "use", "mean_kw")
_QUALITY = ("meter", "start", "end", "intervals", *(one.lower() for one in Quality))


def tables(told: SettlementDocument, case: Case) -> dict[str, bytes]:
    """Files by name."""
    parts: tuple[tuple[Sequence[str], Iterable[Sequence[Any]]], ...] = (
        (_EVENT, _event_rows(told)),
        (_INTERVAL, _interval_rows(told)),
        (_DAY, _day_rows(told)),
        (_QUALITY, _quality_rows(case)),
    )
    return {name: csv_bytes(header, rows) for name, (header, rows) in zip(TABLES, parts, strict=True)}


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """UTF-8; an empty cell is nothing."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return out.getvalue().encode()


def _event_rows(told: SettlementDocument) -> Iterable[list[Any]]:
    for one in told.events:
        tree = one.model_dump(mode="json") | {"event": one.id, "baseline": one.baseline.method}
        yield [tree[name] for name in _EVENT]


def _interval_rows(told: SettlementDocument) -> Iterable[list[Any]]:
    for event in told.events:
        for one in event.intervals:
            tree = one.model_dump(mode="json") | {"event": event.id}
            yield [tree[name] for name in _INTERVAL]


def _day_rows(told: SettlementDocument) -> Iterable[list[Any]]:
    for event in told.events:
        yield from ([event.id, one.day, one.use, one.mean_kw] for one in event.baseline.days)


def _quality_rows(case: Case) -> Iterable[list[Any]]:
    """Of every meter, in all and during each event."""
    loads = [*([case.meters.site] if case.meters.site else []), *case.meters.evses.values()]
    spans = [(one.start.timestamp(), one.end.timestamp()) for one in case.settling.events]
    for load in loads:
        for start_s, end_s in [(load.start_s, load.end_s), *spans]:
            inside = _inside(load, start_s, end_s)
            counts = [inside.count(one) for one in Quality]
            yield [load.meter, _utc(start_s), _utc(end_s), len(inside), *counts]


def _inside(load: LoadSeries, start_s: float, end_s: float) -> list[Quality]:
    return [one for at, one in zip(load.starts_s, load.quality, strict=True) if start_s <= at < end_s]


def _utc(at_s: float) -> str:
    return instant(at_s).isoformat().replace("+00:00", "Z")
