"""What is known of a connection: when it was heard from, what is wrong, and what each protocol has to remember."""

from dataclasses import field
from datetime import datetime
from typing import Any

from models.domain.guarded_limit import GuardedLimit
from models.domain.signal import Signal
from models.domain.utility_signal import UtilitySignal
from models.domain.value import value
from models.openadr.v3.contact import Contact
from models.openadr.v3.feed import Known
from models.oscp.provider import Provider


@value
class Alarm:
    """Something that an operator has to look at; it stays until it is over."""

    key: str
    message: str
    remedy: str
    since: datetime


@value
class ReportState:
    """What became of one report that a utility asked for."""

    attempts: int = 0
    """That failed."""
    due_at: datetime | None = None
    """When it is tried again."""
    report_id: str = ""
    """Of the utility, once it was accepted."""
    failure: str = ""


@value
class EventTold:
    """The last word of a utility on one event, as it was recorded."""

    digest: str
    """Of the message, so that a copy is known."""
    opts_in: bool = True
    reason: str = ""
    """Why it is refused or opted out of."""
    tree: dict[str, Any] | None = None
    """The event, where it asks for reports."""


@value
class VenState:
    """A VEN of OpenADR 3."""

    known: tuple[Known, ...] = ()
    program: dict[str, Any] | None = None
    """As it was read last."""
    ven_id: str = ""
    subscription_id: str = ""
    hook_sha256: str = ""
    """Of the bearer token with which the VTN comes."""


@value
class ReportRequest:
    """A telemetry report that a VTN of 2.0b has subscribed to."""

    id: str
    specifier: str
    r_ids: tuple[str, ...]
    every_s: float
    sent_at: datetime | None = None


@value
class Ven20bState:
    """A VEN of OpenADR 2.0b."""

    ven_id: str = ""
    registration_id: str = ""
    modifications: dict[str, int] = field(default_factory=dict)
    """By event."""
    synchronised_at: datetime | None = None
    """When all events were asked for last."""
    requests: tuple[ReportRequest, ...] = ()
    offered: tuple[str, ...] = ()
    """Specifiers of the reports that it was told of."""


@value
class OscpState:
    """A flexibility provider."""

    provider: Provider
    base_url: str = ""
    """Of the capacity provider; empty until it has registered."""
    heartbeat_interval_s: int | None = None
    """What it asks of us. [s]"""
    beat_at: datetime | None = None
    """When we did last."""
    measured_at: datetime | None = None
    refused: tuple[str, ...] = ()
    """Forecasts of which we told that they cannot be kept."""


@value
class State:
    contact: Contact
    due_at: datetime | None = None
    """When it is looked at next; None: at once."""
    skew_s: float | None = None
    """Of its clock against ours. [s]"""
    heard_at: datetime | None = None
    """When it said something new."""
    asked_at: datetime | None = None
    """When sites were told last what they are asked: the stretch that is told moves on with time."""
    signals: tuple[UtilitySignal, ...] = ()
    """All that it said and that still may count, the newest versions."""
    without: tuple[UtilitySignal, ...] = ()
    """What holds because it is not heard from."""
    alarms: tuple[Alarm, ...] = ()
    events: dict[str, EventTold] = field(default_factory=dict)
    reports: dict[str, ReportState] = field(default_factory=dict)
    opted_out: dict[str, str] = field(default_factory=dict)
    """Events that the operator takes no part in, with the reason."""
    openadr3: VenState = VenState()
    openadr2b: Ven20bState = Ven20bState()
    oscp: OscpState | None = None
    guard: GuardedLimit | None = None


@value
class AskedOfSite:
    """What one connection asks of one site, over a stretch of days."""

    signals: tuple[Signal, ...] = ()
    site_revision: int = 0
    """Of the site at which they were placed."""
