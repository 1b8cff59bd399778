"""What an operator tells of a platform that speaks OCPI: who we are there, and which of its locations are our sites."""

from dataclasses import field

from models.domain.value import value


@value
class LocationServed:
    """A location of the platform that is a site of yours."""

    location: str
    """Its id, as the platform pushes it."""
    site: str
    evses: dict[str, str] = field(default_factory=dict)
    """EVSE of the site by the uid of OCPI, where neither uid nor evse_id is the EVSE's id."""
    steers: bool = False
    """Whether the platform is told the charging profiles of its sessions, in place of a CSMS; all EVSEs are named in
    ``evses`` then. Defaults cannot be told over OCPI: an EVSE without a session counts at its rating."""


@value
class OcpiParty:
    """A platform, as of a CPO. What it pushes of other locations than these is kept, and no site is planned with it."""

    country_code: str
    """Ours, in credentials. Two letters."""
    party_id: str
    """Ours. Three letters or digits."""
    name: str
    """Ours, for people."""
    locations: tuple[LocationServed, ...] = ()


@value
class Registration:
    """Where a platform is, and the token that it gave you for the first call; both empty: tokens are exchanged anew."""

    versions_url: str = ""
    token: str = ""
    """It is used once and not kept."""
