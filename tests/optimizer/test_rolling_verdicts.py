"""Stations that misbehave are recognised from limits, answers and meter values alone, and trusted again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.answers import CommandAnswered, Outcome
from models.domain.events import Measured, TransactionBegan
from models.domain.site import CurrentType, Evse, GridNode, NodeKind, Phase, Site
from models.domain.value import Step
from optimizer.rolling import Flaw, SiteState, Stage, observe, opening
from optimizer.rolling.state import EvseRecord, Role, SessionRecord, Told

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BOX = {"station_id": "box", "evse_number": 1}
KW_PER_A = 0.69
"""Three phases at 230 V; 32 A are 22.08 kW."""


def minute(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def state(current: CurrentType = CurrentType.AC, max_power_kw: float | None = None) -> SiteState:
    """One EVSE of 32 A on three phases, or of 100 kW DC, with a car that began at noon."""
    evse = Evse(id="box", node="grid", max_current_a=32.0, current=current, max_power_kw=max_power_kw)
    site = Site(id="yard", nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION),), evses=(evse,), voltage_v=230.0)
    began = TransactionBegan(**BOX, at=NOON, transaction_id="t")
    return observe(opening(site), began, NOON)


def limited(state: SiteState, *steps: tuple[float, float], sent: float = 0.0) -> SiteState:
    """With a plan of (minute, kW), accepted in the minute in which it was sent."""
    name = f"c{sent:g}"
    series = tuple(Step(start=minute(at), value=kw) for at, kw in steps)
    told = Told(command_id=name, role=Role.PLAN, profile_id=12, power_kw=series, sent_at=minute(sent))
    record = state.evses["box"]
    state = replace(state, evses={"box": replace(record, told=(*record.told, told))})
    return observe(state, answer(name, Outcome.ACCEPTED, sent), minute(sent))


def answer(command: str, outcome: Outcome, at: float) -> CommandAnswered:
    return CommandAnswered(**BOX, at=minute(at), command_id=command, outcome=outcome)


def drew(state: SiteState, minutes: Iterable[float], kw: float, *, phases: int = 3) -> SiteState:
    """One measurement in each of these minutes, of so much on so many phases."""
    for at in minutes:
        amperes = kw / 0.23 / phases
        currents = {phase: amperes if k < phases else 0.0 for k, phase in enumerate(Phase)}
        event = Measured(**BOX, at=minute(at), power_kw=kw, current_a=currents)
        state = observe(state, event, minute(at))
    return state


def box(state: SiteState) -> EvseRecord:
    return state.evses["box"]


def flaws(state: SiteState) -> set[Flaw]:
    return {verdict.flaw for verdict in box(state).verdicts}


def car(state: SiteState) -> SessionRecord:
    session = box(state).session
    assert session is not None
    return session


def test_a_station_that_accepts_and_ignores_is_uncontrolled_after_a_minute_over_its_limit() -> None:
    held = drew(limited(state(), (0.0, 11.0)), [2], 22.0)
    ignored = drew(held, [3], 22.0)

    assert flaws(held) == set()
    assert flaws(ignored) == {Flaw.IGNORES_LIMIT}
    assert box(ignored).uncontrolled
    (verdict,) = box(ignored).verdicts
    assert (verdict.evidence[-1].limit_kw, verdict.evidence[-1].drawn_kw) == (11.0, 22.0)


def test_a_car_that_ramps_down_within_a_minute_is_no_offence() -> None:
    told = limited(state(), (0.0, 22.0), (5.0, 11.0))

    assert flaws(drew(drew(told, range(1, 6), 22.0), [5.5], 20.0)) == set()


def test_trust_comes_back_with_ten_minutes_of_following_a_limit_that_binds() -> None:
    ignored = drew(limited(state(), (0.0, 11.0)), [2, 3, 4], 22.0)

    soon = drew(ignored, range(5, 14), 11.0)
    later = drew(soon, range(14, 17), 11.0)

    assert flaws(soon) == {Flaw.IGNORES_LIMIT}
    assert flaws(later) == set()


def test_a_draw_below_every_limit_gives_no_trust_back() -> None:
    """A car that wants less than its limit shows nothing of whether the limit works."""
    ignored = drew(limited(state(), (0.0, 11.0)), [2, 3, 4], 22.0)

    assert Flaw.IGNORES_LIMIT in flaws(drew(ignored, range(5, 60), 5.0))


def test_one_refusal_is_forgotten_with_the_next_acceptance() -> None:
    refused = observe(limited(state(), (0.0, 11.0)), answer("c0", Outcome.REJECTED, 1), minute(1))

    assert flaws(refused) == {Flaw.REFUSES}
    assert flaws(limited(refused, (2.0, 11.0), sent=2.0)) == set()


def test_refusals_in_a_row_are_tried_again_later_and_later_but_within_an_hour() -> None:
    waits = []
    refused = state()
    for k in range(9):
        told = Told(command_id=f"c{k}", role=Role.PLAN, profile_id=12, power_kw=11.0, sent_at=minute(0))
        refused = replace(refused, evses={"box": replace(box(refused), told=(told,))})
        refused = observe(refused, answer(f"c{k}", Outcome.CALL_ERROR, 0), minute(0))
        retry_at = box(refused).retry_at
        assert retry_at is not None
        waits.append((retry_at - NOON) / timedelta(minutes=1))

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_station_that_takes_watts_for_tenths_is_found_by_two_limits_with_one_ratio() -> None:
    """Twice the limit each time: at 5.52 kW it gives 11.04, at 8.28 it gives 16.56."""
    told = limited(state(), (0.0, 5.52), (10.0, 8.28))

    found = drew(drew(told, range(2, 10), 11.04), range(12, 16), 16.56)

    (verdict,) = box(found).verdicts
    assert (verdict.flaw, verdict.uncontrolled) == (Flaw.MIS_SCALES, True)
    assert verdict.factor == pytest.approx(2.0)


def test_a_car_that_sleeps_in_a_pause_of_0_a_is_found_three_minutes_after_it_was_offered_power_again() -> None:
    told = limited(state(), (0.0, 11.0), (10.0, 0.0), (20.0, 11.0))
    paused = drew(drew(told, range(1, 10), 11.0), range(11, 20), 0.0)

    soon = drew(paused, [20.5, 22], 0.0)
    asleep = drew(soon, [24], 0.0)

    assert flaws(soon) == set()
    assert flaws(asleep) == {Flaw.SLEEPS_AT_ZERO}
    assert not box(asleep).uncontrolled
    assert flaws(drew(asleep, [25], 11.0)) == set()


def test_a_station_that_ignores_a_raise_goes_on_at_the_limit_before() -> None:
    told = limited(state(), (0.0, 8.0), (10.0, 16.0))

    assert flaws(drew(drew(told, range(1, 10), 8.0), range(11, 16), 8.0)) == {Flaw.IGNORES_RAISE}


def test_a_car_that_takes_less_than_offered_is_told_after_ten_minutes_and_gives_its_room_back() -> None:
    """7.2 kW of 22: with a fifth more it is offered 8.64."""
    found = drew(limited(state(), (0.0, 22.0)), range(1, 15), 7.2)

    assert flaws(found) == {Flaw.DRAWS_LESS}
    assert car(found).follow_kw == pytest.approx(1.2 * 7.2)


def test_a_draw_that_touches_its_limit_lifts_it_at_once() -> None:
    followed = drew(limited(state(), (0.0, 22.0)), range(1, 8), 7.2)
    lowered = limited(followed, (8.0, 8.64), sent=8.0)

    assert car(drew(lowered, [9], 7.2)).follow_kw == pytest.approx(8.64)
    assert car(drew(lowered, [9], 8.6)).follow_kw is None


def test_dc_follows_with_a_tenth() -> None:
    told = limited(state(CurrentType.DC, max_power_kw=100.0), (0.0, 100.0))
    for at in range(1, 8):
        told = observe(told, Measured(**BOX, at=minute(at), power_kw=50.0), minute(at))

    assert car(told).follow_kw == pytest.approx(55.0)


def test_phases_are_counted_by_their_currents_in_the_first_minutes() -> None:
    found = drew(limited(state(), (0.0, 22.08)), [1], 3.68, phases=1)

    assert car(found).phases == 1
    assert car(found).stage is Stage.PROBING


def test_a_car_on_one_phase_breaks_its_limit_by_its_current() -> None:
    """16 A on three phases are 11.04 kW; a car on one phase at 32 A draws 7.36 kW and is over it."""
    assert flaws(drew(limited(state(), (0.0, 11.04)), [2, 3, 4], 7.36, phases=1)) == {Flaw.IGNORES_LIMIT}


def test_a_meter_of_one_phase_of_three_is_found_by_its_register() -> None:
    """It tells 3.68 kW on L1 while its register rises by 11.04 kWh an hour."""
    told = limited(state(), (0.0, 11.04))
    for at in range(1, 5):
        event = Measured(
            **BOX, at=minute(at), power_kw=3.68, current_a={Phase.L1: 16.0}, energy_kwh=100 + 11.04 * at / 60
        )
        told = observe(told, event, minute(at))

    assert flaws(told) == {Flaw.ONE_PHASE_TOLD}
    assert box(told).readings[-1].drawn_kw == pytest.approx(11.04)
    assert car(told).phases == 3


def test_a_meter_of_energy_alone_gives_power_by_what_its_register_rises() -> None:
    told = limited(state(), (0.0, 11.04))
    for at in range(1, 5):
        told = observe(told, Measured(**BOX, at=minute(at), energy_kwh=100 + 0.1 * at), minute(at))

    assert flaws(told) == {Flaw.REGISTER_ONLY}
    assert box(told).readings[-1].drawn_kw == pytest.approx(6.0)
    assert car(told).delivered_kwh == pytest.approx(0.3)


def test_an_obedient_station_gets_no_verdict_in_an_hour_of_changing_limits() -> None:
    told = limited(state(), (0.0, 22.08), (10.0, 6.9), (20.0, 0.0), (35.0, 11.04), (50.0, 8.28))
    for first, last, kw in ((1, 10, 22.0), (11, 20, 6.9), (21, 35, 0.0), (36, 50, 11.0), (51, 60, 8.2)):
        told = drew(told, range(first, last), kw)

    assert flaws(told) == set()


def test_stages_follow_the_draw_from_probing_to_full_and_back() -> None:
    told = limited(state(), (0.0, 11.0))
    stages = [car(told).stage]
    for minutes, kw in (([1], 11.0), ([2, 3], 11.0), ([4, 5, 6], 6.0), (range(7, 14), 0.0), ([14], 6.0)):
        told = drew(told, minutes, kw)
        stages.append(car(told).stage)

    assert stages == [Stage.WAITING, Stage.PROBING, Stage.DRAWING, Stage.TAPERING, Stage.FULL, Stage.WOKEN]


def test_one_relapse_starts_the_ten_minutes_of_trust_anew() -> None:
    """Good from 5 to 12, over at 13 and 14, good again from 15: trusted at 25, not before."""
    ignored = drew(limited(state(), (0.0, 11.0)), [2, 3, 4], 22.0)
    relapsed = drew(drew(ignored, range(5, 13), 11.0), [13, 14], 22.0)

    assert Flaw.IGNORES_LIMIT in flaws(drew(relapsed, range(15, 25), 11.0))
    assert flaws(drew(relapsed, range(15, 26), 11.0)) == set()


def test_two_good_measurements_ten_minutes_apart_are_too_few_to_trust() -> None:
    ignored = drew(limited(state(), (0.0, 11.0)), [2, 3, 4], 22.0)

    assert Flaw.IGNORES_LIMIT in flaws(drew(ignored, [5, 16], 11.0))


def test_a_limit_that_was_replaced_half_a_minute_ago_still_excuses_a_draw() -> None:
    """From 22 kW to 11 at minute 10: 22 kW half a minute later was still allowed, 22 kW two minutes later was not."""
    told = drew(limited(state(), (0.0, 22.0)), range(1, 10), 22.0)
    lowered = limited(told, (10.0, 11.0), sent=10.0)

    assert box(drew(lowered, [10.5], 22.0)).readings[-1].allowed_kw == 22.0
    assert box(drew(lowered, [12], 22.0)).readings[-1].allowed_kw == 11.0
