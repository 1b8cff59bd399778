"""EVSEs that are not controlled are given a small limit all the same: only who is limited can show that it follows.

Without a car the limit is their default: who refused it, or was silent, is asked again. They count at their rating
whatever they are sent (S3), so a trial needs nobody's room and waits for nobody.
"""

from dataclasses import dataclass
from datetime import datetime

from optimizer.rolling.allowed import expected_kw
from optimizer.rolling.following import least_kw
from optimizer.rolling.state import EvseRecord, SiteState
from optimizer.rolling.verdict import Flaw

SAME_KW = 0.05
SECOND = 1.5
"""Times the least: two limits tell a station that scales from one that follows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What an EVSE is sent."""

    record: EvseRecord
    limit_kw: float
    """At evse, all phases in use. [kW]"""

    @property
    def of_its_car_kw(self) -> float:
        """A vehicle on fewer phases gets the same current on each. [kW at evse]"""
        session, plate = self.record.session, self.record.plate
        phases = session.phases if session is not None else None
        return self.limit_kw if phases is None else self.limit_kw * phases / plate.phases


def on_trial(state: SiteState, now: datetime) -> tuple[Trial, ...]:
    """EVSEs in reach, not left in peace after a refusal, and not limited like that already.

    One that is not verified is sent what it had instead.
    """
    found = ((record, _limit_kw(state, record, now)) for record in state.evses.values())
    return tuple(Trial(record=record, limit_kw=limit_kw) for record, limit_kw in found if limit_kw is not None)


def _limit_kw(state: SiteState, record: EvseRecord, now: datetime) -> float | None:
    """Of one that ignores its limit the two in turn, until they show what it does; None where nothing is sent."""
    flaws = {verdict.flaw for verdict in record.verdicts}
    if record.excluded or not record.uncontrolled or Flaw.UNVERIFIED in flaws:
        return None
    if record.session is None and not flaws & {Flaw.REFUSES, Flaw.SILENT}:
        return None
    waits = record.retry_at is not None and record.retry_at > now
    if waits or not state.stations[record.station].reachable:
        return None
    limit_kw, least = expected_kw(record, now), least_kw(record.plate)
    if limit_kw is None or abs(limit_kw - least) > SAME_KW:
        return least
    return min(SECOND * least, record.plate.rating_kw) if Flaw.IGNORES_LIMIT in flaws else None
