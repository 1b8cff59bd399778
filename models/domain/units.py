"""Every unit conversion of the project. A stray 1000, 60, 3600 or square root of three elsewhere is a mistake."""

from math import sqrt

SQRT3 = sqrt(3.0)
HOURS_PER_DAY = 24.0
MINUTES_PER_HOUR = 60.0
SECONDS_PER_MINUTE = 60.0
SECONDS_PER_HOUR = 3600.0
WATTS_PER_KW = 1000.0
GRAMS_PER_KG = 1000.0
PERCENT = 100.0


def hours_from_seconds(seconds: float) -> float:
    """[s] -> [h]"""
    return seconds / SECONDS_PER_HOUR


def hours_from_minutes(minutes: float) -> float:
    """[min] -> [h]"""
    return minutes / MINUTES_PER_HOUR


def minutes_from_seconds(seconds: float) -> float:
    """[s] -> [min]"""
    return seconds / SECONDS_PER_MINUTE


def seconds_from_minutes(minutes: float) -> float:
    """[min] -> [s]"""
    return minutes * SECONDS_PER_MINUTE


def seconds_from_hours(hours: float) -> float:
    """[h] -> [s]"""
    return hours * SECONDS_PER_HOUR


def kw_from_watts(watts: float) -> float:
    """[W] -> [kW]"""
    return watts / WATTS_PER_KW


def watts_from_kw(power_kw: float) -> float:
    """[kW] -> [W]"""
    return power_kw * WATTS_PER_KW


def kw_from_amperes(current_a: float, voltage_v: float, conductors: int = 1) -> float:
    """Power at unit power factor of ``conductors`` equal currents, each at ``voltage_v`` across its load. [A] -> [kW]

    A three-phase load has three currents at line-to-neutral voltage; a load between two lines has one at
    line-to-line voltage.
    """
    return current_a * voltage_v * conductors / WATTS_PER_KW


def amperes_from_kw(power_kw: float, voltage_v: float, conductors: int = 1) -> float:
    """The inverse of :func:`kw_from_amperes`. [kW] -> [A]"""
    return power_kw * WATTS_PER_KW / (voltage_v * conductors)


def line_to_neutral(line_to_line_v: float) -> float:
    """[V] -> [V]"""
    return line_to_line_v / SQRT3


def line_to_line(line_to_neutral_v: float) -> float:
    """[V] -> [V]"""
    return line_to_neutral_v * SQRT3


def per_kwh_from_per_mwh(price_per_mwh: float) -> float:
    """[currency/MWh] -> [currency/kWh]"""
    return price_per_mwh / WATTS_PER_KW


def kg_from_grams(grams: float) -> float:
    """[g] -> [kg]"""
    return grams / GRAMS_PER_KG


def share_from_percent(percent: float) -> float:
    """[%] -> [] of 1"""
    return percent / PERCENT
