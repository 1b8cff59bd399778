"""Terms of payment out of the terms of a programme."""

from models.domain.programme import Programme
from models.settlement.calls import SettlementRule


def rule_of(programme: Programme) -> SettlementRule:
    """What of a programme decides what an event is paid."""
    return SettlementRule(
        programme=programme.id,
        baseline=programme.baseline,
        currency=programme.currency,
        settlement_min=programme.settlement_minutes,
        payment_per_kwh=programme.energy_per_kwh,
        penalty_per_kwh=programme.penalty_per_kwh,
        capacity_per_kw_month=programme.capacity_per_kw_month,
        accepted_share=programme.accepted_share,
        pays_from_share=programme.dead_band.pays_from_share,
        whole_from_share=programme.dead_band.whole_from_share,
        opt_out_is_shortfall=programme.opt_out.counts_as_shortfall,
        source="; ".join(source.where for source in programme.sources),
    )
