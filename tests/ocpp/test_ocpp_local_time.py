"""Schedules by the clock at their station (``useLocalTime`` of OCPP 2.1), over the nights on which clocks change."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.domain.errors import InvalidScenario
from models.domain.site import RateUnit
from models.ocpp.composite import Conventions, InstalledProfile, Question, Transaction, composite, installed_profile

BERLIN = ZoneInfo("Europe/Berlin")


def nightly(where: ZoneInfo | None = BERLIN, **schedule: Any) -> InstalledProfile:
    """16 A from 22:00 to 06:00 by the clock, 6 A for the rest of the day; the offset that it was told with is wrong."""
    told = {"id": 1, "chargingRateUnit": "A", "startSchedule": "2026-03-01T22:00:00-08:00", "useLocalTime": True}
    periods = [{"startPeriod": 0, "limit": 16.0}, {"startPeriod": 8 * 3600, "limit": 6.0}]
    profile = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Recurring",
        "recurrencyKind": "Daily",
        "chargingSchedule": [told | {"chargingSchedulePeriod": periods} | schedule],
    }
    kind = schedule.pop("kind", None)
    return installed_profile(profile | ({"chargingProfileKind": kind} if kind else {}), 1, where)


def limits(profile: InstalledProfile, since: str, hours: float) -> list[tuple[str, float]]:
    """From when on which limit holds, in UTC."""
    start_s = datetime.fromisoformat(since).timestamp()
    running = ((1, Transaction(id="t")),)
    asked = Question(evse=1, start_s=start_s, end_s=start_s + hours * 3600, unit=RateUnit.A, transactions=running)
    found = composite([profile], asked, Conventions()).periods
    return [(f"{datetime.fromtimestamp(start_s + p.start_s, UTC):%d %H:%M}", p.limit.value) for p in found]


def test_a_night_begins_at_ten_by_the_clock_in_winter_and_in_summer() -> None:
    assert limits(nightly(), "2026-03-10T12:00:00Z", 24) == [("10 12:00", 6), ("10 21:00", 16), ("11 05:00", 6)]
    assert limits(nightly(), "2026-07-10T12:00:00Z", 24) == [("10 12:00", 6), ("10 20:00", 16), ("11 04:00", 6)]


def test_the_day_of_twenty_three_hours_is_followed_by_its_next_night_an_hour_sooner() -> None:
    """Clocks go forward at 01:00 UTC on the 29th: the night of eight hours lasts until 07:00 by the clock."""
    assert limits(nightly(), "2026-03-28T12:00:00Z", 36) == [
        ("28 12:00", 6),
        ("28 21:00", 16),
        ("29 05:00", 6),
        ("29 20:00", 16),
    ]


def test_the_day_of_twenty_five_hours_is_followed_by_its_next_night_an_hour_later() -> None:
    assert limits(nightly(), "2026-10-24T12:00:00Z", 36) == [
        ("24 12:00", 6),
        ("24 20:00", 16),
        ("25 04:00", 6),
        ("25 21:00", 16),
    ]


def test_a_start_that_the_clock_skips_comes_when_it_shows_what_follows_and_a_repeated_one_the_first_time() -> None:
    skipped = nightly(startSchedule="2026-03-01T02:30:00Z")
    repeated = nightly(startSchedule="2026-10-01T02:30:00Z")

    assert ("29 01:30", 16) in limits(skipped, "2026-03-28T12:00:00Z", 24)
    assert ("25 00:30", 16) in limits(repeated, "2026-10-24T12:00:00Z", 24)


def test_a_schedule_that_does_not_recur_starts_once_by_the_clock() -> None:
    once = nightly(startSchedule="2026-07-10T22:00:00Z", kind="Absolute")

    assert limits(once, "2026-07-10T12:00:00Z", 24)[1:] == [("10 20:00", 16), ("11 04:00", 6)]


def test_a_weekly_schedule_recurs_on_its_weekday() -> None:
    """The first of March 2026 is a Sunday."""
    profile = nightly()
    weekly = installed_profile(
        {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Recurring",
            "recurrencyKind": "Weekly",
            "chargingSchedule": [
                {
                    "id": 1,
                    "chargingRateUnit": "A",
                    "startSchedule": "2026-03-01T22:00:00Z",
                    "useLocalTime": True,
                    "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 16.0},
                        {"startPeriod": 8 * 3600, "limit": 6.0},
                    ],
                }
            ],
        },
        1,
        BERLIN,
    )

    assert ("05 20:00", 16) in limits(weekly, "2026-07-04T12:00:00Z", 72), "the 5th of July is a Sunday"
    assert limits(weekly, "2026-07-06T12:00:00Z", 96) == [("06 12:00", 6)]
    assert profile.local is not None


def test_a_schedule_by_a_clock_that_nobody_knows_is_refused_and_not_read_as_utc() -> None:
    with pytest.raises(InvalidScenario, match="UnknownLocalTime"):
        nightly(where=None)


def test_without_the_flag_the_offset_counts() -> None:
    plain = nightly(useLocalTime=False)

    assert plain.local is None
    assert limits(plain, "2026-03-10T00:00:00Z", 12)[1] == ("10 06:00", 16)
