"""Guarantees of speed that contradict the equipment that has to keep them."""

from collections.abc import Iterator

from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.findings import Finding
from models.domain.paths import label
from models.domain.scenario import Scenario

SMALLEST_KW = 1e-6


def floors_above_power(scenario: Scenario) -> Iterator[Finding]:
    """EVSEs that are to give more at once than they can give at all."""
    volts = scenario.site.voltage_v or NOMINAL_VOLTAGE_V
    for i, evse in enumerate(scenario.site.evses):
        if evse.power_floor_kw is None or (evse.max_power_kw is None and evse.max_current_a is None):
            continue
        most_kw = evse_max_power_kw(evse, None, volts)
        if evse.power_floor_kw > most_kw + SMALLEST_KW:
            message = (
                f"{label(evse)}: power_floor_kw {evse.power_floor_kw:g} is above the {most_kw:.4g} kW that it can give"
            )
            path, remedy = f"site.evses[{i}].power_floor_kw", f"write at most {most_kw:.4g}, or correct its rating"
            yield Finding(path=path, message=message, remedy=remedy, ids=(evse.id,))
