"""Accounts of plans in the journal, one for each plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from api.planning import Answer
from api.sites.forms import SiteMode
from api.sites.keeping import Desk
from api.store.packing import packed, unpacked
from api.store.records import Kind
from models.domain.tariff import Tariff
from models.domain.wire import form_json
from optimizer.statement.account import Account, account_of

LOOKS_BACK = timedelta(days=9)
"""Plans reach a week ahead; cars that came before a span count in it, and every day's first account has its tariff."""


@dataclass(frozen=True, slots=True)
class Messages:
    """What becomes of the messages of a plan: how many there are, by EVSE."""

    mode: SiteMode
    sent: dict[str, int]
    watched: dict[str, int]


def keep_account(desk: Desk, answer: Answer, *, id: str, at: datetime, sent: Messages) -> None:
    """Of a plan that was just made, into the journal."""
    before = last_account(desk)
    known = frozenset(car.session for car in before.cars) if before is not None else frozenset()
    made = account_of(answer.scenario, answer.schedule, answer.uncontrolled, known=known, id=id, at=at)
    told = replace(_briefly(made, before), mode=sent.mode, commands=sent.sent, watched=sent.watched)
    desk.unit.append(desk.tenant, Kind.ACCOUNT, desk.site, id, packed(form_json(Account, told)))


def last_account(desk: Desk) -> Account | None:
    found = desk.unit.latest(desk.tenant, desk.site, Kind.ACCOUNT)
    return _read(found[0].body) if found else None


def accounts(desk: Desk, start: datetime, end: datetime) -> Sequence[Account]:
    """All that may count for a span of time, in order of their making."""
    found = desk.unit.recorded(desk.tenant, desk.site, Kind.ACCOUNT, start - LOOKS_BACK, end)
    return [_read(entry.body) for entry in found]


def _briefly(made: Account, before: Account | None) -> Account:
    """With its tariff only where that is another one than before, or where a local day begins."""
    assert made.tariff is not None
    digest = sha256(form_json(Tariff, _without_prices(made.tariff)).encode()).hexdigest()[:12]
    same = before is not None and before.tariff_digest == digest and _day(before) == _day(made)
    return replace(made, tariff=None if same else _without_prices(made.tariff), tariff_digest=digest)


def _without_prices(tariff: Tariff) -> Tariff:
    """Prices are told period by period."""
    return replace(tariff, import_price=0.0, export_price=0.0, carbon_intensity=0.0)


def _day(told: Account) -> date:
    """By the clock of the tariff."""
    return told.made_at.astimezone(ZoneInfo(told.time_zone)).date()


def _read(body: str) -> Account:
    return _adapter().validate_json(unpacked(body))


@cache
def _adapter() -> TypeAdapter[Account]:
    """What we wrote ourselves is not searched for what strangers write: a month is ten thousand accounts."""
    return TypeAdapter(Account)
