"""Stories at full size: python -m tests.peers kill|day|event [--seed N] ...

``kill`` has us die at a thousand moments of a day, with messages lost before and at that moment, and measures what
flows without us for six hours. ``day`` plays a day over websockets with every defect, after commissioning. ``event``
plays a utility's event with fifty cars, from the utility to the charge points and back to the money. All end with 1
where a limit was broken.
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from time import perf_counter

import structlog

from tests.peers.defects import Defect
from tests.peers.killing import Killer, losing
from tests.peers.stories import MOMENTS_A_MINUTE, day_within_the_process, found, over_websockets
from tests.peers.yard import HOUR_S, yard

MIDNIGHT_S = 1_772_409_600.0
TOLD_EVERY = 50
SETTLED_S = 600.0
"""In the first minutes the defaults are still on their way; no site is safe before it has them."""


def main(arguments: Sequence[str]) -> int:
    wanted = _parser().parse_args(arguments)
    return {"kill": _kill, "day": _day, "event": _event}[wanted.story](wanted)


def _kill(wanted: argparse.Namespace) -> int:
    """Every moment before and after each batch of messages is one, until there were enough."""
    given = {"count": wanted.count, "limit_a": wanted.limit, "first_cars_h": (0.2, 5.0)}
    if wanted.defects:
        given |= {"rating_a": 16.0, "defects": tuple(Defect)}
    day = day_within_the_process(yard(wanted.seed, MIDNIGHT_S, **given), commissioned=wanted.defects)
    began = perf_counter()
    asyncio.run(day.run(MIDNIGHT_S + SETTLED_S))
    day.steering.loses = losing(wanted.seed, share=0.03)
    share = wanted.moments / (MOMENTS_A_MINUTE * 60.0 * wanted.hours)
    killer = Killer(day, seed=wanted.seed, share=share, most=wanted.moments, hours=wanted.after)
    killer.told = _progress
    asyncio.run(day.run(MIDNIGHT_S + SETTLED_S + wanted.hours * HOUR_S))
    deaths, broken = killer.deaths, killer.broken()
    print(f"{wanted.count} charge points, {wanted.limit:g} A, {wanted.hours:g} h, seed {wanted.seed}:", end=" ")
    print(f"{len(day.steering.plans)} plans, {len(day.steering.commands)} commands, {perf_counter() - began:.0f} s")
    print(f"connected: at most {day.worst_a:.1f} A, {len(day.over)} moments above the limit")
    caught = sum(death.on_their_way > 0 for death in deaths)
    print(f"killed {len(deaths)} times, {caught} with messages on their way: {len(broken)} broke the limit")
    print(f"without us: at most {max((death.worst_a for death in deaths), default=0.0):.1f} A")
    for death in broken[:20]:
        print(f"  {death}")
    return int(bool(broken or day.over))


def _progress(killer: Killer) -> None:
    if len(killer.deaths) % TOLD_EVERY == 0:
        print(f"{killer.deaths[-1].at:%H:%M} killed {len(killer.deaths)} times", file=sys.stderr, flush=True)


def _day(wanted: argparse.Namespace) -> int:
    given = {"count": wanted.count, "limit_a": wanted.limit, "rating_a": 16.0, "whole_offers": True}
    made = yard(wanted.seed, MIDNIGHT_S, defects=tuple(Defect), first_cars_h=(0.1, 3.0), **given)
    began = perf_counter()
    day, records, faults = over_websockets(made, wanted.hours, MIDNIGHT_S)
    print(f"{wanted.count} charge points, {wanted.limit:g} A, {wanted.hours:g} h, seed {wanted.seed}:", end=" ")
    print(f"{len(day.steering.plans)} plans, {len(day.steering.commands)} commands, {perf_counter() - began:.0f} s")
    print(f"at most {day.worst_a:.1f} A, {len(day.over)} moments above the limit; {len(faults)} frames off the schemas")
    for name, station in made.stations.items():
        defect = next(iter(station.defects), None)
        told = f"planned {day.planned_kwh.get(name, 0.0):.1f} kWh, drew {day.measured_kwh.get(name, 0.0):.1f}"
        print(f"  {name} {station.version} {defect or 'obedient'}: {', '.join(found(day, records, name))}; {told}")
    drawn_kwh, planned_kwh = day.kept_kwh()
    apart = f"{100.0 * (drawn_kwh / planned_kwh - 1.0):+.2f} %" if planned_kwh else "no car came to them"
    print(f"obedient ones drew {drawn_kwh:.1f} kWh of {planned_kwh:.1f} planned: {apart}")
    return int(bool(day.over))


def _event(wanted: argparse.Namespace) -> int:
    """A utility's event over HTTP, with and without notice, by each protocol that was named."""
    from tests.peers.event.story import with_notice, without_notice
    from tests.peers.event.utilities import UTILITIES

    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    held = True
    for name in wanted.by or UTILITIES:
        for play in (with_notice, without_notice):
            began, load = perf_counter(), os.getloadavg()[0]
            figures = play(wanted.connectors, UTILITIES[name])
            print("\n".join(figures.lines))
            print(
                f"  {'held' if figures.held else 'DID NOT HOLD'}; {perf_counter() - began:.0f} s, load {load:.1f}",
                flush=True,
            )
            held &= figures.held
    return int(not held)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.peers")
    parser.add_argument("story", choices=("kill", "day", "event"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--limit", type=float, help="A on each phase; 100, or 150 for the day with defects")
    parser.add_argument("--defects", action="store_true", help="kill: with every defect, after commissioning")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--after", type=float, default=6.0, help="hours that are measured after each death")
    parser.add_argument("--moments", type=int, default=1000)
    parser.add_argument("--connectors", type=int, default=50, help="event: charge points with a car")
    parser.add_argument(
        "--by", action="append", choices=("openadr3", "openadr2b", "oscp"), help="event: all unless said"
    )
    return parser


if __name__ == "__main__":
    given = sys.argv[1:]
    if "--limit" not in given:
        given = [*given, "--limit", "150" if "day" in given or "--defects" in given else "100"]
    sys.exit(main(given))
