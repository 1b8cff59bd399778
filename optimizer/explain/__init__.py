"""Why a session gets less than it wanted, or gets it later, in words for a driver and an operator.

``reason`` is the answer and its wording, ``planned`` a plan beside its scenario as arrays, ``shortfall`` tells what
stood in the way of energy that is missing, ``waiting`` who waits because of a signal.
"""

from models.domain.scenario import Scenario
from models.domain.schedule import Schedule
from optimizer.completing import complete
from optimizer.explain.limitations import limitations_of
from optimizer.explain.planned import planned
from optimizer.explain.reason import Reason, ReasonCode
from optimizer.explain.shortfall import shortfall_reasons
from optimizer.explain.waiting import waiting_reasons
from optimizer.settings import Settings

__all__ = ["Reason", "ReasonCode", "limitations_of", "reasons"]

_DEFAULTS = Settings()


def reasons(
    scenario: Scenario, schedule: Schedule, settings: Settings = _DEFAULTS, *, waiting: bool = True
) -> tuple[Reason, ...]:
    """Every reason, session by session; ``settings`` are those that the schedule was made with.

    To tell who waits for a signal, the same day is planned once more without it: one solve a signal for up to three
    that do not overlap, else one for all of them, and none when no signal is in anybody's way, or without ``waiting``.
    Raises ValueError when the schedule is not one of this scenario; SolverFault or DeadlinePassed from the solves.
    """
    told = planned(complete(scenario).scenario, schedule)
    found = [*shortfall_reasons(told, settings), *(waiting_reasons(told, settings) if waiting else ())]
    place = {session: k for k, session in enumerate(told.instance.sessions.ids)}
    return tuple(sorted(found, key=lambda reason: place[reason.session_id]))
