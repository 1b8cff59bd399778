"""The terms of a programme as those that its events are settled by."""

from models.domain.programme import Programme
from models.settlement.calls import SettlementRule


def rule_of(programme: Programme) -> SettlementRule:
    """What counts and what is paid."""
    return SettlementRule(
        programme=programme.id,
        baseline=programme.baseline,
        currency=programme.currency,
        settlement_min=programme.settlement_minutes,
        payment_per_kwh=programme.energy_per_kwh,
        penalty_per_kwh=programme.penalty_per_kwh,
        capacity_per_kw_month=programme.capacity_per_kw_month,
        pays_from_share=programme.dead_band.pays_from_share,
        whole_from_share=programme.dead_band.whole_from_share,
        source="; ".join(source.where for source in programme.sources),
    )
