"""Whether a site is safe without us, in three instants: connected, blind, after.

What a station may be following is a matter of which messages were lost and which stations fell silent. Limits only
ever count more of it, so the worst of all such cases is each EVSE at the most that it may be following, and no case
has to be tried apart. Connected: cars follow the plan. Blind: from the last contact until the last plan ends, and those
EVSEs fall back that are recorded to. After: all EVSEs of the site follow their shares, or their rating, for ever.
In the first two, as many cars come to empty EVSEs as the site says; in the last one all of them are taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from models.domain.failsafe import FailSafe, Share
from models.domain.installed import OfflineBehaviour
from models.domain.schedule import Floats, Schedule, StoragePlan
from models.domain.signal import Cap
from models.domain.site import Battery, CurrentType, Evse
from models.domain.tariff import Tariff
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR, hours_from_seconds, seconds_from_hours
from optimizer.audit.case import Case
from optimizer.audit.currents import line_currents
from optimizer.audit.groups import drawn_kw, group_inside
from optimizer.audit.instants import FailSafeProof, Instant, InstantProof
from optimizer.audit.loads import NodeLoad, controlled_kw, node_loads
from optimizer.audit.report import Break, BreakCode
from optimizer.audit.unseen import blind, obeys, told_shares
from optimizer.audit.wiring import LEAST_AC_A, amperes_per_kw

AHEAD_H = 366 * HOURS_PER_DAY
"""How far after the start limits and caps are looked for. [h]"""
ROUNDING_A = 1e-6
ROUNDING_KW = 1e-6
"""Below this a share counts as its minimum, or as on its level. [kW]"""


def fail_safe_proof(case: Case, *, partial_draw: bool = True) -> FailSafeProof | None:
    """None where the site has no fail-safe, or the plan says nothing of it."""
    rules, told, site = case.scenario.site.fail_safe, case.schedule.fail_safe, case.scenario.site
    if rules is None or told is None:
        return None
    reserve = np.array([load.unseen_kw for load in node_loads(case)[: len(site.nodes)]])
    root = next(k for k, node in enumerate(site.nodes) if node.parent is None)
    return FailSafeProof(
        instants=(
            _proof(Instant.CONNECTED, [_obedient(case, rules)], partial_draw),
            _proof(Instant.BLIND, [case], partial_draw),
            _proof(Instant.AFTER, list(_after(case, rules)), partial_draw),
        ),
        inadmissible=tuple(evse.id for evse in site.evses if not _is_admissible(case, evse)),
        uncontrolled=tuple(evse.id for evse in site.evses if not obeys(case, evse)),
        reserve_kw=float(reserve[root].max(initial=0.0)),
        reserve_kwh=float(reserve[root] @ _blind_h(case)),
    )


def fail_safe_breaks(case: Case) -> Iterator[Break]:
    """The plan says which shares it counts on, one for each EVSE, and those that the scenario tells if it does."""
    if case.scenario.site.fail_safe is None:
        return
    told = case.schedule.fail_safe
    shares = () if told is None else told.shares
    names = {share.evse for share in shares}
    if told is None or names != {evse.id for evse in case.scenario.site.evses} or len(shares) != len(names):
        yield _break("the plan does not say which share each EVSE has")
    elif case.scenario.shares and case.scenario.shares != shares:
        yield _break("the plan counts on other shares than those of the scenario")


def _break(message: str) -> Break:
    return Break(code=BreakCode.FAIL_SAFE, where="fail-safe", amount=1.0, limit=0.0, message=message)


def _blind_h(case: Case) -> Floats:
    """Hours of each period before plans end (T,). [h]"""
    assert case.schedule.fail_safe is not None
    instants = np.minimum(case.schedule.instants_s, case.schedule.fail_safe.plan_until_s)
    return hours_from_seconds(1.0) * np.diff(instants)


def _proof(instant: Instant, worlds: list[Case], partial_draw: bool) -> InstantProof:
    found = [one for world in worlds for one in _checks(world, instant, partial_draw)]
    fullest = max(found, key=lambda one: one.loading, default=None)
    exceeded = dict.fromkeys(one.words for one in found if one.words)
    return InstantProof(
        instant=instant,
        fullest="" if fullest is None else fullest.where,
        loading=0.0 if fullest is None else fullest.loading,
        exceeded=tuple(exceeded),
    )


@dataclass(frozen=True, slots=True)
class _Check:
    """One limit in the worst moment."""

    where: str
    loading: float
    words: str
    """Empty where it is kept."""


def _checks(world: Case, instant: Instant, partial_draw: bool) -> Iterator[_Check]:
    """Of every limit, over the periods in which nobody may be in contact."""
    soon = blind(world)[world.time.period]
    for load in node_loads(world):
        total, building = _of_node(world, load, instant)
        yield _check(load.label, "kW", total[soon], load.limit_kw[soon], building[soon], world.tolerance_kw)
    for line in line_currents(world, partial_draw):
        total, name = line.charging_a + line.base_a, f"{line.node} {line.line}"
        yield _check(name, "A", total[soon], line.limit_a[soon], line.base_a[soon], ROUNDING_A)
    for cap in world.scenario.signals:
        if isinstance(cap, Cap) and cap.evses:
            inside = group_inside(world, cap) & blind(world)
            limit, drawn = np.full(int(inside.sum()), cap.import_limit_kw or 0.0), drawn_kw(world, cap)[inside]
            yield _check(cap.id, "kW", drawn, limit, np.zeros_like(drawn), world.tolerance_kw)


def _of_node(world: Case, load: NodeLoad, instant: Instant) -> tuple[Floats, Floats]:
    """All load of a node, and what of it no EVSE draws (G,): batteries are planned, but not when all is silent. [kW]"""
    total = controlled_kw(load)[world.time.period] + load.high_base_kw
    silent = load.drawn_kw if instant is Instant.AFTER else np.zeros_like(load.drawn_kw)
    return total, load.high_base_kw + (silent - load.unseen_kw)[world.time.period]


def _check(where: str, unit: str, total: Floats, limit: Floats, building: Floats, tolerance: float) -> _Check:
    """What a building alone draws above a limit is no fault of the EVSEs, but nothing may add to it."""
    if not np.isfinite(limit).any():
        return _Check(where, 0.0, "")
    loading = float(np.divide(total, limit, out=np.zeros_like(total), where=limit > 0.0).max(initial=0.0))
    over = total - np.maximum(limit, building)
    worst = int(np.argmax(over))
    words = f"{where}: {total[worst]:.2f} {unit} on a limit of {limit[worst]:.2f} {unit}"
    return _Check(where, loading, words if over[worst] > tolerance else "")


def _obedient(case: Case, rules: FailSafe) -> Case:
    """As if every station were in contact: nobody falls back."""
    site = case.scenario.site
    evses = tuple(replace(evse, offline=None) for evse in site.evses)
    calm = replace(rules, offline=OfflineBehaviour.KEEPS)
    return replace(case, scenario=replace(case.scenario, site=replace(site, evses=evses, fail_safe=calm)))


def _after(case: Case, rules: FailSafe) -> Iterator[Case]:
    """The site without plan and sessions from now on, every EVSE taken, once for each state of shares in the day."""
    site, told = case.scenario.site, case.schedule.fail_safe
    assert told is not None
    long_min = AHEAD_H * MINUTES_PER_HOUR
    everybody = replace(rules, arrivals=None, blind_minutes=long_min)
    scenario = replace(
        case.scenario,
        site=replace(site, fail_safe=everybody),
        sessions=(),
        tariff=Tariff(currency=case.schedule.currency, import_price=0.0, time_zone=site.time_zone),
    )
    start_s = float(case.schedule.instants_s[0])
    instants = np.array([start_s, start_s + seconds_from_hours(AHEAD_H)])
    for shares in dict.fromkeys(_states(case)):
        silent = Schedule(
            site_id=site.id,
            method=case.schedule.method,
            currency=case.schedule.currency,
            instants_s=instants,
            sessions=(),
            nodes=(),
            grid_import_kw=np.zeros(1),
            grid_export_kw=np.zeros(1),
            storage=tuple(_charging(battery) for battery in site.batteries),
            fail_safe=replace(told, shares=shares),
        )
        assert scenario.tariff is not None
        yield Case(scenario, silent, scenario.tariff, case.tolerance_kw)


def _states(case: Case) -> Iterator[tuple[Share, ...]]:
    """Shares of all EVSEs as they stand together at some time of the day."""
    shares = tuple(told_shares(case).values())
    for start_s in sorted({0.0} | {step.start_s for share in shares for step in share.daily}):
        at = [[step.power_kw for step in share.daily if step.start_s <= start_s] for share in shares]
        yield tuple(
            replace(share, power_kw=powers[-1] if powers else share.power_kw, daily=())
            for share, powers in zip(shares, at, strict=True)
        )


def _charging(battery: Battery) -> StoragePlan:
    """Nobody knows what a battery does when all is silent: it may charge in full."""
    return StoragePlan(
        storage_id=battery.id,
        node_id=battery.node,
        charge_power_kw=np.array([battery.max_charge_kw]),
        discharge_power_kw=np.zeros(1),
        energy_kwh=np.zeros(2),
    )


def _is_admissible(case: Case, evse: Evse) -> bool:
    """S4  a share is 0 or at least the minimum, on a level where there are levels"""
    share = told_shares(case).get(evse.id)
    if share is None:
        return False
    if not obeys(case, evse) or evse.current is CurrentType.DC:
        return True
    per_kw = amperes_per_kw(evse, None, case.scenario.site.voltage_v)
    least_kw = (LEAST_AC_A if evse.min_current_a is None else evse.min_current_a) / per_kw
    levels = None if evse.pilot_levels_a is None else [level / per_kw for level in evse.pilot_levels_a]
    return all(_fits(power, least_kw, levels) for power in (share.power_kw, *(step.power_kw for step in share.daily)))


def _fits(power_kw: float, least_kw: float, levels_kw: list[float] | None) -> bool:
    if power_kw <= ROUNDING_KW:
        return True
    on_level = levels_kw is None or any(abs(power_kw - level) <= ROUNDING_KW for level in levels_kw)
    return power_kw >= least_kw - ROUNDING_KW and on_level
