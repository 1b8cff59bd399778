"""Objects that a VEN writes, in the words of its version: VEN, resource, subscription, report."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.domain.value import value
from models.openadr.v3.channel import Version

Tree = dict[str, Any]
AGGREGATED = "AGGREGATED_REPORT"
"""Name of a resource that stands for several."""


def ven(name: str, version: Version, attributes: Mapping[str, Sequence[object]] | None = None) -> Tree:
    """Ourselves."""
    return _typed("VEN_VEN_REQUEST", version) | {"venName": name} | _attributes(attributes)


def resource(
    name: str, ven_id: str, version: Version, attributes: Mapping[str, Sequence[object]] | None = None
) -> Tree:
    """A site or a group of EVSEs; in 3.0.1 its VEN is in the address as well."""
    return _typed("VEN_RESOURCE_REQUEST", version) | {"resourceName": name, "venID": ven_id} | _attributes(attributes)


def subscription(client_name: str, program_id: str, callback_url: str, bearer_token: str, version: Version) -> Tree:
    """To be told of every change of events of a programme."""
    operations = {
        "objects": ["EVENT"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
        "callbackUrl": callback_url,
        "bearerToken": bearer_token,
    }
    return {"clientName": client_name, "programID": program_id, "objectOperations": [operations]}


@value
class Told:
    """One value of a report, for one interval of its event."""

    interval_id: int
    payload_type: str
    value: float | str
    start: datetime | None = None
    """Of an interval of our own; None: the event has it already."""
    length_s: float | None = None
    quality: str = "OK"
    """OK, MISSING, ESTIMATED or BAD."""


@value
class Described:
    """How the values of a payload type are meant."""

    payload_type: str
    units: str | None = None
    reading_type: str = "DIRECT_READ"


def report(
    *,
    event_id: str,
    program_id: str,
    client_name: str,
    name: str,
    described: Sequence[Described],
    told: Mapping[str, Sequence[Told]],
    version: Version,
) -> Tree:
    """Values by resource, interval by interval, with their quality where it is not OK."""
    resources = [{"resourceName": resource, "intervals": _intervals(values)} for resource, values in told.items()]
    written: Tree = {
        "eventID": event_id,
        "clientName": client_name,
        "reportName": name,
        "payloadDescriptors": [_descriptor(each) for each in described],
        "resources": resources,
    }
    return written | ({"programID": program_id} if version is Version.V3_0 else {})


def utc(when: datetime) -> str:
    """RFC 3339 with Z."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_text(length_s: float) -> str:
    """A duration of seconds."""
    return f"PT{length_s:.0f}S"


def _typed(object_type: str, version: Version) -> Tree:
    return {"objectType": object_type} if version is Version.V3_1 else {}


def _attributes(attributes: Mapping[str, Sequence[object]] | None) -> Tree:
    if not attributes:
        return {}
    return {"attributes": [{"type": kind, "values": list(values)} for kind, values in attributes.items()]}


def _descriptor(described: Described) -> Tree:
    told = {
        "objectType": "REPORT_PAYLOAD_DESCRIPTOR",
        "payloadType": described.payload_type,
        "readingType": described.reading_type,
    }
    return told | ({"units": described.units} if described.units else {})


def _intervals(values: Sequence[Told]) -> list[Tree]:
    by_id: dict[int, list[Told]] = {}
    for each in values:
        by_id.setdefault(each.interval_id, []).append(each)
    return [_interval(interval_id, by_id[interval_id]) for interval_id in sorted(by_id)]


def _interval(interval_id: int, values: Sequence[Told]) -> Tree:
    payloads = [{"type": each.payload_type, "values": [each.value]} for each in values]
    worst = next((each.quality for each in values if each.quality != "OK"), None)
    if worst is not None:
        payloads.append({"type": "DATA_QUALITY", "values": [worst]})
    first = values[0]
    period = {}
    if first.start is not None and first.length_s is not None:
        period = {"intervalPeriod": {"start": utc(first.start), "duration": seconds_text(first.length_s)}}
    return {"id": interval_id, "payloads": payloads} | period
