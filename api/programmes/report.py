"""Offers, commitments and splits, as people read them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.programmes.documents import CommitmentDocument, FindingLine, OfferDocument, SplitDocument, UsedLine

WAITING_SHOWN = 5


def print_offer(told: OfferDocument, zone: ZoneInfo, console: Console) -> None:
    """What is to be had for which price."""
    line = f"{told.programme}, {_span(told.start, told.end, zone)}: offer {told.offered_kw:g} of {told.most_kw:.1f} kW"
    console.print(Text(line, style="bold"))
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for head in ("kW", f"at least {told.currency} a kWh", "missed kWh"):
        table.add_column(head, justify="right")
    for step in told.steps:
        table.add_row(f"{step.from_kw:.1f} to {step.to_kw:.1f}", f"{step.price_per_kwh:.3f}", f"{step.missed_kwh:.1f}")
    console.print(table)
    _print_terms(told.budget, told.against_terms, console)


def print_commitment(told: CommitmentDocument, zone: ZoneInfo, console: Console) -> None:
    """The verdict, its money, and who waits."""
    of = "" if told.nominated_kw is None else f" of {told.nominated_kw:g} nominated"
    verdict = f"commit {told.committed_kw:g} kW{of}" if told.committed_kw else "stay out"
    console.print(Text(f"{told.programme} {told.event.event_id}: {verdict}: {told.reason}", style="bold"))
    console.print(
        f"  beside staying out it brings {told.gain:+.2f} {told.currency}; paid {told.event.made:.2f}, elsewhere"
        f" {told.elsewhere:.2f}, owed without it {told.owed:.2f}; drivers miss {max(0.0, told.missed_kwh):.1f} kWh more"
    )
    for one in told.event.intervals:
        span = _span(one.start, one.end, zone)
        console.print(f"  {span}: baseline {one.baseline_kw:.1f} kW, delivered {one.delivered_kw:.1f} kW")
    for line in told.waiting[:WAITING_SHOWN]:
        console.print(f"  {line.session_id} {line.why.message}", markup=False)
    if len(told.waiting) > WAITING_SHOWN:
        console.print(f"  {len(told.waiting) - WAITING_SHOWN} more wait")
    _print_terms(told.budget, told.against_terms, console)


def print_split(told: SplitDocument, console: Console) -> None:
    """Who delivers what."""
    console.print(
        Text(f"{told.target_kw:g} kW for {told.cost:.2f} {told.currency}; the last kW costs {told.price_per_kw:.3f}",
             style="bold")
    )  # fmt: skip
    for one in told.shares:
        line = f"  {one.site}: {one.power_kw:.1f} of {one.most_kw:.1f} kW, {one.cost:.2f} {told.currency}"
        console.print(line, markup=False)
    if told.lacking_kw > 0.0:
        console.print(f"  {told.lacking_kw:.1f} kW are lacking: no site has more")


def _print_terms(budget: list[UsedLine], against: list[FindingLine], console: Console) -> None:
    for used in budget:
        console.print(f"  {used.what.replace('_', ' ')}: {used.used:g} of {used.limit:g} used with this call")
    for finding in against:
        console.print(f"  against the terms: {finding.message}", markup=False)


def _span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    return f"{start.astimezone(zone):%a %d %b %H:%M} to {end.astimezone(zone):%H:%M}"
