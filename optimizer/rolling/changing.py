"""A state with one record changed, and how what was odd is counted."""

from dataclasses import replace
from typing import Any

from models.domain.events import StationEvent
from optimizer.rolling.state import EvseRecord, SessionRecord, SiteState
from optimizer.rolling.verdict import Evidence, Flaw, Verdict

MOST_DEFECTS = 64
"""Kinds that are counted at one station; what comes beyond is counted together."""
MOST_EVIDENCE = 5
OTHER = "other defects"


def with_evse(state: SiteState, record: EvseRecord) -> SiteState:
    return replace(state, evses={**state.evses, record.id: record})


def with_station(state: SiteState, station_id: str, **changes: Any) -> SiteState:
    """A station that the site does not list is left out: nobody steers it."""
    known = state.stations.get(station_id)
    if known is None:
        return state
    return replace(state, stations={**state.stations, station_id: replace(known, **changes)})


def with_session(record: EvseRecord, **changes: Any) -> EvseRecord:
    """Of an EVSE without a session nothing changes."""
    return record if record.session is None else replace(record, session=replace(record.session, **changes))


def with_verdict(record: EvseRecord, flaw: Flaw, evidence: Evidence, factor: float | None = None) -> EvseRecord:
    """A flaw that is known gets one more piece of evidence, of which the last few are kept."""
    known = next((verdict for verdict in record.verdicts if verdict.flaw is flaw), None)
    before, since = (known.evidence, known.since) if known else ((), evidence.at)
    told = Verdict(evse=record.id, flaw=flaw, since=since, evidence=(*before, evidence)[-MOST_EVIDENCE:], factor=factor)
    return replace(without_verdicts(record, flaw), verdicts=(*without_verdicts(record, flaw).verdicts, told))


def without_verdicts(record: EvseRecord, *flaws: Flaw) -> EvseRecord:
    left = tuple(verdict for verdict in record.verdicts if verdict.flaw not in flaws)
    return record if left == record.verdicts else replace(record, verdicts=left)


def counted(state: SiteState, station_id: str, defect: str) -> SiteState:
    """One more of a defect at a station."""
    station = state.stations.get(station_id)
    if station is None:
        return state
    name = defect if defect in station.defects or len(station.defects) < MOST_DEFECTS else OTHER
    return with_station(state, station_id, defects={**station.defects, name: station.defects.get(name, 0) + 1})


def of_station(state: SiteState, station_id: str) -> tuple[EvseRecord, ...]:
    return tuple(record for record in state.evses.values() if record.station == station_id)


def evse_of(state: SiteState, event: StationEvent) -> EvseRecord | None:
    """The EVSE that an event is about; of a station with one EVSE that one, also where no number was told."""
    there = of_station(state, event.station_id)
    if event.evse_number in (None, 0):
        return there[0] if len(there) == 1 and event.evse_number is None else None
    return next((record for record in there if record.number == event.evse_number), None)


def by_transaction(state: SiteState, station_id: str, transaction_id: str | None) -> EvseRecord | None:
    if transaction_id is None:
        return None
    return next((r for r in of_station(state, station_id) if _runs(r.session, transaction_id)), None)


def evse_or_transaction(state: SiteState, event: StationEvent, transaction_id: str | None) -> EvseRecord | None:
    """The EVSE by its number, else the one on which the transaction runs."""
    return evse_of(state, event) or by_transaction(state, event.station_id, transaction_id)


def _runs(session: SessionRecord | None, transaction_id: str) -> bool:
    return session is not None and session.transaction_id == transaction_id
