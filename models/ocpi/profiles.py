"""ChargingProfile and what travels around it; unchanged from 2.2.1 to 2.3.0."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, PlainSerializer

from models.domain.site import RateUnit
from models.ocpi.wire import OcpiObject, OcpiTime

OneDecimal = Annotated[Decimal, Field(ge=0), PlainSerializer(float, return_type=float)]


class ProfileAnswer(StrEnum):
    """``ChargingProfileResponseType``: the CPO's answer at once."""

    ACCEPTED = "ACCEPTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TOO_OFTEN = "TOO_OFTEN"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class ProfileResult(StrEnum):
    """``ChargingProfileResultType``: what the EVSE said, later."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class ProfilePeriod(OcpiObject):
    start_period: int = Field(ge=0)
    """After the start of the profile. [s]"""
    limit: OneDecimal
    """A per phase or W over all phases, one decimal; a maximum, not a target."""


class ChargingProfile(OcpiObject):
    """Limits over time: no phases, no stack, nothing to give back."""

    start_date_time: OcpiTime | None = None
    duration: int | None = Field(default=None, ge=0)
    """None: until the end of the transaction. [s]"""
    charging_rate_unit: RateUnit
    min_charging_rate: OneDecimal | None = None
    """Below it the vehicle does not charge well."""
    charging_profile_period: tuple[ProfilePeriod, ...] = ()


class SetChargingProfile(OcpiObject):
    charging_profile: ChargingProfile
    response_url: str


class ProfileResponse(OcpiObject):
    """``ChargingProfileResponse``."""

    result: ProfileAnswer
    timeout: int = Field(ge=0)
    """After which no result is to be expected any more. [s]"""


class ActiveProfile(OcpiObject):
    """``ActiveChargingProfile``: what the EVSE is going to do, other limits of the CPO included."""

    start_date_time: OcpiTime
    charging_profile: ChargingProfile


class ResultTold(OcpiObject):
    """``ChargingProfileResult``, ``ClearProfileResult`` and ``ActiveChargingProfileResult``."""

    result: ProfileResult
    profile: ActiveProfile | None = None
