"""The limit follows the draw: head-room that a car leaves unused for minutes is there for others."""

from dataclasses import replace
from datetime import timedelta

from optimizer.rolling.stages import DRAWS_KW, TOUCHES
from optimizer.rolling.state import EvseRecord, NamePlate, Reading, SessionRecord, Stage

AC_MARGIN, DC_MARGIN = 0.2, 0.1
"""Above the draw, as a share of it."""
WINDOW = timedelta(minutes=2)
FEWEST_READINGS = 2
DC_LEAST = 0.05
"""Share of its rating that a DC EVSE goes on offering, so that its car can come back."""


def followed(record: EvseRecord) -> EvseRecord:
    """With the limit that the session's draw leaves it; a draw that touches that limit lifts it at once."""
    session = record.session
    if session is None or not record.readings:
        return record
    return replace(record, session=replace(session, follow_kw=_follow_kw(session, record)))


def _follow_kw(session: SessionRecord, record: EvseRecord) -> float | None:
    newest, margin = record.readings[-1], DC_MARGIN if record.plate.dc else AC_MARGIN
    spread = _spread(session, record.plate)
    if session.stage in (Stage.WAITING, Stage.PROBING) or _touches(newest, spread):
        return None
    if session.stage is not Stage.FULL and newest.drawn_kw < DRAWS_KW:
        return session.follow_kw  # a pause tells nothing of what it will draw
    recent = [one for one in record.readings if newest.at - one.at <= WINDOW]
    wants_kw = max(spread * (1.0 + margin) * max(one.drawn_kw for one in recent), _least_kw(session, record.plate))
    steady = len(recent) >= FEWEST_READINGS and newest.at - recent[0].at >= WINDOW / 2
    unused = all(_leaves_room(one, wants_kw) for one in recent)
    return wants_kw if steady and unused else session.follow_kw


def _spread(session: SessionRecord, plate: NamePlate) -> float:
    """With unknown phases all of the draw may be on one of them, and the limit counts for each."""
    return 1.0 if plate.dc or session.phases is not None else float(plate.phases)


def _touches(reading: Reading, spread: float) -> bool:
    """It would draw more if it might."""
    limit_kw = reading.binding_kw
    return limit_kw is None or (spread * reading.drawn_kw >= TOUCHES * limit_kw and reading.drawn_kw >= DRAWS_KW)


def _leaves_room(reading: Reading, wants_kw: float) -> bool:
    return reading.binding_kw is not None and wants_kw <= reading.binding_kw


def _least_kw(session: SessionRecord, plate: NamePlate) -> float:
    """For this vehicle: on fewer phases the smallest current is a smaller power."""
    return least_kw(plate) * (1.0 if session.phases is None or plate.dc else session.phases / plate.phases)


def least_kw(plate: NamePlate) -> float:
    """The smallest offer at which a car goes on. [kW at evse, all phases]"""
    return DC_LEAST * plate.rating_kw if plate.dc else plate.least_kw
