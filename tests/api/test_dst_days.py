"""Days on which clocks are changed, through the service: five zones, spring and autumn, no slot that is wrong.

A car stays from six in the evening until noon and wants exactly what its bay can give while power is cheap, from 22
to 6 o'clock by the clock on the wall: it charges in each of these minutes and in no other. Which they are is asked of
``zoneinfo`` alone.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.routes import examples
from tests.api.yards import SITE, Yard, service

KW = 11.0
MINUTE = timedelta(minutes=1)
STEP = timedelta(hours=6)
"""Between plans; as far ahead periods are quarters of an hour."""
DAYS = [
    ("Europe/Berlin", "2026-03-28", 7.0),
    ("Europe/Berlin", "2026-10-24", 9.0),
    ("America/New_York", "2026-03-07", 7.0),
    ("America/New_York", "2026-10-31", 9.0),
    ("Australia/Sydney", "2026-10-03", 7.0),
    ("Australia/Sydney", "2026-04-04", 9.0),
    ("Australia/Lord_Howe", "2026-10-03", 7.5),
    ("Australia/Lord_Howe", "2026-04-04", 8.5),
    ("America/Santiago", "2026-09-05", 7.0),
    ("America/Santiago", "2026-04-04", 9.0),
]
"""Zone, the evening before, and how long that night is from 22 to 6 o'clock. [h]

At Lord Howe the clock is changed by half an hour, in Santiago at midnight.
"""


@pytest.fixture(params=DAYS, ids=[f"{zone}-{day}" for zone, day, _ in DAYS])
def night(request: pytest.FixtureRequest) -> Iterator[tuple[Yard, ZoneInfo, datetime, float]]:
    name, evening, hours = request.param
    zone = ZoneInfo(name)
    begin = datetime.fromisoformat(f"{evening}T18:00").replace(tzinfo=zone).astimezone(UTC)
    with service() as yard:
        yard.clock.now = begin
        written = yard.put("/v1/sites/yard", SITE | {"time_zone": name})
        assert written.status_code == 201, written.text
        assert yard.put("/v1/sites/yard/tariff", examples.TARIFF).status_code == 201
        yield yard, zone, begin, hours


def is_cheap(moment: datetime, zone: ZoneInfo) -> bool:
    local = moment.astimezone(zone)
    return local.hour >= 22 or local.hour < 6


def minutes(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += MINUTE


def offered(steps: list[tuple[datetime, float]], moment: datetime) -> float:
    return next((kw for start, kw in reversed(steps) if start <= moment), 0.0)


def setpoints(yard: Yard) -> list[tuple[datetime, float]]:
    (told,) = yard.get("/v1/sites/yard/plan").json()["sessions"]
    return [(datetime.fromisoformat(one["start"]), one["charge_power_kw"]) for one in told["setpoints"]]


def profile(yard: Yard, ocpp: str) -> list[tuple[datetime, float]]:
    """The profile that a station gets, as instants and amperes."""
    told: Any = yard.get(f"/v1/sites/yard/evses/bay-1/profiles?ocpp={ocpp}").json()["requests"][-1]["payload"]
    one = told.get("csChargingProfiles") or told["chargingProfile"]
    schedule = one["chargingSchedule"]
    schedule = schedule if isinstance(schedule, dict) else schedule[0]
    start = datetime.fromisoformat(schedule["startSchedule"])
    return [(start + timedelta(seconds=p["startPeriod"]), p["limit"]) for p in schedule["chargingSchedulePeriod"]]


def test_a_car_charges_in_each_cheap_minute_of_the_wall_clock_and_in_no_other(
    night: tuple[Yard, ZoneInfo, datetime, float],
) -> None:
    yard, zone, begin, hours = night
    noon = (begin.astimezone(zone) + timedelta(hours=18)).astimezone(UTC)
    cheap = sum(is_cheap(moment, zone) for moment in minutes(begin, noon))
    assert cheap == 60 * hours, "as the table says"
    yard.plug_in(
        plugged_in_at=f"{begin:%Y-%m-%dT%H:%M:%SZ}",
        departure=f"{noon:%Y-%m-%dT%H:%M:%SZ}",
        energy_target_kwh=KW * hours,
        register_kwh=0.0,
        vehicle={"id": "van", "phases": 3},
    )
    wrong, register_kwh = [], 0.0
    while yard.clock() < noon:
        now = yard.clock()
        assert yard.post("/v1/sites/yard/plan", None).status_code == 200
        steps, until = setpoints(yard), min(now + STEP, noon)
        stations = [profile(yard, ocpp) for ocpp in ("1.6", "2.0.1")]
        for moment in minutes(now, until):
            meant = is_cheap(moment, zone)
            seen = [offered(steps, moment) > KW - 0.01, *(offered(one, moment) > 15.0 for one in stations)]
            unplanned = [offered(steps, moment) > 0.01, *(offered(one, moment) >= 6.0 for one in stations)]
            if (meant and not all(seen)) or (not meant and any(unplanned)):
                wrong.append((moment, offered(steps, moment), meant))
            register_kwh += offered(steps, moment) / 60
        yard.clock.now = until
        seen_at = {"at": f"{until:%Y-%m-%dT%H:%M:%SZ}", "session": "7f3", "register_kwh": round(register_kwh, 6)}
        assert yard.post("/v1/sites/yard/measurements", {"measurements": [seen_at]}).status_code == 200

    assert wrong == []
    assert register_kwh == pytest.approx(KW * hours, abs=0.01)
    bought = {}
    for month in {f"{moment.astimezone(zone):%Y-%m}" for moment in (begin, noon)}:
        bill = yard.get(f"/v1/sites/yard/statements/{month}").json()["bill"]["energy"]
        bought |= {(month, line["label"]): line["quantity"] for line in bill}
    assert {label for _, label in bought} == {"0.18"}
    assert sum(bought.values()) == pytest.approx(KW * hours, abs=0.01)
