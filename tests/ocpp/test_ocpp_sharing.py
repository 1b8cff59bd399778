"""Which EVSEs share a limit, so that one of them is raised only after another was lowered."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ocpp_plans import AC, START, scenario_of

from models.domain.scenario import Scenario
from models.domain.signal import Cap, Direction, Dispatch, Event, PriceEvent, Signal
from models.domain.site import Evse, GridNode, PhaseSeries, PowerCabinet, Transformer
from models.ocpp.sharing import shared_limits

NAMES = ("a", "b", "c")
HOUR = START + timedelta(hours=1)
DISPATCH = Dispatch(id="s", start=START, end=HOUR, setpoint_kw=9.0, price_above_per_kwh=1.0, price_below_per_kwh=1.0)


def yard(**panel: object) -> Scenario:
    """Three EVSEs: a and b on a panel, c on the connection; nothing is limited but what is said of the panel."""
    evses: list[Evse] = [replace(AC, id=name, node="grid" if name == "c" else "panel") for name in NAMES]
    scenario = scenario_of(evses, [])
    nodes = (GridNode(id="grid"), GridNode(id="panel", parent="grid", **panel))  # type: ignore[arg-type]  # by name
    return replace(scenario, site=replace(scenario.site, nodes=nodes))


def shared(scenario: Scenario) -> list[str]:
    return sorted("".join(sorted(group)) for group in shared_limits(scenario))


def test_where_nothing_is_limited_nobody_waits() -> None:
    assert shared(yard()) == []


@pytest.mark.parametrize(
    "limit",
    [
        {"import_limit_kw": 20.0},
        {"import_limit_kva": 20.0},
        {"export_limit_kw": 0.0},
        {"current_limit_a": PhaseSeries(L2=32.0)},
        {"transformer": Transformer(primary_voltage_v=480.0, secondary_voltage_v=208.0)},
    ],
)
def test_every_kind_of_limit_of_a_node_is_shared_by_all_below_it(limit: dict[str, object]) -> None:
    assert shared(yard(**limit)) == ["ab"]


def test_a_limit_of_the_connection_is_shared_by_those_on_panels_too() -> None:
    scenario = yard()
    limited = replace(scenario.site.nodes[0], import_limit_kw=20.0)

    assert shared(replace(scenario, site=replace(scenario.site, nodes=(limited, scenario.site.nodes[1])))) == ["abc"]


def test_a_power_cabinet_is_shared_by_its_evses() -> None:
    scenario = yard()
    cabinet = PowerCabinet(id="box", node="grid", evses=("b", "c"), total_kw=20.0)

    assert shared(replace(scenario, site=replace(scenario.site, cabinets=(cabinet,)))) == ["bc"]


@pytest.mark.parametrize(
    ("signal", "group"),
    [
        (Cap(id="s", start=START, end=HOUR, import_limit_kw=9.0), ["abc"]),
        (Cap(id="s", start=START, end=HOUR, import_limit_kw=9.0, node="panel"), ["ab"]),
        (Cap(id="s", start=START, end=HOUR, import_limit_kw=9.0, evses=("a", "c")), ["ac"]),
        (Event(id="s", start=START, end=HOUR, node="panel", direction=Direction.REDUCE, baseline_kw=9.0), ["ab"]),
        (
            Dispatch(id="s", start=START, end=HOUR, setpoint_kw=9.0, price_above_per_kwh=1.0, price_below_per_kwh=1.0),
            ["abc"],
        ),
        (PriceEvent(id="s", start=START, end=HOUR, import_price=1.0), []),
    ],
)
def test_what_a_utility_asks_for_is_shared_by_all_that_it_is_asked_of(signal: Signal, group: list[str]) -> None:
    assert shared(replace(yard(), signals=(signal,))) == group
