"""Real events at another site: moved by weekday and clock, paid by named terms, and followed by a plan."""

import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from api.backtesting.cases import Aim, Case
from api.cli import app
from api.replaying.days import Month
from api.replaying.paying import payment_of
from api.replaying.rows import row
from api.replaying.shifting import Shifted, shifted
from models.datasets.dr_events import RealEvent, real_events
from models.domain.signal import Direction
from models.domain.site import Evse, GridNode, NodeKind, Site, Tier
from models.domain.tariff import DemandCharge, Tariff
from optimizer.backtest.course import Car, Course

FOLDER = Path(os.environ.get("CHARGEWRIGHT_DATA", "no-such-folder"))
needs_data = pytest.mark.skipif(
    not (FOLDER / "dr_events" / "real_events.csv").is_file(), reason="CHARGEWRIGHT_DATA has no events"
)
PACIFIC, LONDON = ZoneInfo("America/Los_Angeles"), ZoneInfo("Europe/London")
OCTOBER = [date(2019, 10, day) for day in range(1, 32)]


def real(start: datetime, end: datetime, **more: Any) -> RealEvent:
    told = {
        "id": "event",
        "programme": "octopus_power_up",
        "direction": Direction.TURN_UP,
        "zone": LONDON,
        "told_at": None,
        "note": "",
        "source": "",
    }
    return RealEvent(start=start, end=end, **(told | more))


@needs_data
def test_all_200_events_keep_their_weekday_their_clock_and_their_length() -> None:
    events = list(shifted(real_events(FOLDER), OCTOBER, PACIFIC))

    assert len(events) == 200
    assert sum(one.real.direction is Direction.TURN_UP for one in events) == 189
    for one in events:
        was, now = one.payment.start.astimezone(one.real.zone), one.start
        assert (was.weekday(), was.time()) == (now.weekday(), now.time())
        assert one.end.timestamp() - one.start.timestamp() == (one.payment.end - one.payment.start).total_seconds()
        assert one.told_at <= one.start
    assert len({one.day for one in events}) == 31


@needs_data
def test_every_event_names_who_pays_or_that_nobody_does() -> None:
    named = {one.id: payment_of(one).named for one in real_events(FOLDER)}

    assert set(named.values()) == {"no rule: 0", "elrp 2 USD/kWh", "neso-dfs 3 GBP/kWh"}
    assert sum(one == "no rule: 0" for one in named.values()) == 195
    assert named["caiso_flex_alert@2020-08-14T22:00:00Z"] == "no rule: 0"


def test_an_event_longer_than_the_window_of_its_programme_is_paid_inside_it() -> None:
    """15:00 to 22:00 in California; ELRP pays from 16:00 to 21:00."""
    alert = real(
        datetime(2022, 9, 8, 22, tzinfo=UTC),
        datetime(2022, 9, 9, 5, tzinfo=UTC),
        programme="caiso_flex_alert",
        zone=PACIFIC,
    )
    paid = payment_of(alert)

    assert [at.astimezone(PACIFIC).hour for at in (paid.start, paid.end)] == [16, 21]


def test_events_of_one_weekday_take_turns_and_are_told_as_long_before_as_they_were() -> None:
    """Three Saturdays at 13:00 in London, told 21 hours before; at the site that is 16:00 of Friday, so midnight."""
    events = [
        real(
            datetime(2024, 8, day, 12, tzinfo=UTC),
            datetime(2024, 8, day, 13, tzinfo=UTC),
            told_at=datetime(2024, 8, day - 1, 15, tzinfo=UTC),
        )
        for day in (10, 17, 24)
    ]
    moved = list(shifted(events, OCTOBER[:14], PACIFIC))

    assert [one.day.day for one in moved] == [5, 12, 5]
    assert moved[0].start == datetime(2019, 10, 5, 13, tzinfo=PACIFIC)
    assert moved[0].told_at == datetime(2019, 10, 5, tzinfo=PACIFIC)


def month(peak_kw: float = 100.0) -> Month:
    """One EVSE of 10 kW and one car from noon to four that needs 10 kWh, on Wednesday 2 October."""
    site = Site(
        id="yard",
        time_zone=str(PACIFIC),
        nodes=(GridNode(id="grid", kind=NodeKind.CONNECTION, continuous_factor=1.0),),
        evses=(Evse(id="e0", node="grid", max_power_kw=10.0),),
        tiers=(Tier(id="all", value_of_target_per_kwh=10.0),),
    )
    noon_s = datetime(2019, 10, 2, 12, tzinfo=PACIFIC).timestamp()
    leaves_s = noon_s + 4 * 3600.0
    car = Car(
        id="car",
        evse="e0",
        arrival_s=noon_s,
        departure_s=leaves_s,
        need_kwh=10.0,
        power_kw=10.0,
        stated_departure_s=leaves_s,
        stated_kwh=10.0,
    )
    charge = DemandCharge(id="peak", rate_per_kw=5.0, demand_interval_min=15.0)
    tariff = Tariff(currency="USD", import_price=0.2, demand_charges=(charge,))
    start_s = datetime(2019, 10, 1, tzinfo=PACIFIC).timestamp()
    course = Course(
        name="yard",
        site=site,
        tariff=tariff,
        cars=(car,),
        start_s=start_s,
        end_s=start_s + 31 * 86400.0,
        period_min=15.0,
    )
    return Month(case=Case(name="yard", aim=Aim.SERVICE, period_min=15.0), course=course, peak_kw=peak_kw)


def at_the_yard(first: int, last: int, **more: Any) -> Shifted:
    """On that Wednesday, from one full hour to another."""
    asked = real(
        datetime(2022, 9, 7, first, tzinfo=PACIFIC), datetime(2022, 9, 7, last, tzinfo=PACIFIC), zone=PACIFIC, **more
    )
    return next(shifted([asked], [date(2019, 10, 2)], PACIFIC))


def test_load_is_moved_out_of_an_event_that_pays_and_settled_by_the_everyday_load() -> None:
    """Without it the car charges from noon to one, with it later at the same price. The hour is put at noon by hand,
    where the car is; ELRP pays 2 USD for each of 10 kWh."""
    alert = {"programme": "caiso_flex_alert", "direction": Direction.REDUCE}
    event = at_the_yard(16, 17, **alert)
    noon = datetime(2019, 10, 2, 12, tzinfo=PACIFIC)
    moved = Shifted(
        real=event.real,
        payment=event.payment,
        day=event.day,
        start=noon,
        end=noon.replace(hour=13),
        told_at=noon.replace(hour=0),
    )

    told = row(moved, month())

    assert event.payment.named == "elrp 2 USD/kWh"
    assert (told.usual_kwh, told.moved_kwh, told.paid_kwh) == pytest.approx((10.0, 10.0, 10.0), abs=1e-3)
    assert told.payment == Decimal("20.00")
    assert (told.cost, told.missed_kwh) == pytest.approx((0.0, 0.0), abs=1e-3)


def test_an_event_that_nobody_pays_is_followed_as_if_its_energy_were_free_and_pays_nothing() -> None:
    told = row(at_the_yard(14, 15), month())

    assert told.followed_per_kwh == pytest.approx(0.2)
    assert told.moved_kwh == pytest.approx(10.0, abs=1e-3)
    assert told.payment == Decimal("0.00")


def test_turning_up_stops_at_the_peak_that_the_month_has_anyway() -> None:
    """At most 4 kW cost nothing: 2.5 h are needed. A fifth kW would cost 5 USD, more than free energy is worth."""
    told = row(at_the_yard(14, 15), month(peak_kw=4.0))

    assert told.usual_kwh == pytest.approx(2.0, abs=1e-2)
    assert told.moved_kwh == pytest.approx(2.0, abs=1e-2)
    assert told.demand_cost == pytest.approx(0.0, abs=1e-3)


def test_an_event_that_is_told_after_it_could_have_been_followed_moves_what_is_left() -> None:
    event = at_the_yard(14, 15)
    late = Shifted(
        real=event.real,
        payment=event.payment,
        day=event.day,
        start=event.start,
        end=event.end,
        told_at=event.start.replace(hour=12, minute=30),
    )

    assert row(late, month()).moved_kwh == pytest.approx(5.0, abs=1e-2)


@needs_data
def test_a_few_events_are_replayed_on_the_command_line(tmp_path: Path) -> None:
    csv = tmp_path / "rows.csv"
    arguments = ["event-replay", "--days", "7", "--limit", "2", "--csv", str(csv), "--folder", str(FOLDER)]
    told = CliRunner().invoke(app, arguments)

    assert told.exit_code == 0, told.output + str(told.exception)
    assert "caiso_eea2: 1 events" in told.output
    assert "1 of 2 events have no rule: paid 0" in told.output
    assert len(csv.read_text().splitlines()) == 3
