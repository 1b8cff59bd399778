"""What is wrong with a connection as it was told, all of it at once, and nothing of it repeated."""

import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from api.connections.forms import (
    LEAST_POLL_S,
    LONGEST_PATIENCE_S,
    MOST_POLL_S,
    SHORTEST_PATIENCE_S,
    AnyConnection,
    LimitHeartbeat,
    LossOfContact,
    OpenAdr2b,
    OpenAdr3,
    Oscp,
    SiteServed,
    Without,
)
from api.connections.secrets import Secrets
from api.edges.addresses import refuse_plain
from api.store.port import Unit
from api.store.records import Kind, Place
from models.domain.checks.clock import unfit_times
from models.domain.checks.leaves import leaves
from models.domain.checks.ranges import COUNT, NOT_NEGATIVE, POSITIVE, SHARE, Range, out_of_range
from models.domain.errors import EdgeError
from models.domain.findings import Finding
from models.domain.guarded_limit import LONGEST_FAILSAFE, SHORTEST_FAILSAFE
from models.domain.meanings import Meaning, SignalRules
from models.domain.site import Site
from models.domain.times import zone
from models.domain.units import MINUTES_PER_HOUR
from models.domain.wire import read_form

MOST_SITES = 1000
LONGEST_URL, LONGEST_WORD = 2000, 500
_POLLS = Range(low=LEAST_POLL_S, high=MOST_POLL_S)
_SIGNS = Range(low=-1.0, high=1.0)
_FAILSAFE = Range(low=SHORTEST_FAILSAFE.total_seconds(), high=LONGEST_FAILSAFE.total_seconds())
RANGES: Mapping[type, Mapping[str, Range]] = {
    LossOfContact: {"after_s": Range(low=SHORTEST_PATIENCE_S, high=LONGEST_PATIENCE_S), "limit_kw": NOT_NEGATIVE},
    OpenAdr3: {"poll_s": _POLLS, "change_sign": _SIGNS, "offset_percent_sign": _SIGNS},
    OpenAdr2b: {"poll_s": _POLLS, "power_in_kw": POSITIVE},
    Oscp: {"heartbeat_interval_s": COUNT, "measurements_s": _POLLS, "voltage_v": Range(low=50.0, high=1000.0)},
    LimitHeartbeat: {"failsafe_kw": NOT_NEGATIVE, "failsafe_s": _FAILSAFE},
    Meaning: {"import_limit_kw": NOT_NEGATIVE, "evses_limit_kw": NOT_NEGATIVE, "evses_share": SHARE},
    SignalRules: {
        "deviation_price_per_kwh": NOT_NEGATIVE,
        "payment_per_kwh": NOT_NEGATIVE,
        "penalty_per_kwh": NOT_NEGATIVE,
        "return_minutes": Range(low=0.0, high=MINUTES_PER_HOUR),
        "return_price_per_kwh": NOT_NEGATIVE,
    },
}


def unfit(told: AnyConnection, secrets: Secrets, unit: Unit, tenant: str) -> Iterator[Finding]:
    """Everything for which a connection is refused."""
    found = leaves(told)
    yield from out_of_range(found, RANGES)
    yield from unfit_times(found, zone("UTC"))
    yield from _of_addresses(told)
    yield from secrets.unfit(told, unit)
    yield from _of_loss(told.loss)
    yield from _of_kind(told, secrets)
    yield from _of_sites(told, unit, tenant)


def _of_addresses(told: AnyConnection) -> Iterator[Finding]:
    for field in ("base_url", "token_url", "url"):
        url = getattr(told, field, "")
        if url and not _is_sound(url):
            remedy = "write https://HOST/PATH, without a name, a password or a fragment; http on this machine only"
            yield Finding(path=field, message="this is no address that credentials may go to", remedy=remedy)
    if getattr(told, "ca_pem", "") and not _is_authority(getattr(told, "ca_pem", "")):
        yield Finding(path="ca_pem", message="this is no certificate", remedy="write it in PEM, as text")


def _is_sound(url: str) -> bool:
    try:
        parts = urlsplit(url)
        refuse_plain(url)
        return bool(parts.hostname) and parts.port != 0 and not (parts.username or parts.fragment) and _is_text(url)
    except (EdgeError, ValueError):
        return False


def _is_text(url: str) -> bool:
    return len(url) <= LONGEST_URL and url.isprintable() and " " not in url


def _is_authority(pem: str) -> bool:
    try:
        ssl.create_default_context(cadata=pem)
    except (OSError, ValueError):
        return False
    return True


def _of_loss(loss: LossOfContact) -> Iterator[Finding]:
    if (loss.then is Without.LIMIT) != (loss.limit_kw is not None):
        remedy = "write limit_kw with then limit, and only there"
        yield Finding(path="loss.limit_kw", message="the limit without contact is not clear", remedy=remedy)


def _of_kind(told: AnyConnection, secrets: Secrets) -> Iterator[Finding]:
    match told:
        case OpenAdr3():
            yield from _words(told, "client_id", "scope", "programme", "ven_name")
            if bool(told.client_id) != (told.client_secret is not None):
                remedy = "write both, or none where the VTN asks for no token"
                yield Finding(path="client_secret", message="a client id and its secret go together", remedy=remedy)
            if not told.ven_name:
                yield Finding(path="ven_name", message="the VEN has no name", remedy="write one")
        case OpenAdr2b():
            yield from _words(told, "ven_name", "ven_id", "currency")
            if (told.certificate is None) != (told.key is None):
                yield Finding(path="key", message="a certificate and its key go together", remedy="write both, or none")
        case Oscp():
            if not told.groups or len(set(told.groups)) < len(told.groups) or not all(told.groups):
                yield Finding(path="groups", message="groups are no list of names", remedy="name each group once")
            if not secrets.can_keep():
                remedy = "set CHARGEWRIGHT_SECRET_KEYS: the token that the capacity provider gives us has to be kept"
                yield Finding(path="", message="the service has no key to keep secrets with", remedy=remedy)
            if not told.acknowledgment_path.replace("_", "").isalnum():
                remedy = "write handshake_acknowledgment, or what the capacity provider says instead"
                yield Finding(path="acknowledgment_path", message="it is no last part of an address", remedy=remedy)
            yield from _own_rule(told.loss, "fallback forecasts say what holds while the capacity provider is offline")
        case LimitHeartbeat():
            yield from _own_rule(told.loss, "failsafe_kw and failsafe_s say what holds without a heartbeat")


def _own_rule(loss: LossOfContact, what: str) -> Iterator[Finding]:
    if loss != LossOfContact():
        yield Finding(path="loss", message="its protocol has a rule of its own", remedy=f"leave it out: {what}")


def _words(told: AnyConnection, *fields: str) -> Iterator[Finding]:
    for field in fields:
        word = getattr(told, field) or ""
        if len(word) > LONGEST_WORD or not word.isprintable():
            yield Finding(path=field, message="it is no name", remedy=f"write at most {LONGEST_WORD} printable letters")


def _of_sites(told: AnyConnection, unit: Unit, tenant: str) -> Iterator[Finding]:
    names = [served.site for served in told.sites]
    if not 0 < len(names) <= MOST_SITES or len(set(names)) < len(names):
        yield Finding(path="sites", message="sites are no list", remedy=f"name 1 to {MOST_SITES} sites, each once")
    for i, served in enumerate(told.sites):
        found = unit.find(Place(tenant=tenant, kind=Kind.SITE, site=served.site, id=served.site))
        if found is None:
            yield Finding(path=f"sites[{i}].site", message="there is no site of this id", remedy="put the site first")
        else:
            yield from _of_groups(served, read_form(Site, found.body), f"sites[{i}].rules")


def _of_groups(served: SiteServed, site: Site, path: str) -> Iterator[Finding]:
    nodes, evses = {node.id for node in site.nodes}, {evse.id for evse in site.evses}
    for i, group in enumerate(served.rules.groups):
        if group.node is not None and group.node not in nodes:
            yield Finding(
                path=f"{path}.groups[{i}].node", message="the site has no such node", remedy="name one it has"
            )
        if not set(group.evses) <= evses:
            yield Finding(
                path=f"{path}.groups[{i}].evses", message="the site has no such EVSE", remedy="name its EVSEs"
            )
        if group.node is not None and group.evses:
            yield Finding(path=f"{path}.groups[{i}]", message="it is at two places", remedy="write node or evses")
