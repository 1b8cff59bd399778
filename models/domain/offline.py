"""What an EVSE of a site does without contact, as it is recorded."""

from models.domain.installed import OfflineBehaviour
from models.domain.site import Evse, Site

UNCONTROLLED = frozenset({OfflineBehaviour.FULL, OfflineBehaviour.UNKNOWN})
"""Nothing that it was sent holds it: it counts at its rating."""


def offline_behaviour(evse: Evse, site: Site) -> OfflineBehaviour:
    """Its own record, else what the site says of all, else unknown."""
    of_all = None if site.fail_safe is None else site.fail_safe.offline
    return evse.offline or of_all or OfflineBehaviour.UNKNOWN


def is_uncontrolled(evse: Evse, site: Site) -> bool:
    """Whether no share and no plan holds it once it has lost contact."""
    return offline_behaviour(evse, site) in UNCONTROLLED
