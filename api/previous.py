"""The plan before, read back from its document: as one more plan that can stand in for the optimum."""

from pathlib import Path

import numpy as np

from api.document import PlanDocument, PlannedSession
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.schedule import Floats, Method, Schedule, SessionPlan
from models.domain.units import SECONDS_PER_HOUR


def previous_from(path: Path) -> Schedule:
    """The setpoints of a document that ``--json`` wrote, and nothing else of it; raises InvalidScenario."""
    try:
        return schedule_of(PlanDocument.model_validate_json(path.read_bytes()))
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error
    except (ValueError, IndexError) as error:  # no document, or times in it that do not fit together
        raise _refused(path, "it is not the document of a plan") from error


def _refused(path: Path, reason: str) -> InvalidScenario:
    remedy = "give a file that chargewright plan --json has written"
    return InvalidScenario([Finding(path="", message=f"--previous {path}: {reason}", remedy=remedy)])


def schedule_of(document: PlanDocument) -> Schedule:
    """Setpoints and offers of a plan, and nothing else; raises ValueError, IndexError for times that do not fit."""
    instants_s = np.array([instant.timestamp() for instant in document.instants])
    nothing = np.zeros(len(instants_s) - 1)
    return Schedule(
        site_id=document.site_id,
        method=Method(document.method),
        currency=document.currency,
        instants_s=instants_s,
        sessions=tuple(_session(one, instants_s) for one in document.sessions),
        nodes=(),
        grid_import_kw=nothing,
        grid_export_kw=nothing,
    )


def _session(one: PlannedSession, instants_s: Floats) -> SessionPlan:
    """Setpoints cover the stay without a gap and change at instants: each period has the one of its last moment."""
    starts_s = np.array([setpoint.start.timestamp() for setpoint in one.setpoints])
    ends_s = np.array([setpoint.end.timestamp() for setpoint in one.setpoints])
    powers_kw = np.array([setpoint.charge_power_kw for setpoint in one.setpoints])
    offers_kw = np.array([setpoint.offered_power_kw for setpoint in one.setpoints])
    first = int(np.searchsorted(instants_s, starts_s.min(initial=np.inf), side="right")) - 1
    end = int(np.searchsorted(instants_s, ends_s.max(initial=-np.inf), side="left"))
    there = np.arange(first, max(first, end))
    which = np.searchsorted(starts_s, instants_s[there + 1], side="left") - 1
    return SessionPlan(
        session_id=one.session_id,
        evse_id=one.evse_id,
        first_period=first,
        charge_power_kw=powers_kw[which],
        offered_power_kw=offers_kw[which],
        plugged_in_h=np.diff(instants_s)[there] / SECONDS_PER_HOUR,
        energy_remaining_kwh=one.energy_remaining_kwh,
        energy_kwh=one.energy_kwh,
    )
