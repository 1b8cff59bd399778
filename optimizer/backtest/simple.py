"""Simple rules as algorithms: who is there shares what there is, now, and nobody looks ahead."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from models.domain.horizon import Horizon, Stretch
from models.domain.schedule import Method
from models.domain.site import Site
from models.domain.tariff import Tariff
from models.domain.times import instant
from optimizer.backtest.algorithm import Effort
from optimizer.backtest.known import Known
from optimizer.backtest.messages import Message, Setpoints
from optimizer.backtest.scenarios import Look, Reading, scenario_of
from optimizer.heuristics import heuristic


@dataclass(slots=True)
class SimpleRule:
    """One rule of ``optimizer.heuristics``, asked anew at every batch for the next few minutes."""

    site: Site
    tariff: Tariff
    method: Method
    minutes: float = 5.0
    known: Known = field(default_factory=Known)
    _decisions: int = 0

    def decide(self, messages: Sequence[Message]) -> Setpoints:
        """What the rule gives everybody until the next batch."""
        self.known.take(messages)
        self._decisions += 1
        power_kw = self._power_kw()
        self.known.offer(power_kw)
        return Setpoints(at_s=self.known.at_s, power_kw=power_kw)

    def effort(self) -> Effort:
        """No solver is needed."""
        return Effort(plans=self._decisions)

    def _power_kw(self) -> dict[str, float]:
        scenario = scenario_of(self.known, self.site, self.tariff, Look(), Reading(gives_back=False))
        if scenario is None:
            return {}
        now = Horizon(start=instant(self.known.at_s), stretches=(Stretch(count=1, minutes=self.minutes),))
        plan = heuristic(replace(scenario, horizon=now), self.method)
        return {one.session_id: float(one.limit_kw[0]) for one in plan.sessions if len(one.limit_kw)}


@dataclass(frozen=True, slots=True)
class SimpleMaker:
    """Makes a simple rule for a site."""

    method: Method
    minutes: float = 5.0

    def __call__(self, site: Site, tariff: Tariff) -> SimpleRule:
        return SimpleRule(site, tariff, self.method, self.minutes)
