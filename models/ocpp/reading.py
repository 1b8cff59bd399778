"""A SetChargingProfile payload of any version as one thing to check; nothing in it is trusted to be there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.domain.findings import Finding
from models.domain.site import Evse, Station
from models.ocpp.profile import Version

JsonObject = Mapping[str, Any]


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
class Reading:
    """What the rules look at."""

    version: Version
    evse_number: Any
    evse_path: str
    profile: Placed
    schedules: tuple[Placed, ...]
    station: Station
    evse: Evse | None
    """None for a profile of the whole station."""
    starts: bool = False
    """Whether it goes with the request that starts the transaction, which has no id yet."""

    @property
    def purpose(self) -> Any:
        return self.profile.get("chargingProfilePurpose")


def read(version: Version, payload: JsonObject, station: Station, evse: Evse | None) -> Reading:
    """The payload under the names of its version."""
    starts = "idTag" in payload or "idToken" in payload
    number, name = ("connectorId", "csChargingProfiles") if version is Version.V16 else ("evseId", "chargingProfile")
    name = "chargingProfile" if starts else name
    profile = Placed(path=name, value=_mapping(payload.get(name)))
    return Reading(
        version=version,
        evse_number=payload.get(number),
        evse_path=number,
        profile=profile,
        schedules=profile.objects("chargingSchedule"),
        station=station,
        evse=evse,
        starts=starts,
    )


def broken(rule: str, path: str, message: str, remedy: str) -> Finding:
    """A finding under the rule's name, where there is one that of EVerest's profile validation."""
    return Finding(path=path, message=f"{rule}: {message}", remedy=remedy)


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
