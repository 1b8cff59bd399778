"""(11) read from the contracts themselves: limits period by period, and the price of what goes above them."""

from dataclasses import dataclass
from itertools import pairwise
from math import inf

from models.domain.scenario import Scenario
from models.domain.tariff import Contract, ContractLimit, TimeClasses
from tests.oracle.paper_prices import (
    LocalDays,
    billed,
    billed_label,
    clock_edges,
    covers,
    local_days,
    seen_share,
    tariff_of,
)
from tests.oracle.paper_time import least


@dataclass(frozen=True)
class PaperSide:
    """One side of a contract, symbol c."""

    contract: Contract
    name: str
    limit: ContractLimit
    days: LocalDays

    @property
    def label(self) -> str:
        return f"{self.contract.id}:{self.name}"

    @property
    def sign(self) -> float:
        return 1.0 if self.name == "import" else -1.0

    def limit_kw(self, start_s: float, end_s: float) -> float:
        """The least inside a period; inf where no time class is open."""
        if not isinstance(self.limit, TimeClasses):
            return least(self.limit, start_s, end_s)
        strikes = [e for c in self.limit.classes for w in c.windows for e in clock_edges(w, start_s, end_s, self.days)]
        edges = sorted({start_s, end_s} | {e for e in strikes if start_s < e < end_s})
        return min(class_limit(self.limit, begin, self.days) for begin, _ in pairwise(edges))


def class_limit(limit: TimeClasses, instant_s: float, days: LocalDays) -> float:
    opened = (c.limit_kw for c in limit.classes if any(covers(w, instant_s, days) for w in c.windows))
    return next(opened, inf)


def paper_sides(scenario: Scenario) -> list[PaperSide]:
    days = local_days(scenario)
    found = []
    for contract in tariff_of(scenario).contracts:
        for name, limit in (("import", contract.import_limit_kw), ("export", contract.export_limit_kw)):
            if limit is not None:
                found.append(PaperSide(contract, name, limit, days))
    return found


@dataclass(frozen=True)
class PaperExcess:
    """The largest excess of one side in one billing period, symbol m."""

    label: str
    floor_kw: float
    cost_per_kw: float
    starts_s: tuple[float, ...]
    """Periods that belong to it: those that begin in it."""


def paper_excesses(side: PaperSide, starts_s: list[float], end_s: float) -> list[PaperExcess]:
    contract, days = side.contract, side.days
    if contract.price_per_kw is None:
        return []
    given = contract.billing_period
    begun = billed(starts_s[0], given, days)
    return [
        PaperExcess(
            label=f"{side.label}@{billed_label(span, given)}",
            floor_kw=contract.excess_set_kw if span == begun else 0.0,
            cost_per_kw=contract.price_per_kw * seen_share(span, days, starts_s[0], end_s),
            starts_s=tuple(s for s in starts_s if billed(s, given, days) == span),
        )
        for span in sorted({billed(s, given, days) for s in starts_s})
    ]
