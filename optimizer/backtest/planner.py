"""This optimizer as an algorithm: a rolling plan for who is there, anew at every event and every few minutes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from models.domain.site import Site
from models.domain.tariff import Tariff
from models.domain.times import instant
from models.domain.units import seconds_from_minutes
from optimizer.backtest.algorithm import CHANGED_KW, CLOCK_S, Effort
from optimizer.backtest.billing import Meter, meters_of, with_peaks
from optimizer.backtest.expecting import with_expected
from optimizer.backtest.known import Known
from optimizer.backtest.messages import Message, Setpoints
from optimizer.backtest.scenarios import Look, Reading, scenario_of
from optimizer.backtest.target_peak import Expected, Expecting
from optimizer.optimize import optimize
from optimizer.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a planner plans; nothing of a site or of a day."""

    settings: Settings = Settings(preferences=False)
    look: Look = field(default_factory=Look)
    reading: Reading = field(default_factory=Reading)
    every_min: float = 5.0
    """Planned anew at least so often; at every event anyway. [min]"""
    target: Expecting | None = None
    """None: no peak is expected, each plan sees its share of a demand charge."""


@dataclass(slots=True)
class Planner:
    """Knows what it was told, and the plan before."""

    site: Site
    tariff: Tariff
    manner: Manner
    known: Known = field(default_factory=Known)
    plan: Schedule | None = None
    _planned_s: float = 0.0
    _effort: Effort = field(default_factory=Effort)
    _meters: dict[str, Meter] = field(default_factory=dict)
    _expected: dict[str, Expected] = field(default_factory=dict)
    _expected_on: date | None = None

    def __post_init__(self) -> None:
        self._meters = meters_of(self.site, self.tariff)

    def decide(self, messages: Sequence[Message]) -> Setpoints:
        """The first setpoints of a new plan, or the next ones of the plan before where nothing has happened."""
        self.known.take(messages)
        for at_s, import_kw in self.known.metered:
            for meter in self._meters.values():
                meter.read(at_s, import_kw)
        if self._must_plan():
            self._replan()
        power_kw = self._power_kw()
        self.known.offer(power_kw)
        return Setpoints(at_s=self.known.at_s, power_kw=power_kw)

    def effort(self) -> Effort:
        """Plans and time in the solver."""
        return self._effort

    def _must_plan(self) -> bool:
        old = self.known.at_s - self._planned_s >= seconds_from_minutes(self.manner.every_min)
        return bool(self.known.here) and (self.known.is_new or self.plan is None or old)

    def _replan(self) -> None:
        self._planned_s = self.known.at_s
        before_kw, scenario = self._power_kw(), self._scenario()
        self.plan = None if scenario is None else optimize(scenario, self.manner.settings)
        if self.plan is not None:
            now_kw = self._power_kw()
            changed = sum(abs(now_kw[name] - kw) > CHANGED_KW for name, kw in before_kw.items() if name in now_kw)
            spent = self._effort
            self._effort = Effort(
                plans=spent.plans + 1,
                solver_s=spent.solver_s + self.plan.statistics.solver_s,
                plan_changes=spent.plan_changes + changed,
            )

    def _scenario(self) -> Scenario | None:
        tariff = with_peaks(self.tariff, self._meters)
        scenario = scenario_of(self.known, self.site, tariff, self.manner.look, self.manner.reading)
        return None if scenario is None else with_expected(scenario, self._what_to_expect(tariff))

    def _what_to_expect(self, tariff: Tariff) -> dict[str, Expected]:
        """Of each demand charge, found anew on every day."""
        if self.manner.target is None or not self._meters:
            return {}
        today = instant(self.known.at_s).astimezone(ZoneInfo(self.site.time_zone)).date()
        if today != self._expected_on:
            retail = self.manner.reading.retail_per_kwh
            self._expected = self.manner.target.of(self.site, tariff, self.known.gone, self.known.at_s, retail)
            self._expected_on = today
        return self._expected

    def _power_kw(self) -> dict[str, float]:
        """What the plan has for the present, by session, below 0 what is given back; nothing for those it does not
        know. [kW]"""
        if self.plan is None:
            return {}
        period = int((self.plan.instants_s <= self.known.at_s + CLOCK_S).sum()) - 1
        found = {}
        for one in self.plan.sessions:
            place = period - one.first_period
            if one.session_id in self.known.here and 0 <= place < len(one.limit_kw):
                found[one.session_id] = float(one.limit_kw[place] - one.given_back_kw[place])
        return found


@dataclass(frozen=True, slots=True)
class PlannerMaker:
    """Makes a planner for a site."""

    manner: Manner

    def __call__(self, site: Site, tariff: Tariff) -> Planner:
        return Planner(site, tariff, self.manner)
