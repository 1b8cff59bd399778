"""One poll of a programme: its events into the feed; a VTN that fails leaves all that is known, and is told of."""

from collections.abc import Callable, Sequence
from datetime import datetime

from api.edges.openadr3.ven import VenClient
from models.domain.errors import EdgeError
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
    return polled(feed, events, asked_at, now(), program), contact.heard(now())
