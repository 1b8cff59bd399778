"""A VEN of OpenADR 2.0b on openleadr (extra ``openadr2``): registration, polls and reports are the library's.

Events are answered here: the library keeps its first answer for every copy of a modification, and would not look at a
cancellation that has the number of what it cancels; and it answers every event 200.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from models.domain.errors import EdgeError
from models.domain.utility_signal import UtilitySignal
from models.openadr.v20b import Answer, Channel20b, Code, answered, missing

Accept = Callable[[Sequence[UtilitySignal], Sequence[Answer]], Awaitable[None]]
"""Takes what is new; it has it for good before the VTN is answered."""
_BUFFER = timedelta(hours=1)
"""Of values that are kept for a report."""
Decide = Callable[[Answer], bool]
Measure = Callable[[], float]
"""The present value of a telemetry point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vtn20b:
    """What a utility gives its customer: an address, names, and certificates for TLS with both sides known."""

    url: str
    ven_name: str
    ven_id: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    ca_file: str | None = None
    sampling: timedelta = timedelta(seconds=60)


class Ven20b:
    """A VEN that runs until it is stopped; raises EdgeError where openleadr is not installed."""

    def __init__(
        self,
        vtn: Vtn20b,
        channel: Channel20b,
        accept: Accept,
        now: Callable[[], datetime],
        decide: Decide | None = None,
    ) -> None:
        self._channel, self._accept, self._now = channel, accept, now
        self._decide = decide or (lambda answer: True)
        self.known: dict[str, int] = {}
        """Modification numbers by event."""
        self._client = _client(vtn, self._distributed)
        self._sampling = vtn.sampling

    def measures(self, resource: str, power_kw: Measure, energy_kwh: Measure) -> None:
        """Telemetry of usage: real power and energy of a resource, offered to the VTN at registration."""
        for measurement, unit, measure in (("REAL_POWER", "W", power_kw), ("REAL_ENERGY", "Wh", energy_kwh)):
            self._client.add_report(
                callback=measure,
                resource_id=resource,
                measurement=measurement,
                unit=unit,
                scale="k",
                report_duration=_BUFFER,
                sampling_rate=self._sampling,
                report_specifier_id=f"{resource} usage",
                r_id=f"{resource} {measurement}",
            )

    def tells_status(self, resource: str, online: Callable[[], bool], overridden: Callable[[], bool]) -> None:
        """Telemetry of status: whether a resource is there, and whether its operator has opted it out."""
        self._client.add_report(
            callback=lambda: (online(), overridden()),
            report_name="TELEMETRY_STATUS",
            report_type="x-resourceStatus",
            resource_id=resource,
            report_duration=_BUFFER,
            sampling_rate=self._sampling,
            report_specifier_id=f"{resource} status",
            r_id=f"{resource} status",
        )

    async def start(self) -> None:
        """Registers, offers its reports, asks for all events and polls from then on; raises EdgeError."""
        await self._client.run()
        if not self._client.registration_id:
            raise EdgeError("it did not register us", peer=self._client.vtn_url, retryable=True)
        self._channel = replace(self._channel, ven_id=self._client.ven_id or "")

    async def synchronise(self) -> None:
        """Asks for all events at once: what is not among them is over. Keeps all when the VTN does not answer."""
        kind, payload = await self._client.request_event()
        if kind == "oadrDistributeEvent":
            await self._distributed(payload, whole=True)

    async def poll(self) -> None:
        await self._client._poll()  # the library's own poll, which it runs by its clock

    async def stop(self) -> None:
        await self._client.stop()

    async def _distributed(self, message: Mapping[str, Any], *, whole: bool = False) -> None:
        answers = [self._answer(event) for event in message.get("events") or ()]
        over = missing(self.known, [a.event_id for a in answers], self._channel.source) if whole else ()
        for answer in answers:
            if answer.code is Code.OK:
                self.known[answer.event_id] = answer.modification_number
        for signal in over:
            self.known.pop(signal.event, None)
        await self._accept([s for a in answers for s in a.signals] + list(over), answers)
        await self._respond(message, [answer for answer in answers if answer.wanted])

    def _answer(self, event: Mapping[str, Any]) -> Answer:
        """Opted out, it asks nothing: its earlier version goes too, for we said so to the VTN."""
        answer = answered(event, self._channel, self._now(), self.known)
        if answer.code is not Code.OK or self._decide(answer):
            return answer
        return replace(answer, opts_in=False, signals=tuple(replace(s, cancelled=True) for s in answer.signals))

    async def _respond(self, message: Mapping[str, Any], answers: Sequence[Answer]) -> None:
        if not answers:
            return
        request_id = message.get("request_id")
        told = [_response(answer, request_id) for answer in answers]
        body = self._client._create_message(  # the library's public method can only say 200
            "oadrCreatedEvent",
            response={"response_code": 200, "response_description": "OK", "request_id": request_id},
            event_responses=told,
            ven_id=self._client.ven_id,
        )
        await self._client._perform_request("EiEvent", body)


def _response(answer: Answer, request_id: Any) -> dict[str, Any]:
    return {
        "response_code": int(answer.code),
        "response_description": answer.findings[0].message if answer.findings else "OK",
        "opt_type": "optIn" if answer.opts_in else "optOut",
        "request_id": request_id,
        "modification_number": answer.modification_number,
        "event_id": answer.event_id,
    }


def _client(vtn: Vtn20b, distributed: Callable[[Mapping[str, Any]], Awaitable[None]]) -> Any:
    try:
        from openleadr import OpenADRClient
    except ImportError as absent:
        message = "OpenADR 2.0b needs the extra openadr2: pip install 'chargewright[openadr2]'"
        raise EdgeError(message, peer=vtn.url, retryable=False) from absent

    class Client(OpenADRClient):  # type: ignore[misc]  # the library has no types
        async def _on_event(self, message: Mapping[str, Any]) -> None:
            await distributed(message)

    return Client(
        ven_name=vtn.ven_name,
        vtn_url=vtn.url,
        ven_id=vtn.ven_id,
        cert=vtn.cert_file,
        key=vtn.key_file,
        ca_file=vtn.ca_file,
        show_fingerprint=False,
    )
