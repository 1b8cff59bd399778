"""One target over many sites: each says what its kW cost, and those that cost least deliver.

The cost of a site is convex and straight between the points of its curve, so the split by marginal cost is the optimum
of all sites in one program, exactly: a price is named, every site answers by itself with all kW that cost less, and
only at the price that clears is anything divided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from optimizer.flexibility import Flexibility

SAME_KW = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOffer:
    """What a site would deliver throughout a window at what cost."""

    site: str
    points: tuple[tuple[float, float], ...]
    """kW and cost, from 0 on, both ascending, every next kW no cheaper. [kW], [currency]"""
    currency: str

    @property
    def most_kw(self) -> float:
        return self.points[-1][0]

    def answer(self, price_per_kw: float) -> tuple[float, float]:
        """The least and the most that it delivers at a price: they differ where a stretch costs just that. [kW]"""
        least = most = 0.0
        for (begin, low), (end, high) in pairwise(self.points):
            per_kw = (high - low) / (end - begin)
            if per_kw < price_per_kw:
                least = end
            if per_kw <= price_per_kw:
                most = end
        return least, most

    def cost_of(self, power_kw: float) -> float:
        """[currency]"""
        for (begin, low), (end, high) in pairwise(self.points):
            if power_kw <= end:
                return low + (high - low) * (power_kw - begin) / (end - begin)
        return self.points[-1][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One site's part."""

    site: str
    power_kw: float
    cost: float
    most_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A target divided."""

    shares: tuple[Share, ...]
    price_per_kw: float
    """At which the last kW is delivered, throughout the window. [currency/kW]"""
    cost: float
    lacking_kw: float
    """Of the target, what all sites together cannot deliver."""


def site_offer(site: str, curve: Flexibility) -> SiteOffer:
    """The offer of one site; that of a curve against its own plan costs nothing at 0."""
    kept = [curve.points[0]]
    kept += [after for before, after in pairwise(curve.points) if after.power_kw > before.power_kw + SAME_KW]
    points = tuple((point.power_kw, point.cost) for point in kept)
    return SiteOffer(site=site, points=points, currency=curve.currency)


def split(offers: Sequence[SiteOffer], target_kw: float) -> Split:
    """Divide a target at least cost; what costs just the clearing price is given in the order of the sites' names."""
    ordered = sorted(offers, key=lambda one: one.site)
    most = sum(offer.most_kw for offer in ordered)
    target = min(target_kw, most)
    price = _clearing(ordered, target)
    powers = _at_price(ordered, price, target)
    shares = tuple(
        Share(site=offer.site, power_kw=power, cost=offer.cost_of(power), most_kw=offer.most_kw)
        for offer, power in zip(ordered, powers, strict=True)
    )
    return Split(
        shares=shares,
        price_per_kw=price,
        cost=sum(share.cost for share in shares),
        lacking_kw=max(0.0, target_kw - most),
    )


def _clearing(offers: Sequence[SiteOffer], target_kw: float) -> float:
    """The least price at which the answers of all sites reach the target: one of the slopes."""
    for price in sorted({slope for offer in offers for slope in _slopes(offer)}):
        if sum(offer.answer(price)[1] for offer in offers) >= target_kw - SAME_KW:
            return price
    return 0.0


def _slopes(offer: SiteOffer) -> list[float]:
    return [(high - low) / (end - begin) for (begin, low), (end, high) in pairwise(offer.points)]


def _at_price(offers: Sequence[SiteOffer], price: float, target_kw: float) -> list[float]:
    """What is below the price whole, and of what is at the price as much as lacks."""
    answers = [offer.answer(price) for offer in offers]
    lacking = target_kw - sum(least for least, _ in answers)
    powers = []
    for least, most in answers:
        more = min(max(0.0, lacking), most - least)
        powers.append(least + more)
        lacking -= more
    return powers
