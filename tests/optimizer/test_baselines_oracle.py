"""Named baselines over random months beside an analyst's table of days and hours."""

import os
import random
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from models.domain.calendar import Calendar
from optimizer.response.baselines import History, baseline, spans_of
from tests.optimizer.settled import HOUR_S, series
from tests.oracle.like_days import high_x_of_y

FIRST, DAYS = pd.Timestamp("2026-01-05"), 70
UTC_ZONE = Calendar(ZoneInfo("UTC"))
SEEDS = int(os.environ.get("CHARGEWRIGHT_BASELINES", "12"))
OPTIONS = {
    "caiso_10_in_10": {"take": 10, "of": 10, "look_back": 45, "adjust": "ratio", "bounds": (0.8, 1.2)},
    "caiso_5_in_10": {"take": 5, "of": 10, "look_back": 45, "adjust": "ratio", "bounds": (0.6, 1.4)},
    "nyiso_5_of_10": {
        "take": 5,
        "of": 10,
        "look_back": 30,
        "adjust": "ratio",
        "bounds": (0.8, 1.2),
        "before": (4, 2),
        "not_the_day_before": True,
        "low_share_of_highest": 0.25,
    },
    "pjm_4_of_5": {"take": 4, "of": 5, "look_back": 45, "adjust": "difference", "low_share_of_mean": 0.25},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_named_baseline_is_that_of_the_table(name: str) -> None:
    """A weekday event in the tenth week; some days had events, some hours were not metered."""
    for seed in range(SEEDS):
        chance = random.Random(f"{name}{seed}")
        table = _table(chance)
        day = FIRST + pd.Timedelta(days=63 + chance.randrange(5))
        begin, length = chance.randrange(5, 20), chance.randrange(1, 4)
        hours = list(range(begin, begin + length))
        events = {FIRST + pd.Timedelta(days=chance.randrange(63)) for _ in range(4)}
        start_s = _seconds(day) + begin * HOUR_S

        found = baseline(
            name,
            spans_of(start_s, start_s + length * HOUR_S, HOUR_S),
            History(
                load=series(table.to_numpy().ravel().tolist(), _seconds(FIRST)),
                calendar=UTC_ZONE,
                event_days=frozenset(date(one.year, one.month, one.day) for one in events),
            ),
        )

        expected = high_x_of_y(table, day, hours, events=events, **OPTIONS[name])
        assert found.adjusted_kw == pytest.approx(expected, abs=1e-9), (name, seed)


def _table(chance: random.Random) -> pd.DataFrame:
    """In every other month one day has hardly any load, which some methods leave out."""
    noise = np.random.default_rng(chance.randrange(2**32))
    loads = noise.uniform(20.0, 60.0, size=(DAYS, 24))
    for _ in range(6):
        loads[chance.randrange(60), chance.randrange(24)] = np.nan
    if chance.random() < 0.5:
        loads[chance.randrange(40, 60)] = 1.0
    return pd.DataFrame(loads, index=pd.date_range(FIRST, periods=DAYS, freq="D"), columns=range(24))


def _seconds(day: pd.Timestamp) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
