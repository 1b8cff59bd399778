"""Where messages go, and how far they got."""

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from models.domain.findings import Finding
from models.domain.value import value

SECRET_BYTES = 32
LEAST_SECRET_BYTES, MOST_SECRET_BYTES = 24, 64
"""As Standard Webhooks has it."""
PREFIX = "whsec_"
LONGEST_URL = 2000


class About(StrEnum):
    """Kinds of messages."""

    PLAN = "plan"
    """A plan was made."""
    COMMAND = "command"
    """A command is to be sent to a station: in the mode `control` only."""
    ALARM = "alarm"
    """Something that an operator has to look at."""


@value
class WebhookTold:
    """An address that wants to be told."""

    url: str
    about: tuple[About, ...] = (About.PLAN, About.COMMAND)
    sites: tuple[str, ...] = ()
    """None named: all of the tenant's."""
    secret: str | None = None
    """``whsec_`` and 24 to 64 bytes in base64. None: one is made, and told once."""


@value
class Webhook:
    """What is kept of it."""

    url: str
    about: tuple[About, ...]
    sites: tuple[str, ...] = ()
    secrets: tuple[str, ...]
    """The newest first; all sign, until the next one is told."""
    disabled: str = ""
    """Why it is told nothing any more."""


@value
class Delivery:
    """How far one webhook has been told of one site."""

    after: int
    """Sequence of the last line of the journal that arrived."""
    attempts: int = 0
    """That failed since."""
    due_at: datetime | None = None
    failure: str = ""


def new_secret(random_bytes: bytes) -> str:
    """A secret as it is written."""
    return PREFIX + b64encode(random_bytes).decode()


def unfit(told: WebhookTold) -> Iterator[Finding]:
    """What is wrong with an address or a secret, without repeating either."""
    try:
        parts = urlsplit(told.url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, sound = None, False
    if not sound or len(told.url) > LONGEST_URL or not told.url.isprintable():
        yield Finding(path="url", message="this is no address", remedy="write https://HOST/PATH")
    elif parts is not None and (parts.username is not None or parts.fragment):
        remedy = "leave them out: messages are signed with the secret instead"
        yield Finding(path="url", message="the address holds a name, a password or a fragment", remedy=remedy)
    if told.secret is not None and not LEAST_SECRET_BYTES <= _length(told.secret) <= MOST_SECRET_BYTES:
        remedy = f"write {PREFIX} and {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} random bytes in base64, or none"
        yield Finding(path="secret", message="the secret is too short, too long or no base64", remedy=remedy)


def _length(secret: str) -> int:
    if not re.fullmatch(rf"{PREFIX}[A-Za-z0-9+/]+=*", secret):
        return 0
    try:
        return len(b64decode(secret.removeprefix(PREFIX), validate=True))
    except Error:
        return 0
