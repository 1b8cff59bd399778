"""What a driver pays at the margin: for one more kWh, for one more hour of charging, for one more hour beside it."""

from models.domain.value import Step, value


@value
class DriverPrices:
    """Prices over time without taxes, from the start of the first step on; what is billed in all is no part of it."""

    currency: str
    energy: tuple[Step, ...]
    """[currency/kWh at evse]"""
    charging_time: tuple[Step, ...]
    """While energy flows. [currency/h]"""
    parking_time: tuple[Step, ...]
    """While none flows. [currency/h]"""
    left_out: tuple[str, ...] = ()
    """What of the tariff could not be counted, and why."""

    @property
    def has_time_price(self) -> bool:
        """Whether being slower costs its driver anything: charging takes longer, or a pause counts as parking."""
        return any(step.value > 0.0 for step in (*self.charging_time, *self.parking_time))
