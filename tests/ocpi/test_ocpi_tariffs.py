"""Marginal prices of OCPI tariffs, each checked by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest
from ocpi_bodies import element, tariff_body

from models.domain.driver_prices import DriverPrices
from models.domain.protection import is_protected
from models.domain.series import value_at
from models.domain.session import Session
from models.domain.site import Evse, GridNode, Site
from models.ocpi.course import Course
from models.ocpi.translate import prices_at, read_tariff, with_prices
from models.ocpi.wire import OcpiVersion, Refusal, StatusCode


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def course(start: str, until: str, **known: Any) -> Course:
    return Course(start=utc(start), now=utc(start), until=utc(until), **known)


def prices(body: bytes, over: Course, zone: str = "UTC", version: OcpiVersion = OcpiVersion.V221) -> DriverPrices:
    tariff = read_tariff(body, version)
    assert not isinstance(tariff, Refusal), tariff.message
    found = prices_at(tariff, over, zone)
    assert not isinstance(found, Refusal), found.message
    return found


def shown(steps: tuple[Any, ...]) -> list[tuple[str, float]]:
    return [(step.start.strftime("%dT%H:%M"), step.value) for step in steps]


def test_a_simple_tariff_has_one_price_for_good_and_no_price_of_time() -> None:
    found = prices(tariff_body(element("ENERGY", 0.25, vat=10.0)), course("2026-03-02T09:00", "2026-03-02T17:00"))

    assert shown(found.energy) == [("02T09:00", 0.25)]
    assert not found.has_time_price


def test_prices_by_time_of_day_change_at_local_times() -> None:
    day = element("ENERGY", 0.30, start_time="09:00", end_time="18:00", day_of_week=["MONDAY"])
    found = prices(
        tariff_body(day, element("ENERGY", 0.20)), course("2026-03-02T07:00", "2026-03-03T12:00"), "Europe/Berlin"
    )

    # Monday 09:00 and 18:00 in Berlin are 08:00 and 17:00 UTC; Tuesday has no such hours.
    assert shown(found.energy) == [("02T07:00", 0.20), ("02T08:00", 0.30), ("02T17:00", 0.20)]


def test_a_window_around_midnight_counts_on_both_sides_of_it() -> None:
    night = element("ENERGY", 0.10, start_time="22:00", end_time="06:00")
    found = prices(tariff_body(night, element("ENERGY", 0.40)), course("2026-03-02T20:00", "2026-03-03T08:00"))

    assert shown(found.energy) == [("02T20:00", 0.40), ("02T22:00", 0.10), ("03T06:00", 0.40)]


def test_an_end_at_midnight_ends_the_day() -> None:
    evening = element("ENERGY", 0.50, start_time="18:00", end_time="00:00")
    found = prices(tariff_body(evening), course("2026-03-02T17:00", "2026-03-03T02:00"))

    assert shown(found.energy) == [("02T17:00", 0.0), ("02T18:00", 0.50), ("03T00:00", 0.0)]


def test_an_hour_that_is_skipped_in_spring_starts_a_window_when_the_clock_has_jumped() -> None:
    from_half_past = element("ENERGY", 0.50, start_time="02:30", end_time="04:00")
    found = prices(tariff_body(from_half_past), course("2026-03-29T00:00", "2026-03-29T03:00"), "Europe/Berlin")

    # 02:00 to 03:00 is not shown on 29 March: the clock jumps to 03:00 at 01:00 UTC, 04:00 is 02:00 UTC.
    assert shown(found.energy) == [("29T00:00", 0.0), ("29T01:00", 0.50), ("29T02:00", 0.0)]


def test_an_hour_that_is_shown_twice_in_autumn_is_priced_twice() -> None:
    first_half = element("ENERGY", 0.50, start_time="02:00", end_time="02:30")
    found = prices(tariff_body(first_half), course("2026-10-24T23:30", "2026-10-25T03:00"), "Europe/Berlin")

    # 02:00 is shown at 00:00 UTC in summer time and at 01:00 UTC in winter time.
    assert shown(found.energy) == [
        ("24T23:30", 0.0),
        ("25T00:00", 0.50),
        ("25T00:30", 0.0),
        ("25T01:00", 0.50),
        ("25T01:30", 0.0),
    ]


@pytest.mark.parametrize(("power_kw", "price"), [(11.0, 0.20), (16.0, 0.35), (31.9, 0.35), (32.0, 0.50)])
def test_of_prices_by_power_the_first_that_matches_counts(power_kw: float, price: float) -> None:
    by_power = (
        element("ENERGY", 0.20, max_power=16.0),
        element("ENERGY", 0.35, max_power=32.0),
        element("ENERGY", 0.50),
    )
    found = prices(tariff_body(*by_power), course("2026-03-02T09:00", "2026-03-02T10:00", power_kw=power_kw))

    assert shown(found.energy) == [("02T09:00", price)]
    assert found.left_out == ()


def test_prices_by_a_power_that_is_not_known_are_left_out_and_said_so() -> None:
    found = prices(
        tariff_body(element("ENERGY", 0.20, max_power=16.0), element("ENERGY", 0.50)),
        course("2026-03-02T09:00", "2026-03-02T10:00"),
    )

    assert shown(found.energy) == [("02T09:00", 0.50)]
    assert found.left_out == ("elements[0] depends on power, which is not known: it matches at no time",)


def test_energy_above_ten_kwh_is_dearer_from_when_ten_kwh_have_flowed() -> None:
    cheap_first = tariff_body(element("ENERGY", 0.20, max_kwh=10.0), element("ENERGY", 0.45))
    found = prices(cheap_first, course("2026-03-02T09:00", "2026-03-02T12:00", power_kw=11.0, delivered_kwh=4.5))

    # 5.5 kWh at 11 kW take half an hour.
    assert shown(found.energy) == [("02T09:00", 0.20), ("02T09:30", 0.45)]


def test_parking_is_priced_only_after_four_hours() -> None:
    idle = {"price_components": [{"type": "PARKING_TIME", "price": 6.0, "step_size": 60}]}
    tariff = tariff_body(element("ENERGY", 0.30), idle | {"restrictions": {"min_duration": 14400}})
    found = prices(tariff, course("2026-03-02T09:00", "2026-03-02T18:00"))

    assert shown(found.parking_time) == [("02T09:00", 0.0), ("02T13:00", 6.0)]
    assert shown(found.charging_time) == [("02T09:00", 0.0)]
    assert found.has_time_price


def test_a_session_with_a_price_of_parking_is_protected_and_one_without_is_not() -> None:
    idle = element("PARKING_TIME", 6.0, start_time="11:00")
    over = course("2026-03-02T09:00", "2026-03-02T18:00")
    stay = Session(id="101", evse="bay", arrival=utc("2026-03-02T09:00"))
    site = Site(id="yard", nodes=(GridNode(id="grid"),), evses=(Evse(id="bay", node="grid", max_power_kw=11.0),))

    paying = with_prices(stay, prices(tariff_body(element("ENERGY", 0.30), idle), over))
    plain = with_prices(stay, prices(tariff_body(element("ENERGY", 0.30)), over))

    assert paying.retail_price_per_kwh == 0.30
    assert paying.time_price_per_h is not None
    assert [value_at(paying.time_price_per_h, utc(f"2026-03-02T{hour}:30")) for hour in (10, 11)] == [0.0, 6.0]
    assert (is_protected(paying, site), is_protected(plain, site)) == (True, False)


def test_dimensions_find_their_elements_one_by_one() -> None:
    """Charging time by current and day, parking by day and hour: the specification's tariff with five elements."""
    tariff = tariff_body(
        element("FLAT", 2.50),
        element("TIME", 1.00, max_current=32.0),
        element("TIME", 2.00, min_current=32.0, day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]),
        element("TIME", 1.25, min_current=32.0, day_of_week=["SATURDAY", "SUNDAY"]),
        element("PARKING_TIME", 5.00, start_time="09:00", end_time="18:00", day_of_week=["FRIDAY"]),
        element("PARKING_TIME", 6.00, start_time="10:00", end_time="17:00", day_of_week=["SATURDAY"]),
    )
    found = prices(tariff, course("2026-03-06T08:00", "2026-03-07T18:00", current_a=48.0))

    assert shown(found.charging_time) == [("06T08:00", 2.00), ("07T00:00", 1.25)]
    assert shown(found.parking_time) == [
        ("06T08:00", 0.0),
        ("06T09:00", 5.00),
        ("06T18:00", 0.0),
        ("07T10:00", 6.00),
        ("07T17:00", 0.0),
    ]
    assert shown(found.energy) == [("06T08:00", 0.0)]


def test_a_date_counts_until_the_day_before_its_end() -> None:
    march = element("ENERGY", 0.10, start_date="2026-03-02", end_date="2026-03-03")
    found = prices(tariff_body(march, element("ENERGY", 0.40)), course("2026-03-01T22:00", "2026-03-03T02:00"))

    assert shown(found.energy) == [("01T22:00", 0.40), ("02T00:00", 0.10), ("03T00:00", 0.40)]


def test_what_a_reservation_costs_is_no_price_of_a_session() -> None:
    reserved = element("TIME", 5.0, reservation="RESERVATION")

    assert not prices(tariff_body(reserved), course("2026-03-02T09:00", "2026-03-02T10:00")).has_time_price


def test_prices_with_tax_are_told_without_it_in_2_3_0() -> None:
    gross = tariff_body(element("ENERGY", 0.363, vat=21.0), tax_included="YES")
    net = tariff_body(element("ENERGY", 0.30, vat=21.0), tax_included="NO")
    over = course("2026-03-02T09:00", "2026-03-02T10:00")

    for body in (gross, net):
        assert prices(body, over, version=OcpiVersion.V230).energy[0].value == pytest.approx(0.30)


def test_a_tariff_of_2_3_0_says_whether_it_contains_tax() -> None:
    refused = read_tariff(tariff_body(element("ENERGY", 0.3)), OcpiVersion.V230)

    assert isinstance(refused, Refusal)
    assert refused.code is StatusCode.INVALID_PARAMETERS
    assert "tax_included is required" in refused.message


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b"not json", StatusCode.CLIENT_ERROR, "not JSON"),
        (b"\xff\xfe", StatusCode.CLIENT_ERROR, "not UTF-8"),
        (b"[" * 5000, StatusCode.CLIENT_ERROR, "nested"),
        (b"[]", StatusCode.INVALID_PARAMETERS, "an object"),
        (tariff_body(), StatusCode.INVALID_PARAMETERS, "elements"),
        (tariff_body(element("WATER", 1.0)), StatusCode.INVALID_PARAMETERS, "elements[0].price_components[0].type"),
        (tariff_body(element("ENERGY", float("nan"))), StatusCode.INVALID_PARAMETERS, "NaN is not a number"),
        (tariff_body(element("ENERGY", 0.3, start_time="24:00")), StatusCode.INVALID_PARAMETERS, "time of day"),
        (tariff_body(element("ENERGY", 0.3, start_date="2026-02-30")), StatusCode.INVALID_PARAMETERS, "start_date"),
        (tariff_body(element("ENERGY", 0.3), last_updated=17), StatusCode.INVALID_PARAMETERS, "a time is a text"),
        (tariff_body(element("ENERGY", 0.3), currency="euros"), StatusCode.INVALID_PARAMETERS, "currency"),
    ],
)
def test_what_is_no_tariff_is_refused_with_its_place(body: bytes, code: StatusCode, said: str) -> None:
    refused = read_tariff(body, OcpiVersion.V221)

    assert isinstance(refused, Refusal)
    assert refused.code is code
    assert said in refused.message


def test_a_time_zone_that_is_none_is_refused() -> None:
    tariff = read_tariff(tariff_body(element("ENERGY", 0.3)), OcpiVersion.V221)
    assert not isinstance(tariff, Refusal)

    refused = prices_at(tariff, course("2026-03-02T09:00", "2026-03-02T10:00"), "Mars/Olympus")

    assert isinstance(refused, Refusal)
    assert refused.code is StatusCode.INVALID_PARAMETERS
