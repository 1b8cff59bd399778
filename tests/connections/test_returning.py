"""How load comes back after what utilities ask through a connection: one EVSE after the other, under the day's peak."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.signal import Cap
from models.domain.staggering import return_offset_s
from tests.connections.utilities import Utility, connected_yard, event, join, vtn_told
from tests.peers.vtn3 import Vtn, serving

EIGHT = datetime(2026, 3, 2, 8, tzinfo=UTC)
MIDNIGHT = "23:00"
"""Of Berlin, in UTC."""
NOTHING = event(0.0)
"""From seven to eight."""


@pytest.fixture
def vtn() -> Iterator[Vtn]:
    with serving(Vtn("3.1")) as peer:
        peer.put("programs", {"programName": "limits"})
        yield peer


@pytest.fixture
def utility() -> Iterator[Utility]:
    """A yard of two bays of 11 kW behind 22 kW that we steer."""
    with connected_yard() as made:
        made.yard.put("/v1/sites/yard/policy", {"mode": "control", "ocpp": "2.0.1", "replan_minutes": 60})
        yield made


def two_cars(utility: Utility, kwh: float, departure: str) -> None:
    """The second one is not there yet when the event becomes known."""
    utility.yard.plug_in(departure=departure, energy_target_kwh=kwh)
    utility.wait(seconds=1)
    utility.wait(minutes=1)
    later = {"session": "8c1", "evse": "bay-2", "plugged_in_at": f"{utility.now:%Y-%m-%dT%H:%M:%SZ}"}
    utility.yard.plug_in(**later, departure=departure, energy_target_kwh=kwh)
    utility.wait(minutes=1)


def loads_kw(utility: Utility, after: str = "08:00") -> list[float]:
    """Of the connection, in the periods from a time of day on."""
    plan = utility.yard.get("/v1/sites/yard/plan").json()
    (root,) = [node for node in plan["nodes"] if node["parent"] is None]
    told = zip(plan["instants"][:-1], root["expected_kw"], strict=True)
    return [kw for start, kw in told if start[11:16] >= after and start[:10] == "2026-03-02"]


def missed_kwh(utility: Utility) -> float:
    return float(utility.yard.get("/v1/sites/yard/plan").json()["comparison"]["shortfall_kwh"])


def test_load_that_was_put_off_makes_no_peak_above_that_of_the_day_without_the_event(
    vtn: Vtn, utility: Utility
) -> None:
    """One car was planned when the event became known: 11 kW. Two that want 20 kWh each fit below that by noon."""
    join(utility, vtn)
    utility.yard.plug_in(departure="2026-03-02T12:00:00Z", energy_target_kwh=20.0)
    utility.wait(seconds=1)
    vtn.put("events", NOTHING)
    utility.wait(minutes=1)
    two_cars(utility, 20.0, "2026-03-02T12:00:00Z")

    (peak,) = utility.peaks()
    assert peak[:2] == ("08:00", MIDNIGHT)
    assert max(loads_kw(utility)) <= peak[2] + 1e-6 < 22.0
    assert missed_kwh(utility) == pytest.approx(0.0, abs=1e-3)


def test_without_a_price_it_would_make_one(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn, sites=[{"site": "yard", "rules": {"return_price_per_kwh": 0.0}}])
    vtn.put("events", NOTHING)
    utility.wait(minutes=1)
    two_cars(utility, 20.0, "2026-03-02T12:00:00Z")

    assert utility.peaks() == []
    assert max(loads_kw(utility)) > 12.0


def test_drivers_who_come_later_are_served_above_that_peak(vtn: Vtn, utility: Utility) -> None:
    """Before eight there are 50 minutes, and after it two hours: 2 times 25 kWh do not fit below 11 kW."""
    join(utility, vtn)
    utility.yard.plug_in(departure="2026-03-02T10:00:00Z", energy_target_kwh=25.0)
    utility.wait(seconds=1)
    vtn.put("events", NOTHING)
    utility.wait(minutes=1)
    two_cars(utility, 25.0, "2026-03-02T10:00:00Z")

    (peak,) = utility.peaks()
    assert max(loads_kw(utility)) > peak[2] + 1.0
    assert missed_kwh(utility) == pytest.approx(0.0, abs=1e-3)


def test_what_was_metered_before_the_event_counts_as_a_peak_of_the_day(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn)
    vtn.put("events", NOTHING)
    utility.wait(seconds=1)
    assert utility.peaks() == []
    utility.wait(minutes=59)
    utility.measure(17.5, 45)
    utility.wait(minutes=1)

    assert [peak[:3] for peak in utility.peaks()] == [("08:00", MIDNIGHT, 17.5)]
    utility.wait(minutes=40)
    utility.measure(21.0, 30)
    utility.wait(minutes=30)
    assert [peak[:3] for peak in utility.peaks()] == [("08:00", MIDNIGHT, 17.5)]


def test_after_an_event_that_ends_at_midnight_load_comes_back_below_the_peak_of_the_day_that_it_was_on(
    vtn: Vtn, utility: Utility
) -> None:
    """From ten in the evening on; the day that follows has its whole length to come back in."""
    utility.measure(9.0, 60)
    vtn.put("events", event(4.0, start="2026-03-02T21:00:00Z", length="PT2H"))
    join(utility, vtn)
    utility.wait(seconds=1)

    assert utility.caps() == [("21:00", "23:00", 4.0)]
    assert [peak[:3] for peak in utility.peaks()] == [(MIDNIGHT, MIDNIGHT, 9.0)]


def test_the_price_of_a_peak_is_twice_the_dearest_kwh_unless_the_rules_say_another(vtn: Vtn, utility: Utility) -> None:
    """0.30 EUR by day."""
    utility.measure(9.0, 60)
    vtn.put("events", NOTHING)
    join(utility, vtn)
    utility.wait(seconds=1)
    assert utility.peaks() == [("08:00", MIDNIGHT, 9.0, pytest.approx(0.6))]

    told = vtn_told(vtn, sites=[{"site": "yard", "rules": {"return_price_per_kwh": 0.7}}])
    utility.connect(told, status=200)
    utility.wait(minutes=1)
    assert utility.peaks() == [("08:00", MIDNIGHT, 9.0, 0.7)]


def commands(utility: Utility) -> dict[str, list[tuple[int, float]]]:
    """By EVSE the steps of its plan, in seconds after eight and in A or W, as its station is to be sent them."""
    found = {}
    for one in utility.yard.get("/v1/sites/yard/commands").json()["commands"]:
        profile = one["payload"].get("chargingProfile", {})
        if profile.get("chargingProfilePurpose") == "TxProfile":
            (schedule,) = profile["chargingSchedule"]
            start = datetime.fromisoformat(schedule["startSchedule"])
            after_s = int((start - EIGHT).total_seconds())
            steps = schedule["chargingSchedulePeriod"]
            found[one["evse"]] = [(after_s + step["startPeriod"], step["limit"]) for step in steps]
    return found


def accept_all(utility: Utility) -> dict[str, list[tuple[int, float]]]:
    """Every command is accepted; the last plan of each EVSE."""
    last = {}
    for _ in range(20):
        waiting = utility.yard.get("/v1/sites/yard/commands").json()["commands"]
        if not waiting:
            break
        last |= commands(utility)
        told = [{"command": one["id"], "outcome": "accepted"} for one in waiting]
        utility.yard.post("/v1/sites/yard/commands/ack", {"acknowledgements": told})
    return last


def plugged_in_with_transactions(utility: Utility) -> None:
    for k in (1, 2):
        told = {"session": f"car-{k}", "evse": f"bay-{k}", "transaction_id": f"t-{k}", "energy_target_kwh": 40.0}
        utility.yard.plug_in(**told, departure="2026-03-02T14:00:00Z")


def test_evses_come_back_at_offsets_of_their_own_which_lie_in_their_profiles(vtn: Vtn, utility: Utility) -> None:
    join(utility, vtn)
    vtn.put("events", NOTHING)
    utility.wait(seconds=1)
    plugged_in_with_transactions(utility)
    utility.wait(minutes=1)
    accept_all(utility)
    utility.wait(minutes=113)

    (cap,) = [one for one in utility.asked() if isinstance(one, Cap)]
    told = accept_all(utility)
    assert set(told) == {"bay-1", "bay-2"}
    for evse, steps in told.items():
        offset_s = return_offset_s(cap, evse)
        raised = [start_s for start_s, limit in steps if limit > 0.0]
        assert 0 < offset_s < 600
        assert min(raised) == offset_s, (evse, steps)


@pytest.mark.parametrize("ends", ["cancelled", "forgotten"])
def test_after_an_event_that_ended_early_or_was_forgotten_evses_come_back_one_after_the_other(
    vtn: Vtn, utility: Utility, ends: str
) -> None:
    join(utility, vtn)
    name = vtn.put("events", NOTHING)
    utility.wait(seconds=1)
    plugged_in_with_transactions(utility)
    utility.wait(minutes=1)
    accept_all(utility)
    utility.wait(minutes=90 if ends == "cancelled" else 118)
    accept_all(utility)
    vtn.delete("events", name)
    utility.wait(minutes=1)
    over = utility.now if ends == "cancelled" else EIGHT

    assert utility.caps() == []
    (ended,) = [one for one in utility.asked() if isinstance(one, Cap)]
    assert ended.end == over
    utility.wait(seconds=1)
    for evse, setpoints in planned(utility).items():
        until = over + timedelta(seconds=return_offset_s(ended, evse))
        early = [kw for start, end, kw in setpoints if end <= until]
        assert all(kw <= 1e-6 for kw in early), (evse, setpoints, until)
    (peak,) = utility.peaks()
    assert peak[0] == f"{over:%H:%M}"
    utility.wait(minutes=15)
    assert [one[:2] for one in utility.peaks()] == [(f"{over:%H:%M}", MIDNIGHT)]


def planned(utility: Utility) -> dict[str, list[tuple[datetime, datetime, float]]]:
    plan = utility.yard.get("/v1/sites/yard/plan").json()
    return {
        car["evse_id"]: [
            (datetime.fromisoformat(s["start"]), datetime.fromisoformat(s["end"]), s["charge_power_kw"])
            for s in car["setpoints"]
        ]
        for car in plan["sessions"]
    }


def test_nothing_is_put_off_where_the_rules_say_so(vtn: Vtn, utility: Utility) -> None:
    utility.measure(9.0, 60)
    vtn.put("events", NOTHING)
    join(utility, vtn, sites=[{"site": "yard", "rules": {"return_minutes": 0.0}}])
    utility.wait(seconds=1)

    assert utility.peaks() == []
    assert [one.stagger_minutes for one in utility.asked()] == [0.0]


def test_a_limit_without_an_end_has_no_return_until_it_is_cancelled(vtn: Vtn, utility: Utility) -> None:
    utility.measure(9.0, 60)
    name = vtn.put("events", event(4.0, start="2026-03-02T05:30:00Z", length="P9999Y"))
    join(utility, vtn)
    utility.wait(seconds=1)
    assert utility.peaks() == []

    vtn.delete("events", name)
    utility.wait(minutes=1)
    (ended,) = [one for one in utility.asked() if isinstance(one, Cap)]
    assert (ended.end, ended.stagger_minutes) == (utility.now, 10.0)
    assert [peak[:3] for peak in utility.peaks()] == [("06:01", MIDNIGHT, 9.0)]


def test_limits_that_follow_each_other_are_one_event_and_a_subscription_after_them_none(
    vtn: Vtn, utility: Utility
) -> None:
    """Seven to nine in two steps, then 20 kW by subscription."""
    utility.measure(9.0, 60)
    vtn.put("events", event(2.0))
    vtn.put("events", event(4.0, start="2026-03-02T08:00:00Z"))
    subscribed = event(20.0, length="P1D")
    subscribed["payloadDescriptors"][0]["payloadType"] = "IMPORT_CAPACITY_SUBSCRIPTION"
    subscribed["intervals"][0]["payloads"][0]["type"] = "IMPORT_CAPACITY_SUBSCRIPTION"
    vtn.put("events", subscribed)
    join(utility, vtn)
    utility.wait(seconds=1)

    assert utility.caps() == [("07:00", "08:00", 2.0), ("08:00", "09:00", 4.0), ("09:00", "07:00", 20.0)]
    assert [peak[:2] for peak in utility.peaks()] == [("09:00", MIDNIGHT)]
