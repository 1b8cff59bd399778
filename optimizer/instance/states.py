"""Sessions whose energy in the battery is followed, as arrays: V2G, taper, ceilings."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.domain.scenario import Scenario
from models.domain.series import How, values
from models.domain.session import Session
from models.domain.site import Evse
from models.domain.states import is_followed, max_discharge_power_kw
from models.domain.value import Series
from optimizer.instance.periods import Periods
from optimizer.instance.sessions import Cells, Sessions
from optimizer.instance.tapers import Curve, curve_of
from optimizer.instance.tree import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class States:
    """One entry per session that is followed (K,). Powers at evse, energies in the battery."""

    session: Ints
    """Position of the session, ascending."""
    one_way: Ints
    """Positions of the sessions that are not followed: they keep one row (1)."""
    start_kwh: Floats
    """When the plan begins, or on arrival."""
    target_kwh: Floats
    """At departure."""
    charge_efficiency: Floats
    discharge_efficiency: Floats
    max_discharge_kw: Floats
    """0: it is followed, but gives nothing back."""
    wear_per_kwh: Floats
    """Of energy given back, at evse. [currency/kWh]"""
    paid_per_kwh: Floats
    """To the driver for energy given back, at evse. [currency/kWh]"""
    earned_back_per_kwh: Floats
    """What (18) takes off for energy given back, at evse. [currency/kWh]"""
    terminal_per_kwh: Floats
    """Of energy at the end of the horizon; 0 where it leaves before."""
    curves: tuple[Curve | None, ...]
    """Charging power over energy, where it tapers."""
    cell: Ints
    """(D,) the cells of all of them, by session, then by period."""
    member: Ints
    """(D,) which of them each cell belongs to."""
    giving: Ints
    """Positions among the cells (D,) in which something can be given back (G,)."""
    offset: Ints
    """(K+1,) instants of entry k are offset[k] to offset[k+1]: one more than it has cells."""
    instant: Ints
    """(I,) position of the instant."""
    low_kwh: Floats
    """(I,) (3): the reserve, or less where it arrives with less."""
    high_kwh: Floats
    """(I,)"""
    reserve_kwh: Floats
    """(I,) below it nothing may be given back."""

    @property
    def count(self) -> int:
        return len(self.session)

    @property
    def before(self) -> Ints:
        """(D,) position among the instants of the beginning of each cell; its end is one further."""
        return np.arange(len(self.cell)) + self.member

    @property
    def end(self) -> Ints:
        """(K,) position among the instants of departure or the end of the horizon."""
        return self.offset[1:] - 1

    @property
    def givers(self) -> Ints:
        """Positions of the sessions that can give back."""
        return self.session[self.max_discharge_kw > 0.0]

    def giving_at(self, cells: Ints) -> Ints:
        """Positions of some cells of givers, counted among those in which something can be given back."""
        return self.cell[self.giving].searchsorted(cells)

    def energy_kwh(self, hours: Floats, charge_kw: Floats, discharge_kw: Floats) -> Floats:
        """Equation (2): energy at the instants (I,), from hours and powers of the cells (D,). [kWh]"""
        into, out = self.charge_efficiency[self.member], self.discharge_efficiency[self.member]
        change = np.zeros(len(self.instant))
        change[self.before + 1] = hours * (into * charge_kw - discharge_kw / out)
        total = np.cumsum(change)
        first = self.offset[:-1]
        lengths = np.diff(self.offset)
        return np.repeat(self.start_kwh - (total - change)[first] - change[first], lengths) + total


class _Told(NamedTuple):
    """What sessions and vehicles tell, one number or one array (K,) each."""

    start_kwh: Any
    wished_kwh: Any
    """NaN: what is wanted comes on top of what is inside."""
    into: Any
    out: Any
    max_discharge_kw: Any
    wear_per_kwh: Any
    paid_per_kwh: Any
    earned_back_per_kwh: Any
    terminal_per_kwh: Any
    capacity_kwh: Any


@dataclass(frozen=True, slots=True)
class _Laid:
    """Where the instants and cells of followed sessions are; as in States."""

    offset: Ints
    instant: Ints
    entry: Ints
    """(I,) which of the sessions each instant belongs to."""
    cell: Ints
    member: Ints


def states(scenario: Scenario, tree: Tree, who: Sessions, cells: Cells, span: Periods) -> States:
    """The arrays of a completed scenario's followed sessions; one that is never plugged in needs no state."""
    found = [
        s
        for s, session in enumerate(scenario.sessions)
        if session.soc is not None
        and session.vehicle is not None
        and cells.per_session[s]
        and is_followed(session, tree.evses[session.evse])
    ]
    if not found:
        return _nobody(who.count)
    session, voltage_v = np.array(found, dtype=np.int64), scenario.site.voltage_v or 0.0
    told = _Told(
        *np.array([_told(scenario.sessions[s], tree.evses[who.evse_ids[s]], voltage_v, span) for s in found]).T
    )
    laid = _laid(session, cells)
    reserve, high = _bounds(scenario, found, told.capacity_kwh, laid, span)
    low, high = np.minimum(reserve, told.start_kwh[laid.entry]), np.maximum(high, told.start_kwh[laid.entry])
    low[laid.offset[:-1]] = high[laid.offset[:-1]] = told.start_kwh
    wanted = told.start_kwh + told.into * who.remaining_kwh[session]
    return States(
        session=session,
        one_way=np.setdiff1d(np.arange(who.count), session, assume_unique=True),
        start_kwh=told.start_kwh,
        target_kwh=np.where(np.isnan(told.wished_kwh), wanted, told.wished_kwh),
        charge_efficiency=told.into,
        discharge_efficiency=told.out,
        max_discharge_kw=told.max_discharge_kw,
        wear_per_kwh=told.wear_per_kwh / told.out,
        paid_per_kwh=told.paid_per_kwh,
        earned_back_per_kwh=told.earned_back_per_kwh,
        terminal_per_kwh=told.terminal_per_kwh,
        curves=tuple(curve_of(scenario.sessions[s].vehicle) for s in found),
        cell=laid.cell,
        member=laid.member,
        giving=np.flatnonzero(told.max_discharge_kw[laid.member] > 0.0),
        offset=laid.offset,
        instant=laid.instant,
        low_kwh=low,
        high_kwh=high,
        reserve_kwh=reserve,
    )


def _laid(session: Ints, cells: Cells) -> _Laid:
    """One instant more than there are cells for each of the sessions."""
    count = cells.per_session[session]
    offset = np.concatenate([[0], np.cumsum(count + 1)]).astype(np.int64)
    entry, member = (np.repeat(np.arange(len(session)), lengths) for lengths in (count + 1, count))
    instant = np.arange(offset[-1]) - offset[entry] + cells.first_period[session][entry]
    within = np.arange(len(member)) - (offset[:-1] - np.arange(len(session)))[member]
    return _Laid(offset, instant, entry, cells.offset[session][member] + within, member)


@lru_cache(maxsize=64)
def _nobody(count: int) -> States:
    """As most sites are: none of ``count`` sessions is followed."""
    none, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
    return States(
        session=none,
        one_way=np.arange(count),
        start_kwh=floats,
        target_kwh=floats,
        charge_efficiency=floats,
        discharge_efficiency=floats,
        max_discharge_kw=floats,
        wear_per_kwh=floats,
        paid_per_kwh=floats,
        earned_back_per_kwh=floats,
        terminal_per_kwh=floats,
        curves=(),
        cell=none,
        member=none,
        giving=none,
        offset=np.zeros(1, dtype=np.int64),
        instant=none,
        low_kwh=floats,
        high_kwh=floats,
        reserve_kwh=floats,
    )


def _told(session: Session, evse: Evse, voltage_v: float, span: Periods) -> _Told:
    vehicle = session.vehicle
    assert vehicle is not None
    assert vehicle.battery_capacity_kwh is not None
    assert session.soc is not None
    assert session.departure is not None
    capacity_kwh = vehicle.battery_capacity_kwh
    into, out = vehicle.charge_efficiency or 1.0, vehicle.discharge_efficiency or 1.0
    # (18): a driver gets back what the energy taken out has cost, so that cycling earns nothing from a driver.
    paid, retail = session.discharge_price_per_kwh, session.retail_price_per_kwh or 0.0
    back_kw = max_discharge_power_kw(session, evse, voltage_v)
    kept = back_kw > 0.0 and session.departure.timestamp() > span.end_s
    return _Told(
        start_kwh=session.soc * capacity_kwh,
        wished_kwh=np.nan if session.soc_target is None else session.soc_target * capacity_kwh,
        into=into,
        out=out,
        max_discharge_kw=back_kw,
        wear_per_kwh=vehicle.wear_price_per_kwh,
        paid_per_kwh=paid or 0.0,
        earned_back_per_kwh=retail / (into * out) if paid is None else 0.0,
        terminal_per_kwh=(session.terminal_value_per_kwh or 0.0) if kept else 0.0,
        capacity_kwh=capacity_kwh,
    )


def _bounds(
    scenario: Scenario, found: list[int], capacity: Floats, laid: _Laid, span: Periods
) -> tuple[Floats, Floats]:
    """Reserve and ceiling at the instants of each session (I,). [kWh]"""
    reserve, high = np.zeros(len(laid.instant)), np.zeros(len(laid.instant))
    for k, s in enumerate(found):
        session, mine = scenario.sessions[s], slice(laid.offset[k], laid.offset[k + 1])
        at = laid.instant[mine]
        share_kwh = (session.soc_reserve or 0.0) * capacity[k]
        reserve[mine] = np.maximum(share_kwh, _at_instants(session.energy_floor_kwh, 0.0, at, How.LARGEST, span))
        ceiling = _at_instants(session.energy_ceiling_kwh, np.inf, at, How.LEAST, span)
        high[mine] = np.minimum(capacity[k], ceiling)
    return np.minimum(reserve, high), high


def _at_instants(series: Series | None, otherwise: float, at: Ints, how: How, span: Periods) -> Floats:
    """What holds in the periods before and after an instant holds at it."""
    if series is None:
        return np.full(len(at), otherwise)
    of_periods = values(series, span.instants_s, how)[at[0] : at[-1]]
    before, after = np.append(of_periods[:1], of_periods), np.append(of_periods, of_periods[-1:])
    return np.maximum(before, after) if how is How.LARGEST else np.minimum(before, after)
