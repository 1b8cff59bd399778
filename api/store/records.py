"""The nouns of the store. Bodies are JSON as text: what they mean is known one floor above."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SYSTEM = ""
"""The tenant of what belongs to no tenant: API keys. No tenant can be called so."""


class Kind(StrEnum):
    """What a document or an entry of the journal is."""

    API_KEY = "api_key"
    VISIT = "visit"
    """Somebody who has signed in to the pages."""
    ANSWER = "answer"
    """What was answered to a request with an Idempotency-Key."""
    LATER = "later"
    """A plan that is asked for now and fetched later."""
    SITE = "site"
    TARIFF = "tariff"
    POLICY = "policy"
    """How the service treats a site."""
    PRICES = "prices"
    BASE_LOAD = "base_load"
    PV = "pv"
    SESSION = "session"
    PAST_SESSION = "past_session"
    SIGNAL = "signal"
    NODE_LIMIT = "node_limit"
    OVERRIDE = "override"
    """What an operator decided for one EVSE, for a time."""
    STATE = "state"
    """What is known of a site at this moment."""
    SECRET = "secret"
    """What a tenant's data are made unreadable with, and, encrypted, the passwords of its utilities."""
    WEBHOOK = "webhook"
    DELIVERY = "delivery"
    """How far a webhook has been told of a site."""
    MEASUREMENT = "measurement"
    METER = "meter"
    """What is known of the meter of a grid node."""
    PLAN = "plan"
    EXPLANATION = "explanation"
    """Why a plan is as it is; it comes after the plan was sent."""
    ACCOUNT = "account"
    """What is remembered of a plan for statements, for longer than the plan."""
    COMMAND = "command"
    ACKNOWLEDGEMENT = "acknowledgement"
    FOLLOWED = "followed"
    """From when on the station of a session has followed which plan."""
    EVENT = "event"
    ALARMS = "alarms"
    """Those that an operator of the site has now."""
    SHADOW = "shadow"
    """What would be installed at EVSEs whose plans are only watched."""
    AUDIT = "audit"
    CONNECTION = "connection"
    """What an operator told of a utility."""
    CONNECTION_STATE = "connection_state"
    CONNECTION_DUE = "connection_due"
    """When it is to be looked at next."""
    ASKED = "asked"
    """What a connection asks of a site."""
    ALARM = "alarm"
    """Something that an operator has to look at, raised or over."""
    OCPI_PARTY = "ocpi_party"
    """What an operator told of a platform that speaks OCPI."""
    OCPI_LINK = "ocpi_link"
    """How we and such a platform know each other."""
    OCPI_TOKEN = "ocpi_token"
    """Whose a token is that such a platform shows; its id is the hash of it."""
    OCPI_LOCATION = "ocpi_location"
    OCPI_SESSION = "ocpi_session"
    OCPI_TARIFF = "ocpi_tariff"
    """Objects as a platform pushed them."""
    OCPI_WAY = "ocpi_way"
    """Which EVSEs of a site are steered over OCPI, and by whom."""
    OCPI_STEERED = "ocpi_steered"
    """One session as its platform was told of it."""
    OCPI_ASKED = "ocpi_asked"
    """A request to a platform whose result is still to come; its id ends the response_url."""
    PROGRAMME = "programme"
    """Terms of a demand-response programme."""
    ROSTER = "roster"
    """Who takes part in a programme."""
    NOMINATIONS = "nominations"
    """kW that were nominated for a month, site by site."""
    CALL = "call"
    """An event that a programme called."""
    COMMITMENT = "commitment"
    """What a site committed to a call."""
    OPT_OUT = "opt_out"
    """Who stayed out of a call, and why."""
    CONFIRMED = "confirmed"
    """What stations had confirmed of an event, mark by mark."""
    CONFIRMATION = "confirmation"
    """A line of the journal for each of these."""
    JOB = "job"
    """When a site is to be planned next."""
    SAMPLE = "sample"
    """What the simulated cars of the sample site do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a document is. ``site`` is empty for what belongs to no site."""

    tenant: str
    kind: Kind
    site: str = ""
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The present version of something that changes."""

    place: Place
    revision: int
    """1 when it is new; it goes on rising when the document is removed and written again."""
    body: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a site's journal: a plan, a command, a measurement, something that somebody did."""

    tenant: str
    kind: Kind
    site: str
    sequence: int
    """Rises by one with each entry of the site, whatever its kind, in the order in which they were committed."""
    id: str
    body: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to plan a site for a while. Whoever takes it next has a higher epoch."""

    tenant: str
    site: str
    holder: str
    epoch: int
