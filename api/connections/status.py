"""How a connection stands, for an operator: last contact, last event, clocks, what holds now, alarms."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from api.connections.forms import AnyConnection
from api.connections.hearing import opted
from api.connections.loss import is_lost
from api.connections.state import State
from models.domain.limit_curve import limit_curve
from models.domain.timeline import fold
from models.domain.utility_signal import Flow

SHOWN = timedelta(hours=48)
MOST_SHOWN = 200


class Part(BaseModel):
    """A part of the answer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class UtilityAlarm(Part):
    """Something to look at."""

    key: str
    message: str
    remedy: str
    since: datetime


class UtilityEvent(Part):
    """The last word on one event."""

    event: str
    answer: str
    """``taken``, ``refused`` or ``opted_out``."""
    reason: str = ""


class UtilityLimit(Part):
    """What all its signals together leave to a target."""

    target: str
    flow: str
    start: datetime
    end: datetime
    limit_kw: float
    signals: list[str]


class UtilityReport(Part):
    """A report that it asked for."""

    report: str
    accepted_as: str | None = None
    attempts: int = 0
    """That failed."""
    failure: str = ""


class ConnectionStatus(Part):
    """How a connection stands."""

    connection: str
    kind: str
    state: str
    """``paused``, ``never_heard``, ``heard``, ``failing``: it does not answer; ``lost``: the rule for that holds."""
    last_contact: datetime | None = None
    failing_since: datetime | None = None
    failure: str = ""
    last_event: datetime | None = None
    """When it said something new."""
    next_look: datetime | None = None
    clock_skew_s: float | None = None
    """Of its clock against ours."""
    alarms: list[UtilityAlarm] = []
    limits: list[UtilityLimit] = []
    """Of the next 48 hours."""
    events: list[UtilityEvent] = []
    """The newest last, at most 200."""
    reports: list[UtilityReport] = []


def status_of(id: str, told: AnyConnection, state: State, now: datetime) -> ConnectionStatus:
    """From what is kept."""
    return ConnectionStatus(
        connection=id,
        kind=told.kind,
        state=_word(told, state, now),
        last_contact=state.contact.last_heard,
        failing_since=state.contact.failed_since,
        failure=state.contact.failure,
        last_event=state.heard_at,
        next_look=state.due_at,
        clock_skew_s=state.skew_s,
        alarms=[UtilityAlarm(key=a.key, message=a.message, remedy=a.remedy, since=a.since) for a in state.alarms],
        limits=_limits(state, now),
        events=[_event(state, name) for name in list(state.events)[-MOST_SHOWN:]],
        reports=[
            UtilityReport(report=name, accepted_as=one.report_id or None, attempts=one.attempts, failure=one.failure)
            for name, one in list(state.reports.items())[-MOST_SHOWN:]
        ],
    )


def _word(told: AnyConnection, state: State, now: datetime) -> str:
    if told.paused:
        return "paused"
    if is_lost(state.contact, told.loss, now) or state.without:
        return "lost"
    if state.contact.failed_since is not None:
        return "failing"
    return "never_heard" if state.contact.last_heard is None else "heard"


def _limits(state: State, now: datetime) -> list[UtilityLimit]:
    timeline = fold((*opted(state), *state.without), now, now + SHOWN)
    targets = sorted({lane.target for lane, _ in timeline.lanes}, key=str)
    steps = [(target, flow, s) for target in targets for flow in Flow for s in limit_curve(timeline, flow, [target])]
    return [
        UtilityLimit(
            target=str(target), flow=flow, start=s.start, end=s.end, limit_kw=s.limit_kw, signals=list(s.signals)
        )
        for target, flow, s in steps[:MOST_SHOWN]
    ]


def _event(state: State, name: str) -> UtilityEvent:
    told = state.events[name]
    if name in state.opted_out:
        return UtilityEvent(event=name, answer="opted_out", reason=state.opted_out[name])
    return UtilityEvent(event=name, answer="taken" if told.opts_in else "refused", reason=told.reason)
