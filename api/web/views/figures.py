"""The few figures at the head of a site's page."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from api.document import NodeLoad
from api.web.views.lanes import Lane, State
from api.web.views.seen import Seen
from models.domain.calendar import calendar_of
from models.domain.prices import mean_prices

SAME_PRICE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is asked first."""

    load_kw: float | None
    """At the connection: by its meter, else as planned for now. [kW]"""
    load_measured: bool
    limit_kw: float | None
    limit_by: str
    """Who set it: a signal, ``rating``, or nothing."""
    cars: int
    bays: int
    charging: int
    waiting: int
    price: float | None
    price_next: float | None
    price_changes_at: datetime | None
    currency: str
    cost: float | None
    uncontrolled_cost: float | None
    peak_kw: float | None
    uncontrolled_peak_kw: float | None
    short_kwh: float
    wanted_kwh: float
    """Still to come in all. [kWh]"""

    @property
    def share(self) -> float:
        """Load in percent of the limit."""
        if not self.limit_kw or self.load_kw is None:
            return 0.0
        return round(min(100.0, max(0.0, 100.0 * self.load_kw / self.limit_kw)), 1)

    @property
    def saves(self) -> float | None:
        return None if self.cost is None or self.uncontrolled_cost is None else self.uncontrolled_cost - self.cost


def figures(seen: Seen, lanes: list[Lane]) -> Figures:
    """Of a site now."""
    document = seen.plan.document if seen.plan and seen.plan_holds else None
    planned_kw, limit_kw, limit_by = _root_now(seen)
    price, following, changes_at = _prices(seen)
    comparison = document.comparison if document else None
    return Figures(
        load_kw=seen.metered_kw if seen.metered_kw is not None else planned_kw,
        load_measured=seen.metered_kw is not None,
        limit_kw=limit_kw,
        limit_by=limit_by,
        cars=sum(lane.session is not None for lane in lanes),
        bays=len(lanes),
        charging=sum(lane.state is State.CHARGING for lane in lanes),
        waiting=sum(lane.state is State.WAITING for lane in lanes),
        price=price,
        price_next=following,
        price_changes_at=changes_at,
        currency=document.currency if document else "",
        cost=comparison.cost if comparison else None,
        uncontrolled_cost=comparison.uncontrolled_cost if comparison else None,
        peak_kw=comparison.peak_kw if comparison else None,
        uncontrolled_peak_kw=comparison.uncontrolled_peak_kw if comparison else None,
        short_kwh=comparison.shortfall_kwh if comparison else 0.0,
        wanted_kwh=comparison.energy_remaining_kwh if comparison else 0.0,
    )


def _root_now(seen: Seen) -> tuple[float | None, float | None, str]:
    """Planned load and limit of the connection, and who set the limit."""
    if seen.plan is None or not seen.plan_holds:
        return None, None, ""
    document = seen.plan.document
    root: NodeLoad = next(node for node in document.nodes if node.parent is None)
    period = max(0, sum(at <= seen.now for at in document.instants) - 1)
    period = min(period, len(root.expected_kw) - 1)
    by = root.limit_set_by[period] if root.limit_set_by else ""
    return root.expected_kw[period], root.import_limit_kw[period], by


def _prices(seen: Seen) -> tuple[float | None, float | None, datetime | None]:
    """Now, and what follows at its next change within the plan. [currency/kWh]"""
    if seen.plan is None or seen.plan.scenario.tariff is None or not seen.plan_holds:
        return None, None, None
    tariff, instants = seen.plan.scenario.tariff, seen.plan.document.instants
    calendar = calendar_of(tariff, seen.plan.scenario.site.time_zone)
    values = mean_prices(tariff.import_price, np.array([at.timestamp() for at in instants]), calendar)
    period = min(max(0, sum(at <= seen.now for at in instants) - 1), len(values) - 1)
    for later in range(period + 1, len(values)):
        if abs(values[later] - values[period]) > SAME_PRICE:
            return float(values[period]), float(values[later]), instants[later]
    return float(values[period]), None, None
