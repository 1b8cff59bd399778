"""Beside peers: that a comparison would notice, that peers solve what we solve, and what is said of those not there."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks.independent import Draws, least_cost
from tests.benchmarks.peers import comparison, conversation
from tests.benchmarks.peers.comparison import Comparison, Pair
from tests.benchmarks.peers.conversation import Run
from tests.benchmarks.scenarios import one_car, random_numbers, random_site

EVERYBODY = (comparison.FLEXMEASURES, *comparison.BY_HAND)


def found(*pairs: tuple[float, float], cost: float = 100.0) -> Comparison:
    """Seconds of ours and of a peer, which prepared for a tenth of a second each time and took one at first."""
    runs = tuple(Pair(ours_s, Run(prepare_s=0.1, solve_s=theirs_s, cost=cost)) for ours_s, theirs_s in pairs)
    return Comparison({"peer": "1.0", "highspy": "1.16.0"}, "direct", Run(0.1, 1.0, cost), runs)


class Slowing:
    """A peer that takes a second more from run to run."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def run(self) -> Run:
        self.seconds += 1.0
        return Run(prepare_s=0.1, solve_s=self.seconds, cost=1.0)


def test_of_runs_in_a_row_the_one_in_the_middle_is_told() -> None:
    pair = comparison._pair(random_site(10, 96), Slowing(), 3)  # type: ignore[arg-type]  # a stand-in
    assert pair.theirs.solve_s == 2.0
    assert pair.ours_s > 0.0


def python_of(name: str) -> Path:
    """An interpreter that has a peer; without one the test is skipped, and says so."""
    if conversation.interpreter(name).exists():
        return conversation.interpreter(name)
    if name == comparison.FLEXMEASURES or find_spec(name) is None:
        pytest.skip(f"{name} is not importable here; `make bench-peers` makes an environment that has it")
    return Path(sys.executable)


def cost_of(name: str, draws: Draws) -> float:
    with conversation.started(name, draws, python_of(name)) as peer:
        return peer.run().cost


def test_what_slows_both_runs_of_a_pair_does_not_change_how_many_times_as_long_a_peer_takes() -> None:
    """A busy second run: medians alone would make 30 / 2 = 15 times of pairs of 10, 20 and 30."""
    told = found((0.002, 0.020), (0.004, 0.080), (0.001, 0.030))

    assert told.times == pytest.approx(20.0)
    assert (told.ours_s, told.theirs_s) == (0.002, 0.030)


def test_a_table_tells_size_peer_options_times_and_how_far_its_cost_is_off() -> None:
    row = comparison.by_hand_row(1200, 96, found((0.002, 0.030)), optimum=100.0)

    assert row.cells == ("1,200", "96", "peer 1.0, highspy 1.16.0", "direct", "30.0", "2.0", "15.0", "1,000", "0.0e+00")
    assert len(row.cells) == len(comparison.HEAD)


@pytest.mark.parametrize(("optimum", "held"), [(100.0 * (1 + 0.9e-6), True), (100.0 * (1 - 2e-6), False)])
def test_a_peer_must_find_our_optimum_to_a_millionth(optimum: float, held: bool) -> None:
    assert comparison.by_hand_row(10, 96, found((0.002, 0.030)), optimum).held is held


def test_one_run_off_the_optimum_is_enough() -> None:
    right, wrong = found((0.002, 0.030)), found((0.002, 0.030), cost=101.0)
    mixed = Comparison(right.versions, right.options, right.first, right.pairs + wrong.pairs)

    assert mixed.off(100.0) == pytest.approx(0.01)


@pytest.mark.parametrize(("theirs_s", "held"), [(0.0599, False), (0.0601, True)])
def test_flexmeasures_without_its_tables_is_held_against_its_goal(theirs_s: float, held: bool) -> None:
    """30 times of 2 ms at 10 connectors are 60 ms; 0.1 % less cost is allowed, and told."""
    row = comparison.flexmeasures_row(10, found((0.002, theirs_s), cost=99.9), cost=100.0)

    assert row.held is held
    assert row.cells[4] == "100.0"
    assert row.cells[-3:] == (">= 30", f"{theirs_s / 0.002:.1f}", "-0.10%")
    assert len(row.cells) == len(comparison.FLEXMEASURES_HEAD)


@pytest.mark.parametrize("name", comparison.BY_HAND)
@pytest.mark.parametrize(("feeder_kw", "cost"), [(100.0, 8.5), (4.0, 10.4)])
def test_a_peer_plans_one_car_as_by_hand(name: str, feeder_kw: float, cost: float) -> None:
    """5 kW over 12 h at 0.10 and their peak; behind 4 kW, 1 kW over 12 h at 0.30 beside them."""
    assert cost_of(name, one_car(feeder_kw=feeder_kw)) == pytest.approx(cost, rel=1e-6)


def test_flexmeasures_delivers_a_thousandth_less_to_one_car() -> None:
    assert cost_of(comparison.FLEXMEASURES, one_car(feeder_kw=100.0)) == pytest.approx(0.999 * 8.5, rel=1e-6)


@pytest.mark.parametrize("name", comparison.BY_HAND)
def test_a_peer_lacks_energy_where_feeders_are_scarce(name: str) -> None:
    """Energy that lacks is priced, so a peer without it would find no plan, and one with another price another cost."""
    draws = random_numbers(20, 96)
    scarce = {**draws, "group_limit": 0.2 * draws["group_limit"]}

    assert cost_of(name, scarce) == pytest.approx(least_cost(scarce), rel=1e-6)


def test_pairs_are_as_many_as_asked_for_and_name_the_versions_that_ran() -> None:
    told = comparison.compared("pyomo", python_of("pyomo"), random_site(10, 96), random_numbers(10, 96), pairs=2)

    assert len(told.pairs) == 2
    assert told.versions.keys() == {"pyomo", "highspy"}
    assert all(pair.ours_s > 0.0 and pair.theirs.solve_s > 0.0 for pair in told.pairs)


def test_an_interpreter_without_a_peer_is_told_how_to_get_one() -> None:
    started = conversation.started(comparison.FLEXMEASURES, one_car(feeder_kw=100.0), sys.executable)

    with pytest.raises(RuntimeError, match=r"(?s)make bench-peers.*No module named"), started:
        pass


def test_peers_without_an_environment_are_left_out_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(conversation, "ENVIRONMENTS", tmp_path)

    assert benchmarks.main(["--only", "peers"]) == 0
    told = capsys.readouterr().out
    assert all(f"{name} is skipped: it has no {tmp_path / name}" in told for name in EVERYBODY)


@pytest.mark.parametrize("name", EVERYBODY)
def test_every_peer_has_a_script_and_names_its_versions(name: str) -> None:
    assert (conversation.SCRIPTS / f"peer_{name}.py").exists()
    pins = (conversation.SCRIPTS / f"{name}.txt").read_text().splitlines()
    assert all("==" in pin for pin in pins)
    assert {name, "highspy"} <= {pin.partition("==")[0] for pin in pins}
