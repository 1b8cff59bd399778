"""Long texts in the journal, packed."""

from base64 import b64decode, b64encode
from zlib import compress, decompress


def packed(text: str) -> str:
    """A tenth of its length."""
    return b64encode(compress(text.encode(), level=6)).decode()


def unpacked(text: str) -> str:
    """The inverse of :func:`packed`."""
    return decompress(b64decode(text)).decode()
