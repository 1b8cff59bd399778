"""The picture: true numbers, local time, no network."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from api.planning import Answer, plan
from api.plot import LocalAxis, figure, given_back_kw, headline, layers, write_plot
from models import samples
from optimizer.settings import Settings


def test_the_stack_is_the_load_of_the_connection(yard_answer: Answer) -> None:
    (car,) = layers(yard_answer)

    assert car.name == "car-1"
    assert car.power_kw.sum() == pytest.approx(4 * 11.0), "four quarters of an hour at 11 kW"
    assert car.power_kw[:4].max() == 0.0, "the dear hour"


@pytest.mark.parametrize("name", samples.names())
def test_layers_add_up_to_what_the_connection_carries(name: str) -> None:
    scenario = samples.load(name)
    answer = plan(scenario, settings=Settings(), now=min(s.arrival for s in scenario.sessions))
    root = next(node.id for node in answer.scenario.site.nodes if node.parent is None)
    carried = next(node.expected_kw for node in answer.schedule.nodes if node.node_id == root)

    stacked = sum((layer.power_kw for layer in layers(answer)), start=given_back_kw(answer))

    assert stacked == pytest.approx(np.maximum(carried, stacked.clip(max=0)), abs=0.06)
    assert figure(answer).data


def test_what_cars_give_back_is_seen_below_nothing_in_a_colour_of_its_own() -> None:
    scenario = samples.load("v2g-block")
    answer = plan(scenario, settings=Settings(), now=min(s.arrival for s in scenario.sessions))

    drawn = figure(answer)

    back = next(trace for trace in drawn.data if trace.name == "given back by cars")
    others = {trace.fillcolor for trace in drawn.data if trace.name != back.name}
    assert back.fillcolor not in others
    assert drawn.layout.yaxis.range[0] < given_back_kw(answer).min() < 0.0


def test_the_title_says_the_point(yard_answer: Answer) -> None:
    assert headline(yard_answer) == ("Peak 11 kW instead of 11 kW, cost 1.10 instead of 3.30 EUR, with every need met")


def test_ticks_tell_local_time_also_after_the_clocks_change() -> None:
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)

    ticks = [text for _, text in LocalAxis(start, start + timedelta(hours=6), ZoneInfo("Europe/Berlin")).ticks()]

    assert ticks == ["00:00<br>Sun 29 Mar", "01:00", "03:00", "04:00", "05:00", "06:00", "07:00"]


def test_the_page_needs_no_network(yard_answer: Answer, tmp_path: Path) -> None:
    page = tmp_path / "plan.html"

    write_plot(yard_answer, page)

    told = page.read_text(encoding="utf-8")
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=", told)
    assert "car-1" in told
