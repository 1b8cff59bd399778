"""What earlier plans and earlier days leave behind: setpoints that were planned, energy that was missed."""

from datetime import datetime

from models.domain.value import Step, value


@value
class PlannedBefore:
    """What the plan before had for one session."""

    session: str
    """Its id; one that has left since does no harm."""
    charge_power_kw: tuple[Step, ...]
    """Setpoints, measured at evse; nothing is known of the time before the first one. [kW]"""
    end: datetime
    """Where that plan said no more about the session."""


@value
class MissedBefore:
    """What a driver has missed before: one line of the ledger by which later shortage is shared."""

    driver: str
    """As in ``Session.driver``; the id of a session that names none."""
    missed_kwh: float
    """Measured at evse. [kWh]"""
