"""Rules for operation modes of OCPP 2.1: which are allowed, which values each of them needs, how setpoints lie."""

from collections.abc import Iterator
from typing import Any

from models.domain.findings import Finding
from models.ocpp.profile import Version
from models.ocpp.reading import Placed, Reading, broken, number
from models.ocpp.shape_rules import OPERATION_MODES

CHARGING_ONLY = "ChargingOnly"
_SUFFIXES = ("", "_L2", "_L3")
MODES_OF_PURPOSE = {
    "TxProfile": OPERATION_MODES,
    "TxDefaultProfile": OPERATION_MODES,
    "PriorityCharging": (CHARGING_ONLY,),
    "ChargingStationMaxProfile": (CHARGING_ONLY,),
    "ChargingStationExternalConstraints": (CHARGING_ONLY, "ExternalLimits", "ExternalSetpoint"),
    "LocalGeneration": (CHARGING_ONLY, "ExternalLimits"),
}
"""Table 95 of OCPP 2.1, part 2."""
_VALUES = {
    CHARGING_ONLY: (("limit",), ()),
    "CentralSetpoint": (("setpoint",), ("limit", "dischargeLimit", "setpointReactive")),
    "CentralFrequency": (("setpoint",), ("limit", "dischargeLimit")),
    "ExternalSetpoint": ((), ("limit", "dischargeLimit")),
    "LocalFrequency": ((), ()),
    "ExternalLimits": ((), ()),
    "LocalLoadBalancing": ((), ()),
    "Idle": ((), ()),
}
"""By mode: values that it needs, and values that it may have."""


def modes(reading: Reading) -> Iterator[Finding]:
    """A mode that the station has (K01.FR.115, Q09.FR.01) and that its purpose may have."""
    for _, period in _of_21(reading):
        mode, path = _mode(period), period.at("operationMode")
        if mode not in OPERATION_MODES:
            continue
        if mode not in MODES_OF_PURPOSE.get(str(reading.purpose), OPERATION_MODES):
            rule, message = "ChargingSchedulePeriodInvalidOperationModeForPurpose", f"{mode} in a {reading.purpose}"
            yield broken(rule, path, message, f"send {', '.join(MODES_OF_PURPOSE[reading.purpose])}")
        elif mode not in _supported(reading):
            balancing = mode == "LocalLoadBalancing"
            rule = f"ChargingSchedulePeriodUnsupported{'LocalLoadBalancing' if balancing else 'OperationMode'}"
            message = f"station {reading.station.id} does not say that it has {mode}"
            yield broken(rule, path, message, f"send one of {', '.join(sorted(_supported(reading)))}")


def values(reading: Reading) -> Iterator[Finding]:
    """Each mode has the values that it needs, and none that mean nothing in it."""
    for _, period in _of_21(reading):
        needed, allowed = _VALUES.get(_mode(period), ((), ("limit", "dischargeLimit", "setpoint", "setpointReactive")))
        for name in needed:
            if name != "limit" and number(period.get(name)) is None:
                rule, message = "ChargingSchedulePeriodMissingValue", f"{_mode(period)} without a {name}"
                yield broken(rule, period.at(name), message, f"give a {name}")
        for name in ("limit", "dischargeLimit", "setpoint", "setpointReactive"):
            if name not in (*needed, *allowed) and any(period.get(name + end) is not None for end in _SUFFIXES):
                rule, message = "ChargingSchedulePeriodExtraneousValue", f"a {name} in {_mode(period)}"
                yield broken(rule, period.at(name), message, "leave it out")


def setpoints(reading: Reading) -> Iterator[Finding]:
    """Inside both limits (V2X.05), of one sign on all phases; by phase only in a TxProfile (V2X.09, 10)."""
    for _, period in _of_21(reading):
        told = [number(period.get(f"setpoint{end}")) for end in _SUFFIXES]
        for end, setpoint in zip(_SUFFIXES, told, strict=True):
            least, most = number(period.get(f"dischargeLimit{end}")), number(period.get(f"limit{end}"))
            below = setpoint is not None and least is not None and setpoint < least
            above = setpoint is not None and most is not None and setpoint > most
            if below or above:
                message = f"a setpoint of {setpoint} between {least} and {most}"
                path = period.at(f"setpoint{end}")
                yield broken("ChargingSchedulePeriodSetpointOutsideLimits", path, message, "keep it inside")
        if any(one is not None and one > 0 for one in told) and any(one is not None and one < 0 for one in told):
            rule, message = "ChargingSchedulePeriodSetpointSigns", "one phase charges while another gives back"
            yield broken(rule, period.at("setpoint"), message, "give all phases one sign")
        yield from _by_phase(reading, period)


def frequency(reading: Reading) -> Iterator[Finding]:
    """LocalFrequency has a baseline and a curve of two points or more, in W (Q08.FR.02, 05)."""
    for schedule, period in _of_21(reading):
        if _mode(period) != "LocalFrequency":
            continue
        if schedule.get("chargingRateUnit") != "W":
            rule, path = "ChargingSchedulePeriodFrequencyInWatts", schedule.at("chargingRateUnit")
            yield broken(rule, path, "a frequency curve in A", "send the schedule in W")
        curve = period.get("v2xFreqWattCurve")
        if number(period.get("v2xBaseline")) is None or not isinstance(curve, list) or len(curve) < 2:
            rule, path = "ChargingSchedulePeriodNoFreqWattCurve", period.at("v2xFreqWattCurve")
            yield broken(rule, path, "no baseline with a curve", "give v2xBaseline and two points or more")


def sleep(reading: Reading) -> Iterator[Finding]:
    """evseSleep goes with Idle only (K01.FR.126)."""
    for _, period in _of_21(reading):
        if period.get("evseSleep") is not None and _mode(period) != "Idle":
            rule, message = "ChargingSchedulePeriodEvseSleep", f"evseSleep in {_mode(period)}"
            yield broken(rule, period.at("evseSleep"), message, "send it in an Idle period only")


def _by_phase(reading: Reading, period: Placed) -> Iterator[Finding]:
    names = [f"{name}{end}" for name in ("dischargeLimit", "setpoint") for end in _SUFFIXES[1:]]
    for name in names:
        if period.get(name) is not None and reading.purpose != "TxProfile":
            rule, message = "ChargingSchedulePeriodPhaseConflict", f"{name} in a {reading.purpose}"
            yield broken(rule, period.at(name), message, "send it in a TxProfile only")


def _supported(reading: Reading) -> frozenset[str]:
    own = {CHARGING_ONLY, "CentralSetpoint"} if reading.station.takes_setpoints else {CHARGING_ONLY}
    return reading.circumstances.operation_modes | own


def _of_21(reading: Reading) -> Iterator[tuple[Placed, Placed]]:
    if reading.version is Version.V21:
        yield from reading.periods()


def _mode(period: Placed) -> Any:
    mode = period.get("operationMode")
    return CHARGING_ONLY if mode is None else str(mode)
