"""Our side dies at random moments of a day, with messages lost: the connection's limit holds without us.

``make kill`` tries a thousand moments of a day with twenty charge points; here a few of one morning are tried.
"""

import asyncio

from tests.peers.day import Aftermath, Day, forked, worst_after
from tests.peers.killing import Killer, losing
from tests.peers.shelf import DEFAULT
from tests.peers.stories import day_within_the_process
from tests.peers.yard import HOUR_S, yard

MIDNIGHT_S = 1_772_409_600.0
"""2026-03-02T00:00:00Z."""


def day_of(seed: int, count: int, limit_a: float) -> Day:
    """Obedient charge points of every version, reached within the process."""
    made = yard(seed, MIDNIGHT_S, count=count, limit_a=limit_a, first_cars_h=(0.1, 1.0))
    return day_within_the_process(made)


def test_killed_at_random_moments_the_limit_holds_without_us() -> None:
    day = day_of(seed=4, count=3, limit_a=32.0)
    asyncio.run(day.run(MIDNIGHT_S + 300.0))  # the first minutes, in which nothing is installed yet
    day.steering.loses = losing(seed=4, share=0.05)
    killer = Killer(day, seed=4, share=0.2, most=10, hours=3.0)

    asyncio.run(day.run(MIDNIGHT_S + HOUR_S))

    assert len(killer.deaths) == 10
    assert killer.broken() == []
    assert day.over == []


def test_without_its_defaults_the_same_yard_would_break_its_limit() -> None:
    day = day_of(seed=4, count=3, limit_a=32.0)
    asyncio.run(day.run(MIDNIGHT_S + 300.0))
    bare = forked(day.yard)
    for station in bare.stations.values():
        station.shelf.drop(lambda held: held.purpose == DEFAULT)

    story = Aftermath(seed=1, reboots=0.0, arrivals=1.0)

    assert worst_after(forked(day.yard), day.now_s, story) <= 32.0
    assert worst_after(bare, day.now_s, story) > 32.0
