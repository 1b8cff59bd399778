"""What an operator says about signals: whose names a site answers to, and what levels and alerts limit there."""

from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.site import Site
from models.domain.utility_signal import Scope, Target
from models.domain.value import Series, value

RETURN_MINUTES = 10.0
"""The randomised delay of the UK Smart Charge Points Regulations 2021, 600 s. [min]"""


@value
class GroupPlace:
    """A group as a utility calls it, and where it is at the site."""

    name: str
    node: str | None = None
    evses: tuple[str, ...] = ()


@value
class Meaning:
    """What a level or an alert limits; one of the three numbers."""

    topic: str
    """The level or the alert, as in ``SIMPLE``, ``ALERT_GRID_EMERGENCY``."""
    from_level: float | None = None
    """From this level on, up to that of the next meaning. None: for an alert, which has none."""
    import_limit_kw: float | None = None
    """Of the site. [kW]"""
    evses_limit_kw: float | None = None
    """Of all EVSEs together. [kW]"""
    evses_share: float | None = None
    """Of the sum of their ratings."""


NOTHING_IN_A_BLACK_START = Meaning(topic="ALERT_BLACK_START", evses_limit_kw=0.0)
"""The one alert that says itself what to do: use as little as can be until it is cleared."""


@value
class SignalRules:
    """What signals mean at one site."""

    names: tuple[str, ...] = ()
    """By which utilities call it: EAN18, account, resource."""
    groups: tuple[GroupPlace, ...] = ()
    shares_its_portfolio: bool = False
    """Whether there are other sites behind the same source; else a portfolio is this site."""
    meanings: tuple[Meaning, ...] = (NOTHING_IN_A_BLACK_START,)
    deviation_price_per_kwh: float | None = None
    """Of more or less than a setpoint. None: a setpoint is a limit. [currency/kWh]"""
    carbon_price_per_kg: float | None = None
    """None: carbon shapes no plan. [currency/kg]"""
    baseline_kw: Series | None = None
    """That relative signals change, by the programme's method. [kW]"""
    payment_per_kwh: float = 0.0
    """Of a change that is delivered. [currency/kWh]"""
    penalty_per_kwh: float = 0.0
    """Of one that is not. [currency/kWh]"""
    return_minutes: float = RETURN_MINUTES
    """After what was asked EVSEs come back at offsets of their own, spread over so long. 0: at once, to any load. [min]
    """
    return_price_per_kwh: float | None = None
    """Of what is drawn above the peak of the day then, until midnight. None: twice the tariff's highest price.
    [currency/kWh]"""

    def is_site(self, target: Target) -> bool:
        """Whether a target is the whole site."""
        return (target.scope is Scope.PORTFOLIO and not target.name) or target.name in self.names

    def meaning(self, topic: str, level: float | None) -> Meaning | None:
        """What holds at a level: of the meanings that it has reached the last."""
        mine = [meaning for meaning in self.meanings if meaning.topic == topic]
        if level is None:
            return next(iter(mine), None)
        reached = [m for m in mine if m.from_level is not None and m.from_level <= level]
        return max(reached, key=lambda m: m.from_level or 0.0, default=None)


def evses_kw(meaning: Meaning, site: Site) -> float:
    """What all EVSEs of a site together may draw when it holds. [kW]"""
    if meaning.evses_limit_kw is not None:
        return meaning.evses_limit_kw
    voltage_v = site.voltage_v or NOMINAL_VOLTAGE_V
    ratings_kw = (evse_max_power_kw(evse, None, voltage_v) for evse in site.evses)
    return (meaning.evses_share or 0.0) * sum(ratings_kw)
