"""What the meter of an EVSE tells, as far as its charge point lets it."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from tests.peers.defects import Defect
from tests.peers.outlet import Outlet
from tests.peers.vehicle import VOLTAGE_V


def samples(
    outlet: Outlet, current_a: float, defects: frozenset[Defect], spelling: ModuleType
) -> Iterator[dict[str, Any]]:
    """Register, power, currents by terminal, voltage."""
    sample = spelling.sample
    yield sample("Energy.Active.Import.Register", outlet.register_wh, "Wh", None)
    if Defect.ENERGY_ONLY in defects:
        return
    one = Defect.ONE_PHASE_REPORTED in defects
    if not one:
        yield sample("Power.Active.Import", outlet.power_w(current_a), "W", None)
    for terminal, phase in zip(("L1", "L2", "L3"), outlet.phases, strict=False):
        if not one or terminal == "L1":
            yield sample("Current.Import", current_a if phase in outlet.phases_in_use() else 0.0, "A", terminal)
    yield sample("Voltage", VOLTAGE_V, "V", "L1")
