"""What is known of a site after events that are late, doubled, out of order, or of clocks that are wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.answers import (
    AvailabilityAsked,
    CommandAnswered,
    CompositeTold,
    ConnectionLost,
    ConnectionRegained,
    EvseReserved,
    Outcome,
    PriorityTold,
    ProfilesReported,
    ReportedProfile,
    ReservationEnded,
    TransactionGoesOn,
    TransactionNamed,
)
from models.domain.events import (
    Booted,
    EvseState,
    ExternalLimitCleared,
    ExternalLimitTold,
    HeardFrom,
    LimitStep,
    Measured,
    NeedsTold,
    StateTold,
    StationEvent,
    TokenShown,
    TransactionBegan,
    TransactionEnded,
)
from models.domain.site import Evse, GridNode, NodeKind, Site
from optimizer.rolling import Flaw, SiteState, observe, opening
from optimizer.rolling.state import EvseRecord, Role, SessionRecord, Told

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ONE = {"station_id": "duo", "evse_number": 1}
TWO = {"station_id": "duo", "evse_number": 2}
ALL = {"station_id": "duo", "evse_number": None}


def minute(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def duo() -> SiteState:
    """One station with EVSEs left (1) and right (2)."""
    evses = tuple(
        Evse(id=name, node="grid", station="duo", evse_number=k, max_current_a=32.0)
        for k, name in enumerate(("left", "right"), start=1)
    )
    site = Site(id="yard", nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION),), evses=evses, voltage_v=230.0)
    return opening(site, groups={"d1": "staff"})


def after(state: SiteState, *events: StationEvent, delay: float = 0.0) -> SiteState:
    """Each arrives so many minutes after it says that it was."""
    for event in events:
        state = observe(state, event, event.at + timedelta(minutes=delay))
    return state


def began(at: float = 0.0, transaction: str | None = "t", meter_kwh: float | None = 100.0) -> TransactionBegan:
    return TransactionBegan(**ONE, at=minute(at), transaction_id=transaction, meter_kwh=meter_kwh)


def measured(at: float, energy_kwh: float | None = None, power_kw: float | None = None) -> Measured:
    return Measured(**ONE, at=minute(at), energy_kwh=energy_kwh, power_kw=power_kw)


def left(state: SiteState) -> EvseRecord:
    return state.evses["left"]


def car(state: SiteState) -> SessionRecord:
    session = left(state).session
    assert session is not None
    return session


def defects(state: SiteState) -> dict[str, int]:
    return state.stations["duo"].defects


def test_energy_counts_from_the_start_of_the_transaction() -> None:
    state = after(duo(), began(meter_kwh=100.0), measured(5, energy_kwh=101.5))

    assert car(state).delivered_kwh == pytest.approx(1.5)


def test_measurements_that_come_hours_late_tell_energy_and_nothing_of_the_present() -> None:
    state = after(duo(), began())
    state = observe(state, measured(60, energy_kwh=104.0, power_kw=11.0), minute(300))

    assert car(state).delivered_kwh == pytest.approx(4.0)
    assert left(state).readings == ()
    assert defects(state) == {"told late": 1}


def test_measurements_told_twice_or_out_of_order_change_nothing() -> None:
    state = after(duo(), began(), measured(10, energy_kwh=102.0))
    again = after(state, measured(10, energy_kwh=102.0), measured(5, energy_kwh=101.0))

    assert again.evses == state.evses
    assert defects(again) == {"a measurement told twice": 1, "a measurement out of order": 1}


def test_a_register_that_falls_loses_no_energy() -> None:
    """A meter that was exchanged starts at 0; 2 kWh before, half a kWh since."""
    state = after(duo(), began(), measured(10, 102.0), measured(20, 0.0), measured(30, 0.5))

    assert car(state).delivered_kwh == pytest.approx(2.5)
    assert defects(state) == {"a register that falls": 1}


@pytest.mark.parametrize("skew_minutes", [-5.0, 5.0])
def test_a_clock_that_is_five_minutes_off_is_counted_and_costs_no_measurement(skew_minutes: float) -> None:
    state = after(duo(), began())
    state = observe(state, measured(10 + skew_minutes, power_kw=7.0), minute(10))

    assert left(state).readings[-1].at == minute(10)
    assert state.stations["duo"].clock_skew_s == 60.0 * skew_minutes
    assert defects(state) == {"its clock is off": 1}


def test_a_time_far_in_the_future_counts_as_now() -> None:
    state = observe(duo(), StateTold(**ONE, at=minute(6000), state=EvseState.CONNECTED), NOON)

    assert car(state).arrival == NOON
    assert defects(state) == {"a time in the future": 1}


def test_a_start_told_twice_is_one_session_also_where_it_has_no_id() -> None:
    """OCPP 1.6 repeats StartTransaction when its answer is late."""
    state = after(duo(), began(transaction=None), began(transaction=None), began(2, transaction=None))

    assert car(state).arrival == NOON
    assert defects(state) == {"a start told twice": 2}


def test_the_csms_names_a_transaction_of_1_6_and_0_is_a_name() -> None:
    named = TransactionNamed(**ONE, at=NOON, transaction_id="0")

    assert car(after(duo(), began(transaction=None), named)).transaction_id == "0"


def test_a_car_keeps_its_session_from_plugging_in_to_its_transaction() -> None:
    plugged = StateTold(**ONE, at=NOON, state=EvseState.CONNECTED)
    state = after(duo(), plugged, began(3))

    assert (car(state).arrival, car(state).transaction_id) == (NOON, "t")


def test_an_end_before_its_start_leaves_no_session_behind() -> None:
    ended = TransactionEnded(**ONE, at=minute(5), transaction_id="t")
    state = observe(observe(duo(), ended, minute(200)), began(), minute(201))

    assert left(state).session is None
    assert defects(state)["a start told after its end"] == 1


def test_the_end_of_an_older_transaction_does_not_end_the_one_that_runs() -> None:
    ended = TransactionEnded(**ONE, at=minute(5), transaction_id="older")

    assert car(after(duo(), began(), ended)).transaction_id == "t"


def test_a_transaction_resumes_after_a_boot_also_where_its_start_was_never_told() -> None:
    resumed = TransactionGoesOn(**ONE, at=minute(3), transaction_id="t", resumed=True, phases_used=1)
    state = after(duo(), Booted(**ALL, at=minute(1)), resumed)

    assert (car(state).transaction_id, car(state).phases) == ("t", 1)


def test_a_token_shown_before_the_start_says_whose_habits_count() -> None:
    shown = TokenShown(**ALL, at=NOON, token_digest="d1")
    state = after(duo(), shown, began(1))

    assert car(state).driver_group == "staff"
    assert state.stations["duo"].token_digest is None


def test_needs_are_kept_from_the_start_of_the_session_on() -> None:
    """3 kWh have flowed when the car asks for 20 more."""
    asked = NeedsTold(**ONE, at=minute(10), energy_kwh=20.0, departure=minute(240), soc=0.4, max_current_a=16.0)
    state = after(duo(), began(), measured(9, energy_kwh=103.0), asked)

    assert (car(state).energy_target_kwh, car(state).departure) == (23.0, minute(240))


def test_needs_that_cannot_be_meant_count_as_not_told() -> None:
    asked = NeedsTold(**ONE, at=minute(10), energy_kwh=-5.0, departure=minute(5), soc=7.0, capacity_kwh=0.0)
    state = after(duo(), began(), asked)

    assert (car(state).departure, car(state).soc, car(state).capacity_kwh) == (None, None, None)
    assert car(state).energy_target_kwh == 0.0
    assert defects(state) == {"a departure in the past": 1}


def test_a_free_evse_has_no_session_and_an_old_state_does_not_bring_one_back() -> None:
    free = StateTold(**ONE, at=minute(10), state=EvseState.AVAILABLE)
    old = StateTold(**ONE, at=minute(8), state=EvseState.CHARGING)
    state = after(duo(), began(), free, old)

    assert left(state).session is None
    assert defects(state) == {"a state out of order": 1}


def told(state: SiteState) -> SiteState:
    """The left EVSE has accepted 11 kW for ever."""
    sent = Told(command_id="c", role=Role.PLAN, profile_id=12, power_kw=11.0, sent_at=NOON)
    state = replace(state, evses={**state.evses, "left": replace(left(state), told=(sent,))})
    return after(state, CommandAnswered(**ONE, at=NOON, command_id="c", outcome=Outcome.ACCEPTED))


def test_a_boot_makes_what_was_accepted_unverified_and_leaves_alone_who_was_told_nothing() -> None:
    state = after(told(after(duo(), began())), Booted(**ALL, at=minute(1), vendor="v", firmware="1.2"))

    assert [v.flaw for v in left(state).verdicts] == [Flaw.UNVERIFIED]
    assert state.evses["right"].verdicts == ()
    assert state.stations["duo"].firmware == "1.2"


def test_any_message_after_a_lost_connection_shows_that_the_station_is_back_and_unverified() -> None:
    lost = after(told(after(duo(), began())), ConnectionLost(**ALL, at=minute(1)))
    back = after(lost, HeardFrom(**ALL, at=minute(30)))

    assert (lost.stations["duo"].reachable, back.stations["duo"].reachable) == (False, True)
    assert [v.flaw for v in left(back).verdicts] == [Flaw.UNVERIFIED]


def test_a_connection_that_is_new_is_one_that_was_lost_also_where_nobody_told_of_the_loss() -> None:
    back = after(told(after(duo(), began())), ConnectionRegained(**ALL, at=minute(30)))

    assert [v.flaw for v in left(back).verdicts] == [Flaw.UNVERIFIED]


def test_a_command_that_times_out_does_not_show_that_a_lost_station_is_back() -> None:
    timeout = CommandAnswered(**ALL, at=minute(1), command_id="c", outcome=Outcome.TIMED_OUT)

    assert not after(duo(), ConnectionLost(**ALL, at=NOON), timeout).stations["duo"].reachable


def test_an_external_limit_holds_until_its_source_clears_it() -> None:
    ems = ExternalLimitTold(**ONE, at=NOON, source="EMS", steps=(LimitStep(start=NOON, limit_kw=4.2),))
    other = ExternalLimitTold(**TWO, at=NOON, source="SO", steps=(LimitStep(start=NOON, limit_kw=None, limit_a=-3.0),))
    state = after(duo(), ems, ems, other)

    assert len(state.external) == 2
    assert state.external[1].current_a[0].value == 0.0
    assert after(state, ExternalLimitCleared(**ONE, at=minute(9), source="SO")).external == state.external
    cleared = after(state, ExternalLimitCleared(**ALL, at=minute(9), source="EMS"))
    assert [one.source for one in cleared.external] == ["SO"]


def test_profiles_that_are_not_ours_are_listed_as_those_of_others() -> None:
    theirs = ReportedProfile(id=900, purpose="TxDefaultProfile", stack_level=3, evse_number=1, source="CSO")
    state = after(duo(), ProfilesReported(**ONE, at=NOON, request_id=1, profiles=(theirs,)))

    (foreign,) = state.stations["duo"].foreign
    assert (foreign.profile_id, foreign.stack_level) == (900, 3)


def test_reservations_availability_and_priority_are_known() -> None:
    booked = EvseReserved(**TWO, at=NOON, reservation_id="0", until=minute(60))
    closed = AvailabilityAsked(**ALL, at=NOON, operative=False)
    state = after(duo(), booked, closed, began(), PriorityTold(**ALL, at=NOON, transaction_id="t", active=True))

    assert state.evses["right"].reservation is not None
    assert not any(record.operative for record in state.evses.values())
    assert car(state).priority
    over = after(state, ReservationEnded(**ALL, at=minute(5), reservation_id="0"))
    assert over.evses["right"].reservation is None


def test_a_composite_before_anything_was_sent_again_verifies_nothing() -> None:
    seen = CompositeTold(**ONE, at=minute(2), command_id="v", steps=(LimitStep(start=NOON, limit_kw=1.0),))
    state = after(told(after(duo(), began())), Booted(**ALL, at=minute(1)), seen)

    assert [v.flaw for v in left(state).verdicts] == [Flaw.UNVERIFIED]


def test_an_event_of_a_station_that_is_not_listed_changes_nothing() -> None:
    state = duo()

    assert observe(state, replace(began(), station_id="nobody"), NOON) is state
