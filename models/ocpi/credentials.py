"""Versions, Endpoints and Credentials: how two platforms get to know each other (OCPI 2.2.1, sections 6 and 7)."""

from typing import Annotated

from pydantic import AfterValidator, Field

from models.ocpi.wire import OcpiObject

LONGEST_TOKEN = 64


def _token(told: str) -> str:
    if not told or len(told) > LONGEST_TOKEN or not all("!" <= letter <= "~" for letter in told):
        raise ValueError(f"a token is 1 to {LONGEST_TOKEN} printable letters of ASCII, no space among them")
    return told


TokenText = Annotated[str, AfterValidator(_token)]


class VersionInfo(OcpiObject):
    """One version that a platform speaks, and where it says what it offers."""

    version: str
    url: str


class Endpoint(OcpiObject):
    """Where a module is; ``role`` says which of its interfaces."""

    identifier: str
    role: str
    url: str


class VersionDetails(OcpiObject):
    version: str
    endpoints: tuple[Endpoint, ...]


class BusinessDetails(OcpiObject):
    name: str


class CredentialsRole(OcpiObject):
    """One party of a platform: as text, because 2.3.0 adds roles."""

    role: str
    business_details: BusinessDetails
    party_id: str = Field(min_length=3, max_length=3)
    country_code: str = Field(min_length=2, max_length=2)


class Credentials(OcpiObject):
    """With what a platform is called, and where it is."""

    token: TokenText
    url: str
    """Of its versions."""
    roles: tuple[CredentialsRole, ...] = Field(min_length=1)
