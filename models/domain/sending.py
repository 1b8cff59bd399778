"""How a plan travels to a station: the version of OCPP, which profile carries it, and what 2.1 adds."""

from enum import StrEnum

from models.domain.value import value


class Version(StrEnum):
    """The OCPP versions that are spoken."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"


class PlanPurpose(StrEnum):
    """Which profile carries the plan of an EVSE: not every station follows each, not every CSMS passes each on."""

    TX_PROFILE = "tx_profile"
    """A TxProfile once the station has told of a transaction; until then the EVSE's default holds."""
    TX_DEFAULT = "tx_default"
    """A TxDefaultProfile of the EVSE, above its fail-safe, or in one with it where there is one stack level."""
    STATION_MAX = "station_max"
    """The maximum of a station with one EVSE; it takes the place of the default, which would hold it down."""
    REMOTE_START = "remote_start"
    """A TxProfile inside the request that starts the transaction; a TxProfile of that transaction from then on."""


class Feature(StrEnum):
    """What a station of OCPP 2.1 told that it supports; without it the profile is one of 2.0.1."""

    DYNAMIC_PROFILES = "dynamic_profiles"
    LIMIT_AT_SOC = "limit_at_soc"
    RANDOMIZED_DELAY = "randomized_delay"
    USE_LOCAL_TIME = "use_local_time"
    EVSE_SLEEP = "evse_sleep"
    PRIORITY_CHARGING = "priority_charging"
    LOCAL_GENERATION = "local_generation"
    PHASE_SWITCHING = "phase_switching"


@value
class StartToken:
    """Whom a station is asked to start for; it is passed on to the station and told nowhere else."""

    token: str
    kind: str = "Central"
    """type of IdTokenType in OCPP 2.x."""
