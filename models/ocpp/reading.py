"""A SetChargingProfile payload of any version as one thing to check; nothing in it is trusted to be there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeGuard

from models.domain.findings import Finding
from models.domain.site import Evse, Station
from models.ocpp.profile import Version
from models.ocpp.reasons import reason_code

JsonObject = Mapping[str, Any]
PERIODS = "chargingSchedulePeriod"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A JSON object and where it stands in the payload."""

    path: str
    value: JsonObject

    def at(self, key: str) -> str:
        """Path of one of its members."""
        return f"{self.path}.{key}"

    def get(self, key: str) -> Any:
        """A member, None where it is absent."""
        return self.value.get(key)

    def objects(self, key: str) -> tuple["Placed", ...]:
        """The objects of a list member, or the one object that stands for such a list."""
        member = self.get(key)
        if isinstance(member, Mapping):
            return (Placed(path=self.at(key), value=member),)
        items = member if isinstance(member, list) else []
        return tuple(Placed(path=f"{self.at(key)}[{i}]", value=_mapping(item)) for i, item in enumerate(items))


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is known of a station beside its capabilities; what is None or not named is not judged."""

    now: datetime | None = None
    clock_ahead_s: float = 0.0
    """How far the clock of the station is ahead of ours; below 0 behind it. [s]"""
    transactions: Mapping[int, str] | None = None
    """That run, by number of the EVSE, as text."""
    installed: tuple[tuple[int, JsonObject], ...] = ()
    """Profiles that the station has, each with the number of its EVSE, as its version spells them."""
    updated_at: Mapping[tuple[int, str], datetime] = field(default_factory=dict)
    """When a purpose at an EVSE was last sent, by number and purpose."""
    operation_modes: frozenset[str] = frozenset()
    """SupportedOperationModes, beside those that the station itself tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the rules look at."""

    version: Version
    payload: JsonObject
    evse_number: Any
    evse_path: str
    profile: Placed
    schedules: tuple[Placed, ...]
    station: Station
    evse: Evse | None
    """None for a profile of the whole station."""
    circumstances: Circumstances
    starts: bool
    """Whether it goes with the request that starts the transaction, which has no id yet."""

    @property
    def purpose(self) -> Any:
        return self.profile.get("chargingProfilePurpose")

    @property
    def kind(self) -> Any:
        return self.profile.get("chargingProfileKind")

    @property
    def id(self) -> Any:
        return self.profile.get("chargingProfileId" if self.version is Version.V16 else "id")

    def periods(self) -> Iterator[tuple[Placed, Placed]]:
        """Each period with its schedule."""
        for schedule in self.schedules:
            for period in schedule.objects(PERIODS):
                yield schedule, period


def read(
    version: Version, payload: JsonObject, station: Station, evse: Evse | None, circumstances: Circumstances
) -> Reading:
    """The payload under the names of its version."""
    starts = "idTag" in payload or "idToken" in payload
    number, name = ("connectorId", "csChargingProfiles") if version is Version.V16 else ("evseId", "chargingProfile")
    name = "chargingProfile" if starts else name
    profile = Placed(path=name, value=_mapping(payload.get(name)))
    return Reading(
        version=version,
        payload=payload,
        evse_number=payload.get(number),
        evse_path=number,
        profile=profile,
        schedules=profile.objects("chargingSchedule"),
        station=station,
        evse=evse,
        circumstances=circumstances,
        starts=starts,
    )


def broken(rule: str, path: str, message: str, remedy: str) -> Finding:
    """A finding under the rule's name and its reason code."""
    return Finding(path=path, message=f"{rule} ({reason_code(rule)}): {message}", remedy=remedy)


def whole(given: Any) -> TypeGuard[int]:
    """Whether it is an integer of JSON; true and false are none."""
    return isinstance(given, int) and not isinstance(given, bool)


def number(given: Any) -> Decimal | None:
    """A finite JSON number as it is written; None for anything else."""
    if isinstance(given, bool) or not isinstance(given, (int, float, Decimal)):
        return None
    told = Decimal(str(given))
    return told if told.is_finite() else None


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
