"""ChargingPreferences of a driver: which answer they get, and what of a session they set."""

from dataclasses import dataclass, replace
from datetime import datetime

from models.domain.session import ChargingPreference, Session
from models.domain.units import hours_from_seconds
from models.ocpi.sessions import ChargingPreferences, PreferencesAnswer, ProfileType

_PREFERENCE = {
    ProfileType.FAST: ChargingPreference.FAST,
    ProfileType.CHEAP: ChargingPreference.CHEAP,
    ProfileType.GREEN: ChargingPreference.GREEN,
    ProfileType.REGULAR: ChargingPreference.REGULAR,
}
NEAR_KWH = 0.05
"""More than can flow by less than this is still possible. [kWh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """What a site can do for one session."""

    supported: frozenset[ProfileType]
    most_kw: float
    """The least of EVSE, connector and vehicle. [kW at evse]"""


def supported_types(*, prices_carbon: bool) -> frozenset[ProfileType]:
    """GREEN needs a price of carbon for such drivers, and a carbon intensity that changes something."""
    every = frozenset(ProfileType)
    return every if prices_carbon else every - {ProfileType.GREEN}


def answer_to(wish: ChargingPreferences, session: Session, possible: Possible, now: datetime) -> PreferencesAnswer:
    """The first thing that is in the way, if there is one.

    CHEAP and GREEN move energy, so they need a departure, told now or before; a departure that has passed, or energy
    that not even full power brings by then, is not possible.
    """
    kind = _type(wish)
    if kind is None or kind not in possible.supported:
        return PreferencesAnswer.PROFILE_TYPE_NOT_SUPPORTED
    departure = wish.departure_time or session.departure
    if departure is None and kind in (ProfileType.CHEAP, ProfileType.GREEN):
        return PreferencesAnswer.DEPARTURE_REQUIRED
    if wish.departure_time is not None and wish.departure_time <= now:
        return PreferencesAnswer.NOT_POSSIBLE
    if wish.energy_need is None and wish.discharge_allowed and session.energy_target_kwh is None:
        return PreferencesAnswer.ENERGY_NEED_REQUIRED
    if departure is not None and _lacks(wish, session, possible, departure, now):
        return PreferencesAnswer.NOT_POSSIBLE
    return PreferencesAnswer.ACCEPTED


def with_preferences(session: Session, wish: ChargingPreferences) -> Session:
    """With what an accepted wish says; what it leaves open stays as it was."""
    kind = _type(wish)
    told = replace(
        session,
        charging_preference=None if kind is None else _PREFERENCE[kind],
        departure=wish.departure_time or session.departure,
        allows_discharge=wish.discharge_allowed,
    )
    return told if wish.energy_need is None else _needing(told, wish.energy_need)


def _needing(session: Session, energy_kwh: float) -> Session:
    """Energy in place of a state of charge; no more of it is promised than is wanted."""
    promised_kwh = min(session.energy_minimum_kwh, energy_kwh)
    return replace(
        session, energy_target_kwh=energy_kwh, energy_minimum_kwh=promised_kwh, soc_target=None, soc_minimum=None
    )


def _type(wish: ChargingPreferences) -> ProfileType | None:
    return ProfileType(wish.profile_type) if wish.profile_type in list(ProfileType) else None


def _lacks(wish: ChargingPreferences, session: Session, possible: Possible, departure: datetime, now: datetime) -> bool:
    """Whether full power until departure is not enough for the energy that was asked for."""
    if wish.energy_need is None:
        return False
    hours = max(0.0, hours_from_seconds((departure - now).total_seconds()))
    return wish.energy_need - session.delivered_kwh > possible.most_kw * hours + NEAR_KWH
