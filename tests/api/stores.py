"""Every store that there is, for tests that all of them have to pass."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from api.store.migrating import upgrade
from api.store.opening import open_store
from api.store.port import Store
from api.store.sql import SqlStore, engine_for, url_of

POSTGRES = os.environ.get("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/test")
NAMES = ("memory", "sqlite", "postgresql")


@contextmanager
def opened(name: str, folder: Path) -> Iterator[Store]:
    """A new store without content; skips where no PostgreSQL answers."""
    if name == "postgresql":
        with postgres_schema() as address:
            yield from _closing(_upgraded(address))
    else:
        address = "memory:" if name == "memory" else f"sqlite:///{folder / 'store.db'}"
        yield from _closing(open_store(address))


@contextmanager
def postgres_schema() -> Iterator[str]:
    """The address of a schema of its own, which is dropped at the end."""
    schema = f"cw_{uuid4().hex[:12]}"
    admin = create_engine(url_of(POSTGRES), connect_args={"connect_timeout": 2}, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    except SQLAlchemyError:
        pytest.skip("no PostgreSQL at DATABASE_URL or on this machine")
    try:
        yield url_of(POSTGRES).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        admin.dispose()


@contextmanager
def connected(address: str) -> Iterator[Engine]:
    """Connections below a store, closed at the end."""
    engine = engine_for(address)
    try:
        yield engine
    finally:
        engine.dispose()


def _upgraded(address: str) -> Store:
    engine = engine_for(address)
    upgrade(engine)
    return SqlStore(engine)


def _closing(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        store.close()
