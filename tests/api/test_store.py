"""Whatever the service remembers with, it remembers alike."""

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DatabaseError

from api.store.migrating import is_current, upgrade
from api.store.opening import open_store
from api.store.port import NEW, Store, Unit, Work
from api.store.records import Kind, Place
from api.store.sql import SqlStore
from api.store.sql_unit import SqlUnit
from api.store.statements import documents_at, statements_of
from models.domain.errors import Conflict, NotFound, StoreError
from tests.api.stores import NAMES, connected, opened, postgres_schema

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
YARD = Place(tenant="acme", kind=Kind.SITE, site="yard", id="yard")


@pytest.fixture(params=NAMES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as fresh:
        yield fresh


def written(store: Store, *places: Place, body: str = "{}") -> None:
    with store.begin(NOW) as unit:
        for place in places:
            unit.write(place, body)


class TestDocuments:
    def test_what_was_written_is_read_with_its_revision_and_time(self, store: Store) -> None:
        written(store, YARD, body='{"a": 1}')

        with store.view() as unit:
            found = unit.find(YARD)

        assert found is not None
        assert (found.body, found.revision, found.changed_at) == ('{"a": 1}', 1, NOW)

    def test_of_two_who_read_the_same_revision_the_second_one_is_told(self, store: Store) -> None:
        written(store, YARD)
        with store.begin(LATER) as unit:
            assert unit.write(YARD, "first", expected=1).revision == 2

        with pytest.raises(Conflict), store.begin(LATER) as unit:
            unit.write(YARD, "second", expected=1)

        with store.view() as unit:
            assert unit.find(YARD).body == "first"  # type: ignore[union-attr]

    def test_what_is_there_is_not_new(self, store: Store) -> None:
        written(store, YARD)

        with pytest.raises(Conflict), store.begin(NOW) as unit:
            unit.write(YARD, "{}", expected=NEW)

    def test_what_is_not_there_has_no_revision_to_expect(self, store: Store) -> None:
        with pytest.raises(Conflict), store.begin(NOW) as unit:
            unit.write(YARD, "{}", expected=3)

    def test_an_old_revision_fits_nothing_that_is_written_after_a_removal(self, store: Store) -> None:
        written(store, YARD)
        with store.begin(NOW) as unit:
            unit.remove(YARD, expected=1)
            assert unit.find(YARD) is None
            assert unit.write(YARD, "again", expected=NEW).revision == 3

    def test_what_is_not_there_cannot_be_removed(self, store: Store) -> None:
        with pytest.raises(NotFound), store.begin(NOW) as unit:
            unit.remove(YARD)

    def test_half_of_a_unit_is_never_kept(self, store: Store) -> None:
        def fail_half_way() -> None:
            with store.begin(NOW) as unit:
                unit.write(YARD, "{}")
                unit.append("acme", Kind.PLAN, "yard", "p1", "{}")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_half_way()

        with store.view() as unit:
            assert unit.find(YARD) is None
            assert not unit.entries("acme", "yard", [Kind.PLAN], limit=9)

    def test_pages_go_by_code_point_and_leave_nothing_out(self, store: Store) -> None:
        names = ["Bay", "a", "ab", "z", "ä", "bay-1", "bay-10", "bay-2"]
        written(store, *(Place(tenant="acme", kind=Kind.SESSION, site="yard", id=name) for name in names))
        seen: list[str] = []

        while True:
            with store.view() as unit:
                page = unit.page("acme", Kind.SESSION, "yard", after=seen[-1] if seen else "", limit=3)
            if not page:
                break
            seen += [document.place.id for document in page]

        assert seen == sorted(names)

    def test_another_tenants_documents_are_not_there(self, store: Store) -> None:
        written(store, YARD)

        with store.view() as unit:
            assert not unit.page("other", Kind.SITE, None, limit=9)
            assert not unit.search("other", Kind.SITE, "yard")
            assert unit.find(Place(tenant="other", kind=Kind.SITE, site="yard", id="yard")) is None
            assert [d.place.tenant for d in unit.everywhere(Kind.SITE)] == ["acme"]

    def test_a_session_is_found_without_its_site(self, store: Store) -> None:
        written(store, *(Place(tenant="acme", kind=Kind.SESSION, site=site, id="s1") for site in ("yard", "dock")))

        with store.view() as unit:
            assert [d.place.site for d in unit.search("acme", Kind.SESSION, "s1")] == ["dock", "yard"]


class TestJournal:
    def test_sequences_of_a_site_have_no_gap_and_count_every_kind(self, store: Store) -> None:
        with store.begin(NOW) as unit:
            for kind in (Kind.PLAN, Kind.COMMAND, Kind.PLAN):
                unit.append("acme", kind, "yard", "x", "{}")
            unit.append("acme", Kind.PLAN, "dock", "x", "{}")

        with store.view() as unit:
            told = unit.entries("acme", "yard", [Kind.PLAN, Kind.COMMAND], limit=9)
            assert [entry.sequence for entry in told] == [1, 2, 3]
            assert [entry.sequence for entry in unit.entries("acme", "yard", [Kind.PLAN], after=1, limit=9)] == [3]
            assert [entry.sequence for entry in unit.entries("acme", "dock", [Kind.PLAN], limit=9)] == [1]

    def test_the_newest_comes_first_when_asked_for(self, store: Store) -> None:
        with store.begin(NOW) as unit:
            for body in ("old", "new"):
                unit.append("acme", Kind.PLAN, "yard", "p", body)

        with store.view() as unit:
            (newest,) = unit.latest("acme", "yard", Kind.PLAN)
            assert (newest.body, newest.sequence, newest.recorded_at) == ("new", 2, NOW)
            assert [e.body for e in unit.latest("acme", "yard", Kind.PLAN, before=2)] == ["old"]
            assert unit.entry("acme", "yard", Kind.PLAN, "p") == newest
            assert unit.entry("acme", "yard", Kind.COMMAND, "p") is None

    def test_a_span_of_time_has_what_was_recorded_from_its_start_to_before_its_end(self, store: Store) -> None:
        for hours in range(4):
            with store.begin(NOW + timedelta(hours=hours)) as unit:
                unit.append("acme", Kind.ACCOUNT, "yard", "", str(hours))
                unit.append("acme", Kind.PLAN, "yard", "", "another kind")
                unit.append("other", Kind.ACCOUNT, "yard", "", "another tenant's")

        with store.view() as unit:
            found = unit.recorded("acme", "yard", Kind.ACCOUNT, LATER, NOW + timedelta(hours=3))

        assert [entry.body for entry in found] == ["1", "2"]

    def test_what_is_too_old_is_forgotten_and_nothing_else(self, store: Store) -> None:
        for when in (NOW, LATER):
            with store.begin(when) as unit:
                unit.append("acme", Kind.MEASUREMENT, "yard", "m", when.isoformat())
                unit.append("acme", Kind.PLAN, "yard", "p", "{}")
                unit.write(Place(tenant="acme", kind=Kind.ANSWER, id=when.isoformat()), "{}")

        with store.begin(LATER) as unit:
            assert unit.forget(Kind.MEASUREMENT, LATER) == 1
            assert unit.forget(Kind.ANSWER, LATER) == 1

        with store.view() as unit:
            assert [e.sequence for e in unit.entries("acme", "yard", list(Kind), limit=9)] == [2, 3, 4]
            assert [d.place.id for d in unit.everywhere(Kind.ANSWER)] == [LATER.isoformat()]

    def test_the_audit_trail_is_never_forgotten(self, store: Store) -> None:
        with store.begin(NOW) as unit:
            unit.append("acme", Kind.AUDIT, "yard", "a", "{}")

        with pytest.raises(StoreError), store.begin(LATER) as unit:
            unit.forget(Kind.AUDIT, LATER)

    def test_many_who_write_at_once_get_numbers_of_their_own(self, store: Store) -> None:
        def write(number: int) -> int:
            with store.begin(NOW) as unit:
                return unit.append("acme", Kind.EVENT, "yard", str(number), "{}").sequence

        with ThreadPoolExecutor(4) as threads:
            assert sorted(threads.map(write, range(20))) == list(range(1, 21))

    def test_of_many_who_create_the_same_only_one_does(self, store: Store) -> None:
        def create(number: int) -> bool:
            try:
                with store.begin(NOW) as unit:
                    unit.write(YARD, str(number), expected=NEW)
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(create, range(12))) == 1

    def test_who_locks_a_site_reads_what_the_one_before_wrote(self, store: Store) -> None:
        written(store, YARD, body="0")

        def count(_: int) -> None:
            with store.begin(NOW) as unit:
                unit.lock("acme", "yard")
                found = unit.find(YARD)
                assert found is not None
                unit.write(YARD, str(int(found.body) + 1))

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(count, range(12)))

        with store.view() as unit:
            assert unit.find(YARD).body == "12"  # type: ignore[union-attr]


class TestSeveralInOneCommit:
    """``together``: each as if alone, and one wait for the disk for all of them."""

    def test_one_that_fails_leaves_nothing_and_the_others_all(self, store: Store) -> None:
        def write_and_fail(unit: Unit) -> None:
            unit.append("acme", Kind.EVENT, "yard", "half", "{}")
            raise NotFound("it is not there")

        works = [
            Work(("acme", "yard"), NOW, lambda unit: unit.append("acme", Kind.EVENT, "yard", "first", "{}").sequence),
            Work(("acme", "yard"), NOW, write_and_fail),
            Work(("acme", "yard"), LATER, lambda unit: unit.append("acme", Kind.EVENT, "yard", "last", "{}").sequence),
        ]

        first, failed, last = store.together(works)

        assert (first.answer, last.answer) == (1, 2)
        assert isinstance(failed.error, NotFound)
        with store.view() as unit:
            kept = unit.entries("acme", "yard", [Kind.EVENT], limit=9)
        assert [(entry.id, entry.recorded_at) for entry in kept] == [("first", NOW), ("last", LATER)]

    def test_the_later_one_sees_what_the_earlier_one_did(self, store: Store) -> None:
        def count(unit: Unit) -> int:
            found = unit.find(YARD)
            return unit.write(YARD, "{}", expected=found.revision if found else NEW).revision

        done = store.together([Work(("acme", "yard"), NOW, count) for _ in range(3)])

        assert [one.answer for one in done] == [1, 2, 3]

    def test_what_the_database_refuses_while_nobody_looks_is_kept_of_nobody(self, tmp_path: Path) -> None:
        """On PostgreSQL nobody waits for the answer to an INSERT; here the second one takes a number that is taken."""

        def append_twice(unit: Unit) -> None:
            assert isinstance(unit, SqlUnit)
            line = {"tenant": "acme", "site": "yard", "sequence": 1, "kind": "event", "id": "a", "body": "{}"}
            for _ in range(2):
                unit._run(unit._say.append, line | {"recorded_s": 0.0})

        with opened("postgresql", tmp_path) as store:
            works = [Work(("acme", "yard"), NOW, act) for act in (lambda unit: unit.write(YARD, "{}"), append_twice)]
            done = store.together(works)

            assert [type(one.error) for one in done] == [StoreError, StoreError]
            with store.view() as unit:
                assert unit.find(YARD) is None
            assert store.together([works[0], works[0]])[1].error is None, "and the next ones are written"

    @pytest.mark.parametrize("count", [1, 3])
    def test_where_the_database_fails_everybody_is_told_and_nothing_is_kept(self, sqlite: str, count: int) -> None:
        store = open_store(sqlite)
        assert isinstance(store, SqlStore)
        works = [Work(("acme", "yard"), NOW, lambda unit: unit.write(YARD, "{}")) for _ in range(count)]

        def no_disk(_: object) -> None:
            raise DatabaseError("COMMIT", {}, OSError("disk full"))

        event.listen(store._engine, "commit", no_disk)
        done = store.together(works)
        event.remove(store._engine, "commit", no_disk)

        assert [type(one.error) for one in done] == [StoreError] * count
        with store.view() as unit:
            assert unit.find(YARD) is None
        store.close()


class TestLeases:
    def test_while_one_holds_a_site_nobody_else_does(self, store: Store) -> None:
        with store.begin(NOW) as unit:
            lease = unit.take("acme", "yard", "one", 60.0)
            assert lease is not None
            assert unit.take("acme", "yard", "two", 60.0) is None
            assert unit.take("acme", "dock", "two", 60.0) is not None
            unit.hold(lease)

    def test_who_goes_on_holding_keeps_the_epoch(self, store: Store) -> None:
        with store.begin(NOW) as unit:
            first, second = (unit.take("acme", "yard", "one", 60.0) for _ in range(2))
            assert first == second

    def test_a_frozen_replica_that_thaws_is_refused(self, store: Store) -> None:
        with store.begin(NOW) as unit:
            frozen = unit.take("acme", "yard", "one", 0.0)
        with store.begin(NOW) as unit:
            other = unit.take("acme", "yard", "two", 60.0)
        assert frozen is not None
        assert other is not None
        assert other.epoch == frozen.epoch + 1

        def plan_late() -> None:
            with store.begin(NOW) as unit:
                unit.append("acme", Kind.PLAN, "yard", "late", "{}")
                unit.hold(frozen)

        with pytest.raises(Conflict):
            plan_late()

        with store.view() as unit:
            assert not unit.latest("acme", "yard", Kind.PLAN)

    def test_who_let_it_run_out_has_a_new_epoch(self, store: Store) -> None:
        with store.begin(NOW) as unit:
            first = unit.take("acme", "yard", "one", 0.0)
        with store.begin(NOW) as unit:
            second = unit.take("acme", "yard", "one", 60.0)

        assert first is not None
        assert second is not None
        assert second.epoch == first.epoch + 1

    def test_a_lease_that_is_given_back_can_be_taken_at_once(self, store: Store) -> None:
        with store.begin(NOW) as unit:
            lease = unit.take("acme", "yard", "one", 60.0)
            assert lease is not None
            unit.release(lease)

        with store.begin(NOW) as unit:
            assert unit.take("acme", "yard", "two", 60.0) is not None


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def test_the_database_itself_refuses_to_change_the_journal(sqlite: str) -> None:
    store = open_store(sqlite)
    with store.begin(NOW) as unit:
        unit.append("acme", Kind.AUDIT, "yard", "a", "{}")
    store.close()

    with connected(sqlite) as engine:
        for statement in ("UPDATE journal SET body = 'x'", "DELETE FROM journal"):
            with pytest.raises(DatabaseError, match="only added to"), engine.begin() as connection:
                connection.execute(text(statement))


def test_an_embedded_database_is_there_again_after_the_process(sqlite: str) -> None:
    first = open_store(sqlite)
    written(first, YARD)
    first.close()
    second = open_store(sqlite)

    with second.view() as unit:
        assert unit.find(YARD) is not None
    second.close()


def test_an_embedded_database_writes_through_to_the_disk(sqlite: str) -> None:
    with connected(sqlite) as engine, engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_what_is_looked_for_is_found_by_its_key_however_much_a_tenant_has(sqlite: str) -> None:
    """A statement that leads to no key reads every document of a tenant, and nobody sees it where there are few."""
    say, open_store_of = statements_of("sqlite"), open_store(sqlite)
    by_key = (say.find, documents_at("sqlite", 1), documents_at("sqlite", 5), say.replace, say.page)

    with connected(sqlite) as engine, engine.connect() as connection:
        for statement in by_key:
            names = dict.fromkeys(re.findall(r":(\w+)", statement.text), "x")
            cursor = connection.connection.cursor()
            cursor.execute(f"EXPLAIN QUERY PLAN {statement.text}", names)
            steps = [row[3] for row in cursor.fetchall()]
            reads = [step for step in steps if step.startswith(("SEARCH", "SCAN"))]
            assert reads
            assert all("kind=?" in step and "site=?" in step for step in reads), steps
    open_store_of.close()


def test_a_shared_database_waits_to_be_upgraded_by_hand() -> None:
    with postgres_schema() as address:
        with pytest.raises(StoreError, match="chargewright db upgrade"):
            open_store(address)
        with connected(address) as engine:
            upgrade(engine)
            upgrade(engine)
            assert is_current(engine)
        open_store(address).close()


@pytest.mark.parametrize("address", ["", "mysql://host/db", "sqlite:////no/such/folder/x.db", "nonsense"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(StoreError):
        open_store(address)


def test_a_password_is_not_told_with_an_error() -> None:
    with pytest.raises(StoreError) as refused:
        open_store("postgresql://user:secret@127.0.0.1:1/none")

    assert "secret" not in str(refused.value)


def test_the_command_upgrades_a_database_that_is_named(sqlite: str, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "api.cli", "db", "upgrade", "--url", sqlite]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert "tables of this version" in done.stdout
    with connected(sqlite) as engine:
        assert is_current(engine)
