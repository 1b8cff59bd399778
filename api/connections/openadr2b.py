"""A VTN of OpenADR 2.0b that is polled: each look is registered, polled, answered and reported, and forgets nothing.

The library's own clock does not run: when to look, and what is known, is in the store like everything else.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from api.connections import telemetry20b
from api.connections.alarms import about
from api.connections.forms import OpenAdr2b
from api.connections.hearing import failed, finish, reached, recorded, said
from api.connections.keeping import Line, writing_line
from api.connections.secrets import Secrets
from api.connections.state import State, Ven20bState
from api.edges.openadr2 import Ven20b
from api.edges.openadr2_vtn import Vtn20b
from api.service import Service
from models.domain.errors import EdgeError
from models.domain.utility_signal import UtilitySignal
from models.openadr.v20b import Answer, Channel20b, Code

SYNCHRONISED = timedelta(minutes=10)
"""Between two looks at all events: what is not among them any more is over."""
SAMPLED = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Line20b:
    """One connection that is looked at now."""

    service: Service
    tenant: str
    id: str
    told: OpenAdr2b


def look(service: Service, tenant: str, id: str, told: OpenAdr2b) -> None:
    """Poll until there is nothing more, answer, and report; never raises for a VTN that fails."""
    now, this = service.clock(), Line20b(service, tenant, id, told)
    with service.store.view() as unit:
        line = Line(unit, tenant, id, id)
        before = line.state(now)
        values = dict(telemetry20b.values(line, told, before, now))
        secrets = Secrets(service.settings, tenant, id)
        certificate = secrets.get("certificate", told.certificate, unit)
        key = secrets.get("key", told.key, unit)
    known = before.openadr2b
    with _files(certificate, key) as (cert_file, key_file):
        ven = _ven(this, _vtn(service, told, known, cert_file, key_file), before)
        try:
            known = asyncio.run(_session(this, ven, known, values))
            _over(this, known, None)
        except EdgeError as failure:
            _over(this, _state(ven, known), failure)


def _heard(this: Line20b, ven: Ven20b, signals: Sequence[UtilitySignal], answers: Sequence[Answer]) -> None:
    """Kept for good before the VTN is answered."""
    now, told = this.service.clock(), this.told
    with writing_line(this.service.store, now, this.tenant, this.id, this.id) as line:
        before = line.state(now)
        after = replace(before, openadr2b=replace(before.openadr2b, modifications=dict(ven.known)))
        for answer in answers:
            word = {"code": int(answer.code), "opt": "optIn" if answer.opts_in else "optOut"}
            tree, findings = ven.came.get(answer.event_id), answer.findings
            after = recorded(line, after, answer.event_id, tree, opts_in=answer.opts_in, findings=findings, answer=word)
            wrong = next(iter(findings), None) if answer.code is not Code.OK else None
            after = about(after, f"event/{answer.event_id}", wrong, now)
        finish(line, told, before, said(after, signals, now), now)


def _over(this: Line20b, known: Ven20bState, failure: EdgeError | None) -> None:
    """How a look has ended."""
    now, told = this.service.clock(), this.told
    with writing_line(this.service.store, now, this.tenant, this.id, this.id) as line:
        before = line.state(now)
        after = replace(before, due_at=now + timedelta(seconds=told.poll_s), openadr2b=known)
        after = reached(after, now) if failure is None else failed(told, after, failure, now)
        finish(line, told, before, after, now)


def _ven(this: Line20b, vtn: Vtn20b, before: State) -> Ven20b:
    told = this.told

    async def accept(signals: Sequence[UtilitySignal], answers: Sequence[Answer]) -> None:
        _heard(this, ven, signals, answers)

    channel = Channel20b(
        source=this.id,
        ven_id=before.openadr2b.ven_id,
        power_in_kw=told.power_in_kw,
        prices_per_kwh=bool(told.currency),
        currency=told.currency,
    )
    ven = Ven20b(
        vtn,
        channel,
        accept,
        this.service.clock,
        decide=lambda answer: told.opts_in,
        stays_out=lambda answer: answer.event_id in before.opted_out,
    )
    ven.known = dict(before.openadr2b.modifications)
    telemetry20b.offer(ven, told)
    return ven


async def _session(this: Line20b, ven: Ven20b, known: Ven20bState, values: Mapping[str, Any]) -> Ven20bState:
    """What is known afterwards; raises EdgeError."""
    now = this.service.clock()
    is_old = known.synchronised_at is None or now - known.synchronised_at >= SYNCHRONISED
    try:
        if not known.registration_id:
            await ven.register()
        else:
            ven.resume(known.ven_id, known.registration_id)
            if known.offered != ven.offered:
                await ven.offer()
            await ven.poll_all()
            if is_old:
                await ven.synchronise()
        known = replace(known, synchronised_at=now if is_old else known.synchronised_at)
        asked = telemetry20b.requests(known.requests, ven.reports_asked(), ven.offered)
        asked = await telemetry20b.reported(ven, asked, values, now)
        return _state(ven, replace(known, requests=asked, offered=ven.offered))
    finally:
        await ven.close()


def _state(ven: Ven20b, state: Ven20bState) -> Ven20bState:
    ven_id, registration_id = ven.registration
    return replace(state, ven_id=ven_id, registration_id=registration_id, modifications=dict(ven.known))


def _vtn(service: Service, told: OpenAdr2b, known: Ven20bState, cert: str | None, key: str | None) -> Vtn20b:
    return Vtn20b(
        url=told.url,
        ven_name=told.ven_name,
        ven_id=known.ven_id or told.ven_id,
        cert_file=cert,
        key_file=key,
        ca_pem=told.ca_pem,
        sampling=SAMPLED,
        allowed=tuple(service.settings.peer_allow.split(",")),
    )


@contextmanager
def _files(certificate: str, key: str) -> Iterator[tuple[str | None, str | None]]:
    """The library wants files: they are ours alone, and gone afterwards."""
    with ExitStack() as stack:
        if not certificate:
            yield None, None
            return
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="chargewright-"))
        paths = [os.path.join(folder, name) for name in ("certificate.pem", "key.pem")]
        for path, text in zip(paths, (certificate, key), strict=True):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
        yield paths[0], paths[1]
