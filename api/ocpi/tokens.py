"""Tokens that platforms show us: 256 random bits for them, the hash for us, with a tenant, a party and a use.

They fit the 64 letters of OCPI, which keys of the API do not, and open nothing but addresses of OCPI.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from api.store.port import NEW, Store, Unit
from api.store.records import SYSTEM, Kind, Place
from models.domain.value import value
from models.domain.wire import form_json, kept_form

SECRET_BYTES = 32
INVITED_FOR = timedelta(days=7)
"""So long a platform may register with the token that it was given for that."""


class Use(StrEnum):
    """What a token allows: its scope."""

    REGISTER = "register"
    """To see versions and to send credentials, once (CREDENTIALS_TOKEN_A)."""
    CALL = "call"
    """What a registered platform does (CREDENTIALS_TOKEN_B or C)."""


@value
class PartyToken:
    """What is kept of a token."""

    tenant: str
    party: str
    use: Use
    until: datetime | None = None
    """None: until it is replaced."""

    def works(self, now: datetime) -> bool:
        return self.until is None or now < self.until


def mint(unit: Unit, tenant: str, party: str, use: Use, now: datetime) -> tuple[str, str]:
    """A new token, which is told this once only, and its hash."""
    text = secrets.token_hex(SECRET_BYTES)
    until = now + INVITED_FOR if use is Use.REGISTER else None
    told = PartyToken(tenant=tenant, party=party, use=use, until=until)
    unit.write(_place(digest(text)), form_json(PartyToken, told), expected=NEW)
    return text, digest(text)


def known(store: Store, text: str, now: datetime) -> PartyToken | None:
    """Whose a token is that was shown; None where there is none, or it works no more. Raises StoreError."""
    found = store.look(_place(digest(text)))
    told = None if found is None else kept_form(PartyToken, found.body)
    return told if told is not None and told.works(now) else None


def revoke(unit: Unit, hashed: str) -> None:
    """From now on it does not work."""
    if hashed and unit.find(_place(hashed)) is not None:
        unit.remove(_place(hashed))


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _place(hashed: str) -> Place:
    return Place(tenant=SYSTEM, kind=Kind.OCPI_TOKEN, id=hashed)
