"""What is answered about a call: an offer before it, a commitment to it, a target divided; as JSON documents."""

from datetime import datetime
from itertools import pairwise

from api.build_document import event_line
from api.build_explanation import why_line
from api.document import EventLine, Part
from api.event import WaitingLine
from api.figures import rounded
from models.domain.findings import Finding
from models.domain.programme_calls import Used
from models.domain.units import hours_from_seconds
from optimizer.flexibility import Flexibility
from optimizer.response.commitment import Commitment, Held
from optimizer.response.portfolio import Split

REASONS = {
    Held.NOMINATED: "all that was nominated is committed",
    Held.PRICE: "the next kW costs {next:.3f} a kWh, and brings {brings:.3f}",
    Held.MOST: "limits and promises leave nothing more to shed",
    Held.MINIMUM: "what is left is less than the programme takes",
    Held.PROMISES: "promises of {broken:.1f} kWh to drivers would be broken",
    Held.COSTS: "taking part costs more than it brings",
    Held.NOT_OWED: "the call is against the terms, and answering it costs more than it brings",
}


class UsedLine(Part):
    """What a call uses of one limit of its programme."""

    what: str
    limit: float
    used: float
    """With this call."""
    left: float


class FindingLine(Part):
    """Something of a call that is against the terms."""

    path: str
    message: str
    remedy: str


class OfferStep(Part):
    """kW that are to be had for a price, throughout the window."""

    from_kw: float
    to_kw: float
    price_per_kwh: float
    """What each kWh of them has to bring at least."""
    missed_kwh: float
    """What drivers miss, all together, when all of them are delivered."""


class OfferDocument(Part):
    """What a site can offer to a programme before an event."""

    programme: str
    currency: str
    start: datetime
    end: datetime
    most_kw: float
    offered_kw: float
    """What the programme's own payment pays for, in whole steps; 0 below its minimum."""
    steps: list[OfferStep]
    budget: list[UsedLine]
    against_terms: list[FindingLine]


class CommitmentDocument(Part):
    """What a site commits to a call, and why no more."""

    programme: str
    currency: str
    committed_kw: float
    nominated_kw: float | None
    held: str
    """nominated, price, most, minimum, promises, costs or not_owed."""
    reason: str
    gain: float
    """What taking part brings beside staying out."""
    owed: float
    """What staying out costs under the terms."""
    brings_per_kwh: float
    next_kw_per_kwh: float | None
    missed_kwh: float
    """What drivers miss more with it."""
    broken_kwh: float
    elsewhere: float
    """What energy, peaks and missed targets cost more for it."""
    event: EventLine
    waiting: list[WaitingLine]
    budget: list[UsedLine]
    against_terms: list[FindingLine]


class ShareLine(Part):
    """One site's part of a target."""

    site: str
    power_kw: float
    cost: float
    most_kw: float


class SplitDocument(Part):
    """A target divided among sites by what their next kW costs."""

    target_kw: float
    lacking_kw: float
    """What all sites together cannot deliver."""
    price_per_kw: float
    """Of the last kW."""
    cost: float
    currency: str
    shares: list[ShareLine]


def used_lines(budget: tuple[Used, ...]) -> list[UsedLine]:
    return [
        UsedLine(what=one.what, limit=rounded(one.limit), used=rounded(one.used), left=rounded(one.left))
        for one in budget
    ]


def finding_lines(findings: tuple[Finding, ...]) -> list[FindingLine]:
    return [FindingLine(path=one.path, message=one.message, remedy=one.remedy) for one in findings]


def offer_steps(curve: Flexibility) -> list[OfferStep]:
    """Stretches of a curve, with the price of a kWh in place of that of a kW throughout."""
    hours = hours_from_seconds((curve.end - curve.start).total_seconds())
    return [
        OfferStep(
            from_kw=rounded(begin.power_kw),
            to_kw=rounded(end.power_kw),
            price_per_kwh=rounded((end.cost - begin.cost) / (end.power_kw - begin.power_kw) / hours),
            missed_kwh=rounded(max(0.0, end.missed_kwh)),
        )
        for begin, end in pairwise(curve.points)
    ]


def commitment_document(found: Commitment, programme: str, currency: str) -> CommitmentDocument:
    both = found.found
    reason = REASONS[found.held].format(
        next=found.next_kw_per_kwh or 0.0, brings=found.brings_per_kwh, broken=both.broken_kwh
    )
    return CommitmentDocument(
        programme=programme,
        currency=currency,
        committed_kw=rounded(found.committed_kw),
        nominated_kw=None if found.nominated_kw is None else rounded(found.nominated_kw),
        held=found.held,
        reason=reason,
        gain=rounded(found.gain),
        owed=rounded(found.owed),
        brings_per_kwh=rounded(found.brings_per_kwh),
        next_kw_per_kwh=None if found.next_kw_per_kwh is None else rounded(found.next_kw_per_kwh),
        missed_kwh=rounded(both.missed_kwh),
        broken_kwh=rounded(both.broken_kwh),
        elsewhere=rounded(both.elsewhere),
        event=event_line(both.event),
        waiting=[WaitingLine(session_id=reason.session_id, why=why_line(reason)) for reason in both.waiting],
        budget=used_lines(found.budget),
        against_terms=finding_lines(found.against_terms),
    )


def split_document(found: Split, target_kw: float, currency: str) -> SplitDocument:
    shares = [
        ShareLine(site=one.site, power_kw=rounded(one.power_kw), cost=rounded(one.cost), most_kw=rounded(one.most_kw))
        for one in found.shares
    ]
    return SplitDocument(
        target_kw=target_kw,
        lacking_kw=rounded(found.lacking_kw),
        price_per_kw=rounded(found.price_per_kw),
        cost=rounded(found.cost),
        currency=currency,
        shares=shares,
    )
