"""Baseline erosion: what everyday optimisation took out of the hours of an event before anybody called for it.

A site that shifts its load every day has a low baseline in dear hours, and is paid for less than it does. That part is
shown and priced, so that an operator knows what everyday optimisation costs in programmes, and why.
"""

from dataclasses import dataclass

import numpy as np

from models.domain.schedule import Floats
from models.settlement.load import LoadSeries
from optimizer.response.settling.delivering import Delivered


@dataclass(frozen=True, slots=True, kw_only=True)
class Erosion:
    """Mean loads of the settlement intervals (Q,). [kW]"""

    uncontrolled_kw: Floats
    """Every car charged from its arrival."""
    everyday_kw: Floats
    """As on a day without an event."""
    eroded_kwh: Floats
    """By how much everyday optimisation had moved load the way that the event asks; below 0 the other way. [kWh]"""
    worth: float
    """Of the eroded energy at the programme's price: what a baseline without everyday optimisation would pay more, up
    to what is accepted. [currency]"""

    @property
    def total_kwh(self) -> float:
        """Net. [kWh]"""
        return float(self.eroded_kwh.sum())


def erosion(found: Delivered, uncontrolled: LoadSeries, everyday: LoadSeries | None = None) -> Erosion:
    """Of one event; ``everyday`` None: its own baseline is what a day without an event looks like."""
    spans, hours = found.baseline.spans, found.hours
    free_kw = uncontrolled.mean_kw(spans.starts_s, spans.ends_s)
    usual_kw = found.baseline.adjusted_kw if everyday is None else everyday.mean_kw(spans.starts_s, spans.ends_s)
    eroded_kwh = found.event.direction.sign * (usual_kw - free_kw) * hours
    return Erosion(
        uncontrolled_kw=free_kw,
        everyday_kw=usual_kw,
        eroded_kwh=eroded_kwh,
        worth=_worth(found, eroded_kwh),
    )


def _worth(found: Delivered, eroded_kwh: Floats) -> float:
    """What would be paid with these kWh as well, less what is paid. [currency]"""
    room_kwh = found.most_kwh - found.paid_kwh
    more_kwh = np.clip(eroded_kwh, -np.maximum(found.paid_kwh, 0.0), np.maximum(room_kwh, 0.0))
    return float(more_kwh.sum()) * found.rule.payment_per_kwh
