"""Which addresses of peers credentials may be sent to."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from models.domain.errors import EdgeError


def refuse_plain(url: str) -> None:
    """Raises EdgeError for what is neither https nor http on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise EdgeError(f"{url[:200]} is not https", peer=parts.netloc or url[:200], retryable=False)


def _is_loopback(host: str) -> bool:
    """A name other than localhost may resolve to anything."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
