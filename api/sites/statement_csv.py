"""A statement as a table for a spreadsheet: one line for each amount, sums last in their section."""

import csv
from collections.abc import Iterator
from io import StringIO

from api.sites.statements import BillDocument, StatementDocument

HEAD = ("section", "item", "label", "start", "end", "quantity", "unit", "price", "amount", "currency", "method", "mode")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
Cell = str | float | None
Row = dict[str, Cell]


def statement_csv(told: StatementDocument) -> str:
    """In UTF-8 with commas and points; times in UTC."""
    out = StringIO()
    table = csv.DictWriter(out, HEAD, lineterminator="\r\n")  # as RFC 4180 ends lines
    table.writeheader()
    for row in _rows(told):
        table.writerow({name: _cell(row.get(name)) for name in HEAD})
    return out.getvalue()


def _rows(told: StatementDocument) -> Iterator[Row]:
    whole: Row = {"start": f"{told.start:%FT%TZ}", "end": f"{told.end:%FT%TZ}", "currency": told.currency}
    yield from (whole | row for row in _bill("bill", told.bill))
    for event in told.events:
        yield whole | {"section": "events", "item": event.event, "label": "payment", "amount": event.payment}
        yield whole | {"section": "events", "item": event.event, "label": "penalty", "amount": -event.penalty}
    yield whole | {"section": "events", "item": "sum", "amount": told.event_income}
    yield from (whole | row for row in _bill("uncontrolled", told.uncontrolled))
    yield whole | {"section": "result", "item": "cost", "amount": told.cost}
    yield whole | {"section": "result", "item": "saved", "amount": told.saved}
    yield whole | {"section": "result", "item": "energy to vehicles", "quantity": told.energy_kwh, "unit": "kWh"}
    for one in told.not_served:
        left = {"start": None, "end": f"{one.left_at:%FT%TZ}", "quantity": one.energy_kwh, "unit": "kWh"}
        yield whole | {"section": "not served", "item": one.session, "label": one.evse} | left
    yield whole | {"section": "not served", "item": "sum", "quantity": told.energy_not_served_kwh, "unit": "kWh"}
    for plan in told.plans:
        yield {
            "section": "plans",
            "item": plan.plan,
            "start": f"{plan.start:%FT%TZ}",
            "end": f"{plan.end:%FT%TZ}",
            "quantity": round(plan.import_kwh - plan.export_kwh, 3),
            "unit": "kWh",
            "amount": plan.energy_amount,
            "currency": told.currency,
            "method": plan.method,
            "mode": plan.mode,
        }


def _bill(section: str, bill: BillDocument) -> Iterator[Row]:
    for line in (*bill.energy, *bill.peaks):
        yield {
            "section": section,
            "item": line.component,
            "label": line.label,
            "quantity": line.quantity,
            "unit": line.unit,
            "price": line.price,
            "amount": line.amount,
        }
    yield {"section": section, "item": "sum", "amount": bill.amount}


def _cell(told: Cell) -> Cell:
    """Ids are callers' own: none of them is to be carried out by whoever opens the table."""
    return f"'{told}" if isinstance(told, str) and told.startswith(FORMULA) else told
