"""What is wrong with a charge point: one word for each way in which real ones were seen to fail."""

from enum import StrEnum


class Defect(StrEnum):
    """As stations in the field were reported to fail, in issue threads of charging software; each alone or together."""

    IGNORES = "accepts and ignores"
    AMPERES_ONLY = "A only"
    WATTS_ONLY = "W only"
    SLEEPS_AT_ZERO = "sleeps at 0 A"
    """After a pause its car never draws again until it is plugged in anew."""
    SLOW_CLOCK = "slow clock"
    FEW_PERIODS = "few periods"
    CALL_ERROR = "CALLERROR instead of Rejected"
    FLOAT_PERIODS = "float periods"
    REJECTS_TOP_LEVEL = "rejects the maximum stack level"
    DROPS_AT_DISCONNECT = "profile dropped at disconnect"
    LAST_PROFILE_ONLY = "only the last profile kept"
    MAXIMUM_PER_CONNECTOR = "station maximum applied per connector"
    DEFAULT_IGNORED_IN_SESSION = "TxDefault ignored in a session"
    FACTORY_LIMITS_AFTER_REBOOT = "factory limits after reboot"
    ENERGY_ONLY = "energy register only"
    ONE_PHASE_REPORTED = "one phase reported of three"
    ABORTS_WHEN_ANSWERED_LATE = "StartTransaction aborted when the answer is late"
