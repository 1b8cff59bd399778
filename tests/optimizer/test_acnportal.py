"""Algorithms written for acnportal in charge of a simulated site: what they are shown, asked, and sent."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pytest

from models.domain.errors import InvalidScenario
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.setpoints import SetpointRules
from models.domain.signal import Cap
from models.domain.site import BaseLoad, Evse, GridNode, LimitKind, NodeKind, Phase, Site, Tier, Transformer, Wiring
from models.domain.tariff import DemandCharge, Rate, Tariff, TimeOfUse, Window
from optimizer.backtest.acn.adapter import AcnMaker
from optimizer.backtest.acn.angles import with_angles
from optimizer.backtest.acn.interface import SiteInterface
from optimizer.backtest.acn.network import infrastructure_of
from optimizer.backtest.acn.state import State
from optimizer.backtest.acn.stations import Stations
from optimizer.backtest.course import Car, Course
from optimizer.backtest.disturbances import Disturbances
from optimizer.backtest.messages import Arrival, Consent, Forecast, Message, MeterReading, Tick
from optimizer.backtest.metrics import figures
from optimizer.backtest.running import Run, run

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
HOUR, QUARTER = 3600.0, 900.0
FREE = Tariff(currency="EUR", import_price=0.0)
SITE = Site(
    id="yard",
    nodes=(GridNode(id="grid", import_limit_kw=4.6, continuous_factor=1.0),),
    evses=tuple(Evse(id=name, node="grid", max_current_a=32.0, phases=(Phase.L1,)) for name in ("a", "b", "c")),
    tiers=(Tier(id="all", value_of_target_per_kwh=1.0),),
    voltage_v=230.0,
)
"""0.23 kW an ampere: 20 A in all."""


@dataclass
class ByHand:
    """As acnportal's BaseAlgorithm, without it: answers what a function makes of the interface and of who is there."""

    answer: Callable[[Any, list[Any]], dict[str, list[float]]]
    max_recompute: int | None = 1
    interface: Any = None
    asked: list[int] = field(default_factory=list)

    def register_interface(self, interface: Any) -> None:
        self.interface = interface

    def schedule(self, active_sessions: list[Any]) -> dict[str, list[float]]:
        self.asked.append(self.interface.current_time)
        return self.answer(self.interface, active_sessions)


def first_departure_first(interface: Any, sessions: list[Any]) -> dict[str, list[float]]:
    """Whoever leaves first gets what there is; amperes are halved until they fit."""
    currents: dict[str, list[float]] = {}
    for one in sorted(sessions, key=lambda one: one.estimated_departure):
        wanted = min(interface.max_pilot_signal(one.station_id), interface.remaining_amp_periods(one))
        fitting = (a for a in (wanted, 20.0, 10.0, 0.0) if a <= wanted)
        currents[one.station_id] = next([a] for a in fitting if interface.is_feasible(currents | {one.station_id: [a]}))
    return currents


def car(name: str, evse: str, *, arrives: float = 0.0, stays: float, needs: float) -> Car:
    """Hours after midnight on Monday; its driver tells the truth."""
    begin, end = MONDAY + arrives * HOUR, MONDAY + (arrives + stays) * HOUR
    told = {"stated_departure_s": end, "stated_kwh": needs}
    return Car(id=name, evse=evse, arrival_s=begin, departure_s=end, need_kwh=needs, power_kw=7.36, **told)


def course(*cars: Car, site: Site = SITE, hours: float = 4.0) -> Course:
    return Course(
        name="yard",
        site=site,
        tariff=FREE,
        cars=cars,
        start_s=MONDAY,
        end_s=MONDAY + hours * HOUR,
        period_min=15.0,
    )


def played(foreign: Any, *cars: Car, disturbances: Disturbances | None = None) -> Run:
    made = AcnMaker("mine", lambda: foreign, minutes=15.0)(SITE, FREE)
    return run(course(*cars), made, disturbances=disturbances or Disturbances())


def shown(*messages: Message, site: Site = SITE, tariff: Tariff = FREE) -> SiteInterface:
    """The interface after some messages, the last of them at Monday, 00:00, where none says more."""
    foreign = ByHand(lambda interface, sessions: {})
    algorithm = AcnMaker("mine", lambda: foreign, minutes=15.0)(site, tariff)
    algorithm.decide([*messages, Tick(at_s=MONDAY)])
    found = foreign.interface
    assert isinstance(found, SiteInterface)
    return found


def test_amperes_of_an_algorithm_are_powers_of_evses() -> None:
    """10 A are 2.3 kW: 4.6 kWh in two hours."""
    made = played(ByHand(lambda interface, sessions: {"a": [10.0]}), car("first", "a", stays=2.0, needs=9.0))
    assert made.got_kwh["first"] == pytest.approx(4.6)
    assert made.intervals[0].offered_kw == {"first": pytest.approx(2.3)}


def test_who_leaves_first_is_served_first_within_the_limit_of_the_site() -> None:
    """20 A are 4.6 kW: the hasty one gets its 4.6 kWh in an hour; the other one has 4.6 kWh in its second hour."""
    cars = car("late", "a", stays=2.0, needs=9.2), car("hasty", "b", stays=1.0, needs=4.6)
    made = played(ByHand(first_departure_first), *cars)
    assert made.got_kwh == {"late": pytest.approx(4.6), "hasty": pytest.approx(4.6)}
    assert figures(made).peak_kw == pytest.approx(4.6)


def test_it_is_asked_at_arrivals_and_departures_and_after_max_recompute_periods() -> None:
    """A car is there in the quarters 1 to 4: asked at the beginning, when it comes, 3 quarters later, when it left."""
    foreign = ByHand(lambda interface, sessions: {one.station_id: [4.0] * 3 for one in sessions}, max_recompute=3)
    played(foreign, car("first", "a", arrives=0.25, stays=1.0, needs=9.0))
    assert foreign.asked[:4] == [0, 1, 4, 5]
    only_events = replace(foreign, max_recompute=None, asked=[])
    played(only_events, car("first", "a", arrives=0.25, stays=1.0, needs=9.0))
    assert only_events.asked == [0, 1, 5]


def test_an_answer_is_followed_period_by_period_and_ends_where_it_ends() -> None:
    foreign = ByHand(lambda interface, sessions: {"a": [10.0, 20.0]}, max_recompute=None)
    made = played(foreign, car("first", "a", stays=1.0, needs=9.0))
    assert [one.drawn_kw.get("first", 0.0) for one in made.intervals[:4]] == pytest.approx([2.3, 4.6, 0.0, 0.0])


def test_an_empty_answer_leaves_the_one_before_in_force() -> None:
    answers = [{"a": [10.0] * 4}, {}]
    foreign = ByHand(lambda interface, sessions: answers.pop(0) if answers else {})
    made = played(foreign, car("first", "a", stays=1.0, needs=9.0))
    assert made.got_kwh["first"] == pytest.approx(2.3)


def test_run_is_called_in_place_of_schedule_where_there_is_one() -> None:
    class Own(ByHand):
        def run(self) -> dict[str, list[float]]:
            return {"a": [10.0]}

    made = played(Own(lambda interface, sessions: {"a": [0.0]}), car("first", "a", stays=1.0, needs=9.0))
    assert made.got_kwh["first"] == pytest.approx(2.3)


def test_a_session_tells_what_was_said_and_metered_in_periods_and_kwh() -> None:
    told = {"stated_departure_s": MONDAY + HOUR, "stated_kwh": 5.0, "power_kw": 3.68}
    came = Arrival(session="first", evse="b", at_s=MONDAY - HOUR, **told)  # type: ignore[arg-type]
    read = MeterReading(session="first", at_s=MONDAY, energy_kwh=2.0, power_kw=2.0)
    interface = shown(came, Tick(at_s=MONDAY - HOUR), read)
    (one,) = interface.active_sessions()
    assert (one.station_id, one.session_id, one.arrival, one.departure) == ("b", "first", -4, 4)
    assert (one.requested_energy, one.remaining_demand, one.remaining_time) == (5.0, 3.0, 4)
    # 3.68 kW are 16 A; 3 kWh are 52.17 quarters of 1 A, at 0.0575 kWh each.
    assert one.max_rates.tolist() == pytest.approx([16.0] * 4)
    assert interface.remaining_amp_periods(one) == pytest.approx(3.0 / 0.0575)
    assert interface.last_actual_charging_rate == {"first": pytest.approx(2.0 / 0.23)}
    assert interface.get_prev_peak() == pytest.approx(2.0 / 0.23)


def test_nothing_is_told_but_what_drivers_said() -> None:
    """Drivers leave earlier or later than they said: what they said is heard, and of nobody before he comes."""
    heard = []
    foreign = ByHand(lambda interface, sessions: heard.extend(sessions) or {"a": [10.0]})  # type: ignore[func-returns-value]
    wild = Disturbances(departure_h=1.0)
    played(
        foreign,
        car("first", "a", stays=2.0, needs=9.0),
        car("next", "b", arrives=3.0, stays=1.0, needs=1.0),
        disturbances=wild,
    )
    assert {one.departure for one in heard if one.session_id == "first" and one.current_time < 8} == {8}
    assert all(one.current_time >= 12 for one in heard if one.session_id == "next")


def test_what_is_shown_up_to_now_does_not_change_with_what_comes_later() -> None:
    """From half past one on another car comes, and the one that said two o'clock leaves at three and needs more."""
    first = car("first", "a", stays=2.0, needs=4.6)
    longer = replace(first, departure_s=MONDAY + 3.0 * HOUR, need_kwh=9.2)
    shows = []
    for cars in ((first,), (longer, car("next", "b", arrives=1.5, stays=1.0, needs=1.0))):
        shows.append(heard := [])
        played(ByHand(partial(everything, heard)), *cars)
    assert shows[0][:6] == shows[1][:6]
    assert shows[0] != shows[1]


def everything(heard: list[str], interface: Any, sessions: list[Any]) -> dict[str, list[float]]:
    """Writes down all that is told, and answers 10 A: the first needs two hours for what it said."""
    told = interface.infrastructure_info(), interface.get_prices(8), interface.get_demand_charge()
    shown_of = interface.last_applied_pilot_signals, interface.last_actual_charging_rate, interface.get_prev_peak()
    heard.append(repr((interface.current_time, sessions, told, shown_of)))
    return {one.station_id: [10.0] for one in sessions}


def test_who_said_nothing_is_completed_as_for_every_other_method() -> None:
    (one,) = shown(Arrival(session="first", evse="a", at_s=MONDAY)).active_sessions()
    assert one.departure > one.current_time
    assert one.requested_energy > 0.0
    assert np.isinf(one.max_rates).all()


def test_sessions_are_told_station_by_station_and_of_a_car_that_could_give_back_what_it_lacks_at_its_evse() -> None:
    """4 kWh wanted, 2 drawn: 1.9 inside. Whatever it could give back, it is charged only."""
    consent = Consent(capacity_kwh=40.0, soc=0.5, discharge_kw=7.0, reserve_soc=0.2)
    told = {"at_s": MONDAY - HOUR, "stated_departure_s": MONDAY + HOUR, "stated_kwh": 4.0}
    later = Arrival(session="c", evse="c", **told)  # type: ignore[arg-type]
    giver = Arrival(session="b", evse="b", consent=consent, **told)  # type: ignore[arg-type]
    read = MeterReading(session="b", at_s=MONDAY, energy_kwh=2.0, power_kw=2.0, soc=0.5 + 1.9 / 40.0)
    first, second = shown(later, giver, Tick(at_s=MONDAY - HOUR), read).active_sessions()
    assert (first.session_id, second.session_id) == ("b", "c")
    assert (first.requested_energy, first.remaining_demand) == (4.0, pytest.approx(2.0))


def test_the_peak_is_the_highest_one_so_far() -> None:
    peaks: list[float] = []

    def answer(interface: Any, sessions: list[Any]) -> dict[str, list[float]]:
        peaks.append(interface.get_prev_peak())
        return {"a": [20.0 if len(peaks) == 1 else 10.0]}

    played(ByHand(answer), car("first", "a", stays=1.0, needs=9.0))
    assert peaks[:3] == pytest.approx([0.0, 20.0, 20.0])


def test_a_period_begins_a_rounding_of_the_clock_before_its_instant() -> None:
    state = State(SITE, FREE, 15.0, Stations(SITE))
    state.take([Tick(at_s=MONDAY)])
    assert [state.period_of(MONDAY + after_s) for after_s in (0.0, QUARTER - 1.0, QUARTER - 4e-7)] == [0, 0, 1]


def test_who_has_what_was_asked_for_is_no_active_session() -> None:
    came = Arrival(session="first", evse="a", at_s=MONDAY - HOUR, stated_departure_s=MONDAY + HOUR, stated_kwh=2.0)
    read = MeterReading(session="first", at_s=MONDAY, energy_kwh=2.0, power_kw=2.0)
    assert shown(came, Tick(at_s=MONDAY - HOUR), read).active_sessions() == []


def test_a_limit_on_power_is_a_row_of_kw_an_ampere() -> None:
    found = shown().infrastructure_info()
    assert (found.constraint_ids, found.station_ids) == (["grid kW"], ["a", "b", "c"])
    assert found.constraint_matrix.tolist() == [pytest.approx([0.23, 0.23, 0.23])]
    assert found.constraint_limits == pytest.approx([4.6])
    assert found.voltages.tolist() == pytest.approx([230.0] * 3)
    assert (found.get_station_index("c"), found.num_stations) == (2, 3)


def test_other_load_leaves_less_by_the_last_forecast_on_power_and_on_lines() -> None:
    """1.6 of 4.6 kW; 3.6 kW on three phases of 120 V are 10 of 80 A."""
    told = Forecast(at_s=MONDAY, base_loads=(BaseLoad(node="grid", expected_kw=1.0, high_kw=1.6),))
    assert shown(told).infrastructure_info().constraint_limits == pytest.approx([3.0])
    loaded = replace(GARAGE, base_loads=(BaseLoad(node="t", expected_kw=3.6),))
    assert shown(site=loaded).infrastructure_info().constraint_limits[:3] == pytest.approx([70.0] * 3)


def test_a_cap_on_some_evses_is_a_row_of_theirs() -> None:
    start, end = datetime.fromtimestamp(MONDAY, UTC), datetime.fromtimestamp(MONDAY + QUARTER, UTC)
    cap = Cap(id="cap", start=start, end=end, import_limit_kw=2.3, evses=("a", "c"))
    now = Horizon(start=start, stretches=(Stretch(count=1, minutes=15.0),))
    found = infrastructure_of(Stations(SITE), Scenario(site=SITE, tariff=FREE, horizon=now, signals=(cap,)))
    rows = dict(zip(found.constraint_ids, found.constraint_matrix.tolist(), strict=True))
    assert rows["cap kW"] == pytest.approx([0.23, 0.0, 0.23])
    assert found.constraint_limits == pytest.approx([4.6, 2.3])


def test_without_rules_any_current_can_be_offered_and_with_them_what_an_evse_can() -> None:
    levels = (Evse(id="a", node="grid", max_current_a=32.0, pilot_levels_a=(8.0, 16.0)), SITE.evses[1])
    site = replace(SITE, evses=levels)
    free = shown(site=site)
    assert free.allowable_pilot_signals("a") == (True, [0.0, 32.0])
    assert free.min_pilot_signal("a") == 0.0
    ruled = shown(site=replace(site, setpoints=SetpointRules()))
    assert ruled.allowable_pilot_signals("a") == (False, [0.0, 8.0, 16.0])
    assert ruled.allowable_pilot_signals("b") == (True, [6.0, 32.0])
    assert (ruled.min_pilot_signal("a"), ruled.min_pilot_signal("b")) == (8.0, 6.0)


PAIRS = {"ab": (Phase.L1, Phase.L2), "bc": (Phase.L2, Phase.L3), "ca": (Phase.L3, Phase.L1)}
GARAGE = Site(
    id="garage",
    nodes=(
        GridNode(
            id="t",
            kind=NodeKind.TRANSFORMER,
            limit_kind=LimitKind.CONTRACT,
            current_limit_a=80.0,
            transformer=Transformer(
                primary_voltage_v=480.0, secondary_voltage_v=120.0 * 3**0.5, primary_current_limit_a=36.0
            ),
        ),
    ),
    evses=tuple(
        Evse(id=name, node="t", wiring=Wiring.LINE_TO_LINE, phases=pair, voltage_v=208.0, max_current_a=32.0)
        for name, pair in PAIRS.items()
    ),
    voltage_v=120.0,
)


def test_loads_between_lines_have_the_angles_and_coefficients_of_the_published_network() -> None:
    """Lee et al. (2021): line A carries ab - ca; the primary line A a quarter of the difference of lines A and C."""
    found = shown(site=GARAGE).infrastructure_info()
    rows = dict(zip(found.constraint_ids, found.constraint_matrix.round(9).tolist(), strict=True))
    turned = {
        name: row if row[0] > 0.0 or (row[0] == 0.0 and row[1] > 0.0) else [-x for x in row]
        for name, row in rows.items()
    }
    apart = np.exp(1j * np.deg2rad(found.phases)) / np.exp(1j * np.deg2rad([30.0, -90.0, 150.0]))
    signs = (apart / apart[0]).real.round(9)
    assert abs(signs).tolist() == [1.0, 1.0, 1.0]
    published = {
        "t L1": [1.0, 0.0, -1.0], "t L2": [-1.0, 1.0, 0.0], "t L3": [0.0, -1.0, 1.0],
        "t primary L1": [0.25, 0.25, -0.5], "t primary L2": [-0.5, 0.25, 0.25], "t primary L3": [0.25, -0.5, 0.25],
    }  # fmt: skip
    for name, row in published.items():
        assert np.outer(turned[name], turned[name]).tolist() == [
            pytest.approx(line) for line in np.outer(signs * row, signs * row).tolist()
        ]
    assert found.constraint_limits.tolist() == pytest.approx([80.0] * 3 + [36.0] * 3)


def test_currents_that_no_angles_describe_count_in_size() -> None:
    """A limit in kW beside lines of which loads have several directions: no row may allow more than it should."""
    nodes = (replace(GARAGE.nodes[0], import_limit_kw=20.0),)
    found = shown(site=replace(GARAGE, nodes=nodes)).infrastructure_info()
    assert found.phases.tolist() == [0.0] * 3
    assert (found.constraint_matrix >= 0.0).all()
    assert found.constraint_matrix[0].tolist() == pytest.approx([1.0, 0.0, 1.0])


def test_currents_are_feasible_by_their_angles_or_by_their_sizes_and_for_equally_many_periods() -> None:
    """Line L1 carries ab - ca: at 80 A each 139 A by angles and 160 A in size, of 150."""
    nodes = (replace(GARAGE.nodes[0], current_limit_a=150.0, transformer=None),)
    interface = shown(site=replace(GARAGE, nodes=nodes))
    assert interface.is_feasible({"ab": [80.0], "ca": [80.0]})
    assert not interface.is_feasible({"ab": [80.0], "ca": [80.0]}, linear=True)
    assert not interface.is_feasible({"ab": [80.0, 80.0], "ca": [80.0, 100.0]})
    assert interface.is_feasible({})
    with pytest.raises(ValueError, match="rows of 1 and 2 periods"):
        interface.is_feasible({"ab": [1.0, 1.0], "ca": [1.0]})


def test_angles_change_no_length_whatever_flows() -> None:
    draws = np.random.default_rng(3)
    sizes = draws.uniform(-1.0, 1.0, (4, 6)) * (draws.random((4, 6)) < 0.6)
    phasors = sizes * np.exp(1j * draws.uniform(0.0, 6.0, (4, 1))) * np.exp(1j * draws.uniform(0.0, 6.0, 6))
    matrix, angles = with_angles(phasors)
    currents = draws.uniform(0.0, 32.0, (6, 20))
    assert abs((matrix * np.exp(1j * angles)) @ currents) == pytest.approx(abs(phasors @ currents))


def test_prices_are_those_of_periods_and_a_demand_charge_that_of_its_windows() -> None:
    rates = Rate(price_per_kwh=0.5, windows=(Window(start="00:00", end="00:30"),)), Rate(price_per_kwh=0.1)
    charge = DemandCharge(id="day", rate_per_kw=2.0, windows=(Window(start="00:15", end="06:00"),))
    interface = shown(tariff=Tariff(currency="EUR", import_price=TimeOfUse(rates=rates), demand_charges=(charge,)))
    assert interface.get_prices(4).tolist() == [0.5, 0.5, 0.1, 0.1]
    assert interface.get_prices(1, start=3).tolist() == [0.1]
    assert (interface.get_demand_charge(), interface.get_demand_charge(start=1)) == (0.0, 2.0)


def test_the_clock_is_that_of_the_site() -> None:
    interface = shown(site=replace(SITE, time_zone="America/Los_Angeles"))
    assert (interface.current_time, interface.period) == (0, 15.0)
    assert f"{interface.current_datetime:%d %H:%M}" == "01 16:00"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"z": [1.0]}, "answered for a station 'z'"),
        ({"a": [-1.0]}, "answered \\[-1.0\\] for a"),
        ({"a": [33.0]}, "answered \\[33.0\\] for a - answer amperes from 0 to 32"),
        ({"a": [float("nan")]}, "answered \\[nan\\] for a"),
        ({"a": [1.0], "b": [1.0, 2.0]}, "rows of several lengths"),
        ({"a": 1.0}, "failed: TypeError"),
    ],
)
def test_what_no_station_can_be_sent_is_refused_with_who_and_when(answer: Any, told: str) -> None:
    with pytest.raises(InvalidScenario, match=f"mine: at 2026-03-02 00:00 it .*{told}"):
        played(ByHand(lambda interface, sessions: answer), car("first", "a", stays=1.0, needs=1.0))


def test_what_a_solver_rounds_is_no_fault_and_asks_nobody_to_give_back() -> None:
    made = played(
        ByHand(lambda interface, sessions: {"a": [-5e-4], "b": [32.0005]}), car("x", "a", stays=1.0, needs=1.0)
    )
    assert made.intervals[0].offered_kw == {}


def test_who_was_sent_nothing_is_told_so_and_who_has_just_come_is_not_among_those_before() -> None:
    heard: list[dict[str, float]] = []

    def answer(interface: Any, sessions: list[Any]) -> dict[str, list[float]]:
        heard.append(interface.last_applied_pilot_signals)
        return {"a": [10.0]}

    played(ByHand(answer), *(car(evse, evse, arrives=at, stays=1.0, needs=9.0) for evse, at in (("a", 0), ("b", 0.25))))
    assert heard[:3] == [{}, {"a": 10.0}, {"a": 10.0, "b": 0.0}]


def test_an_algorithm_that_fails_is_told_with_who_and_when() -> None:
    def fails(interface: Any, sessions: list[Any]) -> dict[str, list[float]]:
        raise RuntimeError("no idea")

    with pytest.raises(InvalidScenario, match="mine: at 2026-03-02 00:00 it failed: RuntimeError: no idea"):
        played(ByHand(fails), car("first", "a", stays=1.0, needs=1.0))


@pytest.mark.parametrize(("make", "told"), [(ByHand, "without arguments"), (dict, "has no method register_interface")])
def test_what_is_no_algorithm_is_refused_before_the_run(make: Any, told: str) -> None:
    with pytest.raises(InvalidScenario, match=told):
        AcnMaker("mine", make)(SITE, FREE)


def test_acnportal_itself_is_in_charge_as_in_its_own_simulator() -> None:
    """Its earliest deadline first beside ours: three cars, 20 A for all; and uncontrolled beside uncontrolled."""
    algorithms = pytest.importorskip("acnportal.algorithms", reason="acnportal is not installed; it is no dependency")
    cars = (
        car("x", "a", stays=2.0, needs=9.2),
        car("y", "b", stays=1.0, needs=4.6),
        car("z", "c", arrives=1.5, stays=1.0, needs=2.3),
    )
    edf = played(algorithms.SortedSchedulingAlgo(algorithms.earliest_deadline_first), *cars)
    assert edf.got_kwh == {name: pytest.approx(kwh, abs=0.01) for name, kwh in {"x": 4.6, "y": 4.6, "z": 2.3}.items()}
    everything = played(algorithms.UncontrolledCharging(), *cars)
    assert everything.got_kwh == {name: pytest.approx(kwh) for name, kwh in {"x": 9.2, "y": 4.6, "z": 2.3}.items()}
