"""One message to one address: signed, to the address that was looked at, without following anybody elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import httpx2
from standardwebhooks import Webhook as Signer

from api.webhooks.guard import Refused, Resolve, names, reachable

TIMEOUT_S = 10.0
Post = Callable[[str, Mapping[str, str], bytes], int]
"""URL, headers, body; the status. Raises EdgeError-like :class:`NotDelivered`."""


class NotDelivered(Exception):
    """It did not arrive, or nobody knows whether it did."""


def signed(secrets: Sequence[str], message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of a message; one signature for each secret that is valid."""
    signatures = " ".join(Signer(secret).sign(message_id, at, body) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures,
        "content-type": "application/json",
    }


class Poster:
    """Posts for real."""

    def __init__(self, allowed: Sequence[str], resolve: Resolve = names) -> None:
        self._allowed, self._resolve = tuple(allowed), resolve

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        try:
            address, port = reachable(url, self._allowed, self._resolve)
        except Refused as refused:
            raise NotDelivered(str(refused)) from None
        parts = urlsplit(url)
        host = f"[{address}]" if ":" in address else address
        target = parts._replace(netloc=f"{host}:{port}").geturl()
        own = {**headers, "host": parts.netloc}
        try:
            with httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
                request = client.build_request(
                    "POST", target, headers=own, content=body, extensions={"sni_hostname": parts.hostname or ""}
                )
                return int(client.send(request).status_code)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise NotDelivered(type(error).__name__) from error
