"""One poll of a programme: its events into the feed; a VTN that fails leaves all that is known, and is told of."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from api.edges.openadr3.connection import MOST_SKEW
from api.edges.openadr3.ven import VenClient
from models.domain.errors import EdgeError
from models.domain.findings import Finding
from models.openadr.v3.contact import Contact
from models.openadr.v3.feed import Feed, Heard, polled
from models.openadr.v3.wire import Program


def poll(
    client: VenClient,
    feed: Feed,
    contact: Contact,
    program: Program,
    now: Callable[[], datetime],
    targets: Sequence[str] = (),
) -> tuple[Heard, Contact]:
    """What is new since the last poll; never raises for a VTN that fails."""
    asked_at = now()
    try:
        events = client.events(program.id, targets)
    except EdgeError as failure:
        return Heard(feed=feed), contact.failed(now(), str(failure))
    heard = polled(feed, events, asked_at, now(), program)
    late = tuple(filter(None, [_clock(client, contact.source)]))
    return replace(heard, findings=(*heard.findings, *late)), contact.heard(now())


def _clock(client: VenClient, source: str) -> Finding | None:
    """Two clocks that differ start an event at two times."""
    skew = client.connection.clock_skew
    if skew is None or abs(skew) <= MOST_SKEW:
        return None
    message = f"the clock of {source} is {skew.total_seconds():+.0f} s from ours"
    remedy = "let this machine follow a time server; where it does, tell the utility"
    return Finding(path="signals", message=message, remedy=remedy, ids=(source,))
