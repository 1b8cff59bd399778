"""Session, ChargingPreferences and their answer, as they come over the wire."""

from enum import StrEnum

from pydantic import Field

from models.ocpi.wire import OcpiObject, OcpiTime


class SessionStatus(StrEnum):
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


class ProfileType(StrEnum):
    """What a driver wants of smart charging."""

    CHEAP = "CHEAP"
    FAST = "FAST"
    GREEN = "GREEN"
    REGULAR = "REGULAR"


class PreferencesAnswer(StrEnum):
    """``ChargingPreferencesResponse``."""

    ACCEPTED = "ACCEPTED"
    DEPARTURE_REQUIRED = "DEPARTURE_REQUIRED"
    ENERGY_NEED_REQUIRED = "ENERGY_NEED_REQUIRED"
    NOT_POSSIBLE = "NOT_POSSIBLE"
    PROFILE_TYPE_NOT_SUPPORTED = "PROFILE_TYPE_NOT_SUPPORTED"


class ChargingPreferences(OcpiObject):
    """What a driver asks of one session."""

    profile_type: str
    """Of :class:`ProfileType`; another one is answered, not refused."""
    departure_time: OcpiTime | None = None
    energy_need: float | None = Field(default=None, ge=0.0)
    """[kWh]"""
    discharge_allowed: bool = False


class ChargingPeriod(OcpiObject):
    """From its start on."""

    start_date_time: OcpiTime
    tariff_id: str | None = None


class OcpiSession(OcpiObject):
    """A charging session, as far as it is planned with."""

    country_code: str
    party_id: str
    id: str = Field(min_length=1)
    start_date_time: OcpiTime
    end_date_time: OcpiTime | None = None
    kwh: float = Field(ge=0.0)
    location_id: str
    evse_uid: str
    connector_id: str
    currency: str
    charging_periods: tuple[ChargingPeriod, ...] = ()
    status: SessionStatus
    last_updated: OcpiTime
