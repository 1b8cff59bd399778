"""A call of a programme that several sites answered together: paid for what they delivered in all, divided in cents."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from models.domain.schedule import Floats
from models.settlement.calls import SettlementRule
from optimizer.response.settling.delivering import Delivered
from optimizer.response.settling.money import Amounts, amounts
from optimizer.response.settling.settle import factor


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettled:
    """Arrays and parts of amounts have one value for each site (S,)."""

    sites: tuple[Delivered, ...]
    performance: float
    """Of all of them together, 0 to 1."""
    paid_kwh: Floats
    lacking_kwh: Floats
    energy: Amounts
    penalty: Amounts

    @property
    def committed_kw(self) -> float:
        return sum(one.event.committed_kw for one in self.sites)

    @property
    def total(self) -> Decimal:
        """Without capacity, which is paid by the month."""
        return self.energy.total - self.penalty.total


def settle_call(sites: Sequence[Delivered], rule: SettlementRule) -> CallSettled:
    """One sheds more where another sheds less, interval by interval; the band and what is accepted are of the sum.

    What is paid is shared by what each delivered, what lacks by what each lacks. All have the same intervals.
    """
    committed = np.sum([one.committed_kwh for one in sites], axis=0)
    delivered = np.array([one.delivered_kwh for one in sites])
    together = delivered.sum(axis=0)
    kept = np.clip(together, 0.0, committed)
    performance = float(kept.sum() / committed.sum()) if committed.sum() > 0.0 else 1.0
    paid = delivered * _share(np.minimum(together, np.sum([one.most_kwh for one in sites], axis=0)), together)
    lacking = np.array([one.shortfall_kwh for one in sites])
    lacking = lacking * _share(committed - kept, lacking.sum(axis=0))
    counts_as = factor(performance, rule)
    return CallSettled(
        sites=tuple(sites),
        performance=performance,
        paid_kwh=paid.sum(axis=1),
        lacking_kwh=lacking.sum(axis=1),
        energy=amounts(paid.sum(axis=1) * (0.0 if counts_as == 0.0 else rule.payment_per_kwh)),
        penalty=amounts(lacking.sum(axis=1) * (0.0 if counts_as == 1.0 else rule.penalty_per_kwh)),
    )


def _share(part: Floats, whole: Floats) -> Floats:
    """Interval by interval (Q,); all of it where the whole is nothing."""
    return np.divide(part, whole, out=np.ones_like(whole), where=whole > 0.0)


def capacity_of(calls: Sequence[CallSettled], rule: SettlementRule) -> tuple[float, float, Decimal]:
    """Of a month: its highest commitment [kW], mean performance after the band, and what is paid for them."""
    if not calls:
        return 0.0, 0.0, amounts([]).total
    committed_kw = max(call.committed_kw for call in calls)
    performance = float(np.mean([factor(call.performance, rule) for call in calls]))
    return committed_kw, performance, amounts([rule.capacity_per_kw_month * committed_kw * performance]).total
