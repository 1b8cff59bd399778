"""One day of a real garage in a few lines: without a plan, with one, and with one that knows nothing of its drivers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from api.curves import means, peak_kw
from api.hindsight import in_hindsight, knowing_nothing
from api.planning import Answer, plan
from api.plot import write_plot
from api.rolling import planned_anew
from models import samples
from models.domain.calendar import Calendar, calendar_of
from models.domain.demand import demand_windows
from models.domain.prices import mean_prices
from models.domain.schedule import Floats, Schedule
from models.domain.signal import Direction, Event
from models.domain.tariff import Tariff
from models.domain.units import MINUTES_PER_HOUR, SECONDS_PER_HOUR, seconds_from_minutes
from optimizer.optimize import optimize
from optimizer.settings import Settings

SAMPLE = "caltech-garage"
CLOSING = """
Plan your own site; ten lines are enough:

  cat > mine.json <<'END'
  {
    "import_limit_kw": 22,
    "price_per_kwh": 0.30,
    "evses": [
      {"id": "bay-1", "max_power_kw": 11, "car": {"energy_kwh": 24}},
      {"id": "bay-2", "max_power_kw": 11, "car": {"energy_kwh": 9}},
      {"id": "bay-3", "max_power_kw": 11, "car": {"energy_kwh": 40}}
    ]
  }
  END
  chargewright plan mine.json

  chargewright plan sample:apartment-block --plot plan.html
  chargewright plan sample:van-depot --ocpp 2.0.1 --json plan.json
  chargewright serve        # then POST a scenario to http://127.0.0.1:8080/v1/plans
"""


HEAD = f"{'':<40}{'peak':>8}{'energy bill':>15}{'demand charge':>22}{'need met':>11}"
UNDER_HEAD = f"{'':<40}{'':>8}{'of the day':>15}{'if no day is higher':>22}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The day that the story is about."""

    answer: Answer
    tariff: Tariff

    @property
    def calendar(self) -> Calendar:
        """Of the tariff."""
        return calendar_of(self.tariff, self.answer.scenario.site.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to run the day, and what came of it."""

    name: str
    load_kw: Floats
    """Expected at the connection, mean of each period."""
    instants_s: Floats
    met: float
    """Share of the drivers' need."""
    note: str = ""
    """What the columns do not show."""


Chapter = Callable[[Day, Sequence[Row]], Row]
"""(the day, the rows before)"""


def tell(page: Path) -> Iterator[str]:
    """The lines of the story, one as soon as it is known; writes the picture to ``page``. Raises OSError."""
    day = _day()
    yield from (_opening(day), HEAD, UNDER_HEAD)
    rows: list[Row] = []
    for chapter in CHAPTERS:
        rows.append(chapter(day, rows))
        yield _told(rows[-1], day)
    yield from ("", *(row.note for row in rows if row.note))
    yield _small_print(day)
    write_plot(day.answer, page)
    yield f"The picture of that day is in {page}."
    yield CLOSING


def _day() -> Day:
    scenario = samples.load(SAMPLE)
    # The story needs no clock: it is told as of its first car.
    answer = plan(scenario, settings=Settings(), now=min(session.arrival for session in scenario.sessions))
    assert answer.scenario.tariff is not None, "the scenario is completed"
    return Day(answer=answer, tariff=answer.scenario.tariff)


def _opening(day: Day) -> str:
    site, schedule = day.answer.scenario.site, day.answer.schedule
    date = f"{schedule.instant(0).astimezone(ZoneInfo(site.time_zone)):%A, %d %B %Y}"
    needed_kwh = sum(plan.energy_remaining_kwh for plan in schedule.sessions)
    cars = f"{len(schedule.sessions)} cars need {needed_kwh:.0f} kWh"
    return f"{site.id}, {date}: {len(site.evses)} EVSEs, {cars}. Real sessions: ACN-Data, CC BY 4.0.\n"


def _uncontrolled(day: Day, before: Sequence[Row]) -> Row:
    return _row("no plan: each car at once", day.answer.uncontrolled)


def _planned(day: Day, before: Sequence[Row]) -> Row:
    return _row("planned, departures and needs known", day.answer.schedule)


def _one_guess(day: Day, before: Sequence[Row]) -> Row:
    """Plan with the site's defaults, then follow that plan with the real cars."""
    truth = day.answer.scenario
    schedule = optimize(knowing_nothing(replace(truth, site=replace(truth.site, habits=None))), Settings())
    found = in_hindsight(truth, schedule)
    return Row(
        name="nothing known: one guess, planned once",
        load_kw=found.load_kw,
        instants_s=schedule.instants_s,
        met=found.energy_kwh / found.needed_kwh,
    )


ANEW_MIN = 15.0


def _by_chance(day: Day, before: Sequence[Row]) -> Row:
    """Plan anew every quarter of an hour with the habits of the site, up to the peak of the guess."""
    truth, guess = day.answer.scenario, before[-1]
    assert truth.horizon is not None, "the scenario is completed"
    found = planned_anew(truth, minutes=ANEW_MIN, target_peak_kw=peak_kw(guess.load_kw, guess.instants_s))
    steps_s = np.arange(len(found.load_kw) + 1, dtype=np.float64) * seconds_from_minutes(ANEW_MIN)
    return Row(
        name="nothing known: by chance, planned anew",
        load_kw=found.load_kw,
        instants_s=truth.horizon.start.timestamp() + steps_s,
        met=found.energy_kwh / found.needed_kwh,
    )


ASKED_KW = 30.0
ASKED_FROM_H, ASKED_UNTIL_H = 17, 19
PAYMENT_PER_KWH = 2.0
"""As California's Emergency Load Reduction Program paid from 2022 on. [USD/kWh]"""


def _asked_for_less(day: Day, before: Sequence[Row]) -> Row:
    """A utility pays for load below the one that is planned."""
    without = day.answer.schedule
    zone, first = ZoneInfo(day.answer.scenario.site.time_zone), without.instant(0)
    start, end = (first.astimezone(zone).replace(hour=h, minute=0) for h in (ASKED_FROM_H, ASKED_UNTIL_H))
    planned_kw = float(means(without.grid_import_kw, without.instants_s, *_edges(start, end))[0])
    event = Event(
        id="evening",
        start=start,
        end=end,
        direction=Direction.REDUCE,
        baseline_kw=round(planned_kw, 1),
        committed_kw=ASKED_KW,
        payment_per_kwh=PAYMENT_PER_KWH,
        settlement_min=MINUTES_PER_HOUR,
    )
    schedule = optimize(replace(day.answer.scenario, signals=(event,)), Settings())
    name = f"planned, paid for less from {ASKED_FROM_H} to {ASKED_UNTIL_H} h"
    return replace(_row(name, schedule), note=_event_note(day, schedule))


def _edges(start: datetime, end: datetime) -> tuple[Floats, Floats]:
    return np.array([start.timestamp()]), np.array([end.timestamp()])


def _event_note(day: Day, schedule: Schedule) -> str:
    event, currency = schedule.events[0], day.tariff.currency
    delivered_kwh = float(event.delivered_kw @ np.diff(np.append(event.starts_s, event.ends_s[-1]))) / SECONDS_PER_HOUR
    asked_kwh = ASKED_KW * (ASKED_UNTIL_H - ASKED_FROM_H)
    gain = day.answer.schedule.objective - schedule.objective
    paid, left = (f"{amount:.2f} {currency}" for amount in (event.payment.sum(), gain))
    asked = f"{ASKED_KW:.0f} kW less from {ASKED_FROM_H} to {ASKED_UNTIL_H} h"
    return (
        f"A utility asks for {asked} and pays {PAYMENT_PER_KWH:.0f} {currency} a kWh below what is planned anyway.\n"
        f"The plan gives {delivered_kwh:.0f} of {asked_kwh:.0f} kWh for {paid}; {left} remain after a higher peak."
    )


CHAPTERS: tuple[Chapter, ...] = (_uncontrolled, _planned, _asked_for_less, _one_guess, _by_chance)
"""What is told, in this order; a chapter is a way to run the day."""


def _row(name: str, schedule: Schedule) -> Row:
    given_kwh = sum(plan.energy_kwh + plan.energy_after_horizon_kwh for plan in schedule.sessions)
    needed_kwh = sum(plan.energy_remaining_kwh for plan in schedule.sessions)
    return Row(
        name=name,
        load_kw=schedule.grid_import_kw,
        instants_s=schedule.instants_s,
        met=given_kwh / needed_kwh,
    )


def _told(row: Row, day: Day) -> str:
    currency = day.tariff.currency
    bill = f"{_energy_bill(row, day):,.2f} {currency}"
    charge = f"{_demand_charge(row, day):,.0f} {currency}"
    return f"{row.name:<40}{peak_kw(row.load_kw, row.instants_s):>5.0f} kW{bill:>15}{charge:>22}{100 * row.met:>9.1f} %"


def _energy_bill(row: Row, day: Day) -> float:
    prices = mean_prices(day.tariff.import_price, row.instants_s, day.calendar)
    return float(np.sum(prices * row.load_kw * np.diff(row.instants_s))) / SECONDS_PER_HOUR


def _demand_charge(row: Row, day: Day) -> float:
    """What the month's demand charge comes to if this day sets its peak. [currency]"""
    start_s, end_s = float(row.instants_s[0]), float(row.instants_s[-1])
    total = 0.0
    for charge in day.tariff.demand_charges:
        for window in demand_windows(charge, day.calendar, start_s, end_s):
            means_kw = means(row.load_kw, row.instants_s, window.interval_start_s, window.interval_end_s)
            total += charge.rate_per_kw * float(means_kw.max(initial=0.0))
    return total


def _small_print(day: Day) -> str:
    return (
        f"\nAudit of the plan: {day.answer.audit.verdict}\n"
        "Last two lines: no driver tells anything. One guess is the site's usual stay and need for every car, planned\n"
        "once with arrivals known; then each real car took what it was offered until its real need was met or it\n"
        "really left. By chance: every 15 minutes a plan for who is there, with how likely such cars leave and how\n"
        "much they want, counted on the other days of the month, up to the same peak. Bills are smaller where less is\n"
        "charged.\n"
    )
