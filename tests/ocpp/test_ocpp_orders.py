"""The order of messages: lower first, raise after, and never above a limit, whatever of it is lost on the way."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocpp_plans import AC, QUARTER, START, scenario_of, schema_errors, told

from models.domain.installed import Installed
from models.domain.scenario import Scenario
from models.domain.sending import StartToken, Version
from models.domain.site import Evse, GridNode, Station
from models.ocpp.changes import Believed
from models.ocpp.orders import Command, Orders, Pace, Step, orders
from models.ocpp.profile import (
    EvseProfile,
    ProfileKind,
    Slot,
)

AT_ONCE = Pace(interval_s=0.0)
BAYS = tuple(replace(AC, id=f"bay-{n}", station=f"post-{n}", evse_number=1) for n in range(1, 6))
FAR = timedelta(days=30)


def default(evse: Evse, limit_a: float = 6.0) -> EvseProfile:
    return told(evse, limit_a, slot=Slot.FAIL_SAFE)


def known(profile: EvseProfile, *, version: int = 1, acknowledged: bool = True) -> Believed:
    return Believed(profile=profile, plan_version=version, acknowledged=acknowledged)


def asked(
    desired: Sequence[EvseProfile],
    believed: Sequence[Believed],
    *,
    evses: Sequence[Evse] = BAYS[:2],
    scenario: Scenario | None = None,
    now: datetime = START,
    pace: Pace = AT_ONCE,
    version: int = 2,
) -> Orders:
    """Orders for a yard whose bays hang on one limited connection."""
    yard = scenario or scenario_of(evses, [])
    return orders(yard, desired, believed, now=now, plan_version=version, pace=pace)


def amperes(command: Command) -> list[float]:
    return [float(period.limit) for period in command.profile.profile.schedule.periods]


def spelled(found: Orders) -> list[tuple[str, list[float], tuple[str, ...]]]:
    return [(f"{one.step} {one.evse_ids[0]}", amperes(one), one.after) for one in found.commands]


def test_who_rises_waits_until_the_one_who_falls_has_acknowledged() -> None:
    one, two = BAYS[:2]
    found = asked([told(one, 16.0), told(two, 8.0)], [known(told(one, 8.0)), known(told(two, 16.0))])

    assert spelled(found) == [
        ("set bay-2", [8.0], ()),
        ("set bay-1", [16.0], ("post-2:12:2:set",)),
    ]


def test_who_falls_now_and_rises_later_is_held_down_at_once_and_raised_after_the_other() -> None:
    """16 then 8 becomes 8 then 16, while the neighbour goes the other way round."""
    one, two = BAYS[:2]
    found = asked(
        [told(one, 8.0, 16.0), told(two, 16.0, 8.0)], [known(told(one, 16.0, 8.0)), known(told(two, 8.0, 16.0))]
    )

    assert spelled(found) == [
        ("lower bay-1", [8.0], ()),
        ("lower bay-2", [8.0], ()),
        ("set bay-1", [8.0, 16.0], ("post-1:12:2:lower", "post-2:12:2:lower")),
        ("set bay-2", [16.0, 8.0], ("post-2:12:2:lower", "post-1:12:2:lower")),
    ]


def test_rises_wait_for_nobody_where_no_limit_is_shared_or_the_other_falls_at_another_time() -> None:
    one, two = BAYS[:2]
    later = asked([told(one, 16.0, 8.0), told(two, 16.0, 8.0)], [known(told(one, 8.0)), known(told(two, 16.0))])
    assert [command.after for command in later.commands] == [(), ()]

    apart = scenario_of(BAYS[:2], [])
    free = replace(apart.site.nodes[0], import_limit_kw=None)
    apart = replace(apart, site=replace(apart.site, nodes=(free,)))
    rising, falling = [told(one, 16.0), told(two, 8.0)], [known(told(one, 8.0)), known(told(two, 16.0))]
    assert [command.after for command in asked(rising, falling, scenario=apart).commands] == [(), ()]


def test_what_a_station_has_acknowledged_is_not_sent_again_whenever_it_was_made() -> None:
    """The plan of a quarter ago, 16 then 8 then 6 A, is that of now without its first period."""
    earlier = told(BAYS[0], 16.0, 8.0, 6.0, start=START - QUARTER)

    assert asked([told(BAYS[0], 8.0, 6.0)], [known(earlier)], evses=BAYS[:1]).commands == ()
    assert len(asked([told(BAYS[0], 8.0, 7.0)], [known(earlier)], evses=BAYS[:1]).commands) == 1
    assert len(asked([told(BAYS[0], 8.0, 6.0)], [known(earlier, acknowledged=False)], evses=BAYS[:1]).commands) == 1


def test_after_an_answer_that_never_came_the_higher_of_both_profiles_counts() -> None:
    one, two = BAYS[:2]
    lost = [known(told(two, 8.0)), known(told(two, 20.0), version=2, acknowledged=False)]
    found = asked([told(one, 16.0), told(two, 8.0)], [known(told(one, 8.0)), *lost], version=3)

    assert spelled(found) == [("set bay-2", [8.0], ()), ("set bay-1", [16.0], ("post-2:12:3:set",))]


def test_a_first_plan_counts_as_a_rise_from_the_default_and_without_one_as_a_fall_from_the_rating() -> None:
    one, two = BAYS[:2]
    share = [known(default(one)), known(default(two))]
    found = asked(
        [default(one), default(two), told(one, 16.0), told(two, 0.0)],
        [*share, known(told(two, 10.0))],
    )
    assert spelled(found) == [("set bay-2", [0.0], ()), ("set bay-1", [16.0], ("post-2:12:2:set",))]

    unknown = asked([default(one), told(one, 16.0)], [], evses=BAYS[:1])
    assert [command.after for command in unknown.commands] == [(), ()]


def test_what_is_no_longer_wanted_is_taken_away_and_counts_as_its_default_from_then_on() -> None:
    one, two = BAYS[:2]
    have = [known(default(one)), known(default(two)), known(told(one, 16.0)), known(told(two, 0.0))]
    found = asked([default(one), default(two), told(two, 10.0)], have)

    assert [(f"{c.step} {c.evse_ids[0]}", c.after) for c in found.commands] == [
        ("clear bay-1", ()),
        ("set bay-2", ("post-1:12:2:clear",)),
    ]
    assert found.commands[0].message.payload == {"chargingProfileId": 12}


def test_an_older_plan_is_refused_and_the_newer_one_stays() -> None:
    found = asked([told(BAYS[0], 16.0)], [known(told(BAYS[0], 8.0), version=5)], evses=BAYS[:1], version=4)

    assert found.commands == ()
    assert [profile.evse_id for profile in found.refused] == ["bay-1"]


def test_a_rise_waits_for_its_station_s_pace_and_a_fall_never_does() -> None:
    station = Station(id="post-1", update_interval_s=300.0)
    yard = scenario_of(BAYS[:1], [], [station])
    sent = replace(known(told(BAYS[0], 10.0)), sent_at=START - timedelta(seconds=60))

    (rise,) = asked([told(BAYS[0], 16.0)], [sent], scenario=yard).commands
    (fall,) = asked([told(BAYS[0], 8.0)], [sent], scenario=yard).commands
    lower, then = asked([told(BAYS[0], 8.0, 16.0)], [sent], scenario=yard).commands

    assert rise.not_before == START + timedelta(seconds=240)
    assert fall.not_before is None
    assert (lower.step, amperes(lower), lower.not_before) == (Step.LOWER, [8.0, 10.0], None)
    assert (then.not_before, then.after) == (START + timedelta(seconds=300), (lower.id,))


def test_what_only_rises_after_the_next_plan_can_wait_for_it_and_what_falls_cannot() -> None:
    pace = Pace(interval_s=0.0, settled_until=START + QUARTER)
    have = [known(told(BAYS[0], 10.0, 10.0))]

    assert asked([told(BAYS[0], 10.0, 16.0)], have, evses=BAYS[:1], pace=pace).commands == ()
    assert len(asked([told(BAYS[0], 12.0, 16.0)], have, evses=BAYS[:1], pace=pace).commands) == 1
    assert len(asked([told(BAYS[0], 10.0, 8.0)], have, evses=BAYS[:1], pace=pace).commands) == 1


def test_a_station_out_of_reach_is_sent_nothing_and_keeps_what_it_has() -> None:
    yard = replace(scenario_of(BAYS[:2], []), installed=(Installed(evse="bay-2", reachable=False),))
    found = asked([told(BAYS[0], 16.0)], [known(told(BAYS[0], 8.0)), known(told(BAYS[1], 16.0))], scenario=yard)

    assert spelled(found) == [("set bay-1", [16.0], ())]


def test_a_dynamic_profile_is_set_once_and_updated_from_then_on() -> None:
    def moving(limit_a: float) -> EvseProfile:
        one = told(BAYS[0], limit_a)
        return replace(
            one, version=Version.V21, profile=replace(one.profile, kind=ProfileKind.DYNAMIC, max_offline_s=900)
        )

    (first,) = asked([moving(8.0)], [known(default(BAYS[0]))], evses=BAYS[:1]).commands[:1]
    (second,) = asked([moving(16.0)], [known(moving(8.0))], evses=BAYS[:1]).commands

    assert (first.step, first.message.action) == (Step.SET, "SetChargingProfile")
    assert (second.step, second.message.action) == (Step.UPDATE, "UpdateDynamicSchedule")
    assert second.message.payload == {"chargingProfileId": 12, "scheduleUpdate": {"limit": 16.0}}


def test_a_start_is_sent_whole_or_not_yet() -> None:
    """A car that has not begun draws nothing: there is nothing to hold down by starting it."""
    one, two = BAYS[:2]
    start = replace(told(one, 4.0, 16.0), transaction_id=None, start_token=StartToken(token="abc"))
    found = asked([default(one), start, told(two, 16.0, 8.0)], [known(default(one)), known(told(two, 8.0, 16.0))])

    starts = [command for command in found.commands if command.message.action == "RequestStartTransaction"]
    assert [command.after for command in starts] == [("post-2:12:2:lower",)]


limit = st.sampled_from([0.0, 6.0, 8.0, 10.0, 16.0, 20.0, 32.0])
curve = st.lists(limit, min_size=1, max_size=4)
INSTANTS = [START + k * QUARTER for k in range(5)]


def at(profile: EvseProfile, when: datetime) -> float:
    """The oracle's own reading of a profile. [A]"""
    elapsed_s = (when - profile.profile.schedule.start).total_seconds()
    return [float(p.limit) for p in profile.profile.schedule.periods if p.start_s <= elapsed_s][-1]


def counted(possible: Sequence[EvseProfile], when: datetime) -> float:
    return max(at(profile, when) for profile in possible)


def in_two_panels(evses: Sequence[Evse]) -> Scenario:
    panel = GridNode(id="panel", parent="grid", import_limit_kw=100.0)
    yard = scenario_of([replace(evse, node="panel" if k % 2 else "grid") for k, evse in enumerate(evses)], [])
    return replace(yard, site=replace(yard.site, nodes=(*yard.site.nodes, panel)))


@settings(max_examples=150, deadline=None)
@given(
    before=st.lists(st.tuples(curve, st.none() | curve), min_size=2, max_size=5),
    after=st.lists(st.none() | curve, min_size=5, max_size=5),
    course=st.randoms(use_true_random=False),
)
def test_whatever_is_lost_and_however_late_no_limit_is_broken_by_the_higher_of_old_and_new(
    before: list[tuple[list[float], list[float] | None]],
    after: list[list[float] | None],
    course: random.Random,
) -> None:
    """Each limit is just what the old plan or the new one needs; stations lose messages or their answers."""
    evses = BAYS[: len(before)]
    yard = in_two_panels(evses)
    believed, possible, wanted = [], {}, [default(evse) for evse in evses]
    for evse, (old, lost) in zip(evses, before, strict=True):
        mine = [told(evse, *old)] + ([] if lost is None else [told(evse, *lost)])
        believed += [known(default(evse)), *(known(one, acknowledged=k == 0) for k, one in enumerate(mine))]
        possible[evse.id] = mine
    new = {evse.id: default(evse) if a is None else told(evse, *a) for evse, a in zip(evses, after, strict=False)}
    wanted += [new[evse.id] for evse in evses if new[evse.id].slot is Slot.PLAN]
    groups = [[evse.id for evse in evses], [evse.id for k, evse in enumerate(evses) if k % 2]]

    def load(now_possible: dict[str, list[EvseProfile]], group: list[str], when: datetime) -> float:
        return sum(counted(now_possible[name], when) for name in group)

    single = {name: [profile] for name, profile in new.items()}
    limits = [[max(load(possible, g, t), load(single, g, t)) for t in INSTANTS] for g in groups]
    waiting, acknowledged = list(asked(wanted, believed, scenario=yard).commands), set()
    while ready := [command for command in waiting if set(command.after) <= acknowledged]:
        command = course.choice(ready)
        (name,) = command.evse_ids
        gets = default(next(e for e in evses if e.id == name)) if command.step is Step.CLEAR else command.profile
        possible[name] = [*possible[name], gets]
        for group, allowed in zip(groups, limits, strict=True):
            assert all(load(possible, group, t) <= most + 1e-9 for t, most in zip(INSTANTS, allowed, strict=True))
        if course.random() < 0.7:
            possible[name] = [gets]
            acknowledged.add(command.id)
        waiting.remove(command)
    if not waiting:
        assert all(counted(possible[name], t) >= at(new[name], t) for name in possible for t in INSTANTS)


def test_every_message_of_an_order_keeps_the_published_schema() -> None:
    one, two = BAYS[:2]
    found = asked([told(one, 8.0, 16.0), told(two, 16.0, 8.0)], [known(told(one, 16.0)), known(told(two, 8.0))])

    assert found.commands
    assert all(schema_errors(Version.V201, command.message.payload) == [] for command in found.commands)


@pytest.mark.parametrize("far", [QUARTER, FAR])
def test_a_plan_that_began_long_ago_still_counts_by_what_it_says_now(far: timedelta) -> None:
    assert (
        asked([told(BAYS[0], 6.0)], [known(told(BAYS[0], 16.0, 6.0, start=START - far))], evses=BAYS[:1]).commands == ()
    )
