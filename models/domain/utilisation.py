"""Price pairs that depend on the hours of use of a billing year: which class holds, and the tariff in one class.

Hours of use are the energy of the year over its highest demand. A class with a high price of power has a low one of
energy, so prices fall with use: no linear program can choose, and classes are compared as whole plans.
"""

from dataclasses import replace
from math import inf

from models.domain.tariff import Price, PriceSeries, Rate, Tariff, TimeOfUse, UtilisationClass
from models.domain.value import Step


def hours_of_use(energy_kwh: float, peak_kw: float) -> float:
    """Of a year without any demand they have no end. [h]"""
    return energy_kwh / peak_kw if peak_kw > 0.0 else inf


def class_of(classes: tuple[UtilisationClass, ...], hours: float) -> UtilisationClass:
    """The last class that begins at or below these hours; the first one where none does."""
    begun = [one for one in classes if one.from_hours <= hours]
    return max(begun, key=lambda one: one.from_hours, default=classes[0])


def in_class(tariff: Tariff, chosen: UtilisationClass) -> Tariff:
    """The same tariff with the prices of one class, and nothing left to choose."""
    assert tariff.utilisation is not None
    name = tariff.utilisation.demand_charge
    charges = tuple(
        replace(charge, rate_per_kw=chosen.rate_per_kw) if charge.id == name else charge
        for charge in tariff.demand_charges
    )
    price = raised(tariff.import_price, chosen.energy_price_per_kwh)
    return replace(tariff, import_price=price, demand_charges=charges, utilisation=None)


def raised(price: Price, amount_per_kwh: float) -> Price:
    """A price with the same amount on top at all times. [currency/kWh]"""
    if isinstance(price, TimeOfUse):
        rates = (Rate(price_per_kwh=r.price_per_kwh + amount_per_kwh, windows=r.windows) for r in price.rates)
        return TimeOfUse(rates=tuple(rates))
    if isinstance(price, PriceSeries):
        steps = tuple(Step(start=step.start, value=step.value + amount_per_kwh) for step in price.steps)
        return replace(price, steps=steps)
    return price + amount_per_kwh
