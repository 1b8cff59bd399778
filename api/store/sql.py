"""The store on SQLite, embedded, or on PostgreSQL, for several replicas."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from api.store.port import Done, Unit, Work
from api.store.records import Document, Place
from api.store.sql_unit import SqlUnit
from models.domain.errors import StoreError
from models.domain.times import instant

BUSY_TIMEOUT_S = 10
"""How long a process waits for another one that writes the same SQLite file."""
CONNECT_TIMEOUT_S = 5
SILENT_S = 15
"""A server that acknowledges nothing for so long is gone: a network that was cut closes no connection."""
KEPT_CONNECTIONS = 20
"""Those beyond are closed after use; at the five that are usual, every other request waited for a new one."""
WRITES_AT_ONCE = 4
"""On PostgreSQL, by one replica: while one waits for the disk or the network, others go on."""
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


class SqlStore:
    """A database whose tables are there already; see ``api.store.migrating``."""

    def __init__(self, engine: Engine) -> None:
        self._embedded = engine.dialect.name == "sqlite"
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._reading = engine if self._embedded else engine.execution_options(**_READ_ONLY)
        self._looking = engine if self._embedded else engine.execution_options(isolation_level="AUTOCOMMIT")
        self._one_writer = Lock() if self._embedded else nullcontext()
        driver: Any = engine.dialect.loaded_dbapi
        self._pipes = not self._embedded and driver.Pipeline.is_supported()
        self.writes_at_once = 1 if self._embedded else WRITES_AT_ONCE
        self._errors = (SQLAlchemyError, driver.Error)

    @contextmanager
    def begin(self, now: datetime) -> Iterator[Unit]:
        with self._one_writer, self._ours(), self._writing.begin() as connection:
            yield SqlUnit(connection, now)

    def together(self, works: Sequence[Work]) -> Sequence[Done]:
        if len(works) == 1:
            return [self._alone(works[0])]
        try:
            with self._one_writer, self._ours(), self._writing.begin() as connection, self._piped(connection):
                return [self._apart(connection, work) for work in works]
        except StoreError as error:
            return [Done(error=error) for _ in works]

    def _piped(self, connection: Connection) -> AbstractContextManager[Any]:
        """On PostgreSQL, with a libpq of 14 or newer, no statement waits for the answer to the one before."""
        driver: Any = connection.connection.driver_connection
        return driver.pipeline() if self._pipes else nullcontext()

    def _alone(self, work: Work) -> Done:
        try:
            with self.begin(work.now) as unit:
                answer = work.act(unit)
            return Done(answer)
        except Exception as error:
            return Done(error=error)

    def _apart(self, connection: Connection, work: Work) -> Done:
        """What it raises takes back what it did, and nothing of what others did before it in this transaction."""
        cursor: Any = connection.connection.cursor()
        cursor.execute("SAVEPOINT one")
        try:
            with self._ours():
                done = Done(work.act(SqlUnit(connection, work.now, together=self._pipes)))
        except Exception as error:
            cursor.execute("ROLLBACK TO SAVEPOINT one")
            done = Done(error=error)
        cursor.execute("RELEASE SAVEPOINT one")
        return done

    @contextmanager
    def view(self) -> Iterator[Unit]:
        with self._ours(), self._reading.begin() as connection:
            yield SqlUnit(connection, instant(0.0))

    def look(self, place: Place) -> Document | None:
        """In no transaction: to begin one and to end it would be most of what it takes."""
        with self._ours(), self._looking.connect() as connection:
            return SqlUnit(connection, instant(0.0)).find(place)

    def check(self) -> None:
        with self._ours(), self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _ours(self) -> Iterator[None]:
        """Errors of the database as errors of the store; the address, which may hold a password, is not told."""
        try:
            yield
        except self._errors as error:
            raise StoreError(f"the database failed ({type(error).__name__})") from error


def engine_for(address: str) -> Engine:
    """Connections to a database; none is made yet. Raises StoreError for an address that is none."""
    url = url_of(address)
    if url.get_backend_name() != "sqlite":
        within = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "keepalives_idle": SILENT_S,
            "keepalives_interval": CONNECT_TIMEOUT_S,
            "keepalives_count": 3,
            "tcp_user_timeout": 1000 * SILENT_S,
        }
        return create_engine(url, pool_pre_ping=True, pool_size=KEPT_CONNECTIONS, connect_args=within)
    engine = create_engine(url, pool_size=KEPT_CONNECTIONS, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def url_of(address: str) -> URL:
    """A database's address with the driver that is used here; raises StoreError for what is none."""
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise StoreError("the address of the database is none; write sqlite:///FILE or postgresql://...") from error
    backend = url.get_backend_name()
    if backend not in ("sqlite", *_DRIVERS):
        raise StoreError(f"{backend} is no database that is spoken here; write sqlite:///FILE or postgresql://...")
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


_READ_ONLY: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a power cut loses nothing that was acknowledged
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
