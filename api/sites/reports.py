"""The report of one day: what was sent or would have been, what it saved, what drivers missed, and what meters saw."""

from collections import Counter
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from api.sites.accounts import accounts
from api.sites.forms import SitePolicy
from api.sites.keeping import Desk
from api.sites.statements import DIGITS, NotServedLine, daily
from api.sites.stays import Stay
from api.sites.steering import steering_of
from api.store.records import Kind


class EvseReport(BaseModel):
    """One EVSE on one day."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    evse: str
    mode: str
    """As it is now."""
    commands: int
    """Offered or sent, by its plans."""
    would_have_been_sent: int
    """By plans that were only watched: what they would have changed there, had all before it been sent."""


class DailyReport(BaseModel):
    """A day of a site."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    site: str
    day: date
    mode: str
    """Of the site, now."""
    controlled_share: float
    """Of the EVSEs, now."""
    evses: list[EvseReport]
    to_stations: int
    """Commands to whole stations that were offered, sent, or would have been."""
    currency: str
    saved: float
    """By the plans of the day, against charging at once; of a demand charge, when its month is over."""
    cost: float
    uncontrolled_cost: float
    energy_kwh: float
    """To vehicles, by the plans."""
    missed_kwh: float
    """Of what was told to be wanted, by the plans."""
    missed: list[NotServedLine]
    measured_kwh: float
    """By meters, of the sessions that left on this day."""
    measured_missed_kwh: float
    """What these lacked of what was told to be wanted, by meters."""
    plans: int
    methods: dict[str, int]


def daily_report(desk: Desk, day: date, now: datetime) -> DailyReport:
    """Of a local day; raises NotFound where no plan reaches into it."""
    told = daily(desk, day, now)
    found = desk.find(Kind.POLICY)
    steering = steering_of(found.value if found else SitePolicy(), desk.get(Kind.SITE).value)
    sent, watched = _messages(desk, told.start, told.end)
    stays = _left(desk, told.start, told.end)
    controlled = sum(mode == "control" for mode in steering.modes.values())
    return DailyReport(
        site=desk.site,
        day=day,
        mode=steering.site,
        controlled_share=round(controlled / len(steering.modes), DIGITS) if steering.modes else 0.0,
        evses=[
            EvseReport(evse=evse, mode=mode, commands=sent[evse], would_have_been_sent=watched[evse])
            for evse, mode in steering.modes.items()
        ],
        to_stations=sent[""] + watched[""],
        currency=told.currency,
        saved=told.saved,
        cost=told.cost,
        uncontrolled_cost=told.uncontrolled.amount,
        energy_kwh=told.energy_kwh,
        missed_kwh=told.energy_not_served_kwh,
        missed=told.not_served,
        measured_kwh=round(sum(stay.delivered_kwh for stay in stays), DIGITS),
        measured_missed_kwh=round(sum(_lacks_kwh(stay) for stay in stays), DIGITS),
        plans=len(told.plans),
        methods=told.methods,
    )


def _messages(desk: Desk, start: datetime, end: datetime) -> tuple[Counter[str], Counter[str]]:
    """By EVSE: sent or offered, and what would have been."""
    sent: Counter[str] = Counter()
    watched: Counter[str] = Counter()
    for one in accounts(desk, start, end):
        if start <= one.made_at < end:
            sent.update(one.commands)
            watched.update(one.watched)
    return sent, watched


def _left(desk: Desk, start: datetime, end: datetime) -> list[Stay]:
    stays: list[Stay] = [kept.value for kept in desk.every(Kind.PAST_SESSION)]
    return [stay for stay in stays if stay.unplugged_at is not None and start <= stay.unplugged_at < end]


def _lacks_kwh(stay: Stay) -> float:
    """Of a wish that was told, where a meter told what flowed."""
    if stay.told.energy_target_kwh is None or stay.measured_at is None:
        return 0.0
    return max(0.0, stay.told.energy_target_kwh - stay.delivered_kwh)
