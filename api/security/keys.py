"""API keys: 256 random bits for the caller, their hash for us, with a tenant, scopes and an end.

A key reads ``cw_ID_SECRET``. The id is public: lists, logs and the audit trail name it. Random bits need no slow hash.
"""

import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from pydantic import TypeAdapter

from api.store.port import NEW, Store, Unit
from api.store.records import SYSTEM, Document, Kind, Place
from models.domain.errors import NotFound
from models.domain.value import value
from models.domain.wire import kept_form

ID_BYTES, SECRET_BYTES = 6, 32
OVERLAP_H = 24.0
"""After a rotation, how long the old key goes on working. [h]"""
KEY = re.compile(rf"cw_([0-9a-f]{{{2 * ID_BYTES}}})_([0-9a-f]{{{2 * SECRET_BYTES}}})")
TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Scope(StrEnum):
    """What a key allows."""

    PLAN_READ = "plan:read"
    PLAN_WRITE = "plan:write"
    SIGNAL_WRITE = "signal:write"
    ADMIN = "admin"
    """Webhooks, modes, deletion, the audit trail."""
    PAGE_READ = "page:read"
    PAGE_CONTROL = "page:control"


@value
class ApiKey:
    """What is kept of a key."""

    id: str
    tenant: str
    scopes: tuple[Scope, ...]
    secret_sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    """None: it has no end of its own."""
    revoked_at: datetime | None = None
    label: str = ""
    """For people: whose it is."""

    def works(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create(
    unit: Unit, now: datetime, tenant: str, scopes: Collection[Scope], *, expires_at: datetime | None, label: str = ""
) -> tuple[ApiKey, str]:
    """A new key and its text, which is told this once only."""
    key_id, secret = secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES)
    key = ApiKey(
        id=key_id,
        tenant=tenant,
        scopes=tuple(sorted(set(scopes))),
        secret_sha256=_hash(secret),
        created_at=now,
        expires_at=expires_at,
        label=label,
    )
    unit.write(_place(key_id), _body(key), expected=NEW)
    return key, f"cw_{key_id}_{secret}"


def known(store: Store, text: str, now: datetime) -> ApiKey | None:
    """The key that a caller shows; None where there is none, or it works no more."""
    shown = KEY.fullmatch(text)
    if shown is None:
        return None
    found = store.look(_place(shown[1]))
    if found is None:
        return None
    key = _read(found)
    same = hmac.compare_digest(key.secret_sha256, _hash(shown[2]))
    return key if same and key.works(now) else None


def found_by_id(unit: Unit, key_id: str) -> ApiKey | None:
    """A key by its public id; None where there is none."""
    document = unit.find(_place(key_id))
    return None if document is None else _read(document)


def listed(unit: Unit) -> Sequence[ApiKey]:
    """All of them, those that work no more as well."""
    return [_read(document) for document in unit.everywhere(Kind.API_KEY)]


def revoke(unit: Unit, key_id: str, now: datetime) -> ApiKey:
    """From now on it does not work; raises NotFound."""
    key = replace(_found(unit, key_id), revoked_at=now)
    unit.write(_place(key_id), _body(key))
    return key


def rotate(unit: Unit, key_id: str, now: datetime, *, overlap_h: float = OVERLAP_H) -> tuple[ApiKey, str]:
    """A key in place of another one, which works a while longer; raises NotFound, also for one that works no more."""
    old = _found(unit, key_id)
    if not old.works(now):
        raise NotFound(f"key {key_id} works no more; create a new one")
    end = now + timedelta(hours=overlap_h)
    ends = replace(old, expires_at=end if old.expires_at is None else min(old.expires_at, end))
    unit.write(_place(key_id), _body(ends))
    lasts = None if old.expires_at is None else now + (old.expires_at - old.created_at)
    return create(unit, now, old.tenant, old.scopes, expires_at=lasts, label=old.label)


def _found(unit: Unit, key_id: str) -> ApiKey:
    document = unit.find(_place(key_id))
    if document is None:
        raise NotFound(f"there is no key {key_id}; chargewright keys list shows all")
    return _read(document)


def _place(key_id: str) -> Place:
    return Place(tenant=SYSTEM, kind=Kind.API_KEY, id=key_id)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


_ADAPTER = TypeAdapter(ApiKey)


def _body(key: ApiKey) -> str:
    return _ADAPTER.dump_json(key).decode()


def _read(document: Document) -> ApiKey:
    return kept_form(ApiKey, document.body)
