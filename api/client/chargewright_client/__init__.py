"""A client of chargewright's HTTP API, in one module that needs nothing of the service.

    from chargewright_client import Client

    with Client("http://127.0.0.1:8080", key="cw_...") as api:
        api.tell_session("yard", {"session": "7f3", "evse": "bay-1", "plugged_in_at": datetime.now(UTC)})
        for command in api.pull_commands("yard", wait=30)["commands"]:
            ...

Every operation of the OpenAPI document is a method of :class:`Client` under its ``operationId``. Bodies are JSON as
dicts, typed by ``TypedDict``; times in what you say are aware datetimes or text, times in what you are told are text
that ``datetime.fromisoformat`` reads. What is refused is raised:

    ChargewrightError
    ├── NotReached           no answer, also not to what could be said again
    ├── BadSignature         a webhook that does not come from who holds the secret
    ├── PlanFailed           a plan that was asked for later, and there is none
    └── Answered             the service said no: status, kind, detail, findings
        ├── Invalid          400, 413, 415, 422: what was said; ``findings`` have all that is wrong with it
        ├── NotAllowed       401, 403
        ├── NotFound         404
        ├── Conflicting      409: it does not go with what is there
        ├── Changed          412, 428: somebody else changed it since it was read
        ├── TooMany          429: after ``retry_after_s``
        └── ServiceFailed    5xx

A request that got no answer is sent again where that does no harm: reading, writing whatever is there, and every POST,
which carries an Idempotency-Key, so that it is done once however often it arrives.
"""

import hmac
import json
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import datetime
from hashlib import sha256
from random import uniform
from time import monotonic, sleep, time
from types import TracebackType
from typing import Any, Literal, NamedTuple, NotRequired, Required, Self, TypedDict, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx2

__version__ = "0.1.0"

Json = dict[str, Any]
"""A document whose fields are in docs/scenario.md and /openapi.json."""
When = datetime | str
"""An aware datetime, or RFC 3339 text."""
Version = Literal["1.6", "2.0.1", "2.1"]
Direction = Literal["reduce", "turn_up"]
Purpose = Literal["tx_profile", "tx_default", "station_max", "remote_start"]
Mode = Literal["observe", "advise", "control", "handed_back"]
Preference = Literal["fast", "cheap", "green", "regular"]
Outcome = Literal["sent", "accepted", "rejected", "not_supported", "call_error", "timed_out", "measured"]

ANY = "*"
"""As ``match``: write it, whatever is there or is not."""
NEW = ""
"""As ``match``: write it where nothing is; else :class:`Changed` is raised."""
TIMEOUT_S = 10.0
PLAN_TIMEOUT_S = 75.0
"""For what waits for a solver: its deadline is 60 s unless the service says otherwise. [s]"""
SIGNED_WITHIN_S = 300.0
"""A webhook that was signed longer ago, or so far ahead, is refused: somebody recorded it. [s]"""
_AGAIN = {429, 502, 503, 504}
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0


# What you say


class Vehicle(TypedDict, total=False):
    id: Required[str]
    max_charge_kw: float | None
    max_current_a: float | None
    phases: int | None
    battery_capacity_kwh: float | None
    charge_efficiency: float | None
    max_discharge_kw: float | None
    discharge_efficiency: float | None
    wear_price_per_kwh: float
    taper: list[Json]


class SessionTold(TypedDict, total=False):
    """A vehicle that has plugged in; three fields are enough."""

    session: Required[str]
    evse: Required[str]
    plugged_in_at: Required[When]
    connector: int | None
    departure: When | None
    energy_target_kwh: float | None
    energy_minimum_kwh: float
    soc: float | None
    soc_target: float | None
    soc_minimum: float | None
    tier: str | None
    driver: str | None
    driver_group: str | None
    vehicle: Vehicle | None
    transaction_id: str | None
    allows_discharge: bool
    accepts_less: bool
    charging_preference: Preference | None
    retail_price_per_kwh: float | None
    time_price_per_h: float | list[Json] | None
    register_kwh: float | None
    revision: int | None


class NeedsTold(TypedDict, total=False):
    """What a driver wants now; what is not told stays as it was."""

    departure: When | None
    energy_target_kwh: float | None
    energy_minimum_kwh: float | None
    soc: float | None
    soc_target: float | None
    soc_minimum: float | None
    allows_discharge: bool | None
    accepts_less: bool | None
    charging_preference: Preference | None
    transaction_id: str | None
    revision: int | None


class Unplugged(TypedDict, total=False):
    unplugged_at: When | None
    register_kwh: float | None


class Measurement(TypedDict, total=False):
    """What a meter showed: of one session, one EVSE or one node."""

    at: Required[When]
    session: str | None
    evse: str | None
    node: str | None
    power_kw: float | None
    register_kwh: float | None
    current_a: float | None
    soc: float | None


class NodeLimit(TypedDict, total=False):
    """In kW or in A, from a start to an end, and the value after it."""

    import_limit_kw: float | None
    current_limit_a: float | None
    start: When | None
    end: When | None
    afterwards: float | None


class EvseSet(TypedDict):
    id: str
    evses: list[str]
    mode: Mode


class Canary(TypedDict, total=False):
    share: Required[float]
    rest: Mode


class SitePolicy(TypedDict, total=False):
    mode: Mode
    sets: list[EvseSet]
    canary: Canary | None
    ocpp: Version
    replan_minutes: float
    prices_by: str


class Boost(TypedDict, total=False):
    """Empty: as soon as EVSE and car can."""

    ready_by: When | None
    energy_kwh: float | None


class Acknowledgement(TypedDict, total=False):
    command: Required[str]
    outcome: Required[Outcome]
    reason: str
    at: When | None


class WebhookTold(TypedDict, total=False):
    url: Required[str]
    about: list[Literal["plan", "command", "alarm"]]
    sites: list[str]
    secret: str | None


# What you are told


class Assumed(TypedDict):
    what: str
    value: str
    source: str


class SessionDocument(TypedDict):
    session: str
    site: str
    evse: str
    plugged_in_at: str
    unplugged_at: str | None
    departure: str | None
    energy_target_kwh: float | None
    delivered_kwh: float
    power_kw: float | None
    soc: float | None
    measured_at: str | None
    boosted: bool
    opted_out: bool
    revision: int
    assumptions: list[Assumed]


class Listed(TypedDict):
    id: str
    revision: int


class Page(TypedDict):
    items: list[Listed]
    next: str | None


class Command(TypedDict):
    """One OCPP message to one station; send it once all of ``after`` are accepted."""

    id: str
    cursor: int
    station: str
    ocpp: Version
    action: str
    payload: Json
    evse: str | None
    session: str | None
    after: list[str]
    advice: bool
    created_at: str


class Commands(TypedDict):
    commands: list[Command]


class Applied(TypedDict):
    applied: int
    ignored: int


class Heard(TypedDict):
    events: list[str]
    defects: list[str]
    commands: list[Command]
    answer: Json | None


class NotSent(TypedDict):
    session_id: str
    reason: str


class PlanMade(TypedDict):
    site: str
    plan: str | None
    made_at: str
    method: str | None
    passed_audit: bool | None
    digest: str
    epoch: int
    sessions: int
    cost: float | None
    currency: str | None
    uncontrolled_cost: float | None
    commands: int
    not_sent: list[NotSent]
    error: str | None


class PlanPage(TypedDict):
    items: list[PlanMade]
    next: str | None


class Why(TypedDict):
    code: str
    cause: str
    start: str
    end: str
    kwh_less: float
    message: str


class Hold(TypedDict):
    start: str
    end: str
    low_kw: float
    high_kw: float
    by: str
    causes: list[str]
    worth: float
    message: str


class Setpoint(TypedDict):
    start: str
    end: str
    charge_power_kw: float
    offered_power_kw: float
    discharge_power_kw: float | None


class PlannedSession(TypedDict):
    session_id: str
    evse_id: str
    tier: str | None
    arrival: str
    departure: str
    energy_remaining_kwh: float
    energy_kwh: float
    energy_expected_kwh: float | None
    energy_given_back_kwh: float
    energy_after_horizon_kwh: float
    target_shortfall_kwh: float
    minimum_shortfall_kwh: float
    finish_time: str | None
    energy_cost: float
    setpoints: list[Setpoint]
    energy_in_battery: list[Json]
    why: list[Why]
    held: list[Hold]


class Audit(TypedDict):
    passed: bool
    verdict: str
    breaks: list[Json]
    figures: dict[str, float | None]


class OcppMessages(TypedDict):
    version: str
    as_of: str
    messages: list[Json]
    not_sent: list[NotSent]
    withheld: list[NotSent]


class Comparison(TypedDict):
    cost: float
    uncontrolled_cost: float
    peak_kw: float
    uncontrolled_peak_kw: float
    energy_kwh: float
    energy_remaining_kwh: float
    shortfall_kwh: float
    uncontrolled_import_kw: list[float]
    uncontrolled_excess_kw: float


class Plan(TypedDict):
    """docs/api.md has a table of what each field is."""

    name: str
    site_id: str
    time_zone: str
    currency: str
    method: str
    candidates: list[Json]
    stale_since: str | None
    start: str
    end: str
    instants: list[str]
    comparison: Comparison
    sessions: list[PlannedSession]
    nodes: list[Json]
    pv: list[Json]
    storage: list[Json]
    groups: list[Json]
    events: list[Json]
    dispatch: list[Json]
    costs: list[Json]
    peaks: list[Json]
    contracts: list[Json]
    ledger: list[Json]
    limitations: list[Json]
    alarms: list[Json]
    assumptions: list[Json]
    audit: Audit
    fail_safe_kw: dict[str, float]
    fail_safe: Json | None
    ocpp: OcppMessages | None
    statistics: Json


class Later(TypedDict):
    """A plan that was asked for, and is not there: ``pending``, or ``failed`` for the reason in ``detail``."""

    id: str
    state: Literal["pending", "failed"]
    detail: str


class Explained(TypedDict):
    session: str
    evse: str
    target_shortfall_kwh: float
    minimum_shortfall_kwh: float
    why: list[Why]
    held: list[Hold]


class Explanations(TypedDict):
    plan: str
    sessions: list[Explained]


class BillLine(TypedDict):
    component: str
    label: str
    quantity: float
    unit: str
    price: float | None
    amount: float


class BillDocument(TypedDict):
    energy: list[BillLine]
    peaks: list[BillLine]
    energy_amount: float
    amount: float


class EventIncome(TypedDict):
    event: str
    payment: float
    penalty: float
    income: float


class NotServedLine(TypedDict):
    session: str
    evse: str
    left_at: str
    energy_kwh: float


class StatedPlan(TypedDict):
    plan: str
    method: str
    mode: str
    start: str
    end: str
    import_kwh: float
    export_kwh: float
    energy_amount: float
    event_income: float


class StatementDocument(TypedDict):
    site: str
    period: str
    time_zone: str
    start: str
    end: str
    is_over: bool
    hours: float
    covered_hours: float
    currency: str
    energy_kwh: float
    energy_not_served_kwh: float
    not_served: list[NotServedLine]
    bill: BillDocument
    events: list[EventIncome]
    event_income: float
    cost: float
    uncontrolled: BillDocument
    saved: float
    methods: dict[str, int]
    plans: list[StatedPlan]


class MeterLine(TypedDict):
    node: str
    at: str
    total_kw: float
    cars_kw: float | None
    base_kw: float | None
    highest_kw: float
    flaw: str | None


class Meters(TypedDict):
    meters: list[MeterLine]


class SiteAlarm(TypedDict):
    code: str
    about: str
    since: str
    message: str


class Alarms(TypedDict):
    alarms: list[SiteAlarm]


class EvseReport(TypedDict):
    evse: str
    mode: str
    commands: int
    would_have_been_sent: int


class DailyReport(TypedDict):
    site: str
    day: str
    mode: str
    controlled_share: float
    evses: list[EvseReport]
    to_stations: int
    currency: str
    saved: float
    cost: float
    uncontrolled_cost: float
    energy_kwh: float
    missed_kwh: float
    missed: list[NotServedLine]
    measured_kwh: float
    measured_missed_kwh: float
    plans: int
    methods: dict[str, int]


class BoostOffer(TypedDict):
    ready_by: str | None
    costs: float
    currency: str


class Outlook(TypedDict):
    session: str
    site: str
    departure: str
    energy_kwh: float
    target_shortfall_kwh: float
    ready_by_p50: str | None
    ready_by_p90: str | None
    why: list[Why]
    boost: BoostOffer


class HeldBack(TypedDict):
    start: str
    end: str
    power_kw: float
    could_kw: float
    reason: str
    causes: list[str]
    suspended: bool
    measured: bool
    kwh_less: float


class SessionLedger(TypedDict):
    """For whoever bills parking, idle time or a blocked connector."""

    session: str
    site: str
    until: str
    limited_h: float
    suspended_h: float
    kwh_less: float
    lines: list[HeldBack]


class Profiles(TypedDict):
    ocpp: str
    requests: list[Json]


class AuditLine(TypedDict):
    sequence: int
    at: str
    who: str
    what: str
    more: Json


class AuditPage(TypedDict):
    items: list[AuditLine]
    next: int | None


class Flexibility(TypedDict):
    direction: Direction
    start: str
    end: str
    currency: str
    baseline_kw: list[float]
    points: list[Json]


class Webhook(TypedDict):
    id: str
    url: str
    about: list[str]
    sites: list[str]
    disabled: str
    secret: str | None
    progress: list[Json]


class Webhooks(TypedDict):
    items: list[Webhook]
    next: str | None


class Finding(TypedDict):
    """One thing that is wrong: where, what, and the way out."""

    path: str
    message: str
    remedy: str
    ids: NotRequired[list[str]]


class Kept(NamedTuple):
    """A document as it is kept; say ``etag`` as ``match`` to replace or remove just this revision of it."""

    document: Json
    etag: str


class Event(NamedTuple):
    """One of the stream of a site; say ``id`` as ``after`` to go on from here."""

    id: int
    kind: str
    """``event`` (a plan), ``command``, ``acknowledgement``."""
    data: Json


class WebhookMessage(NamedTuple):
    """What a webhook was told; the same ``id`` twice is the same message twice."""

    id: str
    type: str
    """``plan.made`` or ``command.issued``."""
    site: str
    data: Json


# What can go wrong


class ChargewrightError(Exception):
    """Everything that this module raises, but for misuse."""


class NotReached(ChargewrightError):
    """Nobody answered: what was said may have arrived, where it is not known to be done once."""


class BadSignature(ChargewrightError):
    """A message that is not from the holder of the secret, is too old, or was changed on its way."""


class PlanFailed(ChargewrightError):
    """There will be no plan of those that were asked for later."""


class Answered(ChargewrightError):
    """The service refused, with a problem (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.status = status
        self.kind = str(problem.get("type", "")).rpartition(":")[2]
        """As in docs/api.md, ``invalid-scenario`` for one."""
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.findings: list[Finding] = list(problem.get("findings", ()))
        self.request_id = headers.get("x-request-id", "")
        """Under which it is in the log of the service."""
        self.retry_after_s = _seconds(headers.get("retry-after"))
        lines = [f"{one['path'] or 'the body'}: {one['message']}; {one['remedy']}" for one in self.findings]
        super().__init__("\n".join([f"{status} {self.kind}: {self.detail}", *lines]))


class Invalid(Answered):
    """What was said cannot be meant; ``findings`` have all that is wrong with it at once."""


class NotAllowed(Answered):
    """The key is missing, works no more, or lacks a scope."""


class NotFound(Answered):
    """Nothing of this id is among what is yours."""


class Conflicting(Answered):
    """It does not go with what is there."""


class Changed(Answered):
    """It has changed since it was read, or is there already."""


class TooMany(Answered):
    """More requests than the service allows."""


class ServiceFailed(Answered):
    """An error of the service."""


_OF_STATUS: Mapping[int, type[Answered]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflicting,
    412: Changed,
    428: Changed,
    429: TooMany,
}
_Form = TypeVar("_Form")


class _Said(NamedTuple):
    """A request, whether it may arrive twice, and how long it may take."""

    method: str
    path: str
    query: Mapping[str, Any]
    content: bytes | None
    headers: Mapping[str, str]
    twice: bool
    timeout_s: float


class Client:
    """One service, in the name of one key. It keeps connections open: close it, or use it as a context."""

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        tries: int = 5,
        http: httpx2.Client | None = None,
        sleep: Callable[[float], None] = sleep,
    ) -> None:
        """``key`` None: for a service that was started with ``--insecure``. ``timeout_s``: until an answer begins.

        ``tries``: how often a request is sent at most. ``http``: a client of your own, as for proxies, certificates
        and tests; it has the base address, and stays open.
        """
        self._http = http or httpx2.Client(base_url=base_url, follow_redirects=False)
        self._closes = http is None
        self._headers = {"User-Agent": f"chargewright-client/{__version__}"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._timeout_s, self._tries, self._sleep = timeout_s, tries, sleep
        self._key: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of connections."""
        if self._closes:
            self._http.close()

    def once(self, key: str) -> Self:
        """The same client whose next POST has this Idempotency-Key: for a queue of your own that outlives a process."""
        other = copy(self)
        other._key, other._closes = key, False
        return other

    # Plans of a scenario; nothing is kept

    def create_plan(
        self,
        scenario: Json,
        *,
        ocpp: Version | None = None,
        ocpp_purpose: Purpose | None = None,
        ocpp_bundle: bool | None = None,
        ocpp_minutes: float | None = None,
        deadline_s: float | None = None,
    ) -> Plan:
        """A whole scenario in, a whole plan out."""
        query = _query(
            ocpp=ocpp,
            ocpp_purpose=ocpp_purpose,
            ocpp_bundle=ocpp_bundle,
            ocpp_minutes=ocpp_minutes,
            deadline_s=deadline_s,
        )
        return self._ask(Plan, "/v1/plans", scenario, **query)

    def create_plan_later(self, scenario: Json, **options: Any) -> Later:
        """The same, answered at once; options as of :meth:`create_plan`."""
        return self._post(Later, "/v1/plans", scenario, headers={"Prefer": "respond-async"}, **_query(**options))

    def get_plan_asked_for(self, id: str) -> Plan | Later:
        """A plan that was asked for later, where it is there."""
        found: Plan | Later = self._read(_path("plans", id)).json()
        return found

    def wait_for_plan(self, asked: Later, *, within_s: float = PLAN_TIMEOUT_S, every_s: float = 0.5) -> Plan:
        """The plan once it is there; raises PlanFailed, NotReached after ``within_s``."""
        end = monotonic() + within_s
        while True:
            found: Any = self.get_plan_asked_for(asked["id"])
            if "state" not in found:
                plan: Plan = found
                return plan
            if found["state"] == "failed":
                raise PlanFailed(found["detail"])
            if monotonic() >= end:
                raise NotReached(f"plan {asked['id']} is not there after {within_s:g} s")
            self._sleep(every_s)

    def create_orders(self, asked: Json) -> Json:
        """Which messages bring stations from one plan to the next, in which order."""
        return self._ask(Json, "/v1/orders", asked)

    def create_worth(self, scenario: Json) -> Json:
        """What each part of a site earns."""
        return self._ask(Json, "/v1/worth", scenario)

    def create_flexibility(
        self, scenario: Json, start: When, minutes: float, direction: Direction = "reduce"
    ) -> Flexibility:
        """How many kW can be shed or taken up throughout a window, at what cost."""
        return self._ask(
            Flexibility, "/v1/flexibility", scenario, **_query(start=start, minutes=minutes, direction=direction)
        )

    def create_event_answer(self, scenario: Json, event: str) -> Json:
        """Whether to take part in an event of the scenario."""
        return self._ask(Json, "/v1/event", scenario, **_query(event=event))

    def create_cure(self, scenario: Json) -> Json:
        """What conflicts, and the least change after which every target is met."""
        return self._ask(Json, "/v1/cure", scenario)

    def fold_signals(self, asked: Json, start: When, *, hours: float = 24.0, site: str = "") -> Json:
        """What holds when of any history of signals."""
        return self._ask(Json, "/v1/signals/fold", asked, **_query(start=start, hours=hours, site=site))

    # Sites, and what is expected there

    def list_sites(self, *, after: str = "", limit: int = 100) -> Page:
        """Your sites, by id; :func:`every` goes through all pages."""
        return self._get(Page, "/v1/sites", **_query(after=after, limit=limit))

    def put_site(self, site: str, told: Json, match: str = ANY) -> Kept:
        """What stands there."""
        return self._put(_path("sites", site), told, match)

    def get_site(self, site: str) -> Kept:
        return self._kept(_path("sites", site))

    def delete_site(self, site: str, match: str = ANY) -> None:
        """With everything that is kept of it but its journal."""
        self._delete(_path("sites", site), match)

    def put_policy(self, site: str, told: SitePolicy, match: str = ANY) -> Kept:
        """The mode, the version of OCPP, and how often it is planned."""
        return self._put(_path("sites", site, "policy"), told, match)

    def get_policy(self, site: str) -> Kept:
        return self._kept(_path("sites", site, "policy"))

    def delete_policy(self, site: str, match: str = ANY) -> None:
        self._delete(_path("sites", site, "policy"), match)

    def put_tariff(self, site: str, told: Json, match: str = ANY) -> Kept:
        return self._put(_path("sites", site, "tariff"), told, match)

    def get_tariff(self, site: str) -> Kept:
        return self._kept(_path("sites", site, "tariff"))

    def delete_tariff(self, site: str, match: str = ANY) -> None:
        self._delete(_path("sites", site, "tariff"), match)

    def put_prices(self, site: str, told: Json, match: str = ANY) -> Kept:
        """Published prices in place of those of the tariff."""
        return self._put(_path("sites", site, "forecasts", "prices"), told, match)

    def get_prices(self, site: str) -> Kept:
        return self._kept(_path("sites", site, "forecasts", "prices"))

    def delete_prices(self, site: str, match: str = ANY) -> None:
        self._delete(_path("sites", site, "forecasts", "prices"), match)

    def put_base_load(self, site: str, node: str, told: Json, match: str = ANY) -> Kept:
        """The load at a node that nobody here controls."""
        return self._put(_path("sites", site, "forecasts", "base-loads", node), told, match)

    def get_base_load(self, site: str, node: str) -> Kept:
        return self._kept(_path("sites", site, "forecasts", "base-loads", node))

    def delete_base_load(self, site: str, node: str, match: str = ANY) -> None:
        self._delete(_path("sites", site, "forecasts", "base-loads", node), match)

    def put_pv(self, site: str, plant: str, told: Json, match: str = ANY) -> Kept:
        return self._put(_path("sites", site, "forecasts", "pv", plant), told, match)

    def get_pv(self, site: str, plant: str) -> Kept:
        return self._kept(_path("sites", site, "forecasts", "pv", plant))

    def delete_pv(self, site: str, plant: str, match: str = ANY) -> None:
        self._delete(_path("sites", site, "forecasts", "pv", plant), match)

    def put_node_limit(self, site: str, node: str, told: NodeLimit, match: str = ANY) -> Kept:
        """A limit of a building or an energy system, for a time; it never raises what the site allows."""
        return self._put(_path("sites", site, "nodes", node, "limit"), told, match)

    def get_node_limit(self, site: str, node: str) -> Kept:
        return self._kept(_path("sites", site, "nodes", node, "limit"))

    def delete_node_limit(self, site: str, node: str, match: str = ANY) -> None:
        self._delete(_path("sites", site, "nodes", node, "limit"), match)

    def put_signal(self, site: str, signal: str, told: Json, match: str = ANY) -> Kept:
        """What a utility asks."""
        return self._put(_path("sites", site, "signals", signal), told, match)

    def get_signal(self, site: str, signal: str) -> Kept:
        return self._kept(_path("sites", site, "signals", signal))

    def delete_signal(self, site: str, signal: str, match: str = ANY) -> None:
        self._delete(_path("sites", site, "signals", signal), match)

    # Sessions

    def tell_session(self, site: str, told: SessionTold) -> SessionDocument:
        """A vehicle has plugged in; the answer lists what is assumed for what was not said."""
        return self._post(SessionDocument, _path("sites", site, "sessions"), told)

    def list_sessions(self, site: str, *, past: bool = False, after: str = "", limit: int = 100) -> Page:
        return self._get(Page, _path("sites", site, "sessions"), **_query(past=past, after=after, limit=limit))

    def get_session(self, site: str, session: str) -> SessionDocument:
        return self._get(SessionDocument, _path("sites", site, "sessions", session))

    def tell_needs(self, site: str, session: str, told: NeedsTold) -> SessionDocument:
        return self._post(SessionDocument, _path("sites", site, "sessions", session, "needs"), told)

    def tell_unplugged(self, site: str, session: str, told: Unplugged | None = None) -> SessionDocument:
        return self._post(SessionDocument, _path("sites", site, "sessions", session, "unplug"), told or {})

    def tell_measurements(self, site: str, measurements: Sequence[Measurement]) -> int:
        """At most a thousand, in any order; how many sessions they were of."""
        counted = self._post(Json, _path("sites", site, "measurements"), {"measurements": list(measurements)})
        return int(counted["sessions"])

    # Plans of a site, and what becomes of them

    def make_plan(self, site: str) -> PlanMade:
        """Plan it now; it is planned by itself as well."""
        return self._post(PlanMade, _path("sites", site, "plan"), None, timeout_s=PLAN_TIMEOUT_S)

    def get_current_plan(self, site: str) -> Plan:
        return self._get(Plan, _path("sites", site, "plan"))

    def list_plans(self, site: str, *, after: str = "", limit: int = 100) -> PlanPage:
        """The newest first."""
        return self._get(PlanPage, _path("sites", site, "plans"), **_query(after=after, limit=limit))

    def get_plan(self, site: str, plan: str) -> Plan:
        return self._get(Plan, _path("sites", site, "plans", plan))

    def get_explanations(self, site: str, *, session: str | None = None) -> Explanations:
        """Why sessions get what they get."""
        return self._get(Explanations, _path("sites", site, "explanations"), **_query(session=session))

    def get_statement(
        self, site: str, month: str, *, format: Literal["json", "csv"] = "json"
    ) -> StatementDocument | str:
        """What the plans of a month, as ``2026-10``, came to; as CSV it is text."""
        query = _query(format=format)
        answer = self._sent(
            _Said("GET", _path("sites", site, "statements", month), query, None, {}, True, PLAN_TIMEOUT_S)
        )
        if format == "csv":
            return answer.text
        told: StatementDocument = answer.json()
        return told

    def get_daily_report(self, site: str, day: str) -> DailyReport:
        """Of a day, as ``2026-10-05``: what was sent or would have been, saved and missed."""
        return self._get(DailyReport, _path("sites", site, "reports", day))

    def list_meters(self, site: str) -> Meters:
        """What meters of nodes show, and which are not believed."""
        return self._get(Meters, _path("sites", site, "meters"))

    def forget_meter(self, site: str, node: str) -> None:
        """One that was taken away."""
        self._delete(_path("sites", site, "meters", node), ANY)

    def get_alarms(self, site: str) -> Alarms:
        """What has to be looked after now."""
        return self._get(Alarms, _path("sites", site, "alarms"))

    def pull_commands(self, site: str, *, after: int = 0, wait: float = 0.0) -> Commands:
        """What has no answer yet; waits up to ``wait`` seconds, 60 at most, for the first one."""
        query = _query(after=after, wait=wait)
        return self._get(Commands, _path("sites", site, "commands"), timeout_s=self._timeout_s + wait, **query)

    def acknowledge_commands(self, site: str, acknowledgements: Sequence[Acknowledgement]) -> Applied:
        """What became of commands."""
        return self._post(
            Applied, _path("sites", site, "commands", "ack"), {"acknowledgements": list(acknowledgements)}
        )

    def forward_message(
        self,
        site: str,
        version: Version,
        action: str,
        payload: Json,
        *,
        station: str,
        message_id: str = "",
        answer: bool = False,
    ) -> Heard:
        """A message of a station as it came, or with ``answer`` its answer to the command of this ``message_id``."""
        query = _query(station=station, message_id=message_id, answer=answer)
        return self._post(Heard, _path("sites", site, "ocpp", version, action), payload, **query)

    def tell_connection(self, site: str, station: str, connected: bool) -> Heard:
        """A station was lost, or is there again: then it is sent again what it had, and asked what it follows."""
        return self._post(Heard, _path("sites", site, "stations", station, "connection"), {"connected": connected})

    def take_over(self, site: str) -> int:
        """Have every station asked what it has, to record it; how many commands it takes."""
        return int(self._post(Json, _path("sites", site, "take-over"), None)["commands"])

    def list_foreign_profiles(self, site: str) -> list[Json]:
        """Profiles of others, as far as stations tell."""
        items: list[Json] = self._get(Json, _path("sites", site, "foreign-profiles"))["items"]
        return items

    def adopt_foreign_profiles(self, site: str) -> int:
        """Have them cleared; handing back restores those that were reported."""
        return int(self._post(Json, _path("sites", site, "foreign-profiles", "adopt"), None)["commands"])

    def hand_back(self, site: str, *, reason: str = "", evse: Sequence[str] = ()) -> int:
        """Clear our profiles and stop, of some EVSEs or of the site; how many commands it takes."""
        handed = self._post(Json, _path("sites", site, "hand-back"), None, **_query(reason=reason, evse=list(evse)))
        return int(handed["clears"])

    def get_profiles(self, site: str, evse: str, *, ocpp: Version = "2.0.1") -> Profiles:
        """The current plan as requests to the station of one EVSE."""
        return self._get(Profiles, _path("sites", site, "evses", evse, "profiles"), **_query(ocpp=ocpp))

    def get_site_flexibility(
        self, site: str, start: When, minutes: float, direction: Direction = "reduce"
    ) -> Flexibility:
        """As :meth:`create_flexibility`, of the site as it is."""
        query = _query(start=start, minutes=minutes, direction=direction)
        return self._get(Flexibility, _path("sites", site, "flexibility"), timeout_s=PLAN_TIMEOUT_S, **query)

    def get_audit_trail(self, site: str, *, after: int = 0, limit: int = 100) -> AuditPage:
        """Who did what."""
        return self._get(AuditPage, _path("sites", site, "audit"), **_query(after=after, limit=limit))

    def stream_events(self, site: str, *, after: int | None = None, seconds: float | None = None) -> Iterator[Event]:
        """Plans, commands, and what became of them, as they come, for ``seconds``, or for ever.

        Without ``after`` from now on. A stream that ends is opened again where it was, so that nothing is missed.
        """
        known, end = after, None if seconds is None else monotonic() + seconds
        failures = 0
        while True:
            left = None if end is None else max(0.0, end - monotonic())
            try:
                for event in self._events(site, known, left):
                    known, failures = event.id, 0
                    yield event
            except (httpx2.TransportError, ServiceFailed, TooMany) as error:
                failures += 1
                if failures >= self._tries:
                    raise error if isinstance(error, Answered) else NotReached(_named(error)) from error
                self._sleep(_wait_s(failures))
            if end is not None and monotonic() >= end:
                return

    # What an operator decides for one EVSE

    def override_evse(self, site: str, evse: str, told: Json) -> Json:
        """Until a time: ``boost``, ``pause``, ``limit`` in kW, or ``exclude`` it from steering."""
        return self._post(Json, _path("sites", site, "evses", evse, "override"), told)

    def end_override(self, site: str, evse: str) -> None:
        self._delete(_path("sites", site, "evses", evse, "override"), ANY)

    def list_overrides(self, site: str) -> Json:
        """Those that hold."""
        return self._get(Json, _path("sites", site, "overrides"))

    # Utilities

    def list_connections(self, *, after: str = "", limit: int = 100) -> Page:
        return self._get(Page, "/v1/connections", **_query(after=after, limit=limit))

    def put_connection(self, connection: str, told: Json, match: str = ANY) -> Kept:
        """Connect a utility; its secrets are never told again."""
        return self._put(_path("connections", connection), told, match)

    def get_connection(self, connection: str) -> Kept:
        return self._kept(_path("connections", connection))

    def delete_connection(self, connection: str, match: str = ANY) -> None:
        """Its signals ask nothing any more; its journal stays."""
        self._delete(_path("connections", connection), match)

    def get_connection_status(self, connection: str) -> Json:
        """Last contact, last event, clocks, what holds, alarms."""
        return self._get(Json, _path("connections", connection, "status"))

    def get_connection_journal(self, connection: str, *, after: int = 0, limit: int = 100) -> Json:
        """Every message as it came, and what was answered."""
        return self._get(Json, _path("connections", connection, "journal"), **_query(after=after, limit=limit))

    def opt_out_of_event(self, connection: str, event: str, *, reason: str = "") -> Json:
        """Take no part in an event that is not binding."""
        return self._post(
            Json, _path("connections", connection, "events", event, "opt-out"), None, **_query(reason=reason)
        )

    def opt_in_to_event(self, connection: str, event: str) -> Json:
        return self._post(Json, _path("connections", connection, "events", event, "opt-in"), None)

    def beat(self, connection: str) -> Json:
        """A box is there: at the latest every 120 s, else its fail-safe limit holds."""
        return self._post(Json, _path("connections", connection, "limit", "heartbeat"), None)

    def write_limit(self, connection: str, told: Json) -> Json:
        """A box writes its limit."""
        return self._said(Json, _path("connections", connection, "limit"), "PUT", told)

    def list_ocpi_parties(self, *, after: str = "", limit: int = 100) -> Page:
        return self._get(Page, "/v1/ocpi-parties", **_query(after=after, limit=limit))

    def put_ocpi_party(self, party: str, told: Json, match: str = ANY) -> Kept:
        """A platform that speaks OCPI: who we are there, and which of its locations are sites."""
        return self._put(_path("ocpi-parties", party), told, match)

    def get_ocpi_party(self, party: str) -> Kept:
        return self._kept(_path("ocpi-parties", party))

    def delete_ocpi_party(self, party: str, match: str = ANY) -> None:
        """It is told that we leave, and forgotten."""
        self._delete(_path("ocpi-parties", party), match)

    def get_ocpi_party_status(self, party: str) -> Json:
        """Whether it is registered, what it pushed, and which locations are no site."""
        return self._get(Json, _path("ocpi-parties", party, "status"))

    def invite_ocpi_party(self, party: str) -> Json:
        """A token with which it registers once; told this once only."""
        return self._said(Json, _path("ocpi-parties", party, "token"), "PUT")

    def register_at_ocpi_party(self, party: str, told: Json) -> Json:
        """Go there with the token that it gave you; without one, renew both tokens."""
        return self._post(Json, _path("ocpi-parties", party, "register"), told, timeout_s=PLAN_TIMEOUT_S)

    def get_settlement(
        self, site: str, event: str, *, baseline: str | None = None, programme: str | None = None
    ) -> Json:
        """An event that is over: baseline, delivery, payment, penalty."""
        query = _query(baseline=baseline, programme=programme)
        return self._get(Json, _path("sites", site, "settlements", event), timeout_s=PLAN_TIMEOUT_S, **query)

    def get_settlement_evidence(
        self, site: str, event: str, *, baseline: str | None = None, programme: str | None = None
    ) -> bytes:
        """The same with all that it was made from, as an archive."""
        query, path = (
            _query(baseline=baseline, programme=programme),
            _path("sites", site, "settlements", event, "evidence"),
        )
        return self._sent(_Said("GET", path, query, None, {}, True, PLAN_TIMEOUT_S)).content

    def get_programme_settlement(self, programme: str, month: str) -> Json:
        """A month, as ``2026-10``, of a programme as a whole."""
        return self._get(Json, _path("programmes", programme, "settlements", month), timeout_s=PLAN_TIMEOUT_S)

    # The driver's view

    def get_outlook(self, session: str) -> Outlook:
        """Ready by when, why not sooner, what sooner would cost."""
        return self._get(Outlook, _path("sessions", session, "outlook"), timeout_s=PLAN_TIMEOUT_S)

    # Demand-response programmes

    def list_known_programmes(self) -> Json:
        """Programmes whose terms come along, to be copied."""
        return self._get(Json, "/v1/programme-terms")

    def list_programmes(self, *, after: str = "", limit: int = 100) -> Page:
        return self._get(Page, "/v1/programmes", **_query(after=after, limit=limit))

    def put_programme(self, programme: str, told: Json, match: str = ANY) -> Kept:
        """Windows, notice, calls, baseline, payments, penalty, dead-band, rules for opting out."""
        return self._put(_path("programmes", programme), told, match)

    def get_programme(self, programme: str) -> Kept:
        return self._kept(_path("programmes", programme))

    def delete_programme(self, programme: str, match: str = ANY) -> None:
        self._delete(_path("programmes", programme), match)

    def put_roster(self, programme: str, told: Json, match: str = ANY) -> Kept:
        """Who takes part: site, account or EAN18, meter, EVSEs, dates."""
        return self._put(_path("programmes", programme, "roster"), told, match)

    def get_roster(self, programme: str) -> Kept:
        return self._kept(_path("programmes", programme, "roster"))

    def list_overlaps(self, programme: str) -> Json:
        """EVSEs that are in another programme at the same time."""
        return self._get(Json, _path("programmes", programme, "overlaps"))

    def put_nominations(self, programme: str, month: str, told: Json, match: str = ANY) -> Kept:
        """What was nominated for a month, ``YYYY-MM``, site by site."""
        return self._put(_path("programmes", programme, "nominations", month), told, match)

    def get_nominations(self, programme: str, month: str) -> Kept:
        return self._kept(_path("programmes", programme, "nominations", month))

    def propose_nomination(self, programme: str, asked: Json) -> Json:
        """How many kW to nominate, by what past sessions of a site could have shed."""
        return self._ask(Json, _path("programmes", programme, "proposals"), asked)

    def list_calls(self, programme: str, *, after: str = "", limit: int = 100) -> Page:
        return self._get(Page, _path("programmes", programme, "calls"), **_query(after=after, limit=limit))

    def put_call(self, programme: str, call: str, told: Json, match: str = ANY) -> Kept:
        """An event that the programme calls."""
        return self._put(_path("programmes", programme, "calls", call), told, match)

    def get_call(self, programme: str, call: str) -> Kept:
        return self._kept(_path("programmes", programme, "calls", call))

    def cancel_call(self, programme: str, call: str, match: str = ANY) -> None:
        self._delete(_path("programmes", programme, "calls", call), match)

    def make_offer(self, programme: str, asked: Json) -> Json:
        """How many kW a site can offer, and what a kWh of each has to bring."""
        return self._ask(Json, _path("programmes", programme, "offers"), asked)

    def split_target(self, programme: str, asked: Json) -> Json:
        """A target divided among sites by what their next kW costs."""
        return self._ask(Json, _path("programmes", programme, "splits"), asked)

    def commit_to_call(self, programme: str, call: str, asked: Json) -> Json:
        """How many kW a site commits, and why no more; it is planned with them from then on."""
        return self._post(Json, _path("programmes", programme, "calls", call, "commitments"), asked)

    def list_commitments(self, programme: str, call: str) -> Json:
        return self._get(Json, _path("programmes", programme, "calls", call, "commitments"))

    def opt_out_of_call(self, programme: str, call: str, told: Json) -> Json:
        """A site, a session, or all sessions of a driver stay out of a call."""
        return self._post(Json, _path("programmes", programme, "calls", call, "opt-outs"), told)

    def list_opt_outs(self, programme: str) -> Json:
        """Who stayed out and why, and how many of those who were asked."""
        return self._get(Json, _path("programmes", programme, "opt-outs"))

    def get_confirmed(self, site: str, event: str) -> Json:
        """How many kW of an event the stations of a site have confirmed."""
        return self._get(Json, _path("sites", site, "events", event, "confirmed"))

    def get_limitations(self, session: str) -> SessionLedger:
        """When it was held below what it could take, at what power and why."""
        return self._get(SessionLedger, _path("sessions", session, "limitations"))

    def boost_session(self, session: str, told: Boost | None = None) -> SessionDocument:
        """Sooner; limits hold all the same."""
        return self._post(SessionDocument, _path("sessions", session, "boost"), told or {})

    def end_boost(self, session: str) -> SessionDocument:
        return self._said(SessionDocument, _path("sessions", session, "boost"), "DELETE")

    def opt_out(self, session: str) -> SessionDocument:
        """As fast as limits allow, as long as it stays."""
        return self._post(SessionDocument, _path("sessions", session, "opt-out"), None)

    def opt_in(self, session: str) -> SessionDocument:
        return self._said(SessionDocument, _path("sessions", session, "opt-out"), "DELETE")

    # Webhooks

    def put_webhook(self, webhook: str, told: WebhookTold) -> Webhook:
        """Tell this address from now on; ``secret`` is in the answer where one was made, and only this once."""
        return self._said(Webhook, _path("webhooks", webhook), "PUT", told)

    def list_webhooks(self, *, after: str = "", limit: int = 100) -> Webhooks:
        return self._get(Webhooks, "/v1/webhooks", **_query(after=after, limit=limit))

    def get_webhook(self, webhook: str) -> Webhook:
        return self._get(Webhook, _path("webhooks", webhook))

    def delete_webhook(self, webhook: str) -> None:
        self._delete(_path("webhooks", webhook), ANY)

    # How it is said

    def _get(self, form: type[_Form], path: str, *, timeout_s: float | None = None, **query: Any) -> _Form:
        return self._json(form, _Said("GET", path, query, None, {}, True, timeout_s or self._timeout_s))

    def _said(self, form: type[_Form], path: str, method: str, told: Any = None) -> _Form:
        """What may be said twice."""
        return self._json(form, _Said(method, path, {}, _content(told), {}, True, self._timeout_s))

    def _ask(self, form: type[_Form], path: str, told: Any, **query: Any) -> _Form:
        """A question: nothing is done, so it needs no key, and the service keeps no answer for it."""
        return self._json(form, _Said("POST", path, query, _content(told), {}, True, PLAN_TIMEOUT_S))

    def _post(
        self,
        form: type[_Form],
        path: str,
        told: Any,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        **query: Any,
    ) -> _Form:
        """Done once, however often it arrives."""
        key, self._key = self._key or uuid4().hex, None
        once = {**(headers or {}), "Idempotency-Key": key}
        return self._json(form, _Said("POST", path, query, _content(told), once, True, timeout_s or self._timeout_s))

    def _put(self, path: str, told: Any, match: str) -> Kept:
        """Whatever is there: first as if nothing were, then in its place, because ``*`` means something that is."""
        said = _Said("PUT", path, {}, _content(told), _condition(match), match == ANY, self._timeout_s)
        try:
            response = self._sent(said)
        except Changed as changed:
            if match != ANY or changed.status != 428:
                raise
            response = self._sent(said._replace(headers={"If-Match": ANY}))
        return Kept(response.json(), response.headers.get("etag", ""))

    def _kept(self, path: str) -> Kept:
        response = self._read(path)
        return Kept(response.json(), response.headers.get("etag", ""))

    def _read(self, path: str) -> httpx2.Response:
        return self._sent(_Said("GET", path, {}, None, {}, True, self._timeout_s))

    def _delete(self, path: str, match: str) -> None:
        condition = {} if match == ANY else _condition(match)
        self._sent(_Said("DELETE", path, {}, None, condition, match == ANY, self._timeout_s))

    def _json(self, form: type[_Form], said: _Said) -> _Form:
        """``form``: what the OpenAPI document says that the answer is; it is not checked once more."""
        told: _Form = self._sent(said).json()
        return told

    def _sent(self, said: _Said) -> httpx2.Response:
        """The answer; raises what is at the top of this module."""
        for attempt in range(1, self._tries + 1):
            last = attempt == self._tries
            try:
                response = self._http.send(self._request(said))
                return _checked(response)
            except httpx2.TransportError as error:
                if last or not (said.twice or isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)):
                    raise NotReached(_named(error)) from error
                wait_s = _wait_s(attempt)
            except Answered as refused:
                if said.method == "DELETE" and refused.status == 404 and attempt > 1:
                    return response  # the first one arrived
                if last or not _is_worth_again(refused, said):
                    raise
                wait_s = max(refused.retry_after_s, _wait_s(attempt))
            self._sleep(wait_s)
        raise AssertionError("there is at least one try")

    def _request(self, said: _Said) -> httpx2.Request:
        body = {"Content-Type": "application/json"} if said.content is not None else {}
        return self._http.build_request(
            said.method,
            said.path,
            params=dict(said.query),
            content=said.content,
            headers={**self._headers, **body, **said.headers},
            timeout=said.timeout_s,
        )

    def _events(self, site: str, after: int | None, seconds: float | None) -> Iterator[Event]:
        query = _query(after=after, seconds=seconds)
        said = _Said("GET", _path("sites", site, "events"), query, None, {}, True, 2 * SIGNED_WITHIN_S)
        with self._stream(said) as lines:
            fields: dict[str, str] = {}
            for line in lines:
                name, colon, text = line.partition(": ")
                if colon and name:
                    fields[name] = text
                elif not line and "data" in fields:
                    yield Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
                    fields = {}

    @contextmanager
    def _stream(self, said: _Said) -> Iterator[Iterator[str]]:
        response = self._http.send(self._request(said), stream=True)
        try:
            if response.is_error:
                response.read()
            yield _checked(response).iter_lines()
        finally:
            response.close()


def every(listing: Callable[..., Any], *args: Any, **named: Any) -> Iterator[Any]:
    """All items of a list that comes in pages: ``every(api.list_sessions, "yard")``."""
    page = listing(*args, **named)
    while True:
        yield from page["items"]
        if page["next"] is None:
            return
        page = listing(*args, **{**named, "after": page["next"]})


def verified(
    secrets: str | Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now_s: float | None = None,
    within_s: float = SIGNED_WITHIN_S,
) -> WebhookMessage:
    """A webhook's message, once it is known to be from the holder of one of ``secrets``; raises BadSignature.

    By Standard Webhooks: HMAC-SHA256 over id, time and body. ``body`` as it came, not as it was parsed.
    """
    found = {name.lower(): text for name, text in headers.items()}
    id, at = found.get("webhook-id", ""), found.get("webhook-timestamp", "")
    if not at.isascii() or not at.isdecimal() or abs((time() if now_s is None else now_s) - int(at)) > within_s:
        raise BadSignature("the message has no time, or it was signed too long ago")
    signed = b".".join([id.encode(), at.encode(), body])
    shown = [one.removeprefix("v1,") for one in found.get("webhook-signature", "").split(" ") if one.startswith("v1,")]
    right = [_signature(secret, signed) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in shown for other in right):
        raise BadSignature("no signature of the message is right")
    told = json.loads(body)
    return WebhookMessage(id, told["type"], told["site"], told["data"])


def _signature(secret: str, signed: bytes) -> str:
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except NoBase64 as error:
        raise ValueError("the secret is not whsec_ and base64") from error
    return b64encode(hmac.new(key, signed, sha256).digest()).decode()


def _path(*parts: str) -> str:
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def _query(**given: Any) -> dict[str, Any]:
    """Without what is not given."""
    told = {name: value for name, value in given.items() if value is not None and value not in ("", [])}
    return {name: list(map(_text, v)) if isinstance(v, list) else _text(v) for name, v in told.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _time(value) if isinstance(value, datetime) else str(value)


def _content(told: Any) -> bytes | None:
    return None if told is None else json.dumps(told, allow_nan=False, default=_time).encode()


def _time(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} is no JSON")
    if value.utcoffset() is None:
        raise ValueError(f"{value.isoformat()} has no offset from UTC: give it a tzinfo")
    return value.isoformat()


def _condition(match: str) -> dict[str, str]:
    if match == ANY:
        return {}
    return {"If-None-Match": "*"} if match == NEW else {"If-Match": match}


def _checked(response: httpx2.Response) -> httpx2.Response:
    if response.is_success:
        return response
    kind = _OF_STATUS.get(response.status_code, ServiceFailed if response.status_code >= 500 else Invalid)
    raise kind(response.status_code, _problem(response), response.headers)


def _problem(response: httpx2.Response) -> Mapping[str, Any]:
    """What a proxy in between answers is no problem of ours, and is told all the same."""
    try:
        told = response.json()
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"detail": response.text[:200]}


def _is_worth_again(refused: Answered, said: _Said) -> bool:
    """What failed for a while, and what is still being answered under the same key."""
    waits = refused.status == 409 and "Idempotency-Key" in refused.detail
    return refused.status == 429 or waits or (said.twice and refused.status in _AGAIN)


def _wait_s(attempt: int) -> float:
    """Twice as long each time, with chance in it: callers that failed together come back one by one."""
    return min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (attempt - 1)) * uniform(0.5, 1.0)


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdecimal() else 0.0


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
