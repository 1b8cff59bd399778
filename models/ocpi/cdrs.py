"""Charge detail records of OCPI 2.1.1, 2.2.1 and 2.3.0 as past sessions; what is paid is not read.

2.1.1 calls the end ``stop_date_time``, the token ``auth_id``, and holds a whole location with one EVSE; from 2.2 on it
is ``end_date_time``, ``cdr_token`` and ``cdr_location``.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.datasets.imported import Imported, Row, doubt, imported
from models.datasets.pseudonyms import Named
from models.datasets.recorded import RecordedSession
from models.domain.findings import Finding
from models.domain.paths import path_text
from models.ocpi.wire import OcpiTime

LEFT_OUT = "it is left out; ask whoever sent it"


class _Read(BaseModel):
    """Numbers as peers write them: some send them as text."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Token(_Read):
    uid: str = ""
    contract_id: str = ""


class _Evse(_Read):
    uid: str
    evse_id: str | None = None


class _Place(_Read):
    """``cdr_location``, or the location of 2.1.1 with its one EVSE."""

    id: str = ""
    evse_uid: str | None = None
    evse_id: str | None = None
    evses: tuple[_Evse, ...] = ()

    @property
    def evse(self) -> str | None:
        """The uid, which is what locations and preferences know it by; else the public id."""
        inside = self.evses[0] if self.evses else None
        return self.evse_uid or (inside.uid if inside else None) or self.evse_id


class Cdr(_Read):
    """A charge detail record, as far as it says who stood where, how long, and took how much."""

    id: str = Field(min_length=1)
    start_date_time: OcpiTime
    end_date_time: OcpiTime | None = None
    stop_date_time: OcpiTime | None = None
    cdr_token: _Token | None = None
    auth_id: str = ""
    cdr_location: _Place | None = None
    location: _Place | None = None
    total_energy: float = Field(ge=0.0)
    """[kWh]"""
    credit: bool = False
    """Whether it takes back another one; such records are no sessions."""

    @property
    def end(self) -> datetime | None:
        return self.end_date_time or self.stop_date_time

    @property
    def place(self) -> _Place:
        return self.cdr_location or self.location or _Place()

    @property
    def token(self) -> str:
        """The contract where one is told, for a driver may hold several cards; else the card."""
        of_cdr = self.cdr_token
        return (of_cdr.contract_id or of_cdr.uid) if of_cdr else self.auth_id


def sessions_of_cdrs(objects: Sequence[Any], named: Named, *, location: str | None = None, file: str = "") -> Imported:
    """Past sessions of records, of one ``location`` only where it is named."""
    before = f"{file} " if file else ""
    read = [_row(one, f"{before}[{place}]", named) for place, one in enumerate(objects)]
    rows = [row for row, place in (one for one in read if isinstance(one, tuple)) if location in (None, place)]
    return imported(rows, [one for one in read if isinstance(one, Finding)])


def _row(told: Any, where: str, named: Named) -> tuple[Row, str] | Finding:
    try:
        cdr = Cdr.model_validate(told)
    except ValidationError as unfit:
        first = unfit.errors(include_url=False, include_input=False)[0]
        path = path_text(tuple(first["loc"]))
        return doubt(f"{where}.{path}", f"{path} does not fit", str(first["msg"]), LEFT_OUT)
    if (why := _unusable(cdr)) is not None:
        return doubt(where, why, f"record {cdr.id}: {why}", LEFT_OUT)
    assert cdr.end is not None, "asked before"
    assert cdr.place.evse is not None, "asked before"
    session = RecordedSession(
        id=cdr.id,
        evse=cdr.place.evse,
        arrival=cdr.start_date_time,
        departure=cdr.end,
        energy_kwh=cdr.total_energy,
        driver=named(cdr.token),
    )
    return Row(where, session), cdr.place.id


def _unusable(cdr: Cdr) -> str | None:
    if cdr.credit:
        return "it takes back another record"
    if cdr.end is None:
        return "no end is told"
    if cdr.place.evse is None:
        return "no EVSE is named"
    return "it ends before it begins" if cdr.end <= cdr.start_date_time else None
