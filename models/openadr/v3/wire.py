"""Objects of OpenADR 3 as they come: what we know of them is read strictly, what we do not is left out.

Names are read whatever their spelling, because VTNs notify in snake case and the guide itself writes payLoadType.
"""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import path_text


class Wire(BaseModel):
    """A part of a message; frozen, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)


def _none_is_empty(given: Any) -> Any:
    return () if given is None else tuple(given) if isinstance(given, list) else given


T = TypeVar("T")
Several = Annotated[tuple[T, ...], BeforeValidator(_none_is_empty)]


class ValuesMap(Wire):
    type: str
    values: Several[Any]


class IntervalPeriod(Wire):
    start: str | None = None
    duration: str | None = None
    randomize_start: str | None = None


class Interval(Wire):
    id: int
    interval_period: IntervalPeriod | None = None
    payloads: Several[ValuesMap] = ()


class PayloadDescriptor(Wire):
    """Of an event or a report; a report's has no currency, an event's no reading type."""

    payload_type: str
    units: str | None = None
    currency: str | None = None
    reading_type: str | None = None


class ReportDescriptor(Wire):
    """What the VTN wants to be told."""

    payload_type: str
    reading_type: str | None = None
    units: str | None = None
    aggregate: bool = False
    start_interval: int = -1
    num_intervals: int = -1
    historical: bool = True
    frequency: int = -1
    repeat: int = 1
    report_intervals: str = "INTERVALS"


class Identified(Wire):
    """What a VTN gives an object that it keeps."""

    id: str = ""
    created_date_time: str | None = None
    modification_date_time: str | None = None
    object_type: str | None = None


class Event(Identified):
    program_id: str
    event_name: str | None = None
    duration: str | None = None
    priority: int | None = None
    targets: Several[str | ValuesMap] = ()
    report_descriptors: Several[ReportDescriptor] = ()
    payload_descriptors: Several[PayloadDescriptor] = ()
    interval_period: IntervalPeriod | None = None
    intervals: Several[Interval] = ()


class Program(Identified):
    program_name: str
    program_type: str | None = None
    retailer_name: str | None = None
    binding_events: bool | None = None
    payload_descriptors: Several[PayloadDescriptor] = ()
    attributes: Several[ValuesMap] = ()
    targets: Several[str | ValuesMap] = ()


class Notification(Wire):
    object_type: str
    operation: str
    object: dict[str, Any]


class Ven(Identified):
    ven_name: str


class Resource(Identified):
    resource_name: str
    ven_id: str | None = None


class Subscription(Identified):
    client_name: str
    program_id: str | None = None


class Problem(Wire):
    """How a VTN says no."""

    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None


class Token(Wire):
    access_token: str
    token_type: str = "Bearer"
    expires_in: Annotated[int, Field(ge=0)] | None = None


Form = TypeVar("Form", bound=Wire)


def read(form: type[Form], tree: Any) -> Form:
    """An object of some form; raises InvalidScenario with every place that does not fit it."""
    try:
        return form.model_validate(renamed(tree))
    except ValidationError as unfit:
        raise InvalidScenario([_finding(error) for error in unfit.errors(include_input=False)]) from None


def renamed(tree: Any) -> Any:
    """The same with the names of this file, however they were spelled; what is not named here keeps its name."""
    if isinstance(tree, dict):
        return {_NAMES.get(_plain(str(name)), str(name)): renamed(inner) for name, inner in tree.items()}
    return [renamed(inner) for inner in tree] if isinstance(tree, list) else tree


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


_FORMS: tuple[type[Wire], ...] = (
    ValuesMap,
    IntervalPeriod,
    Interval,
    PayloadDescriptor,
    ReportDescriptor,
    Event,
    Program,
    Notification,
    Ven,
    Resource,
    Subscription,
    Problem,
    Token,
)
_NAMES = {_plain(name): name for form in _FORMS for name in form.model_fields}


def _finding(error: Any) -> Finding:
    where = path_text(tuple(error["loc"]))
    return Finding(
        path=where, message=str(error["msg"]), remedy="the VTN has to correct it; see OpenADR 3, this object"
    )
