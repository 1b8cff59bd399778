"""What a demand charge bills for a load that has been: the whole charge of each billing period (10)."""

from dataclasses import dataclass
from math import inf

import numpy as np

from models.domain.calendar import Calendar
from models.domain.demand import DemandWindow, demand_windows
from models.domain.schedule import Floats
from models.domain.tariff import DemandCharge


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledPeak:
    """One charge in one billing period."""

    label: str
    """Charge id and billing period: ``facilities@2019-10``."""
    peak_kw: float
    """What is billed: the highest mean of an interval, or the floor of the charge. [kW]"""
    amount: float
    """[currency]"""


def billed_peaks(
    charge: DemandCharge, calendar: Calendar, instants_s: Floats, load_kw: Floats
) -> tuple[BilledPeak, ...]:
    """In full for every billing period that the load reaches, also where it sees only a part of it."""
    energy = np.concatenate([[0.0], np.cumsum(np.maximum(load_kw, 0.0) * np.diff(instants_s))])

    def billed(window: DemandWindow) -> BilledPeak:
        ends = np.interp([window.interval_start_s, window.interval_end_s], instants_s, energy)
        mean_kw = (ends[1] - ends[0]) / (window.interval_end_s - window.interval_start_s)
        peak_kw = max(window.floor_kw, float(mean_kw.max(initial=0.0)))
        return BilledPeak(label=window.label, peak_kw=peak_kw, amount=_charged(charge, peak_kw))

    windows = demand_windows(charge, calendar, float(instants_s[0]), float(instants_s[-1]))
    return tuple(billed(window) for window in windows)


def _charged(charge: DemandCharge, peak_kw: float) -> float:
    """[currency]"""
    ends_kw = [*(tier.above_kw for tier in charge.tiers[1:]), inf] if charge.tiers else []
    cost = charge.rate_per_kw * (min(peak_kw, charge.tiers[0].above_kw) if charge.tiers else peak_kw)
    for tier, end_kw in zip(charge.tiers, ends_kw, strict=True):
        cost += tier.rate_per_kw * max(0.0, min(peak_kw, end_kw) - tier.above_kw)
    return cost
