"""A nomination and its judgement by later days, as a JSON document and as a few lines."""

from datetime import date

from rich.console import Console
from rich.table import Table

from api.document import Part
from api.figures import rounded
from models.domain.programme import Programme
from models.domain.signal import Direction
from optimizer.response.nominated import Hindsight
from optimizer.response.nomination import Nomination, Why

REASONS = {
    Why.BEST: "more would lose more in penalties and payments than it earns",
    Why.NOTHING_EARNED: "no nomination earns anything on days like these",
    Why.BELOW_MINIMUM: "what would pay is less than the programme takes",
    Why.NEVER_LESS: "more costs nothing under these terms; it is all that was ever available",
}


class ChanceLine(Part):
    """kW that a share of past days would have delivered in full."""

    chance: float
    power_kw: float
    days_needed: int
    """With fewer days the figure is that of the worst of them."""


class CurvePoint(Part):
    """Income of a month against the kW nominated; straight between points of which the income does not jump."""

    power_kw: float
    income: float


class MonthLine(Part):
    """One month that was settled."""

    month: str
    days: int
    income: float
    best_income: float
    full_delivery: float


class HindsightDocument(Part):
    """The nomination judged by days that it did not see."""

    first_day: date
    last_day: date
    income: float
    """Any day of a month as likely to be called as any other."""
    best_kw: float
    """The constant nomination that would have been best."""
    best_income: float
    share: float | None
    """Of the best income; absent where nothing could be earned."""
    months: list[MonthLine]
    draws: int
    """Seasons of calls that were drawn."""
    drawn_income_p5: float
    drawn_income_p50: float
    drawn_income_p95: float
    near_best: float
    """Share of these seasons in which it earns at least 90 % of what is best in that season."""


class NominationDocument(Part):
    """How many kW to nominate for a month, and why."""

    programme: str
    direction: str
    """``reduce``, or ``turn_up`` for more load."""
    currency: str
    first_day: date
    last_day: date
    days: int
    """Past days on which the programme could have called."""
    power_kw: float
    why: str
    reason: str
    income: float
    """Expected of a month."""
    capacity: float
    energy: float
    penalty: float
    calls_per_month: float
    full_delivery: float
    """Share of past days that would have delivered all of it."""
    chances: list[ChanceLine]
    unverified: list[str]
    """Terms that are not from a primary text."""
    curve: list[CurvePoint]
    hindsight: HindsightDocument | None = None


Span = tuple[date, date]


def nomination_document(programme: Programme, found: Nomination, span: Span) -> NominationDocument:
    """The document of a nomination that was made from the days of a span."""
    chances = [
        ChanceLine(chance=one.chance, power_kw=rounded(one.power_kw), days_needed=one.days_needed)
        for one in found.chances
    ]
    return NominationDocument(
        programme=programme.id,
        direction=programme.direction,
        currency=programme.currency,
        first_day=span[0],
        last_day=span[1],
        days=found.days,
        power_kw=rounded(found.power_kw),
        why=found.why,
        reason=REASONS[found.why],
        income=rounded(found.income.total),
        capacity=rounded(found.income.capacity),
        energy=rounded(found.income.energy),
        penalty=rounded(found.income.penalty),
        calls_per_month=programme.calls_expected_per_month,
        full_delivery=rounded(found.full_delivery),
        chances=chances,
        unverified=list(programme.unverified),
        curve=[CurvePoint(power_kw=rounded(kw), income=rounded(income)) for kw, income in found.curve],
    )


def hindsight_document(found: Hindsight, span: Span) -> HindsightDocument:
    """The document of a judgement by the days of a span."""
    low, middle, high = found.drawn_income
    months = [
        MonthLine(
            month=one.month,
            days=one.days,
            income=rounded(one.income),
            best_income=rounded(one.best_income),
            full_delivery=rounded(one.full_delivery),
        )
        for one in found.months
    ]
    return HindsightDocument(
        first_day=span[0],
        last_day=span[1],
        income=rounded(found.income),
        best_kw=rounded(found.best_kw),
        best_income=rounded(found.best_income),
        share=None if found.share is None else rounded(found.share),
        months=months,
        draws=found.draws,
        drawn_income_p5=rounded(low),
        drawn_income_p50=rounded(middle),
        drawn_income_p95=rounded(high),
        near_best=rounded(found.near_best),
    )


def print_nomination(told: NominationDocument, console: Console) -> None:
    """The verdict, its money, the chances, and the comparison in hindsight."""
    more = " of more load" if told.direction == Direction.TURN_UP else ""
    console.print(f"[bold]{told.programme}: nominate {told.power_kw:g} kW{more}[/]: {told.reason}")
    console.print(
        f"  a month is expected to bring {told.income:.2f} {told.currency}: capacity {told.capacity:.2f}, energy"
        f" {told.energy:.2f}, penalty {told.penalty:.2f}, at {told.calls_per_month:g} calls"
    )
    console.print(
        f"  by {told.days} days from {told.first_day} to {told.last_day};"
        f" {100 * told.full_delivery:.0f} % of them would have delivered all of it"
    )
    for line in told.chances:
        thin = (
            "" if told.days >= line.days_needed else f" (the worst of {told.days} days; {line.days_needed} are needed)"
        )
        console.print(f"  P{100 * line.chance:.0f}  {line.power_kw:8.1f} kW in full{thin}")
    if told.unverified:
        console.print(f"  not from a primary text: {', '.join(told.unverified)}", markup=False)
    if told.hindsight is not None:
        _print_hindsight(told.hindsight, told.currency, console)


def _print_hindsight(told: HindsightDocument, currency: str, console: Console) -> None:
    table = Table(title=f"settled from {told.first_day} to {told.last_day}", title_justify="left")
    for head in (
        "month",
        "days",
        f"income {currency}",
        f"at {told.best_kw:g} kW, best in hindsight",
        "delivered in full",
    ):
        table.add_column(head, justify="right")
    for one in told.months:
        full = f"{100 * one.full_delivery:.0f} % of days"
        table.add_row(one.month, str(one.days), f"{one.income:.2f}", f"{one.best_income:.2f}", full)
    table.add_row("all", "", f"{told.income:.2f}", f"{told.best_income:.2f}", "")
    console.print(table)
    share = "nothing could be earned" if told.share is None else f"{100 * told.share:.1f} % of the best constant one"
    console.print(f"  income: {share}")
    console.print(
        f"  over {told.draws} seasons of drawn calls: {told.drawn_income_p5:.2f} / {told.drawn_income_p50:.2f} /"
        f" {told.drawn_income_p95:.2f} {currency} (5, 50, 95 %); at least 90 % of that season's best in"
        f" {100 * told.near_best:.0f} % of them"
    )
