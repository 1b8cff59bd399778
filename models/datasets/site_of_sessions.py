"""A site of which nothing is known but its sessions: its EVSEs, with the least usual rating that explains them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from models.datasets.recorded import RecordedSession
from models.domain.findings import Assumption
from models.domain.site import CurrentType, Evse, GridNode, LimitKind, Site
from models.domain.units import hours_from_seconds

RATINGS_KW = (3.7, 7.4, 11.0, 22.0, 43.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 400.0)
"""What EVSEs on sale give, at evse. [kW]"""
LARGEST_AC_KW = 43.0
THREE_PHASE_FROM_KW = 11.0
_ERR = 1.02
"""Clocks and meters err: so much above a rating is that rating."""
_SURE = 0.98
"""Share of an EVSE's sessions that its rating has to explain: single rows may be wrong."""
SHORT_H = 0.1
"""A mean over less says little. [h]"""


def site_of_sessions(
    sessions: Sequence[RecordedSession], *, name: str, time_zone: str, limit_kw: float, evse_kw: float | None = None
) -> tuple[Site, tuple[Assumption, ...]]:
    """The EVSEs of all sessions below one connection; ``evse_kw`` in place of what is concluded from each one's."""
    at: dict[str, list[RecordedSession]] = defaultdict(list)
    for one in sessions:
        at[one.evse].append(one)
    ratings = {evse: evse_kw or rating_of(told) for evse, told in sorted(at.items())}
    counts = Counter(ratings.values())
    assumptions = () if evse_kw else tuple(_told(kw, count) for kw, count in sorted(counts.items()))
    connection = GridNode(id="connection", import_limit_kw=limit_kw, limit_kind=LimitKind.CONTRACT)
    site = Site(
        id=name,
        time_zone=time_zone,
        nodes=(connection,),
        evses=tuple(_evse(evse, kw) for evse, kw in ratings.items()),
    )
    return site, assumptions


def _told(kw: float, count: int) -> Assumption:
    source = "the least usual rating that explains their sessions; --evse-kw says it for all"
    return Assumption(what=f"site.evses[].max_power_kw of {count} EVSEs", value=f"{kw:g} kW", source=source)


def rating_of(sessions: Iterable[RecordedSession]) -> float:
    """The least of ``RATINGS_KW`` that explains nearly all of an EVSE's sessions. [kW]"""
    needed = sorted(_needed_kw(one) for one in sessions)
    kw = needed[min(len(needed) - 1, int(_SURE * len(needed)))]
    return next((rating for rating in RATINGS_KW if kw <= rating * _ERR), RATINGS_KW[-1])


def _needed_kw(one: RecordedSession) -> float:
    """What the source says, or the mean of the stay, which is the least that it can have been. [kW]"""
    stay_h = hours_from_seconds((one.departure - one.arrival).total_seconds())
    mean_kw = one.energy_kwh / stay_h if stay_h >= SHORT_H else 0.0
    return max(mean_kw, one.power_kw or 0.0)


def _evse(name: str, kw: float) -> Evse:
    """Below three phases of 16 A, AC has one, and nobody tells which."""
    if kw > LARGEST_AC_KW:
        return Evse(id=name, node="connection", current=CurrentType.DC, max_power_kw=kw)
    if kw < THREE_PHASE_FROM_KW:
        return Evse(id=name, node="connection", max_power_kw=kw, phases=None)
    return Evse(id=name, node="connection", max_power_kw=kw)
