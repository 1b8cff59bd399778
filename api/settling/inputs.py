"""What a settlement is made from, as bytes, so that it can be kept and made again."""

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from models import programmes
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.times import instant
from models.domain.wire import read_form, read_scenario
from models.settlement.calls import Settling
from models.settlement.files import SITE, read_loads, read_sessions
from models.settlement.load import LoadSeries, summed
from models.settlement.programmes import rule_of
from optimizer.response.counterfactual import everyday, uncontrolled
from optimizer.response.settling import Meters
from optimizer.settings import Settings

EVSE_KW = 7.4
"""Of sessions that do not tell their power: one phase at 32 A and 230 V. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How files are read."""

    in_kwh: bool = False
    """Whether the meter's file has the kWh of intervals; else their mean kW."""
    evse_kw: float = EVSE_KW
    """Of sessions that do not tell their own power. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All of it, as it came."""

    settling: bytes
    """JSON: programmes and events."""
    meter: bytes
    """CSV."""
    sessions: bytes | None = None
    """CSV."""
    scenario: bytes | None = None
    """JSON of the day, for its everyday plan."""
    options: Options = field(default_factory=Options)

    def options_json(self) -> bytes:
        return json.dumps(asdict(self.options), sort_keys=True).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The same as values."""

    settling: Settling
    meters: Meters
    grid: LoadSeries
    """Any meter: all have one grid."""
    uncontrolled: dict[str, LoadSeries]
    everyday: dict[str, LoadSeries]


def case_of(inputs: Inputs, settings: Settings = Settings()) -> Case:
    """Read everything; raises InvalidScenario, and what planning raises where there is a scenario."""
    settling = with_known(read_form(Settling, inputs.settling))
    loads = read_loads(inputs.meter, in_kwh=inputs.options.in_kwh)
    grid = next(iter(loads.values()))
    sessions = () if inputs.sessions is None else read_sessions(inputs.sessions)
    free = uncontrolled(sessions, grid, inputs.options.evse_kw)
    usual = {} if inputs.scenario is None else _everyday(inputs.scenario, settling, grid, settings)
    evses = {name: load for name, load in loads.items() if name != SITE}
    meters = Meters(site=loads.get(SITE), evses=evses, replayed=usual or free)
    return Case(settling=settling, meters=meters, grid=grid, uncontrolled=free, everyday=usual)


def with_known(settling: Settling) -> Settling:
    """With the terms of known programmes that events name and that were not written, after those that were."""
    written = {rule.programme for rule in settling.programmes}
    named = dict.fromkeys(event.programme for event in settling.events)
    known = [name for name in named if name not in written and name in programmes.names()]
    rules = tuple(rule_of(programmes.load(name)) for name in known)
    return replace(settling, programmes=(*settling.programmes, *rules))


def together(loads: dict[str, LoadSeries], evses: tuple[str, ...]) -> LoadSeries | None:
    """Those of some EVSEs, or of all; None where nothing is known of any."""
    wanted = [load for name, load in loads.items() if not evses or name in evses]
    return summed("sessions", wanted) if wanted else None


def _everyday(scenario: bytes, settling: Settling, grid: LoadSeries, settings: Settings) -> dict[str, LoadSeries]:
    """Its horizon is told, so ``now`` decides nothing: a settlement can be made again."""
    read = read_scenario(scenario, now=grid_start(grid))
    if read.horizon is None:
        message = "the day of an event has a horizon of its own: without it, it would begin now"
        raise InvalidScenario(
            [Finding(path="scenario.horizon", message=message, remedy="write its start and stretches")]
        )
    return everyday(read, [event.id for event in settling.events], grid, settings)


def grid_start(grid: LoadSeries) -> datetime:
    """When the meters begin."""
    return instant(grid.start_s)
