"""Equation (22), worked out anew: carbon of drivers who asked for green energy, at the site's price for it."""

import numpy as np

from models.domain.session import ChargingPreference
from optimizer.audit.case import Case
from optimizer.audit.loads import expected_base_kw
from optimizer.audit.timeline import price_values
from optimizer.audit.wiring import efficiency


def green_costs(case: Case) -> dict[str, float]:
    """Nothing where nobody asked for it, or carbon has no price."""
    price = case.scenario.site.green_price_per_kg
    stays = [s for s in case.stays if s.session.charging_preference is ChargingPreference.GREEN]
    intensity = case.time.mean(price_values(case.tariff.carbon_intensity, case.time.starts_s, case.calendar))
    if not price or not intensity.any() or not any(len(stay.power_kw) for stay in stays):
        return {}
    drawn_kwh = np.zeros(case.schedule.period_count)
    for stay in stays:
        drawn_kwh[stay.periods] += stay.overlap_h * stay.power_kw / efficiency(stay.evse)
    surplus_kwh = np.maximum(0.0, -expected_base_kw(case)) * case.time.period_h
    return {"green_wish": float(price * intensity @ np.maximum(0.0, drawn_kwh - surplus_kwh))}
