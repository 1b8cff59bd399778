"""From the address in the settings to a store that can be used."""

from sqlalchemy import Engine

from api.store.memory import MemoryStore
from api.store.migrating import is_current, upgrade
from api.store.port import Store
from api.store.sql import SqlStore, engine_for
from models.domain.errors import StoreError

MEMORY = "memory:"


def open_store(address: str) -> Store:
    """A store at an address: ``memory:``, ``sqlite:///FILE`` or ``postgresql://...``; raises StoreError.

    An embedded database gets the tables of this version by itself; one that others use gets them by
    ``chargewright db upgrade``, so that a new replica does not change them below the old ones.
    """
    if address == MEMORY:
        return MemoryStore()
    engine = engine_for(address)
    try:
        _prepare(engine)
    except StoreError:
        engine.dispose()
        raise
    return SqlStore(engine)


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        upgrade(engine)
    elif not is_current(engine):
        raise StoreError("the database has not the tables of this version; run chargewright db upgrade")
