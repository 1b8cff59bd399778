"""What is assumed for one session when it is planned."""

from collections.abc import Iterable

from api.sites.assembling import around
from api.sites.keeping import Desk
from api.sites.same import OfTheSame
from api.sites.stays import Stay, session_of
from api.store.records import Kind
from models.domain.completion import complete, complete_place
from models.domain.errors import ChargingError
from models.domain.findings import Assumption
from models.domain.scenario import Scenario
from models.domain.site import Site
from models.domain.tariff import Tariff

PREFIX = "sessions[0]."


def assumed(desk: Desk, stay: Stay) -> Iterable[Assumption]:
    """Of the session alone, under names of its own; nothing of one that has left."""
    if not stay.is_there:
        return ()
    tariff = desk.find(Kind.TARIFF)
    try:
        here, price = _place(stay.told.evse, desk.get(Kind.SITE).value, tariff.value if tariff else None)
        told = complete(Scenario(site=here, sessions=(session_of(stay),), tariff=price)).assumptions
    except ChargingError:  # the site as a whole is judged when it changes; here is only told what is assumed
        return ()
    about = (one for one in told if one.what.startswith(PREFIX))
    return tuple(Assumption(what=one.what.removeprefix(PREFIX), value=one.value, source=one.source) for one in about)


def _completed(evse: str, site: Site, tariff: Tariff | None) -> tuple[Site, Tariff | None]:
    return complete_place(around(evse, site), tariff)


_place = OfTheSame(_completed)
"""Half of what it took to say what is assumed of a session went to its site and its tariff, anew for each."""
