"""What others limit at a station, and profiles of others that are installed there."""

from dataclasses import replace

from models.domain.answers import ProfilesReported, ReportedProfile
from models.domain.events import ExternalLimitCleared, ExternalLimitTold, LimitStep
from models.domain.value import Step
from optimizer.rolling.changing import counted, of_station, with_station
from optimizer.rolling.state import ExternalLimit, ForeignProfile, SiteState
from optimizer.rolling.timing import Placed


def limited(state: SiteState, event: ExternalLimitTold, when: Placed) -> SiteState:
    """It binds from its steps on until it is cleared; a newer one of the same source takes its place."""
    told = ExternalLimit(
        station=event.station_id,
        evse_number=event.evse_number or 0,
        source=event.source,
        told_at=when.at,
        power_kw=_steps(event.steps, "limit_kw"),
        current_a=_steps(event.steps, "limit_a"),
    )
    if not event.steps:
        state = counted(state, event.station_id, "an external limit without a number")
    return replace(state, external=(*_others(state, told.station, told.evse_number, told.source), told))


def cleared(state: SiteState, event: ExternalLimitCleared, when: Placed) -> SiteState:
    left = _others(state, event.station_id, event.evse_number, event.source)
    if left == state.external:
        return counted(state, event.station_id, "an external limit cleared that was not told")
    return replace(state, external=left)


def profiles(state: SiteState, event: ProfilesReported, when: Placed) -> SiteState:
    """Whatever has an id that we did not give is somebody else's: listed, and never cleared by itself."""
    ours = {told.profile_id for record in of_station(state, event.station_id) for told in record.told}
    theirs = [_foreign(event.station_id, profile) for profile in event.profiles if profile.id not in ours]
    known = state.stations[event.station_id].foreign
    foreign = {(one.evse_number, one.profile_id): one for one in (*known, *theirs)}
    recorded = {(one.evse_number, one.profile_id): one for one in (*theirs, *state.stations[event.station_id].recorded)}
    told = {"foreign": tuple(foreign.values()), "recorded": tuple(recorded.values())}
    return with_station(state, event.station_id, **told)


def _foreign(station_id: str, profile: ReportedProfile) -> ForeignProfile:
    return ForeignProfile(
        station=station_id,
        evse_number=profile.evse_number,
        profile_id=profile.id,
        purpose=profile.purpose,
        stack_level=profile.stack_level,
        source=profile.source,
        wire=dict(profile.wire),
    )


def _others(state: SiteState, station: str, number: int | None, source: str) -> tuple[ExternalLimit, ...]:
    """None stands for whatever part of the station."""
    return tuple(
        one
        for one in state.external
        if (one.station, one.source) != (station, source) or (number is not None and one.evse_number != number)
    )


def _steps(steps: tuple[LimitStep, ...], name: str) -> tuple[Step, ...]:
    """In order of time; below 0 is 0."""
    told = {step.start: getattr(step, name) for step in sorted(steps, key=lambda step: step.start)}
    return tuple(Step(start=start, value=max(0.0, limit)) for start, limit in told.items() if limit is not None)
