"""Messages that a flexibility provider writes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from models.domain.utility_signal import Flow
from models.oscp.wire import VERSION, Block, CapacityUnit, ForecastType, PhaseIndicator, time_text

LONGEST_MESSAGE = 500


def register(token: str, base_url: str) -> dict[str, Any]:
    """Where we are reached, and the token to come with."""
    return {"token": token, "version_url": [{"version": VERSION, "base_url": base_url}]}


def handshake(heartbeat_interval_s: int, measurements: Sequence[str]) -> dict[str, Any]:
    """What we ask of the other side, and what we will do."""
    behaviour = {"heartbeat_interval": heartbeat_interval_s, "measurement_configuration": list(measurements)}
    return {"required_behaviour": behaviour}


def heartbeat(offline_mode_at: datetime) -> dict[str, Any]:
    """Until when we promise to be heard from again."""
    return {"offline_mode_at": time_text(offline_mode_at)}


def compliance_error(message: str, blocks: Sequence[Block] = ()) -> dict[str, Any]:
    """Tells that a forecast cannot be kept; goes with the forecast's request id as X-Correlation-ID."""
    written: dict[str, Any] = {"message": message[:LONGEST_MESSAGE]}
    return written | ({"forecasted_blocks": [block.model_dump(mode="json") for block in blocks]} if blocks else {})


def adjustment(group: str, kind: ForecastType, blocks: Sequence[tuple[datetime, datetime, float]]) -> dict[str, Any]:
    """Asks for another capacity: start, end and kW."""
    return {"group_id": group, "type": kind, "forecasted_blocks": [_block(*block) for block in blocks]}


def group_measurements(
    group: str, energy_kwh: float, measured_at: datetime, since: datetime | None = None, *, flow: Flow = Flow.IMPORT
) -> dict[str, Any]:
    """The energy of a group at an instant; ``since`` for an intermittent measurement."""
    measured: dict[str, Any] = {
        "value": energy_kwh,
        "phase": PhaseIndicator.ALL,
        "unit": CapacityUnit.KWH,
        "energy_type": "TOTAL",
        "direction": flow.upper(),
        "measure_time": time_text(measured_at),
    }
    began = {} if since is None else {"initial_measure_time": time_text(since)}
    return {"group_id": group, "measurements": [measured | began]}


def _block(start: datetime, end: datetime, capacity_kw: float) -> dict[str, Any]:
    return {
        "capacity": capacity_kw,
        "phase": PhaseIndicator.ALL,
        "unit": CapacityUnit.KW,
        "start_time": time_text(start),
        "end_time": time_text(end),
    }
