"""What a scenario says by itself, over the periods of a plan: made once for all plans of it that are judged.

Two plans of one scenario have the same instants, sessions, limits and loads; what they have of their own is a case.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from models.domain.completion import complete
from models.domain.installed import Installed
from models.domain.scenario import Scenario
from models.domain.schedule import Floats
from models.domain.site import Evse, GridNode
from optimizer.audit.timeline import Timeline, timeline
from optimizer.audit.tree import leaves_first

Made = TypeVar("Made")


@dataclass(frozen=True)
class Ground:
    """A completed scenario over the periods of a plan."""

    scenario: Scenario
    time: Timeline
    _made: dict[Callable[["Ground"], Any], Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, make: Callable[["Ground"], Made]) -> Made:
        """What is made of the scenario and its time alone; nobody may change it afterwards."""
        if make not in self._made:
            self._made[make] = make(self)
        found: Made = self._made[make]
        return found

    @property
    def period_count(self) -> int:
        return len(self.time.instants_s) - 1

    @cached_property
    def installed(self) -> dict[str, Installed]:
        """What EVSEs were sent before, by EVSE."""
        return {one.evse: one for one in self.scenario.installed}

    @cached_property
    def evses(self) -> dict[str, Evse]:
        return {evse.id: evse for evse in self.scenario.site.evses}

    @cached_property
    def leaves_first(self) -> tuple[GridNode, ...]:
        """Every grid node after all nodes below it."""
        return leaves_first(self.scenario.site)


class Grounds:
    """Those of scenarios, which are known again by identity, and of the instants of their plans."""

    def __init__(self) -> None:
        self._completed: dict[int, tuple[Scenario, Scenario]] = {}
        self._grounds: dict[tuple[int, bytes], Ground] = {}

    def completed(self, scenario: Scenario) -> Scenario:
        """With what the domain assumes."""
        if id(scenario) not in self._completed:
            self._completed[id(scenario)] = scenario, complete(scenario).scenario
        return self._completed[id(scenario)][1]

    def of(self, scenario: Scenario, instants_s: Floats) -> Ground:
        """Of a completed scenario and the instants of a plan."""
        key = id(scenario), instants_s.tobytes()
        if key not in self._grounds:
            self._grounds[key] = Ground(scenario, timeline(scenario, instants_s))
        return self._grounds[key]
