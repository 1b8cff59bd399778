"""A smoke of ``make crash``: every point once on SQLite, a few on PostgreSQL where there is one."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.api.stores import postgres_schema
from tests.crash.freezing import freezes
from tests.crash.judging import broken
from tests.crash.killing import Place, kills, place_at
from tests.crash.life import POINTS, build

SHARED = 6
"""Kills on PostgreSQL here; ``make crash`` has more."""


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[int], Place]]:
    if not hasattr(os, "fork"):
        pytest.skip("processes cannot be forked here")
    if request.param == "sqlite":
        yield lambda k: _place(f"sqlite:///{tmp_path / f'{k}.db'}", tmp_path / str(k))
    else:
        with postgres_schema() as address:
            yield lambda k: _place(address, tmp_path / str(k))


def _place(address: str, folder: Path) -> Place:
    folder.mkdir()
    return place_at(address, folder)


def test_whatever_moment_it_is_killed_nothing_is_lost_and_nothing_happens_twice(
    new_place: Callable[[int], Place], request: pytest.FixtureRequest
) -> None:
    asked = len(POINTS) if "sqlite" in request.node.name else SHARED
    found = dict(kills(asked, new_place))

    assert found == {point: [] for point in POINTS[:asked]}


def test_a_replica_that_was_frozen_in_a_solve_keeps_nothing_of_it(tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("processes cannot be forked here")
    with postgres_schema() as address:
        assert list(freezes(2, _place(address, tmp_path / "outside"))) == [[], []]


def test_what_is_lost_is_seen(tmp_path: Path) -> None:
    """A session that was acknowledged and never kept, and a message of a line that is not there."""
    place = _place(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "outside")
    store = place.opened()
    build(store)
    (place.folder / "acknowledged").write_text(json.dumps({"session": "s0", "kwh": 5.0}) + "\n")
    (place.folder / "sent").write_text(json.dumps({"id": "msg_x_99", "body": {}}) + "\n")

    found = list(broken(store, place.folder))
    store.close()

    assert [line.partition(":")[0] for line in found] == [
        "session s0",
        "message msg_x_99 was sent of something that was never kept",
    ]
