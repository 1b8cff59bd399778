"""Where a VTN of OpenADR 2.0b is, and how it is known."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Vtn20b:
    """What a utility gives its customer: an address, names, and certificates for TLS with both sides known."""

    url: str
    ven_name: str
    ven_id: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    ca_file: str | None = None
    ca_pem: str = ""
    """The same, in place of a file."""
    sampling: timedelta = timedelta(seconds=60)
    allowed: tuple[str, ...] | None = None
    """Hosts and networks inside that it may be at. None: it is believed to be where its operator wants it."""
