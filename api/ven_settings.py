"""What a utility gave its customer, as a JSON file: where the VTN is, who we are there, and how it is to be read."""

from pydantic import BaseModel, ConfigDict, ValidationError

from api.edges.openadr3.connection import Credentials
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import path_text
from models.domain.strict_json import read_json
from models.openadr.v3.channel import Channel, Profile, Version


class VenSettings(BaseModel):
    """One VEN at one VTN."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    base_url: str
    version: Version = Version.V3_1
    client_id: str = ""
    """Empty: the VTN is public and asked without a token."""
    client_secret: str = ""
    """Better in the environment, as CHARGEWRIGHT_VEN_SECRET."""
    token_url: str = ""
    scope: str = ""
    ca_file: str = ""
    source: str = ""
    """What its signals are called after; its address unless given."""
    programme: str = ""
    """Name of the programme; empty: the only one there is."""
    ven_name: str = "chargewright"
    targets: list[str] = []
    profile: Profile = Profile.NONE
    callback_url: str = ""
    """Where the VTN reaches our webhook."""
    price_units: str | None = None
    power_units: str | None = None
    change_sign: float | None = None
    offset_percent_sign: float | None = None
    safe_mode_events: list[str] = []

    def credentials(self, secret: str | None) -> Credentials:
        return Credentials(
            base_url=self.base_url,
            client_id=self.client_id,
            client_secret=secret or self.client_secret,
            token_url=self.token_url,
            scope=self.scope,
            ca_file=self.ca_file,
        )

    def channel(self) -> Channel:
        return Channel(
            source=self.source or self.base_url,
            version=self.version,
            profile=self.profile,
            ven_name=self.ven_name,
            price_units=self.price_units,
            power_units=self.power_units,
            change_sign=self.change_sign,
            offset_percent_sign=self.offset_percent_sign,
            safe_mode_events=tuple(self.safe_mode_events),
        )


def ven_settings(data: bytes) -> VenSettings:
    """Raises InvalidScenario with every finding; none of them repeats a value."""
    document = read_json(data)
    if document.findings:
        raise InvalidScenario(document.findings)
    try:
        return VenSettings.model_validate(document.tree)
    except ValidationError as unfit:
        raise InvalidScenario([_finding(error) for error in unfit.errors(include_input=False)]) from None


def _finding(error: object) -> Finding:
    assert isinstance(error, dict)
    where, message = path_text(tuple(error["loc"])), str(error["msg"])
    return Finding(path=where, message=message, remedy="see docs/demand-response.md, settings of a VEN")
