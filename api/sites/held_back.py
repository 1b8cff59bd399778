"""The ledger of one session: when we held it below what it could take, from what its station accepted and the meter."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from math import isfinite

from pydantic import BaseModel, ConfigDict

from api.sites.followed import in_force
from api.sites.keeping import Desk
from api.sites.plugging import known
from api.sites.readings import readings
from api.sites.stays import Stay
from models.domain.limitations import Limitation, MeasuredPower, SessionRecord, limitations_ledger
from models.domain.times import instant

HOLDS = timedelta(minutes=15)
"""A measured power is what flows until the next one, at most so long: the longest interval of meter values."""
DIGITS = 6


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class HeldBack(Part):
    """One stretch of time, at one power and for one reason."""

    start: datetime
    end: datetime
    power_kw: float
    """What the session was left."""
    could_kw: float
    """What it could have taken: the least of EVSE, connector, vehicle and what it still wanted."""
    reason: str
    """As ``held`` of a plan tells it: ``limit``, ``price``, ``peak``, ``signal``, ``later``, ..."""
    causes: list[str]
    """Ids of nodes, signals, demand windows."""
    suspended: bool
    """Whether it was left nothing."""
    measured: bool
    """Whether the meter bears it out; else it is what its station accepted."""
    kwh_less: float
    """What it could have taken more, at most."""


class SessionLedger(Part):
    """When we held a session below what it could take. What it did by itself is in no line."""

    session: str
    site: str
    until: datetime
    """When it left, or now."""
    limited_h: float
    suspended_h: float
    kwh_less: float
    lines: list[HeldBack]


def ledger(desk: Desk, session: str, now: datetime) -> SessionLedger:
    """Of a session that is there or is over; raises NotFound."""
    stay: Stay = known(desk, session).value
    until = stay.unplugged_at or now
    limits = tuple(in_force(desk, session, until))
    record = SessionRecord(session=session, in_force=limits, measured=tuple(_measured(desk, stay, until)))
    told = limitations_ledger([record])
    (sums,) = told.sessions
    return SessionLedger(
        session=session,
        site=desk.site,
        until=until,
        limited_h=round(sums.limited_h, DIGITS),
        suspended_h=round(sums.suspended_h, DIGITS),
        kwh_less=round(sums.kwh_less, DIGITS),
        lines=[_line(one) for one in told.lines],
    )


def _line(one: Limitation) -> HeldBack:
    return HeldBack(
        start=one.start,
        end=one.end,
        power_kw=round(one.power_kw, DIGITS),
        could_kw=round(one.could_kw, DIGITS),
        reason=one.reason,
        causes=list(one.causes),
        suspended=one.suspended,
        measured=one.measured,
        kwh_less=round(one.kwh_less, DIGITS),
    )


def _measured(desk: Desk, stay: Stay, until: datetime) -> Iterator[MeasuredPower]:
    """What its meter showed, and that of its EVSE while it stood there, each until the next one."""
    told = stay.told
    mine = {("session", told.session), ("evse", told.evse)}
    found = readings(desk, told.plugged_in_at, until, wanted=mine).values()
    pairs = {pair for one in found for pair in zip(one.at_s.tolist(), one.power_kw.tolist(), strict=True)}
    shown = sorted((instant(at_s), power_kw) for at_s, power_kw in pairs if isfinite(power_kw))
    for (start, power_kw), (end, _) in pairwise([*shown, (until, 0.0)]):
        if start < end:
            yield MeasuredPower(start=start, end=min(end, start + HOLDS), power_kw=power_kw)
