"""Settings out of files: a TOML file with any of them, and files with one value each, for secrets."""

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from models.domain.errors import ChargingError

PREFIX = "CHARGEWRIGHT_"
CONFIG = f"{PREFIX}CONFIG"
"""Names the TOML file."""
ONE_VALUE = "_FILE"
"""After the name of a variable: it names a file that has the value, as containers and systemd hand out secrets."""
NO_SETTINGS = {"CONFIG", "TRACEBACK", "DATA"}
"""Variables of the command that are no settings of the service ..."""
OTHERS = ("SECRET_", "VEN_", "OSCP_")
"""... and what those begin with that hold secrets of tenants and commands."""


class SettingsFile(PydanticBaseSettingsSource):
    """The file that ``CHARGEWRIGHT_CONFIG`` names; raises ChargingError for one that cannot be taken."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Asked for by the base class; all are read at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        path = os.environ.get(CONFIG)
        return {} if not path else self._told(path)

    def _told(self, path: str) -> dict[str, Any]:
        try:
            told = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise ChargingError(f"{CONFIG}: {path} cannot be read: {error.strerror or error}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ChargingError(f"{CONFIG}: {path} is no TOML: {error}") from error
        for name in told:
            if name not in self.settings_cls.model_fields:
                raise ChargingError(f"{path}: there is no setting {name}; {_meant(name, self.settings_cls)}")
        return told


class OneValueFiles(PydanticBaseSettingsSource):
    """Files with one value: ``CHARGEWRIGHT_DATABASE_URL_FILE=/run/secrets/database_url``."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The text of a file, without white space around it."""
        variable = f"{PREFIX}{field_name.upper()}{ONE_VALUE}"
        path = os.environ.get(variable)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise ChargingError(f"{variable}: {path} cannot be read") from error

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: told for name, told in found.items() if told is not None}


def unknown_variables(settings_cls: type[BaseSettings]) -> list[str]:
    """What is set in the environment under our prefix and means nothing, each with what may have been meant."""
    known = {name.upper() for name in settings_cls.model_fields} | NO_SETTINGS
    told = []
    for variable in sorted(os.environ):
        name = variable.removeprefix(PREFIX)
        if not variable.startswith(PREFIX) or name.startswith(OTHERS):
            continue
        if name not in known and name.removesuffix(ONE_VALUE) not in known:
            told.append(f"{variable} is no setting and is left out; {_meant(name.lower(), settings_cls)}")
    return told


def _meant(name: str, settings_cls: type[BaseSettings]) -> str:
    close = get_close_matches(name, settings_cls.model_fields, n=1)
    return f"did you mean {close[0]}?" if close else "docs/configuration.md has all of them"
