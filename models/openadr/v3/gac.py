"""Dutch Grid Aware Charging: what its events and programmes must be (GAC 2.0 on OpenADR 3.0.1, 2.1 on 3.1).

Source: rules of the ElaadNL compliance plug-ins for GAC 2.0 and 2.1. Every interval is checked, not only the last one.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from models.domain.findings import Finding
from models.openadr.v3.channel import Version
from models.openadr.v3.wire import Event, Interval, Program, ValuesMap

LIMIT = "IMPORT_CAPACITY_LIMIT"
_EAN18 = re.compile(r"\d{18}", re.ASCII)
_VEN_NAME = re.compile(r"[A-Z]{2}-?[A-Z0-9]{3}", re.ASCII)
_PROGRAM_TYPE = {
    Version.V3_0: re.compile(r"DSO_CPO_INTERFACE-\d+\.\d+\.\d+"),
    Version.V3_1: re.compile(r"DSO_CPO_INTERFACE-2\.1\.1"),
}
_LONGEST_NAME = 128
_Defect = tuple[str, str]


def defects(event: Event, version: Version) -> Iterator[Finding]:
    """Everything for which an event is refused; then the safe mode stays."""
    targets = _targets_3_0 if version is Version.V3_0 else _targets_3_1
    for path, message in (*_event(event), *targets(event), *_descriptors(event), *_intervals(event)):
        told = f"event {event.event_name or event.id}: {message}"
        remedy = "the network operator has to correct it; the limits known before, or the safe mode, stay in force"
        yield Finding(path=path, message=told, remedy=remedy, ids=(event.id,))


def program_defects(program: Program, version: Version) -> Iterator[Finding]:
    """What a programme lacks to be one of Grid Aware Charging."""
    told = _program_3_0(program) if version is Version.V3_0 else _program_3_1(program)
    for path, message in told:
        text = f"programme {program.program_name}: {message}"
        yield Finding(path=path, message=text, remedy="the network operator has to correct the programme")


def is_ean18(name: str) -> bool:
    return _EAN18.fullmatch(name) is not None


def is_ven_name(name: str) -> bool:
    """An eMI3 party id: country and three letters or digits."""
    return _VEN_NAME.fullmatch(name) is not None


def _event(event: Event) -> Iterator[_Defect]:
    if event.priority is not None:
        yield "priority", "a GAC event carries no priority"
    own = [interval.interval_period is not None for interval in event.intervals]
    if event.interval_period is not None and any(own):
        yield "intervalPeriod", "both the event and its intervals have an intervalPeriod"
    elif event.interval_period is None and not all(own):
        yield "intervalPeriod", "neither the event nor every interval has an intervalPeriod"


def _targets_3_0(event: Event) -> Iterator[_Defect]:
    by_type: dict[str, list[tuple[object, ...]]] = {}
    for target in event.targets:
        if isinstance(target, ValuesMap):
            by_type.setdefault(target.type, []).append(target.values)
    for name in ("POWER_SERVICE_LOCATION", "VEN_NAME"):
        if len(by_type.get(name, [])) != 1:
            yield "targets", f"exactly one target {name} is needed"
    yield from _eans([str(ean) for eans in by_type.get("POWER_SERVICE_LOCATION", []) for ean in eans])
    vens = [str(ven) for names in by_type.get("VEN_NAME", []) for ven in names]
    if any(not 1 <= len(ven) <= _LONGEST_NAME for ven in vens):
        yield "targets", f"a VEN name has 1 to {_LONGEST_NAME} characters"


def _targets_3_1(event: Event) -> Iterator[_Defect]:
    if not event.targets or not all(isinstance(target, str) for target in event.targets):
        yield "targets", "targets are a list of EAN18"
    yield from _eans([target for target in event.targets if isinstance(target, str)])


def _eans(names: list[str]) -> Iterator[_Defect]:
    wrong = [name for name in names if not is_ean18(name)]
    if wrong:
        yield "targets", f"{wrong[0][:40]!r} is no EAN of 18 digits"


def _descriptors(event: Event) -> Iterator[_Defect]:
    told = event.payload_descriptors
    if len(told) != 1:
        yield "payloadDescriptors", "exactly one payloadDescriptor is needed"
    elif told[0].payload_type != LIMIT:
        yield "payloadDescriptors[0].payloadType", f"it is not {LIMIT}"
    elif told[0].units != "KW":
        yield "payloadDescriptors[0].units", "the unit is not KW"


def _intervals(event: Event) -> Iterator[_Defect]:
    if not event.intervals:
        yield "intervals", "there are none"
    if any(after.id <= before.id for before, after in pairwise(event.intervals)):
        yield "intervals", "ids of intervals are not strictly increasing"
    for i, interval in enumerate(event.intervals):
        yield from _payload(interval, f"intervals[{i}].payloads")


def _payload(interval: Interval, path: str) -> Iterator[_Defect]:
    if [payload.type for payload in interval.payloads] != [LIMIT]:
        yield path, f"exactly one payload {LIMIT} is needed"
    elif len(interval.payloads[0].values) != 1:
        yield path, "exactly one value is needed"


def _program_3_0(program: Program) -> Iterator[_Defect]:
    if not 2 <= len(program.retailer_name or "") <= _LONGEST_NAME:
        yield "retailerName", f"it has no name of 2 to {_LONGEST_NAME} characters"
    if not _PROGRAM_TYPE[Version.V3_0].fullmatch(program.program_type or ""):
        yield "programType", "it is not DSO_CPO_INTERFACE-x.x.x"
    if program.binding_events is not True:
        yield "bindingEvents", "its events are not binding"


def _program_3_1(program: Program) -> Iterator[_Defect]:
    told = {attribute.type: attribute.values for attribute in program.attributes}
    retailer = (told.get("RETAILER_NAME") or ("",))[0]
    if not 2 <= len(str(retailer)) <= _LONGEST_NAME:
        yield "attributes", f"RETAILER_NAME has no 2 to {_LONGEST_NAME} characters"
    if not _PROGRAM_TYPE[Version.V3_1].fullmatch(str((told.get("PROGRAM_TYPE") or ("",))[0])):
        yield "attributes", "PROGRAM_TYPE is not DSO_CPO_INTERFACE-2.1.1"
    if told.get("BINDING_EVENTS") != (True,):
        yield "attributes", "BINDING_EVENTS is not true"
