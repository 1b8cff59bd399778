"""Whether a utility's VTN and we can work together, step by step; each step that fails says what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from urllib.parse import urlencode

import httpx2

from api.edges.openadr3.connection import MOST_SKEW
from api.edges.openadr3.ven import VenClient
from api.ven_settings import VenSettings
from models.domain.errors import EdgeError
from models.domain.utility_signal import SignalMode
from models.openadr.v3 import gac
from models.openadr.v3.channel import Profile, Version
from models.openadr.v3.translate import understood
from models.openadr.v3.wire import Program
from models.openadr.v3.written import Described, Told, report

TEST_REPORT = "chargewright ven check"


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    passed: bool
    told: str
    remedy: str = ""


@dataclass(slots=True)
class _Found:
    """What later steps need of earlier ones."""

    program: Program | None = None
    events: list[dict[str, object]] | None = None


def steps(
    client: VenClient, settings: VenSettings, now: Callable[[], datetime], *, send_report: bool = True
) -> Iterator[Step]:
    """All steps in order; those whose ground is missing are left out after the one that failed."""
    found = _Found()
    yield (token := _token(client, settings))
    if not token.passed:
        return
    yield _programme(client, settings, found)
    yield _clock(client)
    if found.program is None:
        return
    yield _registration(client, settings)
    yield _targets(client, settings, found)
    yield _events(settings, found, now)
    if settings.callback_url:
        yield _echo(settings)
    if send_report:
        yield _report(client, settings, found)


def _token(client: VenClient, settings: VenSettings) -> Step:
    try:
        life = client.connection.renew()
    except EdgeError as failure:
        remedy = "compare client id, secret, scope and token_url with what the utility gave you"
        return Step("token", False, str(failure), remedy)
    if life is None:
        return Step("token", True, "none is used: no client_id is set")
    return Step("token", True, f"renewed every {life.total_seconds():.0f} s")


def _programme(client: VenClient, settings: VenSettings, found: _Found) -> Step:
    try:
        programs = client.programs()
    except EdgeError as failure:
        remedy = "ask the utility to grant the client the scope to read"
        return Step("scopes, programme", False, str(failure), remedy)
    names = ", ".join(program.program_name for program in programs) or "none"
    wanted = [p for p in programs if settings.programme in ("", p.program_name)]
    if len(wanted) != 1:
        return Step("scopes, programme", False, f"programmes seen: {names}", "set programme to one of them, or enrol")
    found.program = wanted[0]
    broken = list(gac.program_defects(wanted[0], settings.version)) if settings.profile is Profile.GAC else []
    if broken:
        return Step("scopes, programme", False, broken[0].message, broken[0].remedy)
    return Step("scopes, programme", True, wanted[0].program_name)


def _clock(client: VenClient) -> Step:
    skew = client.connection.clock_skew
    if skew is None:
        return Step("clock", False, "the VTN tells no date", "compare both clocks with a time server")
    told = f"the VTN's clock is {skew.total_seconds():+.0f} s from ours"
    return Step("clock", abs(skew) <= MOST_SKEW, told, "let this machine follow a time server; else ask the utility")


def _registration(client: VenClient, settings: VenSettings) -> Step:
    try:
        ven = client.register(settings.ven_name)
    except EdgeError as failure:
        return Step("registration", False, str(failure), "ask the utility for write_vens, or to register you")
    return Step("registration", True, f"{ven.ven_name} is {ven.id}")


def _targets(client: VenClient, settings: VenSettings, found: _Found) -> Step:
    assert found.program is not None
    try:
        found.events = client.events(found.program.id, settings.targets)
    except EdgeError as failure:
        return Step("targets", False, str(failure), "ask the utility whether these targets are granted to you")
    about = ", ".join(settings.targets) or "no target"
    told = f"{len(found.events)} events for {about}"
    hidden = bool(settings.targets) and not found.events and settings.version is Version.V3_1
    return Step("targets", not hidden, told, "ask the utility to grant these targets to your VEN, and for a test event")


def _events(settings: VenSettings, found: _Found, now: Callable[[], datetime]) -> Step:
    if not found.events:
        return Step("test event", False, "there is no event", "ask the utility for a test event")
    answers = [understood(tree, settings.channel(), now(), found.program) for tree in found.events]
    findings = [finding for answer in answers for finding in answer.findings]
    if findings:
        return Step("test event", False, findings[0].message, findings[0].remedy)
    if settings.profile is Profile.GAC and not any(s.mode is SignalMode.DEFAULT for a in answers for s in a.signals):
        remedy = "name it in safe_mode_events, or ask the network operator for one: it holds when all else is gone"
        return Step("test event", False, "no safe-mode event is known", remedy)
    return Step("test event", True, f"{len(answers)} understood, {sum(len(a.signals) for a in answers)} signals")


def _echo(settings: VenSettings) -> Step:
    """The challenge that a VTN will send, sent by ourselves."""
    challenge = token_hex(8)
    try:
        answer = httpx2.get(f"{settings.callback_url}?{urlencode({'echo': challenge})}", timeout=10.0, trust_env=False)
    except (httpx2.TransportError, httpx2.InvalidURL) as failure:
        return Step("echo", False, f"{type(failure).__name__}: {failure}", "let the service be reached at callback_url")
    passed = answer.status_code == httpx2.codes.OK and challenge in answer.text
    told = f"{settings.callback_url} answers {answer.status_code}" + ("" if passed else " and does not echo")
    return Step("echo", passed, told, "callback_url has to reach the webhook of this service, unchanged")


def _report(client: VenClient, settings: VenSettings, found: _Found) -> Step:
    if not found.events or found.program is None:
        return Step("report", False, "there is no event to report on", "ask the utility for a test event")
    body = report(
        event_id=str(found.events[0]["id"]),
        program_id=found.program.id,
        client_name=settings.ven_name,
        name=TEST_REPORT,
        described=[Described(payload_type="OPERATING_STATE")],
        told={settings.ven_name: [Told(interval_id=0, payload_type="OPERATING_STATE", value="NORMAL")]},
        version=settings.version,
    )
    try:
        report_id = client.report(body)
    except EdgeError as failure:
        return Step("report", False, str(failure), "ask the utility to grant write_reports")
    return Step("report", True, f"accepted as {report_id}")
