"""A real month and its event, as tests/optimizer/settled_by_hand/README.md tells them."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from models.domain.calendar import Calendar
from models.settlement import LoadSeries, Quality
from optimizer.response.baselines import History, Spans, spans_of

GOLDEN = Path(__file__).with_name("settled_by_hand")
PACIFIC = ZoneInfo("America/Los_Angeles")
HOUR_S = 3600.0


def at(day: int, hour: float, month: int = 10) -> float:
    """Seconds since 1970 of an hour of a local day of 2019."""
    midnight = datetime(2019, month, day, tzinfo=PACIFIC)
    return midnight.timestamp() + hour * HOUR_S


def series(kw: list[float], start_s: float, step_s: float = HOUR_S) -> LoadSeries:
    powers = np.array(kw, dtype=np.float64)
    quality = tuple(Quality.OK if np.isfinite(one) else Quality.MISSING for one in powers)
    return LoadSeries(meter="site", start_s=start_s, step_s=step_s, power_kw=powers, quality=quality)


def october() -> LoadSeries:
    """Without the hour that its meter lacks."""
    with (GOLDEN / "load.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kw = [float(row["kw"]) for row in rows]
    assert datetime.fromisoformat(rows[0]["start"]).astimezone(UTC).timestamp() == at(1, 0)
    kw[10 * 24 + 13] = float("nan")
    return series(kw, at(1, 0))


EVENT = spans_of(at(23, 12), at(23, 15), HOUR_S)
CALENDAR = Calendar(PACIFIC, frozenset({date(2019, 10, 14)}))


def history(load: LoadSeries | None = None) -> History:
    return History(load=load or october(), calendar=CALENDAR, event_days=frozenset({date(2019, 10, 16)}))


def hours(day: int, first: int, last: int) -> Spans:
    return spans_of(at(day, first), at(day, last), HOUR_S)
