"""What a site guarantees of speed, as data: power of a port, first kWh at once, and when a car may wait at all."""

from enum import StrEnum

from models.domain.value import value


class PowerRule(StrEnum):
    """Who says how much power a port gives to a driver who asks for it."""

    NEVI = "nevi"
    """150 kW at every DC port and 6 kW at every AC port, all at once (23 CFR 680.106, stations paid for by NEVI)."""


@value
class Guarantees:
    """No session falls behind these without a reason: a limit, or its driver's consent. Falling behind has a price."""

    power_rule: PowerRule | None = None
    """Of ports without a ``power_floor_kw`` of their own."""
    first_kwh: float = 0.0
    """Of every session, at full power from plugging in. [kWh at evse]"""
    defer_gain_per_kwh: float | None = None
    """What putting off a kWh has to save. None: whatever it saves. [currency/kWh]"""
    defer_room_minutes: float = 30.0
    """Nobody is put off with less time than this beyond what full power needs; with a ``defer_gain_per_kwh``."""
    price_per_kwh: float | None = None
    """Of a kWh that is behind a guarantee. None: as a missing kWh of its tier. [currency/kWh]"""
