"""Which addresses messages may go to: what is private stays private, whatever a name resolves to."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
PORTS = {"http": 80, "https": 443}
_CARRIER_NAT = ip_network("100.64.0.0/10")
_TRANSLATED = ip_network("64:ff9b::/96")


class Refused(Exception):
    """An address that messages do not go to."""


def reachable(url: str, allowed: Sequence[str], resolve: Resolve) -> tuple[str, int]:
    """The address of the peer, resolved once: whoever connects uses it, so that the name cannot change in between.

    ``allowed``: hosts and networks that the operator lists although they are private. Raises Refused.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    try:
        found = [ip_address(text.partition("%")[0]) for text in resolve(host, port)]
    except (OSError, ValueError, UnicodeError) as error:
        raise Refused("its name does not resolve") from error
    if not found:
        raise Refused("its name does not resolve")
    for address in found:
        if not (_is_public(address) or _is_listed(host, address, allowed)):
            raise Refused("it is an address inside, which the operator has not listed")
    return str(found[0]), port


def names(host: str, port: int) -> list[str]:
    """What a name resolves to here."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_public(address: Address) -> bool:
    """Global, also where an IPv4 address is written inside an IPv6 one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
    shared = isinstance(address, IPv4Address) and address in _CARRIER_NAT
    return address.is_global and not address.is_multicast and not shared


def _is_listed(host: str, address: Address, allowed: Sequence[str]) -> bool:
    for entry in filter(None, (one.strip() for one in allowed)):
        if entry.lower() == host.lower():
            return True
        try:
            if address in ip_network(entry, strict=False):
                return True
        except ValueError:  # it is a name
            continue
    return False
