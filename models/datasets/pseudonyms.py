"""Names for drivers that tell nothing of their tokens, made on the way in: a token itself is kept nowhere.

The numbers of RFID cards are short, so a plain hash of one can be undone by trying them all. Names are therefore keyed:
the same key gives a driver the same name in every import, and whoever deletes the key cuts the thread.
"""

import hashlib
import hmac
from collections.abc import Callable

Named = Callable[[str], str | None]
"""What a driver's token is called from here on; None where drivers are left out."""

KEY_BYTES = 32
_SHOWN = 12
"""Enough for no two drivers of a site to share a name. [hex digits]"""


def pseudonym(key: bytes, token: str) -> str | None:
    """The name of whoever holds a token; None where there is none. HMAC-SHA-256, RFC 2104."""
    told = token.strip()
    if not told:
        return None
    return "d-" + hmac.new(key, told.casefold().encode(), hashlib.sha256).hexdigest()[:_SHOWN]
