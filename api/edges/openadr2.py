"""A VEN of OpenADR 2.0b on openleadr (extra ``openadr2``): registration, polls and reports are the library's.

Events are answered here: the library keeps its first answer for every copy of a modification, and would not look at a
cancellation that has the number of what it cancels; and it answers every event 200.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from api.edges.openadr2_status import MESSAGE, Status
from api.edges.openadr2_vtn import Vtn20b
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
        stays_out: Decide | None = None,
    ) -> None:
        """``decide``: whether we take part in an event; else it asks nothing. ``stays_out``: whether its operator has
        opted out of it, which whoever accepts knows and looks after.
        """
        self._channel, self._accept, self._now = channel, accept, now
        self._decide = decide or (lambda answer: True)
        self._stays_out = stays_out or (lambda answer: False)
        self.known: dict[str, int] = {}
        """Modification numbers by event."""
        self.came: dict[str, Any] = {}
        """Events as they came, by id."""
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
        await self.offer()
        await self.synchronise()

    async def offer(self) -> None:
        """Tells the VTN which reports there are; it answers with those that it wants. Raises EdgeError."""
        if self._client.reports:
            await self._client.register_reports(self._client.reports)

    @property
    def offered(self) -> tuple[str, ...]:
        """Specifiers of the reports that there are."""
        return tuple(sorted({str(report.report_specifier_id) for report in self._client.reports}))

    def resume(self, ven_id: str, registration_id: str) -> None:
        """As it was registered before."""
        self._client.ven_id, self._client.registration_id = ven_id, registration_id
        self._channel = replace(self._channel, ven_id=ven_id)

    @property
    def registration(self) -> tuple[str, str]:
        """VEN id and registration id; empty where it has none."""
        return self._client.ven_id or "", self._client.registration_id or ""

    def reports_asked(self) -> tuple[ReportAsked, ...]:
        """That the VTN has subscribed to since this object was made; the library has all points in every request."""
        mine = {str(one.report_specifier_id): {d.r_id for d in one.report_descriptions} for one in self._client.reports}
        return tuple(
            ReportAsked(
                id=str(one["report_request_id"]),
                specifier=str(one["report_specifier_id"]),
                r_ids=tuple(r_id for r_id in one["r_ids"] if r_id in mine[str(one["report_specifier_id"])]),
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

    async def report(self, asked: ReportAsked, values: Mapping[str, float | Status], at: datetime) -> None:
        """Sends the present values of a report; raises EdgeError."""
        told = [(r_id, values[r_id]) for r_id in asked.r_ids if r_id in values]
        if not told:
            return
        is_usage = asked.specifier.endswith(USAGE)
        body = self._usage(asked, told, at) if is_usage else self._status(asked, told, at)
        await self._client._perform_request("EiReport", body)

    def _usage(self, asked: ReportAsked, told: Sequence[tuple[str, Any]], at: datetime) -> Any:
        from openleadr import enums, objects, utils

        intervals = [
            objects.ReportInterval(dtstart=at, report_payload=objects.ReportPayload(r_id=r_id, value=value))
            for r_id, value in told
        ]
        report = objects.Report(
            report_request_id=asked.id,
            report_specifier_id=asked.specifier,
            report_name=enums.REPORT_NAME.TELEMETRY_USAGE,
            intervals=intervals,
            dtstart=at,
        )
        ven_id, request_id = self._client.ven_id, utils.generate_id()
        return self._client._create_message("oadrUpdateReport", ven_id=ven_id, request_id=request_id, reports=[report])

    def _status(self, asked: ReportAsked, told: Sequence[tuple[str, Any]], at: datetime) -> Any:
        from openleadr import utils

        return self._client._create_message(
            MESSAGE,
            ven_id=self._client.ven_id,
            request_id=utils.generate_id(),
            report_request_id=asked.id,
            report_specifier_id=asked.specifier,
            told=told,
            at=at,
        )

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
        if answer.code is not Code.OK:
            return answer
        if self._decide(answer):
            return replace(answer, opts_in=answer.opts_in and not self._stays_out(answer))
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
    """Raises EdgeError where openleadr is not installed."""
    try:
        from api.edges.openadr2_client import Client
    except ImportError as absent:
        message = "OpenADR 2.0b needs the extra openadr2: pip install 'chargewright[openadr2]'"
        raise EdgeError(message, peer=vtn.url, retryable=False) from absent
    return Client(vtn, distributed)
