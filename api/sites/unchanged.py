"""Commands that would tell a station what it was told already are not sent. Pure."""

from dataclasses import replace
from datetime import datetime

from api.operating.live import Command, CommandKind, LiveSite, Tells
from models.domain.series import value_at
from models.domain.value import Series
from optimizer.rolling.allowed import starts

SAME_KW = 1e-6
"""A difference that no station shows: limits have a tenth of an ampere. [kW]"""


def without_repeats(live: LiveSite, now: datetime) -> LiveSite:
    """The site without commands that are new and say what is in force, or on its way, from now on."""
    kept = tuple(command for command in live.outbox if not _says_nothing_new(live, command, now))
    gone = {command.id for command in live.outbox} - {command.id for command in kept}
    waits = (replace(command, after=tuple(name for name in command.after if name not in gone)) for command in kept)
    return replace(live, outbox=tuple(waits))


def _says_nothing_new(live: LiveSite, command: Command, now: datetime) -> bool:
    if command.kind is not CommandKind.LIMIT or command.taken_at is not None:
        return False
    return all(_is_known(live, command, told, now) for told in command.tells)


def _is_known(live: LiveSite, command: Command, told: Tells, now: datetime) -> bool:
    """Of an EVSE that nobody trusts nothing is known."""
    if live.state.evses[told.evse].uncontrolled:
        return False
    before = _latest(live, command, told)
    return before is not None and _same(before.power_kw, told.power_kw, now)


def _latest(live: LiveSite, command: Command, told: Tells) -> Tells | None:
    """What the station has or is being sent under the same profile, for the same session."""
    on_its_way = [other for other in live.outbox if other.taken_at is not None]
    in_force = live.in_force.get(f"{command.station}/{told.profile_id}")
    for other in (*reversed(on_its_way), *([in_force] if in_force else [])):
        if other.session == command.session:
            for one in other.tells:
                if (other.station, one.profile_id) == (command.station, told.profile_id):
                    return one
    return None


def _same(one: Series, other: Series, now: datetime) -> bool:
    times = {now, *starts(one), *starts(other)}
    return all(abs(value_at(one, at) - value_at(other, at)) <= SAME_KW for at in times if at >= now)
