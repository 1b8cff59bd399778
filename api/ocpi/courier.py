"""Charging profiles to platforms: what a site's plan commands goes out as requests of OCPI, and comes back as answers.

One way among others for the commands of a site: what waits for what, what counts until then, and what is tried again is
decided where it is for every command. No answer of a platform is waited for under a lock.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from secrets import token_hex

from api.connections.secrets import Secrets
from api.edges.ocpi import OcpiClient
from api.ocpi.keeping import Peer, looking_at_party
from api.ocpi.linking import TOKEN
from api.ocpi.steered import OcpiAsked, OcpiSteered, OcpiWay
from api.ocpi.steering import Outgoing, outgoing, with_answer
from api.operating.live import Command, CommandKind, LiveSite
from api.service import Service
from api.sites.commanding import acknowledge, hand_out, live_site
from api.sites.forms import Acknowledgement, Acknowledgements, Outcome
from api.sites.keeping import Desk, Kept, writing_desk
from api.store.records import Kind
from models.domain.errors import EdgeError
from models.ocpi.compile import from_ocpp
from models.ocpi.scsp import Request, Standing, Steered, later, next_request, wanting

MODULE = "chargingprofiles"
WHO = "ocpi"
ACTIVE_FOR = timedelta(hours=1)
"""How much of an active profile is asked for."""
TAKES_AWAY = (CommandKind.REMOVE, CommandKind.CLEAR)
OUTCOMES = {
    Standing.APPLIED: Outcome.ACCEPTED,
    Standing.CLEARED: Outcome.ACCEPTED,
    Standing.REJECTED: Outcome.REJECTED,
    Standing.TOO_OFTEN: Outcome.REJECTED,
    Standing.UNKNOWN_SESSION: Outcome.REJECTED,
    Standing.NOT_SUPPORTED: Outcome.NOT_SUPPORTED,
    Standing.NO_RESULT: Outcome.TIMED_OUT,
}
"""Of what a request came to; the others are still under way."""


@dataclass(frozen=True, slots=True)
class Round:
    """One site, and the platform that its commands go to."""

    service: Service
    tenant: str
    site: str
    way: OcpiWay

    @property
    def secrets(self) -> Secrets:
        return Secrets(self.service.settings, self.tenant, f"ocpi:{self.way.party}")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request on its way."""

    session: str
    request: Request
    out: Outgoing


def rounds(service: Service) -> list[Round]:
    """Sites that are steered over OCPI. Raises StoreError."""
    with service.store.view() as unit:
        found = [(d.place, Desk(unit, d.place.tenant, d.place.site, WHO)) for d in unit.everywhere(Kind.OCPI_WAY)]
        return [Round(service, p.tenant, p.site, desk.get(Kind.OCPI_WAY).value) for p, desk in found]


def go_round(one: Round) -> int:
    """How many requests were sent. Raises StoreError, NotFound."""
    peer, token = _peer(one)
    url = None if peer is None else peer.url_of(MODULE, "RECEIVER")
    if peer is None or url is None:
        return 0
    now = one.service.clock()
    if _is_quiet(one, now):
        return 0
    with writing_desk(one.service.store, now, one.tenant, one.site, WHO) as desk:
        parcels = list(_packed(desk, one, peer, url, now))
    client = OcpiClient(token, tuple(one.service.settings.peer_allow.split(",")))
    for parcel in parcels:
        _carried(one, client, parcel)
    return len(parcels)


def changed(desk: Desk, session: str, after: OcpiSteered, now: datetime) -> None:
    """Keep what became of a request, and acknowledge the command that it was for.

    A command that came while an older request was under way is still to be asked for, whatever became of that.
    """
    before = desk.find(Kind.OCPI_STEERED, session)
    request = before.value.state.under_way if before else None
    outcome = OUTCOMES.get(after.state.standing)
    over = request is not None and after.state.under_way is None and outcome is not None
    if over and request is not None and desk.find(Kind.OCPI_ASKED, request.id) is not None:
        desk.forget(Kind.OCPI_ASKED, request.id)
    command = after.command if over and request is not None and request.profile == after.state.wanted else None
    if command is None or outcome is None:
        desk.keep(Kind.OCPI_STEERED, after, id=session)
        return
    state = after.state if outcome is Outcome.ACCEPTED else wanting(after.state, after.state.applied)
    desk.keep(Kind.OCPI_STEERED, replace(after, state=state, command=None), id=session)
    _acknowledged(desk, command, outcome, after.state.standing, now)


def _peer(one: Round) -> tuple[Peer | None, str]:
    with looking_at_party(one.service.store, one.tenant, one.way.party) as desk:
        peer = desk.link().peer
        return peer, "" if peer is None else one.secrets.get(TOKEN, None, desk.unit)


def _is_quiet(one: Round, now: datetime) -> bool:
    """Whether there is nothing to send, to wait for or to forget: then nobody else has to wait for this to be found."""
    with one.service.store.view() as unit:
        desk = Desk(unit, one.tenant, one.site, WHO)
        live, steered = live_site(desk, now), list(desk.every(Kind.OCPI_STEERED))
        under_way = any(k.value.command is not None or k.value.state.under_way is not None for k in steered)
        has_left = any(desk.find(Kind.SESSION, k.id) is None for k in steered)
        return not (under_way or has_left or live.unsure or any(c.station in live.plan_only for c in live.outbox))


def _packed(desk: Desk, one: Round, peer: Peer, url: str, now: datetime) -> Iterator[Parcel]:
    """What may be sent now; what came to nothing is acknowledged so first."""
    for kept in desk.every(Kind.OCPI_STEERED):
        _looked_after(desk, kept, now)
    live = hand_out(desk, live_site(desk, now), now, over_ocpi=True)
    for command in [c for c in live.outbox if c.taken_at == now and c.station in live.plan_only]:
        _begun(desk, one, live, command, now)
    base = f"{peer.own_base}/ocpi/{peer.version}/{MODULE}/results"
    for kept in desk.every(Kind.OCPI_STEERED):
        parcel = _parcel(desk, kept, url, base, now)
        if parcel is not None:
            yield parcel


def _looked_after(desk: Desk, kept: Kept[OcpiSteered], now: datetime) -> None:
    """A session that has left needs nothing more; a result that does not come in time is none."""
    if desk.find(Kind.SESSION, kept.id) is None:
        desk.forget(Kind.OCPI_STEERED, kept.id)
    elif (after := later(kept.value.state, now)) != kept.value.state:
        changed(desk, kept.id, replace(kept.value, state=after), now)


def _begun(desk: Desk, one: Round, live: LiveSite, command: Command, now: datetime) -> None:
    """A command becomes a wish of its session; one that OCPI has no word for is not supported."""
    found = _session_of(desk, live, command)
    if found is None:
        outcome = Outcome.ACCEPTED if command.kind in TAKES_AWAY else Outcome.NOT_SUPPORTED
        _acknowledged(desk, command.id, outcome, None, now)
        return
    session, evse = found
    kept = desk.find(Kind.OCPI_STEERED, session)
    fresh = OcpiSteered(party=one.way.party, evse=evse, state=Steered(session_id=session))
    before: OcpiSteered = kept.value if kept else fresh
    wanted = None if command.kind in TAKES_AWAY or command.profile is None else from_ocpp(command.profile)
    after = replace(before, state=wanting(before.state, wanted), command=command.id)
    if after.state.ended:
        _acknowledged(desk, command.id, Outcome.NOT_SUPPORTED, after.state.standing, now)
    elif _is_there(after.state):
        desk.keep(Kind.OCPI_STEERED, replace(after, command=None), id=session)
        _acknowledged(desk, command.id, Outcome.ACCEPTED, None, now)
    else:
        desk.keep(Kind.OCPI_STEERED, after, id=session)


def _is_there(state: Steered) -> bool:
    """Whether nothing has to be asked: the session has what is wanted, for certain."""
    return state.wanted == state.applied and not state.unsure and state.under_way is None


def _session_of(desk: Desk, live: LiveSite, command: Command) -> tuple[str, str] | None:
    """The session that a command is for, and its EVSE; of what takes away, whoever was told a profile there."""
    if command.kind is CommandKind.LIMIT:
        there = command.session is not None and command.evse is not None
        return (str(command.session), str(command.evse)) if there else None
    if command.kind not in TAKES_AWAY:
        return None
    evses = {record.id for record in live.state.evses.values() if record.station == command.station}
    told = (k for k in desk.every(Kind.OCPI_STEERED) if k.value.evse in evses and any(k.value.state.may_follow))
    return next(((kept.id, kept.value.evse) for kept in told), None)


def _parcel(desk: Desk, kept: Kept[OcpiSteered], url: str, base: str, now: datetime) -> Parcel | None:
    """The next request of a session whose command is open, if its time has come."""
    if kept.value.command is None:
        return None
    state, request = next_request(kept.value.state, now, token_hex(16))
    if request is None:
        return None
    desk.keep(Kind.OCPI_STEERED, replace(kept.value, state=state), id=kept.id)
    desk.keep(Kind.OCPI_ASKED, OcpiAsked(session=kept.id), id=request.id)
    out = outgoing(state, request, profiles_url=url, response_base=base, ask_for=ACTIVE_FOR)
    return Parcel(kept.id, request, out)


def _carried(one: Round, client: OcpiClient, parcel: Parcel) -> None:
    """The result may be there before the answer is: then the answer says nothing new."""
    try:
        sent = client.send(parcel.out.method, parcel.out.url, parcel.out.body)
        status, body = sent.status, sent.body
    except EdgeError:
        status, body = None, b""
    now = one.service.clock()
    with writing_desk(one.service.store, now, one.tenant, one.site, WHO) as desk:
        told: OcpiSteered = desk.get(Kind.OCPI_STEERED, parcel.session).value
        after = with_answer(told.state, parcel.request.id, status, body, now)
        if after != told.state:
            changed(desk, parcel.session, replace(told, state=after), now)


def _acknowledged(desk: Desk, command: str, outcome: Outcome, standing: Standing | None, now: datetime) -> None:
    told = Acknowledgement(command=command, outcome=outcome, reason=f"OCPI {standing}" if standing else "OCPI")
    acknowledge(desk, Acknowledgements(acknowledgements=(told,)), now)
