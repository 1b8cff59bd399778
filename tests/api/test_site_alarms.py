"""Meters of buildings in the next plan, prices that come late, and what an operator is told of either."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.yards import Yard, service

FORECAST = {"expected_kw": 4.0, "high_kw": 6.0}


@pytest.fixture
def yard() -> Iterator[Yard]:
    """22 kW and a building that draws 4 to 6 of them, by its forecast."""
    with service() as served:
        served.build()
        assert served.put("/v1/sites/yard/forecasts/base-loads/grid", FORECAST).status_code == 201
        yield served


def measured(yard: Yard, *told: dict[str, Any]) -> None:
    now = f"{yard.clock():%Y-%m-%dT%H:%M:%SZ}"
    answer = yard.post("/v1/sites/yard/measurements", {"measurements": [{"at": now} | one for one in told]})
    assert answer.status_code == 200, answer.text


def drawing(a_kw: float, b_kw: float) -> list[dict[str, Any]]:
    return [{"session": "a", "power_kw": a_kw}, {"session": "b", "power_kw": b_kw}]


def two_cars(yard: Yard) -> None:
    for bay, session in (("bay-1", "a"), ("bay-2", "b")):
        yard.plug_in(evse=bay, session=session, departure="2026-03-02T07:00:00Z", energy_target_kwh=11.0)


def plan(yard: Yard) -> Any:
    assert yard.post("/v1/sites/yard/plan", None).status_code == 200
    return yard.get("/v1/sites/yard/plan").json()


def left_for_cars(told: Any) -> float:
    """Most that is offered to both at once in the first quarter of an hour. [kW]"""
    return float(sum(one["setpoints"][0]["offered_power_kw"] for one in told["sessions"]))


def codes(yard: Yard) -> list[str]:
    """Nobody plans by itself here, so that a plan is late is no news."""
    return [one["code"] for one in yard.get("/v1/sites/yard/alarms").json()["alarms"] if one["code"] != "plan_late"]


class TestMeters:
    def test_a_building_that_draws_more_than_forecast_leaves_less_for_cars(self, yard: Yard) -> None:
        """22 - 6 = 16 kW by the forecast; 9 kW are measured while no car draws: 13."""
        two_cars(yard)
        assert left_for_cars(plan(yard)) == pytest.approx(16.0, abs=0.01)

        yard.clock.pass_by(seconds=10)
        measured(
            yard,
            {"session": "a", "power_kw": 0.0},
            {"session": "b", "power_kw": 0.0},
            {"node": "grid", "power_kw": 9.0},
        )

        told = plan(yard)
        assert left_for_cars(told) == pytest.approx(13.0, abs=0.01)
        assert any(one["what"] == "site.base_loads[grid]" for one in told["assumptions"])

    def test_what_the_cars_draw_is_taken_off(self, yard: Yard) -> None:
        """19 kW through the meter, 10 of them in cars: the building has 9."""
        two_cars(yard)
        measured(
            yard,
            {"node": "grid", "power_kw": 19.0},
            {"session": "a", "power_kw": 4.0},
            {"session": "b", "power_kw": 6.0},
        )

        assert left_for_cars(plan(yard)) == pytest.approx(13.0, abs=0.01)

    def test_a_meter_that_cannot_be_true_is_quarantined_and_said(self, yard: Yard) -> None:
        """Its load counts as the most that is declared: 6 kW."""
        two_cars(yard)
        measured(yard, {"node": "grid", "power_kw": -9.0})

        told = plan(yard)

        assert left_for_cars(told) == pytest.approx(16.0, abs=0.01)
        assert codes(yard) == ["meter_sign_flipped"]
        assert any("quarantined" in one["source"] for one in told["assumptions"])

    def test_a_meter_that_falls_silent_is_said_and_speaks_again(self, yard: Yard) -> None:
        measured(yard, {"node": "grid", "power_kw": 4.5})
        assert codes(yard) == []
        yard.clock.pass_by(minutes=11)
        assert codes(yard) == ["meter_stale"]

        measured(yard, {"node": "grid", "power_kw": 4.4})

        assert codes(yard) == []

    def test_more_than_limits_are_kept_with_is_planned_at_once(self, yard: Yard) -> None:
        from api.sites.due import due_sites

        two_cars(yard)
        plan(yard)
        yard.clock.pass_by(seconds=10)
        cars = drawing(0.0, 0.0)
        measured(yard, *cars, {"node": "grid", "power_kw": 6.2})
        assert due_sites(yard.store, yard.clock() + timedelta(seconds=1)) == []
        yard.clock.pass_by(seconds=10)

        measured(yard, *cars, {"node": "grid", "power_kw": 6.9})

        assert due_sites(yard.store, yard.clock() + timedelta(seconds=1)) == [("default", "yard")]

    def test_meters_are_told_and_one_that_was_taken_away_is_forgotten(self, yard: Yard) -> None:
        measured(yard, {"node": "grid", "power_kw": 500.0})
        (told,) = yard.get("/v1/sites/yard/meters").json()["meters"]
        assert (told["node"], told["total_kw"], told["base_kw"], told["flaw"]) == ("grid", 500.0, None, "impossible")

        assert yard.call("DELETE", "/v1/sites/yard/meters/grid").status_code == 204

        assert yard.get("/v1/sites/yard/meters").json() == {"meters": []}
        assert codes(yard) == []
        assert yard.call("DELETE", "/v1/sites/yard/meters/grid").status_code == 404

    def test_a_node_that_the_site_does_not_have_is_nobodys_meter(self, yard: Yard) -> None:
        measured(yard, {"node": "cellar", "power_kw": 90.0})

        assert left_for_cars_alone(yard) == pytest.approx(11.0)

    def test_a_battery_beside_the_building_cannot_be_told_from_it(self, yard: Yard) -> None:
        battery = {"id": "pack", "node": "grid", "capacity_kwh": 10.0, "max_charge_kw": 5.0, "max_discharge_kw": 5.0}
        battery |= {"charge_efficiency": 0.95, "discharge_efficiency": 0.95, "energy_at_start_kwh": 5.0}
        site = yard.get("/v1/sites/yard").json() | {"batteries": [battery]}
        answer = yard.put("/v1/sites/yard", site, match="*")
        assert answer.status_code == 200, answer.text
        measured(yard, {"node": "grid", "power_kw": -9.0})

        assert codes(yard) == []


def left_for_cars_alone(yard: Yard) -> float:
    yard.plug_in(departure="2026-03-02T07:00:00Z", energy_target_kwh=11.0)
    return left_for_cars(plan(yard))


class TestPrices:
    def published(self, yard: Yard, until: str) -> None:
        """By the hour, 0.10 and from six to eight in the evening 0.40 in Berlin."""
        begin, end = datetime.fromisoformat("2026-02-28T23:00:00+00:00"), datetime.fromisoformat(until)
        hours = int((end - begin) / timedelta(hours=1))
        steps = [
            {
                "start": f"{begin + timedelta(hours=k):%Y-%m-%dT%H:%M:%SZ}",
                "value": 0.40 if (begin + timedelta(hours=k)).hour in (17, 18) else 0.10,
            }
            for k in range(hours)
        ]
        told = {"import_price": {"steps": steps, "end": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}}
        answer = yard.put("/v1/sites/yard/forecasts/prices", told, match="*" if self.there(yard) else None)
        assert answer.status_code in (200, 201), answer.text

    def there(self, yard: Yard) -> bool:
        return bool(yard.get("/v1/sites/yard/forecasts/prices").status_code == 200)

    def test_prices_of_tomorrow_are_due_at_three_in_the_afternoon(self, yard: Yard) -> None:
        self.published(yard, "2026-03-02T23:00:00+00:00")
        yard.clock.now = datetime(2026, 3, 2, 13, 59, tzinfo=UTC)
        assert codes(yard) == []

        yard.clock.pass_by(minutes=1)

        assert codes(yard) == ["prices_late"]
        assert "2026-03-03T23:00Z" in yard.get("/v1/sites/yard/alarms").json()["alarms"][0]["message"]
        self.published(yard, "2026-03-03T23:00:00+00:00")
        assert codes(yard) == []

    def test_the_hour_is_the_sites_own_to_say(self, yard: Yard) -> None:
        yard.put("/v1/sites/yard/policy", {"prices_by": "16:30"})
        self.published(yard, "2026-03-02T23:00:00+00:00")
        yard.clock.now = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
        assert codes(yard) == []

        assert yard.put("/v1/sites/yard/policy", {"prices_by": "24:00"}, match="*").status_code == 422

    def test_a_missing_day_is_estimated_by_the_last_like_day_and_never_below_the_median(self, yard: Yard) -> None:
        """Monday's evening is as dear as Sunday's is not asked: Friday is not known, so the last price, 0.10, holds.

        Tuesday is like Monday: 0.40 in the evening; the median of what is known is 0.10.
        """
        self.published(yard, "2026-03-02T23:00:00+00:00")
        yard.clock.now = datetime(2026, 3, 2, 20, tzinfo=UTC)
        yard.plug_in(plugged_in_at="2026-03-02T20:00:00Z", departure="2026-03-03T20:00:00Z", energy_target_kwh=11.0)

        told = plan(yard)

        flagged = [one for one in told["assumptions"] if one["what"] == "tariff.import_price"]
        assert flagged[0]["value"] == "from 2026-03-02T23:00Z on"
        assert flagged[0]["source"].startswith("estimated")

    def test_an_alarm_that_begins_is_counted_told_once_and_told_to_end(self, yard: Yard) -> None:
        self.published(yard, "2026-03-02T23:00:00+00:00")
        yard.clock.now = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
        for _ in range(3):
            plan_only(yard)
            yard.clock.pass_by(minutes=5)
        self.published(yard, "2026-03-03T23:00:00+00:00")
        plan_only(yard)

        assert 'chargewright_alarms_total{code="prices_late"} 1.0' in yard.get("/metrics").text
        stream = yard.get("/v1/sites/yard/events?after=0&seconds=0").text
        assert stream.count("event: alarm") == 2
        assert '"state": "raised"' in stream
        assert '"state": "ended"' in stream


def plan_only(yard: Yard) -> None:
    assert yard.post("/v1/sites/yard/plan", None).status_code == 200


def test_a_plan_that_fails_again_and_again_is_somebodys_business(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.domain.errors import SolverFault

    def failing(*_: Any, **__: Any) -> Any:
        raise SolverFault("not today")

    monkeypatch.setattr("api.sites.planning.decided", failing)
    for _ in range(3):
        yard.post("/v1/sites/yard/plan", None)

    assert codes(yard) == ["not_planned"]
    stream = yard.get("/v1/sites/yard/events?after=0&seconds=0").text
    assert '"key": "not_planned", "state": "raised"' in stream
    assert 'chargewright_alarms_total{code="not_planned"} 1.0' in yard.get("/metrics").text


def test_a_plan_that_nobody_makes_is_late_ten_minutes_after_it_was_due(yard: Yard) -> None:
    yard.clock.pass_by(minutes=9)
    assert yard.get("/v1/sites/yard/alarms").json()["alarms"] == []

    yard.clock.pass_by(minutes=2)

    (late,) = yard.get("/v1/sites/yard/alarms").json()["alarms"]
    assert (late["code"], late["since"]) == ("plan_late", "2026-03-02T06:00:00.300000Z")


def test_a_site_that_is_removed_takes_its_alarms_with_it(yard: Yard) -> None:
    measured(yard, {"node": "grid", "power_kw": -9.0})
    plan_only(yard)
    yard.call("DELETE", "/v1/sites/yard")

    yard.build()

    assert codes(yard) == []
