"""What all versions of OCPP share on the wire: camelCase names, strict and finite values, times in UTC with Z."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def utc_text(instant: datetime) -> str:
    """``2026-03-02T17:00:00Z``; schedules start at whole seconds."""
    return instant.astimezone(UTC).strftime(TIME_FORMAT)


UtcTime = Annotated[datetime, PlainSerializer(utc_text, return_type=str)]
# A decimal of one place becomes the float that JSON shows with one place; 8.1 is never 8.100000000000001.
Limit = Annotated[Decimal, Field(ge=0, decimal_places=1), PlainSerializer(float, return_type=float)]


class WireType(BaseModel):
    """A message or a part of one."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        alias_generator=to_camel,
        populate_by_name=True,
    )

    def payload(self) -> dict[str, Any]:
        """As JSON values, without what was not given."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
