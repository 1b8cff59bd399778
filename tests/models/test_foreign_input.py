"""Whatever a utility sends: it is understood or refused, it never raises, and what is understood can be folded."""

import copy
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.domain.timeline import fold
from models.domain.utility_signal import UtilitySignal, defects
from models.openadr.v3.channel import Channel
from models.openadr.v3.feed import Feed, notified, polled
from models.openadr.v20b import Channel20b, answered
from models.oscp.provider import Provider, forecast_taken, in_force

EXAMPLES = int(os.environ.get("CHARGEWRIGHT_EXAMPLES", "60"))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

EVENT_3 = {
    "id": "e",
    "programID": "p",
    "priority": 1,
    "duration": "PT3H",
    "modificationDateTime": "2026-03-02T10:00:00Z",
    "targets": ["a"],
    "payloadDescriptors": [{"payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}],
    "intervalPeriod": {"start": "2026-03-02T12:00:00Z", "duration": "PT1H", "randomizeStart": "PT5M"},
    "intervals": [
        {
            "id": 0,
            "intervalPeriod": {"duration": "PT2H"},
            "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [1, 2]}],
        }
    ],
}
EVENT_2 = {
    "event_descriptor": {"event_id": "e", "modification_number": 1, "priority": 1, "modification_date_time": NOON},
    "active_period": {
        "dtstart": NOON,
        "duration": timedelta(hours=1),
        "tolerance": {"tolerate": {"startafter": timedelta(1)}},
    },
    "event_signals": [
        {"signal_name": "SIMPLE", "signal_type": "level", "measurement": {"unit": "W", "scale": "k"}, "intervals": [
            {"dtstart": NOON, "duration": timedelta(hours=1), "signal_payload": 1.0}]},
    ],
    "targets": [{"ven_id": "v", "group_id": "g"}],
}  # fmt: skip
FORECAST = {
    "group_id": "yard",
    "type": "CONSUMPTION",
    "forecasted_blocks": [
        {
            "capacity": 1.0,
            "phase": "ALL",
            "unit": "KWH",
            "start_time": "2026-03-02T12:00:00Z",
            "end_time": "2026-03-02T13:00:00Z",
        }
    ],
}

TEXTS = [
    "",
    "0001-01-01",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00",
    "P9999Y",
    "P99999D",
    "PT0S",
    "KW",
    "x" * 300,
]
NUMBERS = [0, -1, 1.5, 1e308, float("nan"), float("inf"), 10**30, True]
TIMES = [
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime(2026, 1, 1),
    timedelta.max,
    timedelta(-1),
]
ODD: st.SearchStrategy[Any] = st.sampled_from([None, [], {}, [None], [[]], {"a": 1}, *TEXTS, *NUMBERS, *TIMES])


@st.composite
def changed(draw: st.DrawFn, tree: Any) -> Any:
    """A message with one to three of its parts replaced by something odd, or taken away."""
    told = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(told))
        if not places:
            return draw(ODD)
        holder, key = draw(st.sampled_from(places))
        if draw(st.booleans()) and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = copy.deepcopy(draw(ODD))
    return told


def _places(tree: Any) -> Any:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, inner in list(items):
        yield tree, key
        yield from _places(inner)


def folds(signals: tuple[UtilitySignal, ...]) -> None:
    assert not [finding for signal in signals for finding in defects(signal)]
    fold(signals, NOON - timedelta(days=1), NOON + timedelta(days=40), seed="yard")


@settings(max_examples=5 * EXAMPLES, deadline=None, derandomize=EXAMPLES <= 60)
@given(tree=changed(EVENT_3), operation=st.sampled_from(["CREATE", "DELETE", "POST", ""]))
def test_an_event_of_openadr_3_never_raises(tree: Any, operation: str) -> None:
    feed = Feed(channel=Channel(source="vtn"))
    heard = polled(feed, [tree, tree], NOON, NOON)
    folds(heard.signals)
    folds(notified(heard.feed, operation, tree, NOON).signals)


@settings(max_examples=5 * EXAMPLES, deadline=None, derandomize=EXAMPLES <= 60)
@given(tree=changed(EVENT_2))
def test_an_event_of_openadr_2_never_raises(tree: Any) -> None:
    folds(answered(tree if isinstance(tree, dict) else {}, Channel20b(source="vtn"), NOON, {"e": 0}).signals)


@settings(max_examples=5 * EXAMPLES, deadline=None, derandomize=EXAMPLES <= 60)
@given(tree=changed(FORECAST))
def test_a_forecast_of_oscp_never_raises(tree: Any) -> None:
    provider, _ = forecast_taken(Provider(source="dso", groups=("yard",)), tree, "r")
    folds(in_force(provider, NOON))
