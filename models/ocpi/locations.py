"""Location, EVSE and Connector, as far as limits and preferences need them."""

from enum import StrEnum

from pydantic import Field

from models.ocpi.wire import OcpiObject, OcpiTime

PREFERENCES_CAPABLE = "CHARGING_PREFERENCES_CAPABLE"
PROFILE_CAPABLE = "CHARGING_PROFILE_CAPABLE"


class PowerType(StrEnum):
    AC_1_PHASE = "AC_1_PHASE"
    AC_2_PHASE = "AC_2_PHASE"
    """Two phases of three."""
    AC_2_PHASE_SPLIT = "AC_2_PHASE_SPLIT"
    """Between the two lines of a split phase."""
    AC_3_PHASE = "AC_3_PHASE"
    DC = "DC"


class OcpiConnector(OcpiObject):
    id: str
    standard: str
    power_type: PowerType
    max_voltage: int = Field(gt=0)
    """Line to neutral for AC_3_PHASE. [V]"""
    max_amperage: int = Field(gt=0)
    """[A]"""
    max_electric_power: int | None = Field(default=None, gt=0)
    """Where it is less than voltage, current and phases give. [W]"""
    tariff_ids: tuple[str, ...] = ()
    last_updated: OcpiTime


class OcpiEvse(OcpiObject):
    uid: str
    evse_id: str | None = None
    """Of eMI3, as it stands on the EVSE."""
    status: str
    capabilities: tuple[str, ...] = ()
    """As text: 2.3.0 adds values, and peers add their own."""
    connectors: tuple[OcpiConnector, ...] = Field(min_length=1)
    last_updated: OcpiTime


class Location(OcpiObject):
    country_code: str
    party_id: str
    id: str
    time_zone: str
    """IANA name."""
    evses: tuple[OcpiEvse, ...] = ()
    last_updated: OcpiTime
