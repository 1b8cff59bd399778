"""Statements of a month: worked out by hand, added up by somebody else, in local months, as tables."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.routes import examples
from tests.api.yards import Yard, service

BERLIN = ZoneInfo("Europe/Berlin")
FLAT = {"expected_kw": 4.0}


@pytest.fixture
def yard() -> Iterator[Yard]:
    """A base load of 4 kW; 0.18 EUR/kWh from 22 to 6 o'clock in Berlin, else 0.30."""
    with service() as served:
        served.build()
        assert served.put("/v1/sites/yard/forecasts/base-loads/grid", FLAT).status_code == 201
        yield served


def at(yard: Yard, text: str) -> None:
    yard.clock.now = datetime.fromisoformat(text).astimezone(UTC)


def plan(yard: Yard) -> Any:
    answer = yard.post("/v1/sites/yard/plan", None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def statement(yard: Yard, month: str) -> Any:
    answer = yard.get(f"/v1/sites/yard/statements/{month}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def evening(yard: Yard, *, leaves: str = "2026-03-02T22:30:00Z") -> None:
    """A car for 11 kWh comes at seven in the evening, is planned again in the night, and leaves."""
    at(yard, "2026-03-02T18:00:00Z")
    yard.plug_in(
        plugged_in_at="2026-03-02T18:00:00Z",
        departure="2026-03-03T04:00:00Z",
        energy_target_kwh=11.0,
        register_kwh=100.0,
        vehicle={"id": "van", "phases": 3},
    )
    plan(yard)
    at(yard, "2026-03-02T21:30:00Z")
    seen = {"at": "2026-03-02T21:30:00Z", "session": "7f3", "register_kwh": 105.5}
    yard.post("/v1/sites/yard/measurements", {"measurements": [seen]})
    if leaves > "2026-03-02T21:30:00Z":
        plan(yard)
    at(yard, leaves)
    yard.post("/v1/sites/yard/sessions/7f3/unplug", {})
    plan(yard)


def lines(bill: Any) -> dict[tuple[str, str], tuple[float, float]]:
    return {(one["component"], one["label"]): (one["quantity"], one["amount"]) for one in bill["energy"]}


class TestByHand:
    def test_a_car_that_waited_for_the_night_saved_twelve_cents_a_kilowatt_hour(self, yard: Yard) -> None:
        """4 kW from 18:00 to 22:45 Z of the next day, 28.75 h: 19 h at 0.30 make 76 kWh, 9.75 h at 0.18 make 39.

        11 kWh of the car come on top at 0.18: 50 kWh for 9.00 and 76 for 22.80. Charged at once they cost 0.30.
        """
        evening(yard)

        told = statement(yard, "2026-03")

        assert lines(told["bill"]) == {
            ("energy_import", "0.18"): (50.0, 9.0),
            ("energy_import", "0.3"): (76.0, 22.8),
        }
        assert lines(told["uncontrolled"]) == {
            ("energy_import", "0.18"): (39.0, 7.02),
            ("energy_import", "0.3"): (87.0, 26.1),
        }
        assert (told["cost"], told["uncontrolled"]["amount"], told["saved"]) == (31.8, 33.12, 1.32)
        assert (told["energy_kwh"], told["energy_not_served_kwh"]) == (11.0, 0.0)

    def test_each_plan_tells_how_it_was_made_and_what_its_part_came_to(self, yard: Yard) -> None:
        """12 kWh at 0.30 and 7.5 at 0.18; then 9.5 at 0.18; then nobody is there: 33 at 0.18, 64 at 0.30."""
        evening(yard)

        told = statement(yard, "2026-03")["plans"]

        assert [(one["method"], one["mode"]) for one in told] == [
            ("optimal", "advise"),
            ("optimal", "advise"),
            ("optimal", "advise"),
        ]
        assert [one["energy_amount"] for one in told] == [4.95, 1.71, 25.14]
        assert [one["import_kwh"] for one in told] == [19.5, 9.5, 97.0]

    def test_who_leaves_with_half_of_it_was_not_served_the_other_half(self, yard: Yard) -> None:
        evening(yard, leaves="2026-03-02T21:30:00Z")

        told = statement(yard, "2026-03")

        assert told["energy_not_served_kwh"] == 5.5
        assert [(one["session"], one["evse"]) for one in told["not_served"]] == [("7f3", "bay-1")]
        assert told["not_served"][0]["left_at"] == "2026-03-02T21:30:00Z"

    def test_what_nobody_told_to_be_wanted_is_not_missed(self, yard: Yard) -> None:
        at(yard, "2026-03-02T18:00:00Z")
        yard.plug_in(plugged_in_at="2026-03-02T18:00:00Z")
        plan(yard)
        yard.clock.pass_by(minutes=10)
        yard.post("/v1/sites/yard/sessions/7f3/unplug", {})
        plan(yard)

        assert statement(yard, "2026-03")["energy_not_served_kwh"] == 0.0

    def test_a_wish_that_grew_after_the_first_plan_counts_at_once_as_well(self, yard: Yard) -> None:
        """Plugged in with 5.5 kWh, told 11 a minute later: at once it would have paid 0.30 from 18 to 19 h."""
        at(yard, "2026-03-02T18:00:00Z")
        yard.plug_in(
            plugged_in_at="2026-03-02T18:00:00Z",
            departure="2026-03-03T04:00:00Z",
            energy_target_kwh=5.5,
            vehicle={"id": "van", "phases": 3},
        )
        plan(yard)
        yard.clock.pass_by(minutes=1)
        yard.post("/v1/sites/yard/sessions/7f3/needs", {"energy_target_kwh": 11.0})
        plan(yard)

        told = statement(yard, "2026-03")

        assert told["saved"] == 1.32

    def test_a_demand_charge_is_billed_once_the_month_is_over_by_its_highest_quarter(self, yard: Yard) -> None:
        """The car must have 11 kWh within an hour: 4 + 11 = 15 kW at 10 EUR, as at once; nothing is saved."""
        charge = {"id": "peak", "rate_per_kw": 10.0}
        yard.put("/v1/sites/yard/tariff", examples.TARIFF | {"demand_charges": [charge]}, match="*")
        at(yard, "2026-03-31T18:00:00Z")
        yard.plug_in(
            plugged_in_at="2026-03-31T18:00:00Z",
            departure="2026-03-31T19:00:00Z",
            energy_target_kwh=11.0,
            energy_minimum_kwh=11.0,
            vehicle={"id": "van", "phases": 3},
        )
        plan(yard)

        told = statement(yard, "2026-03")

        (peak,) = told["bill"]["peaks"]
        assert (peak["label"], peak["quantity"], peak["amount"]) == ("peak@2026-03", 15.0, 150.0)
        assert told["saved"] == 0.0
        assert statement(yard, "2026-04")["bill"]["peaks"][0]["quantity"] == 4.0

    def test_an_event_that_paid_is_income_of_the_month(self, yard: Yard) -> None:
        """From 18:00 to 19:00 Z 10 kW less than 15 are paid 1 EUR/kWh; the car waits: 10 EUR.

        The base load of 4 kW stays: 11 kW are delivered, 10 are accepted.
        """
        event = {
            "kind": "event",
            "id": "relief",
            "start": "2026-03-02T18:00:00Z",
            "end": "2026-03-02T19:00:00Z",
            "baseline_kw": 15.0,
            "committed_kw": 10.0,
            "payment_per_kwh": 1.0,
            "direction": "reduce",
        }
        written = yard.put("/v1/sites/yard/signals/relief", event)
        assert written.status_code == 201, written.text
        evening(yard)

        told = statement(yard, "2026-03")

        assert told["event_income"] == 10.0
        assert told["events"] == [{"event": "relief", "payment": 10.0, "penalty": 0.0, "income": 10.0}]
        assert (told["cost"], told["saved"]) == (21.8, 11.32)


def added_up(yard: Yard, told: Any, price: Any) -> tuple[float, list[float], float]:
    """Energy cost, that of each plan, and the highest quarter hour, from the plans' own documents."""
    costs, minutes = [], {}
    for part in told["plans"]:
        document = yard.get(f"/v1/sites/yard/plans/{part['plan']}").json()
        load = document["nodes"][0]["expected_kw"]
        instants = [datetime.fromisoformat(one) for one in document["instants"]]
        start, end = (datetime.fromisoformat(part[name]) for name in ("start", "end"))
        cost = 0.0
        for begin, until, kw in zip(instants[:-1], instants[1:], load, strict=True):
            for minute in range(int((until - begin).total_seconds() // 60)):
                moment = datetime.fromtimestamp(begin.timestamp() + 60 * minute, UTC)
                if start <= moment < end:
                    cost += kw / 60 * price(moment)
                    minutes[moment.timestamp()] = kw
        costs.append(cost)
    quarters: dict[float, float] = {}
    for moment_s, kw in minutes.items():
        quarters[moment_s // 900] = quarters.get(moment_s // 900, 0.0) + kw / 15
    return sum(costs), costs, max(quarters.values())


def test_sums_agree_to_the_cent_with_the_plans_when_somebody_else_adds_them_up(yard: Yard) -> None:
    """A morning of two cars with plans every seven minutes, minute by minute, under a demand charge."""
    charge = {"id": "peak", "rate_per_kw": 9.5}
    yard.put("/v1/sites/yard/tariff", examples.TARIFF | {"demand_charges": [charge]}, match="*")
    at(yard, "2026-03-31T03:30:00Z")
    yard.plug_in(plugged_in_at="2026-03-31T03:30:00Z", departure="2026-03-31T09:10:00Z", energy_target_kwh=23.7)
    for turn in range(8):
        if turn == 3:
            yard.plug_in(
                session="8a1",
                evse="bay-2",
                plugged_in_at="2026-03-31T03:51:00Z",
                departure="2026-03-31T06:40:00Z",
                energy_target_kwh=13.1,
            )
        plan(yard)
        yard.clock.pass_by(minutes=7)

    told = statement(yard, "2026-03")

    def price(moment: datetime) -> float:
        return 0.18 if moment.astimezone(BERLIN).hour in (22, 23, 0, 1, 2, 3, 4, 5) else 0.30

    cost, of_plans, peak_kw = added_up(yard, told, price)
    assert len(of_plans) == 8
    assert told["bill"]["energy_amount"] == pytest.approx(cost, abs=0.0051)
    assert [one["energy_amount"] for one in told["plans"]] == pytest.approx(of_plans, abs=0.0101)
    assert round(sum(one["energy_amount"] for one in told["plans"]), 2) == told["bill"]["energy_amount"]
    assert told["bill"]["peaks"][0]["quantity"] == pytest.approx(peak_kw, abs=0.001)
    assert told["bill"]["amount"] == pytest.approx(cost + 9.5 * peak_kw, abs=0.011)
    parts = [line["amount"] for line in (*told["bill"]["energy"], *told["bill"]["peaks"])]
    assert round(sum(parts), 2) == told["bill"]["amount"]


class TestMonths:
    def test_a_month_is_that_of_the_sites_clock(self, yard: Yard) -> None:
        """From 22 o'clock on the last of March: two hours of 4 kW at 0.18 are March's, the rest April's."""
        at(yard, "2026-03-31T20:00:00Z")
        plan(yard)

        march, april = statement(yard, "2026-03"), statement(yard, "2026-04")

        assert (march["end"], april["start"]) == ("2026-03-31T22:00:00Z", "2026-03-31T22:00:00Z")
        assert lines(march["bill"]) == {("energy_import", "0.18"): (8.0, 1.44)}
        assert april["covered_hours"] == 22.25

    @pytest.mark.parametrize(("month", "hours"), [("2026-03", 743.0), ("2026-10", 745.0), ("2026-11", 720.0)])
    def test_months_in_which_the_clock_is_changed_have_an_hour_less_or_more(
        self, yard: Yard, month: str, hours: float
    ) -> None:
        at(yard, f"{month}-12T12:00:00Z")
        plan(yard)

        assert statement(yard, month)["hours"] == hours

    @pytest.mark.parametrize(
        ("first", "second", "night_h", "day_h"),
        [
            ("2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z", 7 + 2, 16),
            ("2026-03-28T23:00:00Z", "2026-03-29T21:00:00Z", 5 + 2, 16),
        ],
    )
    def test_the_day_of_the_change_has_its_night_an_hour_longer_or_shorter(
        self, yard: Yard, first: str, second: str, night_h: float, day_h: float
    ) -> None:
        """4 kW for a local day of 25 or 23 hours, and what the second plan sees of the next one is told apart."""
        for moment in (first, second):
            at(yard, moment)
            plan(yard)

        told = statement(yard, first[:7])
        of_next = added_hours(told["plans"][-1], since=datetime.fromisoformat(first[:10]).replace(tzinfo=BERLIN))

        found = lines(told["bill"])
        assert found["energy_import", "0.18"][0] == pytest.approx(4 * (night_h + of_next[0]), abs=1e-6)
        assert found["energy_import", "0.3"][0] == pytest.approx(4 * (day_h + of_next[1]), abs=1e-6)

    def test_a_month_without_plans_is_not_found_and_nonsense_is_no_month(self, yard: Yard) -> None:
        assert yard.get("/v1/sites/yard/statements/2026-03").status_code == 404
        at(yard, "2026-03-02T18:00:00Z")
        plan(yard)
        assert yard.get("/v1/sites/yard/statements/2026-02").status_code == 404
        assert yard.get("/v1/sites/yard/statements/2026-13").status_code == 422
        assert yard.get("/v1/sites/gone/statements/2026-03").status_code == 404

    def test_what_no_plan_covers_is_told(self, yard: Yard) -> None:
        at(yard, "2026-03-02T12:00:00Z")
        plan(yard)

        told = statement(yard, "2026-03")

        assert (told["covered_hours"], told["is_over"]) == (24.25, False)
        at(yard, "2026-04-01T00:00:00Z")
        assert statement(yard, "2026-03")["is_over"]


def added_hours(part: Any, since: datetime) -> tuple[float, float]:
    """Night and day hours of a plan after the local day that follows ``since``, minute by minute."""
    day_after = {25: 26, 28: 30, 29: 30, 24: 26}[since.day]
    start, end = (datetime.fromisoformat(part[name]).timestamp() for name in ("start", "end"))
    night = day = 0.0
    for minute in range(int((end - start) // 60)):
        local = datetime.fromtimestamp(start + 60 * minute, UTC).astimezone(BERLIN)
        if local.day >= day_after:
            if local.hour >= 22 or local.hour < 6:
                night += 1 / 60
            else:
                day += 1 / 60
    return night, day


class TestTables:
    def test_the_table_has_the_same_amounts(self, yard: Yard) -> None:
        evening(yard)
        told = statement(yard, "2026-03")

        answer = yard.get("/v1/sites/yard/statements/2026-03?format=csv")

        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(StringIO(answer.text)))
        sums = {(row["section"], row["item"]): row["amount"] for row in rows}
        assert float(sums["result", "saved"]) == told["saved"]
        assert float(sums["bill", "sum"]) == told["bill"]["amount"]
        plans = [row for row in rows if row["section"] == "plans"]
        assert [float(row["amount"]) for row in plans] == [one["energy_amount"] for one in told["plans"]]
        assert {row["method"] for row in plans} == {"optimal"}

    def test_an_id_is_not_carried_out_by_a_spreadsheet(self, yard: Yard) -> None:
        at(yard, "2026-03-02T18:00:00Z")
        yard.plug_in(
            session="=1+1",
            plugged_in_at="2026-03-02T18:00:00Z",
            departure="2026-03-03T04:00:00Z",
            energy_target_kwh=9.0,
        )
        plan(yard)
        yard.clock.pass_by(minutes=10)
        yard.post("/v1/sites/yard/sessions/=1+1/unplug", {})
        plan(yard)

        table = yard.get("/v1/sites/yard/statements/2026-03?format=csv").text

        assert ",'=1+1," in table

    def test_the_command_line_prints_the_same(self, tmp_path: Path) -> None:
        from api.store.opening import open_store

        address = f"sqlite:///{tmp_path / 'cw.db'}"
        with service(store=open_store(address)) as yard:
            yard.build()
            at(yard, "2026-03-02T18:00:00Z")
            plan(yard)
            told = statement(yard, "2026-03")
            yard.store.close()

        run = [sys.executable, "-m", "api.cli", "statement", "yard", "2026-03"]
        environment = os.environ | {"CHARGEWRIGHT_DATABASE_URL": address}
        printed = subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout
        table = subprocess.run([*run, "--csv", "-"], env=environment, capture_output=True, text=True, check=True).stdout

        assert json.loads(printed)["bill"] == told["bill"]
        assert table.startswith("section,item,label")
        wrong = subprocess.run([*run[:-1], "March"], env=environment, capture_output=True, text=True)
        assert wrong.returncode == 2
        assert "2026-10" in wrong.stderr


def test_a_plan_that_is_forgotten_still_counts(yard: Yard) -> None:
    from api.settings import ServiceSettings
    from api.store.retention import forget_old

    evening(yard)
    at(yard, "2026-06-01T00:00:00Z")
    dropped = forget_old(yard.store, ServiceSettings(database_url="memory:"), yard.clock())

    assert dropped["plan"] == 3
    assert statement(yard, "2026-03")["cost"] == 31.8


def test_what_stands_at_the_site_now_does_not_change_what_was_billed(yard: Yard) -> None:
    evening(yard)
    yard.put("/v1/sites/yard/tariff", {"currency": "EUR", "import_price": 9.0}, match="*")

    assert statement(yard, "2026-03")["cost"] == 31.8
