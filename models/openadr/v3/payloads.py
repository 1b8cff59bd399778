"""What each payload type of OpenADR 3 asks, and in which unit and range: Definition.md, event payload enumerations."""

from models.domain.utility_signal import Flow, SignalKind, SignalMode
from models.domain.value import value

KW, KWH = "KW", "KWH"


@value
class Asks:
    """How a payload type becomes a signal."""

    kind: SignalKind
    flow: Flow = Flow.IMPORT
    mode: SignalMode = SignalMode.SET
    topic: str = ""
    units: str | None = None
    """That its values must be told in; None: it has no unit."""
    least: float | None = None
    largest: float | None = None
    whole: bool = False
    """Whether only whole numbers are meant."""


def _limit(flow: Flow, mode: SignalMode) -> Asks:
    return Asks(kind=SignalKind.LIMIT, flow=flow, mode=mode, units=KW, least=0.0)


def _alert(topic: str) -> Asks:
    return Asks(kind=SignalKind.ALERT, topic=topic)


ALERTS = (
    "ALERT_GRID_EMERGENCY",
    "ALERT_BLACK_START",
    "ALERT_POSSIBLE_OUTAGE",
    "ALERT_FLEX_ALERT",
    "ALERT_FIRE",
    "ALERT_FREEZING",
    "ALERT_WIND",
    "ALERT_TSUNAMI",
    "ALERT_AIR_QUALITY",
    "ALERT_OTHER",
)
INSTRUCTIONS = ("DISPATCH_INSTRUCTION", "CTA2045_REBOOT", "CTA2045_SET_OVERRIDE_STATUS")
"""Words and codes that only the operator can give a meaning; carried as alerts."""

ASKS: dict[str, Asks] = {
    "SIMPLE": Asks(kind=SignalKind.LEVEL, topic="SIMPLE", least=0, largest=3, whole=True),
    "CONTROL_LEVEL_OFFSET": Asks(
        kind=SignalKind.LEVEL, topic="CONTROL_LEVEL_OFFSET", least=-10, largest=10, whole=True
    ),
    "CONTROL_LEVEL_OFFSET_PERCENT": Asks(
        kind=SignalKind.LEVEL, topic="CONTROL_LEVEL_OFFSET_PERCENT", least=-1, largest=1
    ),
    "PRICE": Asks(kind=SignalKind.PRICE, units=KWH),
    "EXPORT_PRICE": Asks(kind=SignalKind.PRICE, flow=Flow.EXPORT, units=KWH),
    "GHG": Asks(kind=SignalKind.CARBON, least=0.0),
    "IMPORT_CAPACITY_LIMIT": _limit(Flow.IMPORT, SignalMode.SET),
    "EXPORT_CAPACITY_LIMIT": _limit(Flow.EXPORT, SignalMode.SET),
    "IMPORT_CAPACITY_SUBSCRIPTION": _limit(Flow.IMPORT, SignalMode.DEFAULT),
    "EXPORT_CAPACITY_SUBSCRIPTION": _limit(Flow.EXPORT, SignalMode.DEFAULT),
    "IMPORT_CAPACITY_RESERVATION": _limit(Flow.IMPORT, SignalMode.ADD),
    "EXPORT_CAPACITY_RESERVATION": _limit(Flow.EXPORT, SignalMode.ADD),
    "DISPATCH_SETPOINT": Asks(kind=SignalKind.DISPATCH, units=KW, least=0.0),
    "DISPATCH_SETPOINT_RELATIVE": Asks(kind=SignalKind.DISPATCH, mode=SignalMode.ADD, units=KW),
    **{topic: _alert(topic) for topic in (*ALERTS, *INSTRUCTIONS)},
}

INFORMS = frozenset(
    (
        "PRICE_ALTERNATE",
        "CHARGE_STATE_SETPOINT",
        "CONTROL_SETPOINT",
        "CURVE",
        "OLS",
        "IMPORT_CAPACITY_RESERVATION_FEE",
        "IMPORT_CAPACITY_AVAILABLE",
        "IMPORT_CAPACITY_AVAILABLE_PRICE",
        "EXPORT_CAPACITY_RESERVATION_FEE",
        "EXPORT_CAPACITY_AVAILABLE",
        "EXPORT_CAPACITY_AVAILABLE_PRICE",
    )
)
"""Known types that ask nothing of a plan: handed to the operator as they are."""
