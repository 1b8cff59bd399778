"""What an operator tells of a utility: where it is, who we are there, which sites it is about, what holds alone."""

from enum import StrEnum
from typing import Annotated, Literal

from models.domain.meanings import SignalRules
from models.domain.utility_signal import Flow
from models.domain.value import Tagged, value
from models.openadr.v3.channel import Profile, Version

LEAST_POLL_S, MOST_POLL_S = 5.0, 86400.0
SHORTEST_PATIENCE_S, LONGEST_PATIENCE_S = 30.0, 7 * 86400.0


@value
class Secret:
    """A password or a key: told once, or laid down by whoever runs the service. It is never shown again."""

    value: str | None = None
    """It is kept encrypted with ``CHARGEWRIGHT_SECRET_KEYS``."""
    name: str | None = None
    """Of a file in ``CHARGEWRIGHT_SECRETS_DIR/TENANT/``, or of ``CHARGEWRIGHT_SECRET_TENANT__NAME``."""
    kept: bool = False
    """As it was told before."""


@value
class SiteServed:
    """A site of yours, and what the utility's words mean there."""

    site: str
    rules: SignalRules = SignalRules()


class Without(StrEnum):
    """What holds while the utility is not heard from."""

    SCHEDULE = "schedule"
    """What it said goes on; then its subscription or safe mode."""
    HOLD = "hold"
    """That, and never more than its limit at the last contact."""
    LIMIT = "limit"
    """That, and never more than ``limit_kw``."""


@value
class LossOfContact:
    """When a utility counts as lost, and what holds then, at the least until it is heard from again."""

    after_s: float = 300.0
    """Without an answer. [s]"""
    then: Without = Without.SCHEDULE
    limit_kw: float | None = None
    """Of each site, with ``limit``. [kW at grid]"""


@value
class _Connected:
    """What all kinds have."""

    sites: tuple[SiteServed, ...]
    loss: LossOfContact = LossOfContact()
    may_opt_out: bool = False
    """Whether an operator may take no part in an event of it; else its events are binding."""
    paused: bool = False
    """It is neither asked nor heard; what it said goes on."""


@value
class OpenAdr3(_Connected):
    """A VTN of OpenADR 3, at which we are a VEN."""

    kind: Literal["openadr3"] = "openadr3"
    base_url: str
    version: Version = Version.V3_1
    client_id: str = ""
    """Empty: it is asked without a token."""
    client_secret: Secret | None = None
    token_url: str = ""
    """Empty: as the VTN says."""
    scope: str = ""
    ca_pem: str = ""
    """Of a private certificate authority."""
    programme: str = ""
    """Its name; empty: the only one there is."""
    ven_name: str = "chargewright"
    targets: tuple[str, ...] = ()
    profile: Profile = Profile.NONE
    poll_s: float = 60.0
    webhook: bool = False
    """Whether it shall tell us of changes, at ``CHARGEWRIGHT_PUBLIC_URL``; it is polled as well."""
    reports: bool = True
    """Whether what events ask for is reported."""
    price_units: str | None = None
    power_units: str | None = None
    change_sign: float | None = None
    offset_percent_sign: float | None = None
    safe_mode_events: tuple[str, ...] = ()


@value
class OpenAdr2b(_Connected):
    """A VTN of OpenADR 2.0b, which we poll."""

    kind: Literal["openadr2b"] = "openadr2b"
    url: str
    ven_name: str
    ven_id: str | None = None
    certificate: Secret | None = None
    """Ours, PEM."""
    key: Secret | None = None
    """Its private key, PEM."""
    ca_pem: str = ""
    poll_s: float = 10.0
    opts_in: bool = True
    """How events are answered that we could follow."""
    reports: bool = True
    power_in_kw: float | None = None
    """kW in a power that is told without a unit. None: such events are refused."""
    currency: str = ""
    """Of prices that are told without a unit, per kWh. Empty: such events are refused."""


@value
class Oscp(_Connected):
    """A capacity provider of OSCP 2.0, for which we are a flexibility provider."""

    kind: Literal["oscp"] = "oscp"
    groups: tuple[str, ...]
    """Ids of our groups; where they are at a site is in its rules."""
    token: Secret
    """With which the capacity provider comes; told to it out of band."""
    heartbeat_interval_s: int = 60
    """What we ask of it. [s]"""
    measurements_s: float = 900.0
    """How often we tell what a group has used. [s]"""
    voltage_v: float = 230.0
    """Line to neutral. [V]"""
    acknowledgment_path: str = "handshake_acknowledgment"


@value
class LimitHeartbeat(_Connected):
    """A box that writes a limit and has to be heard from: states and numbers of EEBUS LPC."""

    kind: Literal["limit_heartbeat"] = "limit_heartbeat"
    failsafe_kw: float
    """Holds from the start, and without a heartbeat. [kW at grid]"""
    failsafe_s: float = 7200.0
    """How long it is held at least. [s]"""
    let_off: bool = True
    """Whether time alone ends it, as in EEBUS."""
    flow: Flow = Flow.IMPORT


Connection = Annotated[OpenAdr3 | OpenAdr2b | Oscp | LimitHeartbeat, Tagged("kind")]
AnyConnection = OpenAdr3 | OpenAdr2b | Oscp | LimitHeartbeat
SECRETS = ("client_secret", "certificate", "key", "token")
"""Names of fields that hold one."""
