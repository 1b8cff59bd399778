"""Bringing a database to the tables of this version, by alembic; scripts are in ``migrations``."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from models.domain.errors import StoreError


def upgrade(engine: Engine) -> None:
    """To the newest version; one that is there already is left as it is. Raises StoreError."""
    try:
        with engine.execution_options(writes=True).begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (SQLAlchemyError, CommandError) as error:
        raise StoreError(f"the database could not be upgraded: {type(error).__name__}") from error


def is_current(engine: Engine) -> bool:
    """Whether the database has the tables of this version. Raises StoreError."""
    try:
        with engine.connect() as connection:
            version = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        raise StoreError(f"the database failed ({type(error).__name__})") from error
    return version == ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("api.store") / "migrations"))
    return config
