"""A session of which something was not told, with what the habits of its site say in its place."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from models.domain.findings import Assumption
from models.domain.session import Session
from models.domain.value import Step
from models.learning.chances import curves_for, likely_end, parts, still_there, still_wants
from models.learning.curves import Curve, Curves

DIGITS = 3
"""Of an energy in kWh that is told."""


@dataclass(frozen=True, slots=True)
class Habitual:
    """The habits of a site as they are used for its sessions."""

    curves: Curves
    zone: ZoneInfo
    begun: datetime | None
    """Start of the plan, if it was given."""

    def fill(
        self, session: Session, path: str, target_field: str, *, of_one_at_evse: float
    ) -> tuple[Session, list[Assumption]]:
        """The session with chances where it told nothing; ``of_one_at_evse``: 1 kWh at evse, where it is measured."""
        stays, energies = curves_for(self.curves, session.arrival, self.zone, session.driver_group)
        told = []
        if session.departure is None and session.still_there is None:
            steps = self._still_there(session, stays)
            session = replace(session, still_there=steps)
            by = likely_end(steps).astimezone(self.zone)
            value = f"a chance, half by {by:%Y-%m-%d %H:%M}"
            told.append(Assumption(what=f"{path}.departure", value=value, source=self._source(stays)))
        if session.energy_target_kwh is None and session.still_wants is None:
            ends = still_wants(energies, session.delivered_kwh / of_one_at_evse)
            ends = tuple((round(kwh * of_one_at_evse, DIGITS), chance) for kwh, chance in ends)
            wants = parts(ends, session.energy_minimum_kwh)
            session = replace(session, still_wants=wants)
            value = f"a chance, at most {wants[-1].up_to_kwh:g} kWh at {session.measured_at}"
            told.append(Assumption(what=f"{path}.{target_field}", value=value, source=self._source(energies)))
        return session, told

    def _still_there(self, session: Session, stays: Curve) -> tuple[Step, ...]:
        since = session.arrival if self.begun is None else max(session.arrival, self.begun)
        return still_there(stays, session.arrival, since)

    def _source(self, curve: Curve) -> str:
        alike = f"{curve.count} like it of {curve.site_count} past sessions of the site"
        named = self.curves.habits.source
        return f"habits: {alike}, filled up with public data" + (f"; {named}" if named else "")
