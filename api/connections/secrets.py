"""Passwords of utilities: encrypted in the store, or laid down beside the service; never in an answer or a log.

A name leads only to what was laid down for the tenant that says it.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from api.connections.forms import SECRETS, AnyConnection, Secret
from api.settings import ServiceSettings
from api.store.port import Unit
from api.store.records import Kind, Place
from models.domain.errors import EdgeError
from models.domain.findings import Finding

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_NAME, LONGEST_SECRET = 63, 100_000


def new_key() -> str:
    """One for ``CHARGEWRIGHT_SECRET_KEYS``."""
    return Fernet.generate_key().decode()


class Secrets:
    """The secrets of one connection."""

    def __init__(self, settings: ServiceSettings, tenant: str, connection: str) -> None:
        self._settings, self._tenant, self._site = settings, tenant, f"connection/{connection}"

    def unfit(self, connection: AnyConnection, unit: Unit) -> Iterator[Finding]:
        """What is wrong with those that were told; none of it is repeated."""
        for field, told in _told(connection):
            given = [bool(told.value), bool(told.name), told.kept]
            if sum(given) != 1:
                yield Finding(path=field, message="it is no secret", remedy="write value, name, or kept, and only one")
            elif told.value is not None and len(told.value) > LONGEST_SECRET:
                yield Finding(path=field, message="the secret is too long", remedy=f"at most {LONGEST_SECRET}")
            elif told.value is not None and not self._settings.secret_keys.get_secret_value():
                remedy = (
                    "set CHARGEWRIGHT_SECRET_KEYS (chargewright keys encryption-key makes one), or lay it down by name"
                )
                yield Finding(path=field, message="the service has no key to keep secrets with", remedy=remedy)
            elif told.name is not None and self._laid_down(told.name) is None:
                yield Finding(path=f"{field}.name", message="no such secret is laid down for you", remedy=_WAYS)
            elif told.kept and unit.find(self._place(field)) is None:
                yield Finding(path=f"{field}.kept", message="none is kept", remedy="write its value, or a name")

    def take(self, connection: AnyConnection, unit: Unit) -> AnyConnection:
        """The connection with what was told taken out of it and kept; what is no longer told is forgotten."""
        told = dict(_told(connection))
        for field, secret in told.items():
            if secret.value is not None:
                self.keep(field, secret.value, unit)
        for field in SECRETS:
            if (field not in told or told[field].name is not None) and unit.find(self._place(field)) is not None:
                unit.remove(self._place(field))
        hidden: dict[str, Any] = {name: Secret(kept=True) for name, secret in told.items() if secret.value is not None}
        return replace(connection, **hidden)

    def keep(self, field: str, text: str, unit: Unit) -> None:
        """Encrypted; raises EdgeError where there is no key."""
        unit.write(self._place(field), self._box().encrypt(text.encode()).decode())

    def can_keep(self) -> bool:
        return bool(self._settings.secret_keys.get_secret_value())

    def get(self, field: str, secret: Secret | None, unit: Unit) -> str:
        """As it was told or laid down, empty where there is none; raises EdgeError where it cannot be read."""
        if secret is not None and secret.name is not None:
            text = self._laid_down(secret.name)
            if text is None:
                raise EdgeError(f"its {field} is not laid down any more", peer=self._site, retryable=False)
            return text
        found = unit.find(self._place(field))
        if found is None:
            return ""
        try:
            return self._box().decrypt(found.body.encode()).decode()
        except InvalidToken:
            message = f"its {field} was kept with another key: set CHARGEWRIGHT_SECRET_KEYS as before, or tell it anew"
            raise EdgeError(message, peer=self._site, retryable=False) from None

    def forget(self, unit: Unit) -> None:
        for document in unit.page(self._tenant, Kind.SECRET, self._site, limit=100):
            unit.remove(document.place)

    def _box(self) -> MultiFernet:
        """The first key encrypts, all of them decrypt."""
        try:
            keys = [
                Fernet(key.strip()) for key in self._settings.secret_keys.get_secret_value().split(",") if key.strip()
            ]
            return MultiFernet(keys)
        except ValueError:
            raise EdgeError("CHARGEWRIGHT_SECRET_KEYS holds no key", peer=self._site, retryable=False) from None

    def _laid_down(self, name: str) -> str | None:
        if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
            return None
        return self._in_a_file(name) or self._in_the_environment(name)

    def _in_a_file(self, name: str) -> str | None:
        if not self._settings.secrets_dir:
            return None
        try:
            return (Path(self._settings.secrets_dir) / self._tenant / name).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError):
            return None

    def _in_the_environment(self, name: str) -> str | None:
        """Names of tenants that could be taken for another one's have none there."""
        if not _NAME.fullmatch(self._tenant):
            return None
        words = f"{self._tenant}__{name}".replace("-", "_").upper()
        return os.environ.get(f"CHARGEWRIGHT_SECRET_{words}")

    def _place(self, field: str) -> Place:
        return Place(tenant=self._tenant, kind=Kind.SECRET, site=self._site, id=field)


def _told(connection: AnyConnection) -> Iterator[tuple[str, Secret]]:
    for field in SECRETS:
        secret = getattr(connection, field, None)
        if secret is not None:
            yield field, secret


_WAYS = "ask whoever runs the service for a file CHARGEWRIGHT_SECRETS_DIR/TENANT/NAME, or write its value"
