"""The statement of a span of time: what the plans that were followed came to, beside the same cars charged at once."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from models.domain.calendar import calendar_of
from models.domain.schedule import Floats
from models.domain.tariff import Tariff
from models.domain.units import hours_from_seconds
from optimizer.statement.account import Account, over_periods
from optimizer.statement.at_once import Stay, breaks_s, lacking_kwh, stays, uncontrolled_kw
from optimizer.statement.bill import Bill, Course, bill_of, energy_cost
from optimizer.statement.cents import to_cents
from optimizer.statement.curves import energy_between_kwh
from optimizer.statement.followed import Part, joined, parts

ROWS = ("import_kw", "export_kw", "import_price", "export_price", "carbon_cost", "coincident_cost", "drivers_paid")
Places = NDArray[np.int64]
NOTICEABLE_KWH = 0.05
"""Who lacks less has been served; no meter of a car shows it. [kWh]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One plan, as far as it was followed."""

    account: Account
    start_s: float
    end_s: float
    import_kwh: float
    export_kwh: float
    energy_amount: Decimal
    """All but peaks. [currency]"""
    event_income: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSum:
    """What one demand-response event paid and asked for."""

    event: str
    payment: Decimal
    penalty: Decimal

    @property
    def income(self) -> Decimal:
        return self.payment - self.penalty


@dataclass(frozen=True, slots=True, kw_only=True)
class NotServed:
    """A session that left with less than was told to be wanted, or promised."""

    session: str
    evse: str
    left_s: float
    energy_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Everything about a span; amounts are to the cent, and their sums are as well."""

    start_s: float
    end_s: float
    currency: str
    covered_h: float
    """For which there was a plan. [h]"""
    energy_kwh: float
    """To vehicles, less what they gave back, as planned. [kWh at evse]"""
    bill: Bill
    at_once: Bill
    """The same cars charged at once."""
    events: tuple[EventSum, ...]
    not_served: tuple[NotServed, ...]
    plans: tuple[PlanLine, ...]

    @property
    def hours(self) -> float:
        return hours_from_seconds(self.end_s - self.start_s)

    @property
    def event_income(self) -> Decimal:
        return sum((event.income for event in self.events), Decimal(0))

    @property
    def cost(self) -> Decimal:
        """The bill, less what events paid. [currency]"""
        return self.bill.amount - self.event_income

    @property
    def saved(self) -> Decimal:
        """Against the same cars charged at once. [currency]"""
        return self.at_once.amount - self.cost

    @property
    def methods(self) -> Mapping[str, int]:
        """How many plans were made how."""
        return Counter(line.account.method for line in self.plans)


def statement(accounts: Sequence[Account], start_s: float, end_s: float) -> Statement | None:
    """Of a span, from accounts in order of their making; None where no plan reaches into it.

    Accounts from before the span count for cars that were plugged in already. The tariff is the last one inside.
    """
    followed = parts(accounts, start_s, end_s)
    if not followed:
        return None
    tariff = _tariff(accounts, followed[-1].account)
    calendar = calendar_of(tariff, followed[-1].account.time_zone)
    known = stays(accounts)
    return Statement(
        start_s=start_s,
        end_s=end_s,
        currency=followed[-1].account.currency,
        covered_h=sum(float(part.hours.sum()) for part in followed),
        energy_kwh=sum(_to_vehicles_kwh(part) for part in followed),
        bill=bill_of(_course(followed, start_s, end_s), tariff, calendar),
        at_once=bill_of(_course_at_once(followed, known, start_s, end_s), tariff, calendar),
        events=tuple(_events(followed)),
        not_served=tuple(_not_served(known, start_s, end_s)),
        plans=tuple(_lines(followed, tariff)),
    )


def _tariff(accounts: Sequence[Account], last: Account) -> Tariff:
    """Accounts of an unchanged tariff say its digest alone."""
    found = [one.tariff for one in accounts if one.tariff is not None and one.tariff_digest == last.tariff_digest]
    assert found, "the first account of a tariff, and of each day, has it in full"
    return found[-1]


def _course(followed: Sequence[Part], start_s: float, end_s: float) -> Course:
    """As planned."""
    rows = {name: _padded(followed, [part.of(name) for part in followed], start_s, end_s) for name in ROWS}
    instants_s = rows["import_kw"][0]
    excess = {
        name: _padded(followed, [_excess(part, name) for part in followed], start_s, end_s)[1]
        for name in sorted({one.contract for part in followed for one in part.account.contracts})
    }
    return Course(instants_s=instants_s, **{name: row for name, (_, row) in rows.items()}, excess_kw=excess)


def _course_at_once(followed: Sequence[Part], known: Mapping[str, Stay], start_s: float, end_s: float) -> Course:
    """The base load with every car at full power; nothing of it flows while no plan tells the base load."""
    planned = _course(followed, start_s, end_s)
    base_s, base_kw = _padded(followed, [part.of("base_kw") for part in followed], start_s, end_s)
    covered = _padded(followed, [np.ones(len(part.hours)) for part in followed], start_s, end_s)[1]
    inside = [at for at in breaks_s(known.values()) if start_s < at < end_s]
    edges = np.union1d(base_s, inside)
    place = np.searchsorted(base_s, edges[:-1], side="right") - 1
    net = base_kw[place] + uncontrolled_kw(known.values(), edges) * covered[place]
    rows = {name: getattr(planned, name)[place] for name in ROWS if name not in ("import_kw", "export_kw")}
    rows |= {"drivers_paid": np.zeros(len(net)), "import_kw": np.maximum(0.0, net), "export_kw": np.maximum(0.0, -net)}
    return Course(instants_s=edges, **rows, excess_kw=_excess_at_once(followed, net, place, start_s, end_s))


def _excess_at_once(
    followed: Sequence[Part], net_kw: Floats, place: Places, start_s: float, end_s: float
) -> dict[str, Floats]:
    """Of contracts at the site connection; the load of other nodes is not known without us."""
    found = {}
    for name in sorted({one.contract for part in followed for one in part.account.contracts if one.limit_kw}):
        limit = _padded(followed, [_limit(part, name) for part in followed], start_s, end_s)[1][place]
        towards = net_kw if name.endswith(":import") else -net_kw
        found[name] = np.where(limit > 0.0, np.maximum(0.0, towards - limit), 0.0)
    return found


def _padded(followed: Sequence[Part], rows: Sequence[Floats], start_s: float, end_s: float) -> tuple[Floats, Floats]:
    """Over the whole span, 0 where no plan was followed."""
    instants_s, numbers = joined(followed, rows)
    if instants_s[0] > start_s:
        instants_s, numbers = np.append(start_s, instants_s), np.append(0.0, numbers)
    if instants_s[-1] < end_s:
        instants_s, numbers = np.append(instants_s, end_s), np.append(numbers, 0.0)
    return instants_s, numbers


def _excess(part: Part, name: str) -> Floats:
    count = len(part.account.instants_s) - 1
    told = next((one.excess_kw for one in part.account.contracts if one.contract == name), ())
    return over_periods(told, count)[part.periods]


def _limit(part: Part, name: str) -> Floats:
    count = len(part.account.instants_s) - 1
    told = next((one.limit_kw for one in part.account.contracts if one.contract == name), None)
    return over_periods(told or (), count)[part.periods]


def _to_vehicles_kwh(part: Part) -> float:
    edges = np.array(part.account.instants_s)
    total = np.zeros(len(edges) - 1)
    for car in part.account.cars:
        total[: len(car.power_kw)] += car.power_kw
    return float(total[part.periods] @ part.hours)


def _events(followed: Sequence[Part]) -> Iterator[EventSum]:
    """Each settlement interval by the plan that was followed when it ended."""
    paid: dict[str, list[float]] = {}
    asked: dict[str, list[float]] = {}
    for part in followed:
        for event in part.account.events:
            for end_s, payment, penalty in zip(event.ends_s, event.payment, event.penalty, strict=True):
                if part.start_s < end_s <= part.end_s:
                    paid.setdefault(event.event, []).append(payment)
                    asked.setdefault(event.event, []).append(penalty)
    names = sorted(paid)
    payments = to_cents(sum(paid[name]) for name in names)
    incomes = to_cents(sum(paid[name]) - sum(asked[name]) for name in names)
    for name, in_all, income in zip(names, payments, incomes, strict=True):
        yield EventSum(event=name, payment=in_all, penalty=in_all - income)


def _not_served(known: Mapping[str, Stay], start_s: float, end_s: float) -> Iterator[NotServed]:
    """Of sessions that left inside the span."""
    for name, stay in sorted(known.items()):
        if stay.gone_s is None or not start_s < stay.gone_s <= end_s:
            continue
        edges = np.array(stay.last.instants_s)
        power = over_periods(stay.car_last.power_kw, len(edges) - 1)
        lacks_kwh = lacking_kwh(stay, energy_between_kwh(power, edges, float(edges[0]), stay.gone_s))
        if lacks_kwh >= NOTICEABLE_KWH:
            yield NotServed(session=name, evse=stay.car.evse, left_s=stay.gone_s, energy_kwh=lacks_kwh)


def _lines(followed: Sequence[Part], tariff: Tariff) -> Iterator[PlanLine]:
    courses = [_course([part], part.start_s, part.end_s) for part in followed]
    amounts = to_cents(float(energy_cost(course, tariff).sum()) for course in courses)
    incomes = to_cents(_income(part) for part in followed)
    for part, course, amount, income in zip(followed, courses, amounts, incomes, strict=True):
        yield PlanLine(
            account=part.account,
            start_s=part.start_s,
            end_s=part.end_s,
            import_kwh=float(course.import_kw @ course.hours),
            export_kwh=float(course.export_kw @ course.hours),
            energy_amount=amount,
            event_income=income,
        )


def _income(part: Part) -> float:
    """Of the settlement intervals that end in it."""
    return sum(
        payment - penalty
        for event in part.account.events
        for end_s, payment, penalty in zip(event.ends_s, event.payment, event.penalty, strict=True)
        if part.start_s < end_s <= part.end_s
    )
