"""EVSEs as lanes: who is there, what flows, what is planned until when, and why it is so."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.document import Hold, PlannedSession, Setpoint
from api.sites.forms import Override, OverrideKind, SiteMode
from api.sites.stays import Stay
from api.web.views.axis import Axis
from api.web.views.seen import METERED_WITHIN, Seen
from models.domain.electrical import NOMINAL_VOLTAGE_V, evse_max_power_kw
from models.domain.session import Session
from models.domain.site import Evse
from optimizer.rolling.state import EvseRecord
from optimizer.rolling.verdict import Flaw

DRAWS_KW = 0.1
SHORT_KWH = 0.05
"""Less is told to nobody: no meter of a car shows it. [kWh]"""
FLAWS = {
    Flaw.IGNORES_LIMIT: "draws more than it is allowed",
    Flaw.MIS_SCALES: "scales its limits wrongly",
    Flaw.REFUSES: "refuses its profile",
    Flaw.SILENT: "does not answer",
    Flaw.UNVERIFIED: "what it follows is not known yet",
    Flaw.SLEEPS_AT_ZERO: "does not resume after a pause",
    Flaw.DRAWS_LESS: "draws less than it could",
    Flaw.IGNORES_RAISE: "ignores a raise",
    Flaw.ONE_PHASE_TOLD: "reports one phase of three",
    Flaw.REGISTER_ONLY: "tells energy only",
}


class State(StrEnum):
    """What an EVSE does, in one word."""

    FREE = "free"
    CHARGING = "charging"
    WAITING = "waiting"
    DONE = "done"
    NEW = "new"
    """Somebody is there, and no plan knows it yet."""
    PAUSED = "paused"
    EXCLUDED = "excluded"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Bar:
    """A setpoint in the picture of a lane, in percent."""

    x: float
    width: float
    y: float
    height: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One EVSE."""

    evse: str
    node: str
    rating_kw: float
    state: State
    session: str | None = None
    since: datetime | None = None
    power_kw: float | None = None
    """Measured lately, else as planned. [kW]"""
    measured: bool = False
    offered_kw: float | None = None
    """As planned for now. [kW]"""
    got_kwh: float = 0.0
    wanted_kwh: float | None = None
    """In all. [kWh]"""
    short_kwh: float = 0.0
    soc: float | None = None
    leaves_at: datetime | None = None
    leaves_assumed: bool = False
    starts_at: datetime | None = None
    """When it charges next, where it waits."""
    ready_at: datetime | None = None
    why: str = ""
    flaws: tuple[str, ...] = ()
    override: Override | None = None
    mode: SiteMode | None = None
    """Where it is another one than the site's."""
    bars: tuple[Bar, ...] = ()
    leaves_x: float | None = None
    """Percent; None beyond the picture."""

    @property
    def share(self) -> float:
        """Of its energy that has flowed, in percent."""
        return 0.0 if not self.wanted_kwh else round(min(100.0, 100.0 * self.got_kwh / self.wanted_kwh), 1)


def lanes(seen: Seen, axis: Axis) -> list[Lane]:
    """All EVSEs, in the order of the site."""
    planned = {one.evse_id: one for one in seen.plan.document.sessions} if seen.plan and seen.plan_holds else {}
    sessions = {one.evse: one for one in seen.plan.scenario.sessions} if seen.plan and seen.plan_holds else {}
    return [_lane(seen, axis, evse, planned.get(evse.id), sessions.get(evse.id)) for evse in seen.site.evses]


def _lane(seen: Seen, axis: Axis, evse: Evse, planned: PlannedSession | None, asked: Session | None) -> Lane:
    record, stay = seen.live.state.evses.get(evse.id), seen.stays.get(evse.id)
    there = stay.told.session if stay else record.session.id if record and record.session else None
    if planned is not None and planned.session_id != there:
        planned = asked = None  # of the car before
    rating_kw = evse_max_power_kw(evse, None, seen.site.voltage_v or NOMINAL_VOLTAGE_V)
    override, setpoint = seen.overrides.get(evse.id), _at(planned, seen.now)
    power_kw, measured = _power(stay, record, setpoint, seen.now)
    got_kwh = max(
        stay.delivered_kwh if stay else 0.0, record.session.delivered_kwh if record and record.session else 0.0
    )
    state = _state(seen, record, there, planned, override, power_kw, got_kwh)
    return Lane(
        evse=evse.id,
        node=evse.node,
        rating_kw=rating_kw,
        state=state,
        session=there,
        since=stay.told.plugged_in_at if stay else record.session.arrival if record and record.session else None,
        power_kw=power_kw,
        measured=measured,
        offered_kw=None if setpoint is None else setpoint.offered_power_kw,
        got_kwh=got_kwh,
        wanted_kwh=_wanted_kwh(stay, asked),
        short_kwh=planned.target_shortfall_kwh + planned.minimum_shortfall_kwh if planned else 0.0,
        soc=stay.soc if stay else None,
        leaves_at=planned.departure if planned else stay.told.departure if stay else None,
        leaves_assumed=bool(there) and (stay is None or stay.told.departure is None),
        starts_at=_next_start(planned, seen.now),
        ready_at=planned.finish_time if planned else None,
        why=_why(seen, planned, setpoint, override, state),
        flaws=tuple(_flaws(record)),
        override=override,
        mode=seen.steering.modes[evse.id] if seen.steering.modes[evse.id] is not seen.steering.site else None,
        bars=tuple(_bars(planned, axis, rating_kw, seen)),
        leaves_x=axis.percent(planned.departure) if planned and planned.departure < axis.end else None,
    )


def _state(
    seen: Seen,
    record: EvseRecord | None,
    there: str | None,
    planned: PlannedSession | None,
    override: Override | None,
    power_kw: float | None,
    got_kwh: float,
) -> State:
    decided = override is not None and override.kind is OverrideKind.EXCLUDE
    if decided or (record is not None and seen.steering.modes[record.id] is SiteMode.HANDED_BACK):
        return State.EXCLUDED
    if record is not None and not seen.live.state.stations[record.station].reachable:
        return State.OFFLINE
    if override is not None and override.kind is OverrideKind.PAUSE:
        return State.PAUSED
    if there is None:
        return State.FREE
    if power_kw is not None and power_kw > DRAWS_KW:
        return State.CHARGING
    if planned is None:
        return State.NEW
    return State.WAITING if _next_start(planned, seen.now) is not None else State.DONE


def _at(planned: PlannedSession | None, now: datetime) -> Setpoint | None:
    """The setpoint that holds now."""
    return next((s for s in planned.setpoints if s.start <= now < s.end), None) if planned else None


def _power(
    stay: Stay | None, record: EvseRecord | None, setpoint: Setpoint | None, now: datetime
) -> tuple[float | None, bool]:
    """What flows, and whether a meter says so. [kW]"""
    if stay is not None and stay.power_kw is not None and _lately(stay.measured_at, now):
        return stay.power_kw, True
    if record is not None and record.session is not None and record.readings and _lately(record.readings[-1].at, now):
        return record.readings[-1].drawn_kw, True
    return (None if setpoint is None else setpoint.charge_power_kw), False


def _lately(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - at <= METERED_WITHIN


def _wanted_kwh(stay: Stay | None, asked: Session | None) -> float | None:
    if asked is not None and asked.energy_target_kwh is not None:
        return asked.energy_target_kwh
    return stay.told.energy_target_kwh if stay else None


def _next_start(planned: PlannedSession | None, now: datetime) -> datetime | None:
    """When power flows next, where that is planned."""
    if planned is None:
        return None
    return next((max(s.start, now) for s in planned.setpoints if s.end > now and s.charge_power_kw > DRAWS_KW), None)


def _flaws(record: EvseRecord | None) -> list[str]:
    return [FLAWS[verdict.flaw] for verdict in record.verdicts] if record else []


def _why(
    seen: Seen, planned: PlannedSession | None, setpoint: Setpoint | None, override: Override | None, state: State
) -> str:
    """One sentence: what an operator decided, else what the plan says of this moment."""
    if override is not None:
        return ""
    if planned is None:
        return "a plan is being made" if state is State.NEW else ""
    if planned.target_shortfall_kwh + planned.minimum_shortfall_kwh > SHORT_KWH and planned.why:
        return planned.why[0].message
    hold = hold_at(planned, seen.now)
    waits = [one.message for one in planned.why if one.start <= seen.now < one.end]
    return waits[0] if waits else hold.message if hold else ""


def hold_at(planned: PlannedSession, now: datetime) -> Hold | None:
    """What keeps the setpoint of this moment from being higher."""
    return next((one for one in planned.held if one.start <= now < one.end), None)


def _bars(planned: PlannedSession | None, axis: Axis, rating_kw: float, seen: Seen) -> list[Bar]:
    found = []
    for one in planned.setpoints if planned else ():
        x, end = axis.percent(one.start), axis.percent(one.end)
        height = round(100.0 * min(1.0, one.charge_power_kw / rating_kw), 2) if rating_kw else 0.0
        if end > x and one.charge_power_kw > DRAWS_KW:
            local = f"{one.start.astimezone(seen.zone):%H:%M} to {one.end.astimezone(seen.zone):%H:%M}"
            title = f"{local}: {one.charge_power_kw:.1f} kW"
            found.append(Bar(x, round(end - x, 3), round(100.0 - height, 2), height, title))
    return found
