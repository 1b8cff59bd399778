"""What is assumed for one session when it is planned."""

from collections.abc import Iterable

from api.sites.assembling import around
from api.sites.keeping import Desk
from api.sites.stays import Stay, session_of
from api.store.records import Kind
from models.domain.completion import complete
from models.domain.errors import ChargingError
from models.domain.findings import Assumption
from models.domain.scenario import Scenario

PREFIX = "sessions[0]."


def assumed(desk: Desk, stay: Stay) -> Iterable[Assumption]:
    """Of the session alone, under names of its own; nothing of one that has left."""
    if not stay.is_there:
        return ()
    tariff = desk.find(Kind.TARIFF)
    alone = Scenario(
        site=around(desk.get(Kind.SITE).value, stay.told.evse),
        sessions=(session_of(stay),),
        tariff=tariff.value if tariff else None,
    )
    try:
        told = complete(alone).assumptions
    except ChargingError:  # the site as a whole is judged when it changes; here is only told what is assumed
        return ()
    about = (one for one in told if one.what.startswith(PREFIX))
    return tuple(Assumption(what=one.what.removeprefix(PREFIX), value=one.value, source=one.source) for one in about)
