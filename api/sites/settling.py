"""An event of a kept site settled by what was measured there: the inputs of a settlement out of the store."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from api.programmes.keeping import Book
from api.settling.evidence import Package, package
from api.settling.inputs import Inputs
from api.settling.tables import csv_bytes
from api.sites.keeping import Desk
from api.sites.measured_loads import measured_loads, meter_csv, sessions_csv
from api.store.records import Entry, Kind
from models import programmes
from models.domain.calendar import calendar_of
from models.domain.errors import InvalidScenario, NotFound
from models.domain.findings import Finding
from models.domain.programme import Programme
from models.domain.signal import Event
from models.domain.tariff import Tariff
from models.domain.wire import form_json
from models.settlement.calls import CalledEvent, SettlementRule, Settling
from models.settlement.programmes import rule_of
from models.settlement.readings import Grid

LOOK_BACK = timedelta(days=46)
"""What the method that looks furthest back needs."""
AFTER = timedelta(hours=6)
"""For what comes back after an event, and for baselines that look at hours after it."""
REPLAYED = "session_counterfactual"
STEP_S = 300.0
"""Of the grid that measurements are put on. [s]"""
PAGE = 500


def inputs_of(desk: Desk, event_id: str, baseline: str, programme: str | None) -> Inputs:
    """What an event of the site is settled from. A scenario has no two events that count one kWh, so it is alone.

    Raises NotFound, and InvalidScenario where no such programme is known or nothing was measured.
    """
    event = _event(desk, event_id)
    others = [one for one in _events(desk) if one.id != event.id]
    kept = desk.find(Kind.TARIFF)
    tariff = kept.value if kept else Tariff(currency="", import_price=0.0)
    calendar = calendar_of(tariff, desk.get(Kind.SITE).value.time_zone)
    days = {calendar.local(at).date() for one in others for at in (one.start, one.end)}
    settling = Settling(
        time_zone=str(calendar.time_zone),
        programmes=(_rule(event, baseline, None if programme is None else _terms(desk, programme), tariff),),
        events=(_called(event),),
        holidays=tuple(tariff.holidays),
        holiday_calendar=tariff.holiday_calendar,
        other_event_days=tuple(sorted(days)),
    )
    loads, stays = measured_loads(desk, grid_of(event), event, whole=baseline == REPLAYED)
    return Inputs(
        settling=(form_json(Settling, settling) + "\n").encode(),
        meter=meter_csv(loads),
        sessions=sessions_csv(stays, desk),
    )


def evidence_of(desk: Desk, event_id: str, inputs: Inputs) -> Package:
    """The package, with the plans of its time and the lines of the audit trail that name the event."""
    event = _event(desk, event_id)
    more = {"plans.csv": _plans_csv(desk, event), "audit.csv": _audit_csv(desk, event_id)}
    return package(inputs, more)


def refuse_early(event_end: datetime, now: datetime) -> None:
    """Raises InvalidScenario while an event is not over."""
    if now < event_end:
        message = f"it ends at {event_end:%Y-%m-%d %H:%M %Z}"
        raise InvalidScenario([Finding(path="event", message=message, remedy="settle it when it is over")])


def event_end(desk: Desk, event_id: str) -> datetime:
    """Raises NotFound."""
    return _event(desk, event_id).end


def _event(desk: Desk, event_id: str) -> Event:
    found = desk.find(Kind.SIGNAL, event_id)
    if found is None or not isinstance(found.value, Event):
        raise NotFound("the site has no event of this id")
    return found.value


def _events(desk: Desk) -> Iterator[Event]:
    yield from (kept.value for kept in desk.every(Kind.SIGNAL) if isinstance(kept.value, Event))


def _terms(desk: Desk, name: str) -> Programme:
    """Of a programme that the tenant keeps, else of a known one. Raises InvalidScenario."""
    kept = Book(desk.unit, desk.tenant, name, desk.who).find(Kind.PROGRAMME)
    return programmes.load(name) if kept is None else kept.value


def _rule(event: Event, baseline: str, programme: Programme | None, tariff: Tariff) -> SettlementRule:
    """The terms of a programme where one is named; else those of the event itself."""
    if programme is not None:
        return replace(rule_of(programme), programme=event.id, baseline=baseline)
    return SettlementRule(
        programme=event.id,
        baseline=baseline,
        currency=tariff.currency,
        settlement_min=event.settlement_min,
        payment_per_kwh=event.payment_per_kwh,
        penalty_per_kwh=event.penalty_per_kwh,
        interval_pays_from_share=event.pays_from_share,
        snap_back_h=event.rebound.hours if event.rebound else 0.0,
        source=event.source,
    )


def _called(event: Event) -> CalledEvent:
    return CalledEvent(
        id=event.id,
        programme=event.id,
        start=event.start,
        end=event.end,
        direction=event.direction,
        committed_kw=event.committed_kw,
        accepted_kw=event.accepted_kw,
        evses=event.evses,
        baseline_kw=event.baseline_kw,
    )


def grid_of(event: Event) -> Grid:
    """From as far back as methods look, until after the event."""
    start_s = (event.start - LOOK_BACK).timestamp() // STEP_S * STEP_S
    end_s = (event.end + AFTER).timestamp()
    return Grid(start_s=start_s, step_s=STEP_S, count=int((end_s - start_s) // STEP_S) + 1)


def _plans_csv(desk: Desk, event: Event) -> bytes:
    """Plans made from the day before an event to its end: when, how, of which inputs, and digests of what was kept."""
    rows = []
    for entry in _journal(desk, Kind.PLAN):
        if event.start - timedelta(days=1) <= entry.recorded_at <= event.end:
            made = json.loads(json.loads(entry.body)["made"])
            told = [made.get("method"), made.get("passed_audit"), made.get("digest")]
            rows.append([entry.sequence, entry.id, entry.recorded_at.isoformat(), *told, _digest(entry.body)])
    return csv_bytes(("sequence", "plan", "at", "method", "passed_audit", "inputs_sha256", "kept_sha256"), rows)


def _audit_csv(desk: Desk, event_id: str) -> bytes:
    """What was done about the event, by whom."""
    rows = []
    for entry in _journal(desk, Kind.AUDIT):
        told = json.loads(entry.body)
        if told.get("id") == event_id:
            rows.append([entry.sequence, entry.recorded_at.isoformat(), told["who"], told["what"], entry.body])
    return csv_bytes(("sequence", "at", "who", "what", "line"), rows)


def _journal(desk: Desk, kind: Kind) -> Iterator[Entry]:
    after = 0
    while entries := desk.unit.entries(desk.tenant, desk.site, [kind], after=after, limit=PAGE):
        yield from entries
        after = entries[-1].sequence


def _digest(body: str) -> str:
    return sha256(body.encode()).hexdigest()
