"""One charging profile against the rules of its version and what its station told of itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.sending import Version
from models.domain.site import CurrentType, Evse, Phase, RateUnit, Station
from models.ocpp.capabilities import MOST_PERIODS
from models.ocpp.reading import Circumstances, whole
from models.ocpp.rules import findings
from models.ocpp.station import Identity, capability

ANY_LEVEL = 999


def broken_rules(
    payload: Any,
    version: Version,
    *,
    answer: Mapping[str, Any] | None = None,
    direct_current: bool = False,
    phases: int = 3,
    now: datetime | None = None,
    clock_ahead_s: float = 0.0,
) -> tuple[Finding, ...]:
    """For the EVSE that the payload names; without an answer of its station, one that takes much, without features."""
    if not isinstance(payload, Mapping):
        message = "this is no payload of a SetChargingProfile"
        raise InvalidScenario((Finding(path="", message=message, remedy="give a JSON object"),))
    number = payload.get("connectorId" if version is Version.V16 else "evseId")
    evse = Evse(
        id="evse",
        node="grid",
        evse_number=number if whole(number) else 1,
        current=CurrentType.DC if direct_current else CurrentType.AC,
        phases=tuple(Phase)[:phases],
    )
    modes: tuple[str, ...] = ()
    if answer is None:
        units = tuple(RateUnit)
        station = Station(id="station", rate_units=units, max_periods=MOST_PERIODS, max_stack_level=ANY_LEVEL)
    else:
        told = capability(Identity(station_id="station"), version, answer)
        station, modes = told.station, told.operation_modes
    given = Circumstances(now=now, clock_ahead_s=clock_ahead_s, operation_modes=frozenset(modes))
    return findings(version, payload, station, evse if number != 0 else None, given)
