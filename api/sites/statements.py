"""Statements of kept sites: the months and days of their clocks, as documents."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from api.sites.accounts import accounts, last_account
from api.sites.keeping import Desk
from models.domain.calendar import Calendar
from models.domain.errors import NotFound
from models.domain.times import instant, seconds
from optimizer.statement.bill import Bill, Line
from optimizer.statement.cents import cents
from optimizer.statement.statement import Statement, statement

DIGITS = 3
"""Watt-hours."""


class Amounts(BaseModel):
    """A part of the document; money is to the cent, and its sums are as well."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class BillLine(Amounts):
    """One component of a bill."""

    component: str
    """energy_import, energy_export, carbon, coincident_peak, discharge_paid, contract_excess or demand_charge."""
    label: str
    """Which price, charge and billing period, or contract; ``dynamic``: many prices, at their mean."""
    quantity: float
    unit: str
    """kWh, kW of a peak, or h."""
    price: float | None
    """Of one unit; null where it is not one product."""
    amount: float
    """[currency]"""


class BillDocument(Amounts):
    """What a load costs."""

    energy: list[BillLine]
    peaks: list[BillLine]
    """Demand charges and largest excesses, of billing periods that end inside."""
    energy_amount: float
    amount: float


class EventIncome(Amounts):
    """What one demand-response event brought, by the plans."""

    event: str
    payment: float
    penalty: float
    income: float


class NotServedLine(Amounts):
    """A session that left with less than was told to be wanted, or promised."""

    session: str
    evse: str
    left_at: datetime
    energy_kwh: float


class StatedPlan(Amounts):
    """One plan, as far as it was followed: from its start to the next one's."""

    plan: str
    method: str
    mode: str
    start: datetime
    end: datetime
    import_kwh: float
    export_kwh: float
    energy_amount: float
    """All but peaks; they add up to ``bill.energy_amount``."""
    event_income: float


class StatementDocument(Amounts):
    """What the plans of a month came to, beside the same cars charged at once."""

    site: str
    period: str
    """``2026-10``, or a day."""
    time_zone: str
    """Of the tariff, which is the site's unless it says another one."""
    start: datetime
    end: datetime
    is_over: bool
    """False: the period goes on, and so will this."""
    hours: float
    covered_hours: float
    """For which there was a plan; the rest counts for nothing."""
    currency: str
    energy_kwh: float
    """To vehicles, less what they gave back, as planned; at evse."""
    energy_not_served_kwh: float
    not_served: list[NotServedLine]
    bill: BillDocument
    events: list[EventIncome]
    event_income: float
    cost: float
    """``bill.amount`` less ``event_income``."""
    uncontrolled: BillDocument
    """The same cars charged at once, without events; contracts below the site connection left out."""
    saved: float
    """``uncontrolled.amount`` less ``cost``."""
    methods: dict[str, int]
    plans: list[StatedPlan]


def monthly(desk: Desk, month: str, now: datetime) -> StatementDocument:
    """Of a local month, as ``2026-10``; raises NotFound where no plan reaches into it."""
    first = date.fromisoformat(f"{month}-01")
    return _between(desk, month, first, (first + timedelta(days=31)).replace(day=1), now)


def daily(desk: Desk, day: date, now: datetime) -> StatementDocument:
    """Of a local day; raises NotFound where no plan reaches into it."""
    return _between(desk, day.isoformat(), day, day + timedelta(days=1), now)


def _between(desk: Desk, period: str, first: date, end: date, now: datetime) -> StatementDocument:
    """Of local days, the last one left out, by the clock of the newest tariff that was planned with."""
    last = last_account(desk)
    if last is not None:
        calendar = Calendar(ZoneInfo(last.time_zone))
        start_s, end_s = calendar.day_start_s(first), calendar.day_start_s(end)
        found = statement(accounts(desk, instant(start_s), instant(end_s)), start_s, end_s)
        if found is not None:
            return _document(desk.site, period, calendar.time_zone, found, now)
    raise NotFound(f"the site has no plans of {period}, or they are forgotten")


def _document(site: str, period: str, zone: ZoneInfo, found: Statement, now: datetime) -> StatementDocument:
    return StatementDocument(
        site=site,
        period=period,
        time_zone=zone.key,
        start=instant(found.start_s),
        end=instant(found.end_s),
        is_over=seconds(now) >= found.end_s,
        hours=round(found.hours, DIGITS),
        covered_hours=round(found.covered_h, DIGITS),
        currency=found.currency,
        energy_kwh=round(found.energy_kwh, DIGITS),
        energy_not_served_kwh=round(sum(one.energy_kwh for one in found.not_served), DIGITS),
        not_served=[
            NotServedLine(
                session=one.session,
                evse=one.evse,
                left_at=instant(one.left_s),
                energy_kwh=round(one.energy_kwh, DIGITS),
            )
            for one in found.not_served
        ],
        bill=_bill(found.bill),
        events=[
            EventIncome(
                event=one.event, payment=money(one.payment), penalty=money(one.penalty), income=money(one.income)
            )
            for one in found.events
        ],
        event_income=money(found.event_income),
        cost=money(found.cost),
        uncontrolled=_bill(found.at_once),
        saved=money(found.saved),
        methods=dict(sorted(found.methods.items())),
        plans=list(_plans(found)),
    )


def money(amount: Decimal) -> float:
    """As a JSON number: the float that is printed as these cents."""
    return float(cents(float(amount)))


def _bill(bill: Bill) -> BillDocument:
    return BillDocument(
        energy=[_line(line) for line in bill.energy],
        peaks=[_line(line) for line in bill.peaks],
        energy_amount=money(bill.energy_amount),
        amount=money(bill.amount),
    )


def _line(line: Line) -> BillLine:
    return BillLine(
        component=line.component,
        label=line.label,
        quantity=round(line.quantity, DIGITS),
        unit=line.unit,
        price=None if line.price is None else round(line.price, 6),
        amount=money(line.amount),
    )


def _plans(found: Statement) -> Iterator[StatedPlan]:
    for line in found.plans:
        yield StatedPlan(
            plan=line.account.plan,
            method=line.account.method,
            mode=line.account.mode,
            start=instant(line.start_s),
            end=instant(line.end_s),
            import_kwh=round(line.import_kwh, DIGITS),
            export_kwh=round(line.export_kwh, DIGITS),
            energy_amount=money(line.energy_amount),
            event_income=money(line.event_income),
        )
