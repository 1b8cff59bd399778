"""What § 14a EnWG leaves to controllable devices when a network operator dims them.

Source: BNetzA, decision BK6-22-300 (2023), annex 1, sections 4.5.1 and 4.5.2.
"""

from collections.abc import Sequence

DEVICE_KW = 4.2
"""Always left to one device; also what a charge point counts with among several. [kW]"""
LARGE_DEVICE_SHARE = 0.4
"""Always left of the rated power of heat pumps, or of air conditioners, above 11 kW."""
LARGE_DEVICE_KW = 11.0
SIMULTANEITY = {2: 0.80, 3: 0.75, 4: 0.70, 5: 0.65, 6: 0.60, 7: 0.55, 8: 0.50}
"""By number of devices behind one energy management system; 0.45 from nine on."""
SIMULTANEITY_OF_MANY = 0.45


def least_draw_kw(
    charge_points: int, *, heat_pumps_kw: Sequence[float] = (), air_conditioners_kw: Sequence[float] = ()
) -> float:
    """What all devices together may always draw from the grid, on top of what own PV and batteries give. [kW]

    ``heat_pumps_kw`` and ``air_conditioners_kw`` are rated powers; raises ValueError without any device.
    """
    devices = charge_points + len(heat_pumps_kw) + len(air_conditioners_kw)
    if devices < 1:
        raise ValueError("the rule is about at least one device")
    first_kw = max(DEVICE_KW, _large_kw(heat_pumps_kw), _large_kw(air_conditioners_kw))
    return first_kw + (devices - 1) * simultaneity(devices) * DEVICE_KW


def simultaneity(devices: int) -> float:
    """Share of 4.2 kW that every device but the first counts with; 1 for a single one."""
    return 1.0 if devices < 2 else SIMULTANEITY.get(devices, SIMULTANEITY_OF_MANY)


def _large_kw(rated_kw: Sequence[float]) -> float:
    return LARGE_DEVICE_SHARE * sum(power for power in rated_kw if power > LARGE_DEVICE_KW)
