"""What a CSMS is to do with a station, so that its answers and its meter show what it can be trusted with."""

from dataclasses import dataclass

from models.commissioning import spelling
from models.commissioning.steps import Doing, Request, Step, Task
from models.domain.site import RateUnit
from models.domain.units import kw_from_amperes, watts_from_kw
from models.ocpp.profile import Purpose, Version
from models.ocpp.station import Capability

DEFAULT_A, TAIL_A, PLAN_A, SHARED_A = 8.0, 7.0, 16.0, 20.0
FOLLOWED_A = (16.0, 10.0, 6.0, 0.0, 16.0)
CUT_LIMIT_A, MAXIMUM_A = 10.0, 8.0
EXPECTED_A = {
    "default-in-session": DEFAULT_A,
    **{f"follow-{number}": limit_a for number, limit_a in enumerate(FOLLOWED_A, start=1)},
    "tail": TAIL_A,
    "default-after-plan": DEFAULT_A,
    "cut": CUT_LIMIT_A,
    "reboot": DEFAULT_A,
    "maximum": MAXIMUM_A,
}
"""What a car that would take more draws on each phase at the end of a step. [A]"""
SETTLE_S, CUT_S, LATE_S, BOOT_S = 90.0, 180.0, 20.0, 180.0
_TAIL_AFTER_S = 60 + 90
"""After the start of its schedule, which is a minute before it is sent. [s]"""
PERIODS_IF_UNTOLD = 24
_PERIOD_S = 900
NO_LEVEL = 10_000
"""Above the highest level of any station: some tell 999."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The station that is commissioned."""

    version: Version
    capability: Capability
    """What it told of itself, as far as it is known."""
    evses: int = 1
    phases: int = 3
    voltage_v: float = 230.0
    """Line to neutral. [V]"""


def script(subject: Subject) -> tuple[Step, ...]:
    """Half an hour with one car at EVSE 1, and with a second one at EVSE 2 where there is one.

    Nobody needs to know before which unit, level or number of periods the station takes: what it refuses is tried
    again with less. All that is set is cleared at the end.
    """
    return (
        *_before_a_car(subject),
        *_with_a_car(subject),
        *_on_its_own(subject),
        *((_shared(subject),) if subject.evses > 1 else (_maximum(subject),)),
        *_at_the_end(subject),
    )


def top_level(subject: Subject) -> int:
    told = subject.capability.max_stack_level
    return 1 if told is None else told


def _before_a_car(subject: Subject) -> tuple[Step, ...]:
    version, top = subject.version, top_level(subject)
    too_high = NO_LEVEL if subject.capability.max_stack_level is None else top + 1
    levels = [request for level in _levels(top) for request in _default(subject, level)]
    clear = _send(spelling.clear_profile(version, 1, Purpose.TX_DEFAULT))
    metering = tuple(_send(request) for request in spelling.set_metering(version))
    return (
        Step(id="keys", shows="what it tells of itself", tasks=(_send(spelling.read_keys(version)),)),
        Step(id="metering", shows="whether it measures what is asked for", tasks=metering),
        Step(id="level-too-high", shows="how it refuses", tasks=(_send(*_default(subject, too_high)), clear)),
        Step(id="top-level", shows="its highest stack level", tasks=(_send(*levels), clear)),
        Step(id="periods", shows="how many periods it takes", tasks=(_send(*_many_periods(subject)), clear)),
        Step(id="units", shows="its units", tasks=(*(_send(request) for request in _default(subject)), clear)),
        Step(id="default", shows="nothing yet", tasks=(_send(*_default(subject)),)),
    )


def _with_a_car(subject: Subject) -> tuple[Step, ...]:
    followed = [
        Step(
            id=f"follow-{number}",
            shows=f"whether the car draws {limit_a:g} A",
            tasks=(_plan(subject, [(0, limit_a)]), _wait()),
        )
        for number, limit_a in enumerate(FOLLOWED_A, start=1)
    ]
    return (
        Step(
            id="default-in-session",
            shows="whether the default holds in a session",
            tasks=(Task(doing=Doing.PLUG), _wait()),
        ),
        *followed,
        Step(
            id="tail",
            shows="whether the last period of a plan holds by itself",
            tasks=(
                _plan(subject, [(0, PLAN_A), (_TAIL_AFTER_S, TAIL_A)]),
                _send(spelling.composite(subject.version, 1, 2 * _TAIL_AFTER_S)),
                _wait(),
                _wait(),
            ),
        ),
        Step(
            id="default-after-plan",
            shows="whether the default is still there under a plan",
            tasks=(_send(spelling.clear_profile(subject.version, 1, Purpose.TX)), _wait()),
        ),
    )


def _on_its_own(subject: Subject) -> tuple[Step, ...]:
    reset, begin = spelling.reset(subject.version), spelling.start(subject.version, 1)
    return (
        Step(
            id="cut",
            shows="what it does without a connection",
            tasks=(_plan(subject, [(0, CUT_LIMIT_A)]), _wait(), Task(doing=Doing.CUT, seconds=CUT_S), _wait()),
        ),
        Step(
            id="reboot",
            shows="what it remembers after a boot",
            tasks=(_send(reset), Task(doing=Doing.WAIT, seconds=BOOT_S), _begin(begin), _wait()),
        ),
        Step(
            id="late-answer",
            shows="whether it waits for the answer to the begin of a transaction",
            tasks=(
                Task(doing=Doing.UNPLUG),
                Task(doing=Doing.ANSWER_LATE, seconds=LATE_S),
                Task(doing=Doing.PLUG),
                _wait(),
            ),
        ),
    )


def _shared(subject: Subject) -> Step:
    """Two cars under one maximum of the station."""
    second = spelling.start(subject.version, 2)
    return Step(
        id="maximum-shared",
        shows="whether all EVSEs together stay below the station's maximum",
        tasks=(
            _send(*_profile(subject, Purpose.TX_DEFAULT, [(0, PLAN_A)])),
            _send(*_profile(subject, Purpose.TX_DEFAULT, [(0, PLAN_A)], evse=2)),
            _send(*_profile(subject, Purpose.STATION_MAX, [(0, SHARED_A)])),
            _begin(spelling.start(subject.version, 1)),
            Task(doing=Doing.PLUG, evse=2),
            Task(doing=Doing.START, requests=(second,), evse=2),
            _wait(),
            Task(doing=Doing.UNPLUG, evse=2),
            _send(spelling.clear_profile(subject.version, 2, Purpose.TX_DEFAULT)),
        ),
    )


def _maximum(subject: Subject) -> Step:
    return Step(
        id="maximum",
        shows="whether the station's maximum binds",
        tasks=(
            _send(*_profile(subject, Purpose.TX_DEFAULT, [(0, PLAN_A)])),
            _send(*_profile(subject, Purpose.STATION_MAX, [(0, MAXIMUM_A)])),
            _begin(spelling.start(subject.version, 1)),
            _wait(),
        ),
    )


def _at_the_end(subject: Subject) -> tuple[Step, ...]:
    cleared = tuple(_send(spelling.clear_profile(subject.version, 1, purpose)) for purpose in spelling.SLOT)
    return (Step(id="end", shows="that nothing is left behind", tasks=(Task(doing=Doing.UNPLUG), *cleared)),)


def _many_periods(subject: Subject) -> list[Request]:
    """As many as it tells, then half of that and so on; they go up and down so that no station merges them."""
    count = subject.capability.max_periods or PERIODS_IF_UNTOLD
    tried: list[Request] = []
    while count >= 1:
        periods = [(_PERIOD_S * k, DEFAULT_A + k % 2) for k in range(count)]
        tried += _profile(subject, Purpose.TX_DEFAULT, periods)
        count //= 2
    return tried


def _levels(top: int) -> list[int]:
    """From the highest down; a station that tells hundreds is asked for a few."""
    return sorted({top, max(0, top - 1), top // 2, 1 if top else 0, 0}, reverse=True)


def _default(subject: Subject, level: int = 0) -> tuple[Request, ...]:
    return _profile(subject, Purpose.TX_DEFAULT, [(0, DEFAULT_A)], level=level)


def _plan(subject: Subject, periods: list[tuple[int, float]]) -> Task:
    return _send(*_profile(subject, Purpose.TX, periods, level=min(1, top_level(subject))))


def _profile(
    subject: Subject, purpose: Purpose, periods: list[tuple[int, float]], *, level: int = 0, evse: int = 1
) -> tuple[Request, ...]:
    """In amperes and in watts, first in the unit that it tells."""
    watts = [(s, watts_from_kw(kw_from_amperes(a, subject.voltage_v, subject.phases))) for s, a in periods]
    limits = {RateUnit.A: periods, RateUnit.W: watts}
    told = subject.capability.rate_units or tuple(RateUnit)
    units = sorted(RateUnit, key=lambda unit: unit not in told)
    return tuple(spelling.set_profile(subject.version, evse, purpose, level, unit, limits[unit]) for unit in units)


def _send(*requests: Request) -> Task:
    return Task(doing=Doing.SEND, requests=requests)


def _begin(request: Request) -> Task:
    return Task(doing=Doing.START, requests=(request,))


def _wait() -> Task:
    return Task(doing=Doing.WAIT, seconds=SETTLE_S)


def duration_s(steps: tuple[Step, ...]) -> float:
    """How long it takes, apart from the hands of who plugs. [s]"""
    return sum(task.seconds for step in steps for task in step.tasks if task.doing in (Doing.WAIT, Doing.CUT))
