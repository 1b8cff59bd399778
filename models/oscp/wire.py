"""Messages of OSCP 2.0 between a capacity provider and a flexibility provider; unknown fields are ignored."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import path_text

VERSION = "2.0"


class Wire(BaseModel):
    """A message, or a part of one."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class ForecastType(StrEnum):
    CONSUMPTION = "CONSUMPTION"
    GENERATION = "GENERATION"
    FALLBACK_CONSUMPTION = "FALLBACK_CONSUMPTION"
    FALLBACK_GENERATION = "FALLBACK_GENERATION"
    OPTIMUM = "OPTIMUM"


class PhaseIndicator(StrEnum):
    UNKNOWN = "UNKNOWN"
    ONE = "ONE"
    TWO = "TWO"
    THREE = "THREE"
    ALL = "ALL"


class CapacityUnit(StrEnum):
    A = "A"
    W = "W"
    KW = "KW"
    WH = "WH"
    KWH = "KWH"


class MeasurementConfiguration(StrEnum):
    CONTINUOUS = "CONTINUOUS"
    INTERMITTENT = "INTERMITTENT"


Capacity = Annotated[float, Field(ge=0.0, le=1e9, allow_inf_nan=False, strict=True)]


class Block(Wire):
    """A capacity over a stretch of time."""

    capacity: Capacity
    phase: PhaseIndicator
    unit: CapacityUnit
    start_time: AwareDatetime
    end_time: AwareDatetime


class GroupCapacityForecast(Wire):
    group_id: Annotated[str, Field(min_length=1, max_length=64)]
    type: ForecastType
    forecasted_blocks: Annotated[tuple[Block, ...], Field(min_length=1, max_length=10_000)]


class VersionUrl(Wire):
    version: str
    base_url: str


class Register(Wire):
    token: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[!-~]+$")]
    version_url: Annotated[tuple[VersionUrl, ...], Field(min_length=1)]


class Behaviour(Wire):
    heartbeat_interval: Annotated[int, Field(ge=1)] | None = None
    measurement_configuration: tuple[MeasurementConfiguration, ...] = ()


class Handshake(Wire):
    """Some write the behaviour at the top, without the object around it."""

    required_behaviour: Behaviour = Behaviour()


class Heartbeat(Wire):
    offline_mode_at: AwareDatetime
    """From then on the sender is to be taken for offline, unless it is heard from."""


Form = TypeVar("Form", bound=Wire)


def read(form: type[Form], tree: Any) -> Form:
    """A message of some form; raises InvalidScenario with every place that does not fit it."""
    try:
        return form.model_validate(tree)
    except ValidationError as unfit:
        raise InvalidScenario([_finding(error) for error in unfit.errors(include_input=False)]) from None


def handshake_of(tree: Any) -> Handshake:
    """With the behaviour in its object or at the top."""
    if isinstance(tree, dict) and "required_behaviour" not in tree and "heartbeat_interval" in tree:
        return Handshake(required_behaviour=read(Behaviour, tree))
    return read(Handshake, tree)


def time_text(when: datetime) -> str:
    """RFC 3339 with Z, as the other side reads it."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _finding(error: Any) -> Finding:
    where = path_text(tuple(error["loc"]))
    return Finding(
        path=where, message=str(error["msg"]), remedy="the capacity provider has to correct it; see OSCP 2.0"
    )
