"""Statements: what the plans of a month came to."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.problems import documented
from api.routes.bodies import ACCESS_ERRORS
from api.routes.desks import SiteId, looking
from api.security.access import Reader
from api.service import Service, service_of
from api.sites.reports import DailyReport, daily_report
from api.sites.statement_csv import statement_csv
from api.sites.statements import StatementDocument, monthly
from models.domain.errors import NotFound

router = APIRouter(prefix="/v1/sites/{site}", tags=["statements"])

Served = Annotated[Service, Depends(service_of)]
Month = Annotated[
    str, Path(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="A month of the site's clock, as 2026-10.")
]
Day = Annotated[date, Path(ge=date(2000, 1, 1), lt=date(2100, 1, 1), description="A day of the site's clock.")]
CSV = "text/csv; charset=utf-8"


class Form(StrEnum):
    JSON = "json"
    CSV = "csv"


@router.get(
    "/statements/{month}",
    operation_id="get_statement",
    response_model=StatementDocument,
    responses=documented(*ACCESS_ERRORS, NotFound)
    | {200: {"description": "As JSON, or as a table", "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def get_statement(
    caller: Reader,
    service: Served,
    site: SiteId,
    month: Month,
    format: Annotated[Form, Query(description="csv: a table for a spreadsheet.")] = Form.JSON,
) -> StatementDocument | Response:
    """Energy by price, demand charges, events, what was not served, and what was saved against charging at once.

    Sums agree with the plans to the cent; each plan tells how it was made.
    """
    with looking(service, caller, site) as desk:
        told = monthly(desk, month, service.clock())
    return Response(statement_csv(told), media_type=CSV) if format is Form.CSV else told


@router.get("/reports/{day}", operation_id="get_daily_report", responses=documented(*ACCESS_ERRORS, NotFound))
def get_daily_report(caller: Reader, service: Served, site: SiteId, day: Day) -> DailyReport:
    """What was sent on a day, or would have been where plans are only watched; what it saved, and who missed what."""
    with looking(service, caller, site) as desk:
        return daily_report(desk, day, service.clock())
