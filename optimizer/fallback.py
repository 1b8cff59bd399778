"""Plans that nothing has to be decided for: what was planned before, and what holds when nobody is in contact.

Both follow powers that are given, as far as sessions and limits allow it now.
"""

from collections.abc import Mapping

import numpy as np

from models.domain.electrical import kw_per_ampere
from models.domain.scenario import Scenario
from models.domain.schedule import Method, Schedule
from models.domain.session import Session
from optimizer.completing import complete
from optimizer.giving.discs import Floats
from optimizer.giving.room import HAIR, Room, own_limits
from optimizer.giving.table import SHORTEST_H, is_worth_laying_out, surely_fits, table_of
from optimizer.heuristics.inside import Inside
from optimizer.heuristics.periodwise import by_period
from optimizer.heuristics.planning import highest_kw, outcome_of
from optimizer.instance import Instance, instance_of
from optimizer.previous import with_previous
from optimizer.solution import schedule_of


def carried_over(scenario: Scenario, previous: Schedule | None = None) -> Schedule:
    """The plan before for a valid scenario: by session and time, within what sessions and limits allow now.

    A setpoint for a period is the mean of those before while the session is plugged in. Sessions that were not planned
    before, and times after the end of that plan, get nothing. Nobody gives back: stationary batteries rest, and cars
    charge for their own need. PV is curtailed no more than export limits ask for. ``previous`` None: what the scenario
    says of the plan before.
    """
    completed = complete(with_previous(scenario, previous))
    instance = instance_of(completed.scenario)
    wanted = np.zeros(instance.cells.count) if instance.before is None else instance.before.power_kw
    outcome = outcome_of(instance, followed(instance, wanted), fill=False)
    return schedule_of(instance, outcome, method=Method.CARRIED_OVER, assumptions=completed.assumptions)


def fail_safe_plan(scenario: Scenario, shares_kw: Mapping[str, float]) -> Schedule:
    """Every car of a valid scenario at the fail-safe share of its EVSE until it has what it needs.

    ``shares_kw`` are those of :func:`optimizer.failsafe.fail_safe_shares`.
    """
    completed = complete(scenario)
    instance = instance_of(completed.scenario)
    share_kw = np.array([_car_share_kw(instance, s, shares_kw) for s in completed.scenario.sessions])
    outcome = outcome_of(instance, followed(instance, share_kw[instance.cells.session]), fill=False)
    return schedule_of(instance, outcome, method=Method.FAIL_SAFE, assumptions=completed.assumptions)


def followed(instance: Instance, wanted_kw: Floats) -> Floats:
    """Setpoints (N,) as wanted, but no more than a session can take or still needs, and than limits leave. [kW]"""
    at_once = _followed_at_once(instance, wanted_kw)
    return _followed_in_turn(instance, wanted_kw) if at_once is None else at_once


def _followed_at_once(instance: Instance, wanted_kw: Floats) -> Floats | None:
    """The same for all periods together; None where somebody is looked at alone, or a limit may have no room."""
    limits = own_limits(instance)
    alone = instance.following.kind is not None or not Inside(instance).nobody or limits.expected.any()
    if alone or not is_worth_laying_out(instance):
        return None
    table, needs_kwh = table_of(instance), instance.sessions.remaining_kwh.copy()
    highest, wanted, power = table.laid_out(instance.following.most_kw), table.laid_out(wanted_kw), table.nothing()
    for hours, most_kw, wish_kw, given in zip(table.hours, highest, wanted, power, strict=True):
        np.clip(wish_kw, 0.0, np.minimum(most_kw, needs_kwh / hours), out=given)
        needs_kwh = np.maximum(0.0, needs_kwh - hours * given)
    return table.cells(power) if surely_fits(limits, power, slice(None), 1.0 - HAIR) else None


def _followed_in_turn(instance: Instance, wanted_kw: Floats) -> Floats:
    """The same period by period."""
    who, cells, limits = instance.sessions, instance.cells, own_limits(instance)
    power, needs_kwh, inside = np.zeros(cells.count), who.remaining_kwh.copy(), Inside(instance)
    for period, here in by_period(instance):
        sessions, hours = cells.session[here], np.maximum(cells.hours[here], SHORTEST_H)
        most = np.minimum(highest_kw(instance, here), needs_kwh[sessions] / hours)
        most = inside.at_most(most, sessions, hours, period)
        given, free = np.clip(wanted_kw[here], 0.0, most), instance.following.free(here)
        if limits.expected.any():  # also what nobody can be told now
            given = scaled(limits.of(sessions, period).of_expected_loads, given)
        given[free] = scaled(limits.of(sessions[free], period), given[free])
        power[here] = given
        needs_kwh[sessions] = np.maximum(0.0, needs_kwh[sessions] - hours * power[here])
        inside.charged(sessions, hours * power[here])
    return power


def scaled(room: Room, given: Floats) -> Floats:
    """Powers (n,) after everybody below a limit that is exceeded gives up the same share, limit by limit. [kW]

    Every limit counts whichever loads stop, so that less of one load never takes room from another: a limit that is
    kept stays kept while others are seen to. What fits with a hair to spare needs no look at each of them.
    """
    if room.fits_with_a_hair(given):
        return given
    for phasor, length, radius in zip(room.phasor, room.length, room.radius, strict=True):
        used = abs(phasor @ given) + length @ given
        if used > radius:
            adds = (abs(phasor) > 0.0) | (length > 0.0)
            given = np.where(adds, given * (radius / used), given)
    return given


def _car_share_kw(instance: Instance, session: Session, shares_kw: Mapping[str, float]) -> float:
    """A share counts on all phases of its EVSE; a car on fewer has the same current on each, so less power. [kW]"""
    evse, voltage_v = instance.tree.evses[session.evse], instance.scenario.site.voltage_v
    assert voltage_v is not None, "the scenario is completed"
    part = kw_per_ampere(evse, session.vehicle, voltage_v) / kw_per_ampere(evse, None, voltage_v)
    return shares_kw[evse.id] * part
