"""The rungs of the ladder that need no solver, each made when it is asked for."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from optimizer.failsafe import fail_safe_shares
from optimizer.fallback import carried_over, fail_safe_plan
from optimizer.heuristics import heuristic

FIRST_RULE = Method.EARLIEST_DEADLINE_FIRST
OTHER_RULES = (Method.LEAST_LAXITY_FIRST, Method.EQUAL_SHARE, Method.ROUND_ROBIN)
SIMPLE_RULES = (FIRST_RULE, *OTHER_RULES)
FIRST = (Method.CARRIED_OVER, FIRST_RULE, Method.FAIL_SAFE)
"""Ready before any solver runs."""
NO_TIME = "no time to prepare it"
NOT_NEEDED = "not needed beside the solver's plan"


class Rungs:
    """Of one scenario; ``missing`` says why there is no plan of a method that was asked for or left out."""

    def __init__(
        self,
        scenario: Scenario,
        previous: Schedule | None = None,
        shares_kw: Mapping[str, float] | None = None,
        *,
        finish: Callable[[Schedule], Schedule],
    ) -> None:
        """``finish`` does to every plan what makes it comparable with others."""
        self._finish = finish
        self._makers: dict[Method, Callable[[], Schedule]] = {}
        if previous is not None or scenario.previous:
            self._makers[Method.CARRIED_OVER] = partial(carried_over, scenario, previous)
        self._makers |= {method: partial(heuristic, scenario, method) for method in SIMPLE_RULES}
        self._makers[Method.FAIL_SAFE] = lambda: fail_safe_plan(scenario, shares_kw or fail_safe_shares(scenario))
        self.missing = dict.fromkeys(self._makers, NOT_NEEDED)
        self.made: list[Schedule] = []

    def make(self, methods: Iterable[Method], time_is_up: Callable[[], bool]) -> None:
        """Add the plans of these methods that are not there yet, in order; the very first one however late it is."""
        for method in methods:
            if method in self.missing:
                self._make(method, late=bool(self.made) and time_is_up())

    def _make(self, method: Method, *, late: bool) -> None:
        """One rung that breaks must not bring down the others."""
        if late:
            self.missing[method] = NO_TIME
            return
        try:
            self.made.append(self._finish(self._makers[method]()))
            del self.missing[method]
        except Exception as error:
            self.missing[method] = f"{type(error).__name__}: {error}"
