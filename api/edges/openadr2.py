"""A VEN of OpenADR 2.0b on openleadr (extra ``openadr2``): registration, polls and reports are the library's.

Events are answered here: the library keeps its first answer for every copy of a modification, and would not look at a
cancellation that has the number of what it cancels; and it answers every event 200.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from api.edges.openadr2_client import Vtn20b, client_of
from models.domain.errors import EdgeError
from models.domain.utility_signal import UtilitySignal
from models.openadr.v20b import Answer, Channel20b, Code, answered, missing

Accept = Callable[[Sequence[UtilitySignal], Sequence[Answer]], Awaitable[None]]
"""Takes what is new; it has it for good before the VTN is answered."""
USAGE, STATUS = "usage", "status"
"""Last words of report specifiers, after the name of the resource."""
MOST_MESSAGES = 50
"""That are fetched in one go."""
_NOTHING = "oadrResponse"
_SHORTEST = timedelta(seconds=10)
_BUFFER = timedelta(hours=1)
"""Of values that are kept for a report."""
Decide = Callable[[Answer], bool]
Measure = Callable[[], float]
"""The present value of a telemetry point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAsked:
    """A report that the VTN has subscribed to."""

    id: str
    specifier: str
    r_ids: tuple[str, ...]
    every: timedelta


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
        self.came: dict[str, Any] = {}
        """Events as they came, by id."""
        self._client = client_of(vtn, self._distributed)
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
                report_specifier_id=f"{resource} {USAGE}",
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
            report_specifier_id=f"{resource} {STATUS}",
            r_id=f"{resource} {STATUS}",
        )

    async def start(self) -> None:
        """Registers, offers its reports, asks for all events and polls from then on; raises EdgeError."""
        await self._client.run()
        if not self._client.registration_id:
            raise EdgeError("it did not register us", peer=self._client.vtn_url, retryable=True)
        self._channel = replace(self._channel, ven_id=self._client.ven_id or "")

    async def register(self) -> None:
        """Registers, offers its reports and asks for all events, and runs no clock of its own; raises EdgeError."""
        client = self._client
        await client.query_registration()
        await client.create_party_registration(ven_id=client.ven_id)
        if not client.registration_id:
            raise EdgeError("it did not register us", peer=client.vtn_url, retryable=True)
        self._channel = replace(self._channel, ven_id=client.ven_id or "")
        if client.reports:
            await client.register_reports(client.reports)
        await self.synchronise()

    def resume(self, ven_id: str, registration_id: str) -> None:
        """As it was registered before."""
        self._client.ven_id, self._client.registration_id = ven_id, registration_id
        self._channel = replace(self._channel, ven_id=ven_id)

    @property
    def registration(self) -> tuple[str, str]:
        """VEN id and registration id; empty where it has none."""
        return self._client.ven_id or "", self._client.registration_id or ""

    def reports_asked(self) -> tuple[ReportAsked, ...]:
        """That the VTN has subscribed to since this object was made."""
        return tuple(
            ReportAsked(
                id=str(one["report_request_id"]),
                specifier=str(one["report_specifier_id"]),
                r_ids=tuple(one["r_ids"]),
                every=max(one["report_back_duration"] or timedelta(), one["granularity"] or timedelta(), _SHORTEST),
            )
            for one in self._client.report_requests
        )

    async def poll_all(self) -> None:
        """Polls until there is nothing more; raises EdgeError."""
        for _ in range(MOST_MESSAGES):
            await self._client._poll()
            if self._client.polled in (None, _NOTHING):
                return

    async def report(self, asked: ReportAsked, values: Mapping[str, Any], at: datetime) -> None:
        """Sends the present values of a report; raises EdgeError."""
        from openleadr import enums, objects, utils

        told = [(r_id, values[r_id]) for r_id in asked.r_ids if r_id in values]
        if not told:
            return
        is_usage = asked.specifier.endswith(USAGE)
        name = enums.REPORT_NAME.TELEMETRY_USAGE if is_usage else enums.REPORT_NAME.TELEMETRY_STATUS
        intervals = [
            objects.ReportInterval(dtstart=at, report_payload=objects.ReportPayload(r_id=r_id, value=value))
            for r_id, value in told
        ]
        report = objects.Report(
            report_request_id=asked.id,
            report_specifier_id=asked.specifier,
            report_name=name,
            intervals=intervals,
            dtstart=at,
        )
        request_id = utils.generate_id()
        ven_id = self._client.ven_id
        body = self._client._create_message("oadrUpdateReport", ven_id=ven_id, request_id=request_id, reports=[report])
        await self._client._perform_request("EiReport", body)

    async def close(self) -> None:
        if self._client.client_session is not None:
            await self._client.client_session.close()

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
        self.came[answer.event_id] = event
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
