"""Random sites by the thousand through the optimizer and the audit: python -m tests.soak [--scenarios N] [--hostile N]

Prints how many were planned, by which method, and every fault with its seed; ends with 1 if there is one. A seed
gives the same site on every machine: ``tests.strategies.random_scenario(seed)``.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import get_context
from time import perf_counter

from tests.soak.judging import Judgement, judge_hostile, judge_usual

TOLD = 20
"""Faults that are printed in full."""
CHUNK = 50


def main(arguments: Sequence[str]) -> int:
    wanted = _parser().parse_args(arguments)
    faults = 0
    if wanted.scenarios:
        faults += soak("usual", judge_usual, range(wanted.first, wanted.first + wanted.scenarios), wanted.workers)
    if wanted.hostile:
        faults += soak("hostile", judge_hostile, range(wanted.first, wanted.first + wanted.hostile), wanted.workers)
    return int(faults > 0)


def soak(name: str, judge: Callable[[int], Judgement], seeds: Sequence[int], workers: int) -> int:
    """Judge every seed, print the tally, and answer with the number of faults."""
    started = perf_counter()
    with get_context("spawn").Pool(workers) as pool:
        return tell(name, pool.imap_unordered(judge, seeds, CHUNK), started)


def tell(name: str, judgements: Iterable[Judgement], started: float) -> int:
    """Print faults as they come, then the tally."""
    methods: Counter[str] = Counter()
    faults = 0
    for found in judgements:
        methods[found.method if found.planned else "not planned"] += 1
        if found.fault:
            faults += 1
            if faults <= TOLD:
                print(f"{name} seed {found.seed}: {found.fault}", flush=True)
    tally = ", ".join(f"{count} {method}" for method, count in methods.most_common())
    print(
        f"{name}: {methods.total()} scenarios, {faults} faults, {perf_counter() - started:.0f} s ({tally})", flush=True
    )
    return faults


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Random sites by the thousand.")
    parser.add_argument("--scenarios", type=int, default=0, help="usual numbers: the optimum itself passes the audit")
    parser.add_argument("--hostile", type=int, default=0, help="odd numbers: what would be sent passes the audit")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
