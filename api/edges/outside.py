"""A way out to peers that somebody else has named: their address is looked up once, looked at, and used.

What is private, link-local or a metadata service stays out of reach unless the operator lists it.
"""

import ssl
from collections.abc import Sequence

import httpx2

from api.webhooks.guard import Refused, Resolve, names, reachable


class Outside(httpx2.BaseTransport):
    """Connects to nothing inside; certificates are checked against the name, not the address."""

    def __init__(self, allowed: Sequence[str], verify: ssl.SSLContext | bool = True, resolve: Resolve = names) -> None:
        self._allowed, self._resolve, self._verify = tuple(allowed), resolve, verify
        self._way: httpx2.HTTPTransport | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            address, _ = reachable(str(request.url), self._allowed, self._resolve)
        except Refused as refused:
            raise httpx2.ConnectError(str(refused), request=request) from refused
        if self._way is None:  # reading all authorities takes longer than most messages, and many say nothing
            self._way = httpx2.HTTPTransport(verify=self._verify, trust_env=False)
        return self._way.handle_request(_to(request, address))

    def close(self) -> None:
        if self._way is not None:
            self._way.close()


def _to(request: httpx2.Request, address: str) -> httpx2.Request:
    """The same request to an address, under the name that it was made for."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
