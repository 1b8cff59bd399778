"""What EVSEs follow, as the next plan counts it: what they accepted, what may have reached them, or their rating."""

from datetime import datetime

from models.domain.answers import Outcome
from models.domain.default_horizon import floor_start_s
from models.domain.installed import Installed, InstalledProfile, OfflineBehaviour
from models.domain.times import instant, seconds
from models.domain.value import Series, Step
from optimizer.rolling.allowed import expected_kw, in_place, starts
from optimizer.rolling.state import EvseRecord, Role, SiteState


def installed(state: SiteState, now: datetime) -> tuple[Installed, ...]:
    """Those that no plan reaches now; one that is not controlled counts at its rating, until it is trusted again (S3).

    Those that are reached are left out: what they have is lowered at once, and raised only after others are lowered,
    by the order of the commands (S2). Counted here, it would lift a limit that it breaks for as long as it may last.
    """
    held = (r for r in state.evses.values() if r.uncontrolled or not state.stations[r.station].reachable)
    return tuple(_of_evse(state, record, now) for record in held)


def _of_evse(state: SiteState, record: EvseRecord, now: datetime) -> Installed:
    station = state.stations[record.station]
    return Installed(
        evse=record.id,
        profiles=tuple(_profiles(record, now)),
        reachable=station.reachable and not record.uncontrolled,
        offline=OfflineBehaviour.FULL if record.uncontrolled else station.offline,
        default_kw=default_kw(record, now),
    )


def _profiles(record: EvseRecord, now: datetime) -> list[InstalledProfile]:
    accepted = followed_kw(record, now)
    known = [] if accepted is None else [InstalledProfile(power_kw=from_the_minute(accepted, now))]
    on_the_way = [one for one in record.told if one.outcome in (None, Outcome.TIMED_OUT) and one.role is not Role.MOST]
    return [*known, *(InstalledProfile(power_kw=one.power_kw, acknowledged=False) for one in on_the_way)]


def followed_kw(record: EvseRecord, now: datetime) -> Series | None:
    """From now on, by what was accepted; None where nothing was. [kW at evse, all phases]"""
    changes = {now, *(when for one in record.told if in_place(one) for when in starts(one.power_kw) if when > now)}
    steps = [(when, expected_kw(record, when)) for when in sorted(changes)]
    return tuple(Step(start=when, value=kw) for when, kw in steps if kw is not None) or None


def from_the_minute(series: Series, now: datetime) -> Series:
    """A plan starts with the minute that has begun, and knows of each profile from its start on."""
    if not isinstance(series, tuple) or series[0].start > now:
        return series
    begun = instant(floor_start_s(seconds(now)))
    return (Step(start=min(begun, series[0].start), value=series[0].value), *series[1:])


def default_kw(record: EvseRecord, now: datetime) -> float | None:
    """Its fail-safe share: the accepted default at its largest from now on."""
    found: list[float] = []
    for one in record.told:
        if one.role is Role.DEFAULT and in_place(one):
            found += [step.value for step in one.power_kw] if isinstance(one.power_kw, tuple) else [one.power_kw]
    return max(found, default=None)
