"""What would be, where plans are only watched: commands as if they had been accepted, energy as if it had flowed.

A meter shows cars that nobody steers. Planned from that alone, each plan would put off anew what has long been charged,
and send anew what was never sent; so a plan that is only watched goes on from the one before it. Pure.
"""

from collections.abc import Iterable
from dataclasses import field, replace
from datetime import datetime

import numpy as np

from api.operating.live import Command, LiveSite, Result
from api.operating.sending import answered
from api.sites.forms import SiteMode
from api.sites.steering import Steering
from models.domain.answers import Outcome
from models.domain.times import seconds
from models.domain.value import value
from optimizer.rolling.state import EvseRecord, Stage
from optimizer.statement.account import Account, over_periods
from optimizer.statement.curves import energy_between_kwh


@value
class Shadow:
    """What EVSEs that are only watched would have been sent, and would have accepted."""

    in_force: dict[str, Command] = field(default_factory=dict)


def as_if_accepted(live: LiveSite, shadow: Shadow, steering: Steering) -> LiveSite:
    """The live site with what would be installed at EVSEs that are still watched."""
    return replace(live, in_force={**live.in_force, **_watched(shadow.in_force, steering)})


def accepted(live: LiveSite, commands: Iterable[Command], steering: Steering, now: datetime) -> Shadow:
    """What would be installed at EVSEs that are watched, once these commands had been accepted too."""
    for command in commands:
        live = answered(live, command, Result(outcome=Outcome.ACCEPTED), now)
    return Shadow(in_force=_watched(live.in_force, steering))


def _watched(in_force: dict[str, Command], steering: Steering) -> dict[str, Command]:
    return {name: command for name, command in in_force.items() if steering.of(command) is SiteMode.OBSERVE}


def as_if_followed(live: LiveSite, last: Account | None, now: datetime) -> LiveSite:
    """The live site with the energy that the plan before would have brought its cars by now."""
    if last is None:
        return live
    edges = np.array(last.instants_s)
    got = {
        car.session: car.delivered_kwh
        + energy_between_kwh(over_periods(car.power_kw, len(edges) - 1), edges, float(edges[0]), seconds(now))
        for car in last.cars
    }
    evses = {name: _followed(record, got) for name, record in live.state.evses.items()}
    return replace(live, state=replace(live.state, evses=evses))


def _followed(record: EvseRecord, got: dict[str, float]) -> EvseRecord:
    """What the meter says of how it charges is of a car that nobody steers."""
    session = record.session
    if session is None or session.id not in got:
        return record
    stage = Stage.WAITING if session.stage is Stage.WAITING else Stage.DRAWING
    return replace(
        record, session=replace(session, delivered_kwh=got[session.id], follow_kw=None, stage=stage), verdicts=()
    )
