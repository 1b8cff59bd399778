"""Pages for the operator: what they show is what is kept, and what is decided on them is in the next plan."""

import copy
import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from api.routes import examples
from api.sample.life import Sample
from api.sites import planning
from api.web.views import overview
from models.domain.errors import SolverFault
from tests.api.yards import Yard, service

NINE, NOON = "2026-03-02T09:00:00Z", "2026-03-02T12:00:00Z"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BAY = "/sites/yard/evses/bay-1"


@pytest.fixture
def yard() -> Iterator[Yard]:
    with service() as served:
        yield served


@pytest.fixture
def garage(yard: Yard) -> Yard:
    """A yard with a car that is planned: 11 kWh by nine."""
    yard.build()
    yard.plug_in(departure=NINE, energy_target_kwh=11.0)
    assert yard.post("/v1/sites/yard/plan", None).json()["passed_audit"]
    return yard


def page(yard: Yard, path: str, status: int = 200) -> str:
    """What is to be read on a page, without its tags."""
    answer = yard.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return text(answer.text)


def text(html: str) -> str:
    shown = re.sub(r"<(script|svg)\b.*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", shown)))


def lane(yard: Yard, evse: str) -> str:
    html = yard.get("/sites/yard").text
    (found,) = re.findall(rf'<a class="lane[^>]*data-evse="{evse}".*?</a>', html, flags=re.S)
    return text(found)


def drawn(yard: Yard, path: str = "/sites/yard") -> Any:
    (told,) = re.findall(r'id="chart-data">(.*?)</script>', yard.get(path).text, flags=re.S)
    return json.loads(told)


def csrf(yard: Yard, path: str = BAY) -> str:
    return str(re.findall(r'name="csrf" value="([0-9a-f]{64})"', yard.get(path).text)[0])


def sent(yard: Yard, path: str, **fields: str) -> Any:
    return yard.client.post(path, data=fields, headers=yard.headers, follow_redirects=False)


def test_without_a_site_the_first_page_says_how_to_put_one(yard: Yard) -> None:
    assert "No site yet" in page(yard, "/")
    assert "curl -sS -X PUT http://testserver/v1/sites/yard" in page(yard, "/")


def test_sites_are_listed_with_their_mode_their_cars_and_their_plan(garage: Yard) -> None:
    shown = page(garage, "/")

    assert "yard advise 1 of 2 optimal" in shown


def test_many_sites_are_shown_in_parts(garage: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST_SITES", 1)
    other = copy.deepcopy(examples.SITE) | {"id": "zebra"}
    assert garage.put("/v1/sites/zebra", other).status_code == 201

    for path in ("/", "/signals", "/jobs"):
        assert "Sites after yard" in page(garage, path)
        assert "Sites after" not in page(garage, f"{path}?after=yard")
    assert "zebra advise" in page(garage, "/?after=yard")


def test_a_sites_page_shows_load_price_and_who_gets_what(garage: Yard) -> None:
    """11 kW for an hour at 0.30 EUR; the site is allowed 22 kW."""
    shown = page(garage, "/sites/yard")

    assert "Load planned now 11.0 of 22.0 kW" in shown
    assert "Price now 0.30 EUR/kWh" in shown
    assert "1 of 2 1 charging, 0 waiting" in shown
    assert "optimal, audit passed" in shown
    assert lane(garage, "bay-1").startswith(" bay-1 7f3 11.0 kW 0.0 / 11.0 kWh 10:00")
    assert "at its maximum of 11.0 kW" in lane(garage, "bay-1")
    assert "free" in lane(garage, "bay-2")


def test_times_are_those_of_the_site(garage: Yard) -> None:
    """Nine in UTC is ten in Berlin."""
    assert "10:00" in lane(garage, "bay-1")
    assert "Europe/Berlin" in page(garage, "/sites/yard")
    assert drawn(garage)["now"] == "2026-03-02T07:00:00"


def test_a_car_that_waits_is_told_until_when_and_why(yard: Yard) -> None:
    """The night is cheaper from 22 o'clock in Berlin."""
    yard.build()
    yard.clock.pass_by(hours=12)
    yard.plug_in(plugged_in_at="2026-03-02T18:00:00Z", departure="2026-03-03T04:00:00Z", energy_target_kwh=11.0)
    yard.post("/v1/sites/yard/plan", None)

    assert "waits until 22:00" in lane(yard, "bay-1")
    assert "waits for cheaper hours" in lane(yard, "bay-1")


def test_a_car_that_leaves_short_is_an_alarm_with_its_reason(yard: Yard) -> None:
    """40 kWh in three hours at 11 kW: 7 are missing."""
    yard.build()
    yard.plug_in(departure=NINE, energy_target_kwh=40.0)
    yard.post("/v1/sites/yard/plan", None)

    assert "7f3 leaves 7.0 kWh short" in page(yard, "/sites/yard")
    assert "7.0 kWh short" in lane(yard, "bay-1")
    assert "Short 7.0 kWh of 40.0 kWh still wanted" in page(yard, "/sites/yard")
    assert "EUR with 7.0 kWh not delivered" in page(yard, "/sites/yard")


def test_several_that_leave_short_are_one_alarm(yard: Yard) -> None:
    """40 kWh each in three hours at 11 kW: 7 are missing at both bays."""
    yard.build()
    for session, evse in (("7f3", "bay-1"), ("8a1", "bay-2")):
        yard.plug_in(session=session, evse=evse, departure=NINE, energy_target_kwh=40.0)
    yard.post("/v1/sites/yard/plan", None)

    assert "2 cars leave 14.0 kWh short 7f3 7.0, 8a1 7.0" in page(yard, "/sites/yard")


def test_the_chart_has_load_limit_price_and_signals_of_the_plan(garage: Yard) -> None:
    """A cap of 10 kW from 17 to 19 o'clock in Berlin, which lies behind the car's departure."""
    garage.put("/v1/sites/yard/signals/relief", examples.SIGNAL)
    garage.post("/v1/sites/yard/plan", None)
    told = drawn(garage)

    (grid,) = told["pictures"]
    assert (grid["load"][0], grid["limit"][0]) == (11.0, 22.0)
    assert told["price"] == {"y": told["price"]["y"], "unit": "EUR/kWh"}
    assert told["price"]["y"][0] == 0.30
    assert told["signals"] == [
        {"id": "relief", "text": "at most 10 kW", "start": "2026-03-02T17:00:00", "end": "2026-03-02T19:00:00"}
    ]


def test_lines_with_a_limit_have_a_picture_in_amperes(yard: Yard) -> None:
    """A car on three phases of 230 V at 11 kW: 15.94 A on each of them."""
    nodes = [{"id": "grid", "kind": "connection", "current_limit_a": 32.0, "continuous_factor": 1.0}]
    yard.build(nodes=nodes)
    yard.plug_in(departure=NINE, energy_target_kwh=30.0)
    yard.post("/v1/sites/yard/plan", None)

    (lines,) = [one for one in drawn(yard)["pictures"] if one["unit"] == "A"]
    assert [line["name"] for line in lines["lines"]] == ["L1", "L2", "L3"]
    assert {line["load"][0] for line in lines["lines"]} == {15.942}
    assert {line["limit"][0] for line in lines["lines"]} == {32.0}


def test_what_was_saved_today_is_that_of_the_statement(yard: Yard) -> None:
    """11 kWh in the night at 0.18 in place of at once at 0.30: 1.32 EUR."""
    yard.build()
    yard.clock.pass_by(hours=12)
    yard.plug_in(plugged_in_at="2026-03-02T18:00:00Z", departure="2026-03-03T04:00:00Z", energy_target_kwh=11.0)
    yard.post("/v1/sites/yard/plan", None)
    saved = yard.get("/v1/sites/yard/statements/2026-03").json()["saved"]

    assert saved == pytest.approx(1.32)
    assert f"Saved today {saved:.2f} EUR" in page(yard, "/sites/yard")


def test_a_site_without_cars_and_plans_has_a_page(yard: Yard) -> None:
    yard.build()

    shown = page(yard, "/sites/yard")
    assert "0 of 2 0 charging, 0 waiting" in shown
    assert "no plan yet" in shown
    assert "No plan to show: nobody is plugged in." in shown
    assert drawn(yard) is None


def test_what_names_say_is_never_markup(yard: Yard) -> None:
    yard.build()
    name = "<b>&'\"<script>alert(1)<script>"
    yard.post("/v1/sites/yard/sessions", {"session": name, "evse": "bay-1", "plugged_in_at": "2026-03-02T06:00:00Z"})
    yard.post("/v1/sites/yard/plan", None)

    for path in ("/sites/yard", BAY):
        html = yard.get(path).text
        assert "<script>alert" not in html
        assert "<b>&'" not in html
    assert name in lane(yard, "bay-1")


def test_an_operator_pauses_a_bay_and_the_next_plan_keeps_it(garage: Yard) -> None:
    answer = sent(garage, f"{BAY}/override", csrf=csrf(garage), kind="pause", lasts="1 h", reason="work on the cable")
    assert (answer.status_code, answer.headers["location"]) == (303, BAY)

    garage.post("/v1/sites/yard/plan", None)

    assert "paused by anybody until 08:00: work on the cable" in lane(garage, "bay-1")
    setpoints = garage.get("/v1/sites/yard/plan").json()["sessions"][0]["setpoints"]
    assert max(one["offered_power_kw"] for one in setpoints if one["start"] < "2026-03-02T07:00:00Z") == 0.0
    assert "pause told anybody" in page(garage, BAY)


@pytest.mark.parametrize(
    ("kind", "more", "shown"),
    [
        ("limit", {"limit_kw": "5,5"}, "held at 5.5 kW by anybody until 08:00"),
        ("boost", {}, "boosted by anybody until 08:00"),
        ("exclude", {}, "not steered by us by anybody until 08:00"),
    ],
)
def test_what_an_operator_decided_stands_in_the_lane(garage: Yard, kind: str, more: dict[str, str], shown: str) -> None:
    assert sent(garage, f"{BAY}/override", csrf=csrf(garage), kind=kind, lasts="1 h", **more).status_code == 303

    assert shown in lane(garage, "bay-1")


def test_it_is_ended_by_a_button(garage: Yard) -> None:
    sent(garage, f"{BAY}/override", csrf=csrf(garage), kind="pause", lasts="4 h")
    assert sent(garage, f"{BAY}/override/end", csrf=csrf(garage)).status_code == 303

    assert garage.get("/v1/sites/yard/overrides").json()["items"] == []
    assert "pause ended anybody" in page(garage, BAY)


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ({"kind": "limit", "lasts": "1 h", "limit_kw": "much"}, "limit_kw this is no number"),
        ({"kind": "limit", "lasts": "1 h", "limit_kw": "nan"}, "limit_kw"),
        ({"kind": "limit", "lasts": "1 h", "limit_kw": "-3"}, "limit_kw"),
        ({"kind": "faster", "lasts": "1 h"}, "kind nothing was chosen"),
        ({"kind": "pause", "lasts": "a year"}, "lasts no time was chosen"),
    ],
)
def test_a_form_that_cannot_be_meant_is_told_what_is_wrong(garage: Yard, fields: dict[str, str], finding: str) -> None:
    answer = sent(garage, f"{BAY}/override", csrf=csrf(garage), **fields)

    assert answer.status_code == 422
    assert finding in text(answer.text)


def test_a_form_of_another_site_is_refused(garage: Yard) -> None:
    token = csrf(garage)
    forged = sent(garage, f"{BAY}/override", csrf="0" * 64, kind="pause", lasts="1 h")
    garage.headers = {"Sec-Fetch-Site": "cross-site"}
    across = sent(garage, f"{BAY}/override", csrf=token, kind="pause", lasts="1 h")

    assert (forged.status_code, across.status_code) == (403, 403)
    assert garage.get("/v1/sites/yard/overrides").json()["items"] == []


def test_signals_of_all_sites_stand_on_one_page(garage: Yard) -> None:
    garage.put("/v1/sites/yard/signals/relief", examples.SIGNAL)
    garage.put("/v1/sites/yard/nodes/grid/limit", {"import_limit_kw": 12.0})
    shown = page(garage, "/signals")

    assert "comes yard relief cap at most 10 kW connection 17:00 19:00" in shown
    assert "holds yard limit limit at most 12 kW grid" in shown
    assert "until further notice" not in shown


def test_a_limit_that_ran_out_is_a_signal_that_was_lost(garage: Yard) -> None:
    limit = {"import_limit_kw": 12.0, "end": "2026-03-02T06:30:00Z", "afterwards": 8.0}
    garage.put("/v1/sites/yard/nodes/grid/limit", limit)
    assert "Signal lost" not in page(garage, "/sites/yard")

    garage.clock.pass_by(minutes=40)

    assert "Signal lost the limit at grid ended at 07:30 and no new one came: 8.0 kW, as told for then, holds" in page(
        garage, "/sites/yard"
    )


def test_a_plan_that_nobody_makes_is_an_alarm(garage: Yard) -> None:
    """It is due five minutes after the last one, and late ten minutes after that."""
    garage.clock.pass_by(minutes=14)
    assert "The plan is late" not in page(garage, "/sites/yard")
    garage.clock.pass_by(minutes=2)

    assert "The plan is late a plan is due and nobody makes it" in page(garage, "/sites/yard")


def test_a_plan_that_fails_is_an_alarm_with_its_reason(garage: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*given: Any, **named: Any) -> Any:
        raise SolverFault("the solver broke down")

    monkeypatch.setattr(planning, "decided", fault)
    garage.post("/v1/sites/yard/plan", None)

    assert "No plan can be made the solver broke down; tried 1 times" in page(garage, "/sites/yard")
    assert "fails the solver broke down" in page(garage, "/")
    assert "1 the solver broke down" in page(garage, "/jobs")


def test_prices_that_are_not_there_in_time_are_an_alarm(garage: Yard) -> None:
    """Those of tomorrow are due at 15 o'clock in Berlin."""
    garage.put("/v1/sites/yard/forecasts/prices", examples.PRICES)
    garage.clock.pass_by(hours=9)

    assert "Prices are late prices are told until" in page(garage, "/sites/yard")


def test_a_station_that_refuses_is_an_alarm_and_stands_in_its_lane(garage: Yard) -> None:
    commands = garage.get("/v1/sites/yard/commands").json()["commands"]
    mine = [one["id"] for one in commands if one["evse"] == "bay-1"]
    told = [{"command": name, "outcome": "rejected", "reason": "NoSpace"} for name in mine]
    garage.post("/v1/sites/yard/commands/ack", {"acknowledgements": told})

    assert "bay-1 is not controlled refuses its profile since 07:00; counted at its rating" in page(
        garage, "/sites/yard"
    )
    assert "refuses its profile" in lane(garage, "bay-1")


def test_a_bay_with_a_mode_of_its_own_shows_it(garage: Yard) -> None:
    sets = [{"id": "new", "evses": ["bay-2"], "mode": "observe"}]
    garage.put("/v1/sites/yard/policy", {"mode": "control", "sets": sets, "canary": {"share": 0.5}})

    assert "control, 50 % first" in page(garage, "/sites/yard")
    assert "observe" in lane(garage, "bay-2")


def test_jobs_show_what_is_due_and_what_was_made(garage: Yard) -> None:
    shown = page(garage, "/jobs")

    assert "the clock this replica only answers" in shown
    assert "yard 07:05" in shown
    assert re.search(r"yard 20260302T060000Z-[0-9a-f]{12} optimal 1 3\.30 EUR 3\.30 EUR", shown)


def test_the_sample_is_told_as_one(yard: Yard) -> None:
    assert Sample(yard.client.app.state.service).begin()

    assert "sample sample control" in page(yard, "/")
    shown = page(yard, "/sites/sample")
    assert "This site is a sample" in shown
    assert "http://testserver/v1/sites/sample/sessions" in shown


@pytest.mark.parametrize("path", ["/sites/none", "/sites/yard/evses/none", "/assets/none.js", "/sites/none/live"])
def test_what_is_not_there_is_not_found(garage: Yard, path: str) -> None:
    assert garage.get(path).status_code == 404


def test_the_stream_tells_that_something_changed_and_never_what(garage: Yard) -> None:
    begun = garage.get("/sites/yard/live?seconds=0&after=0")
    assert begun.headers["content-type"].startswith("text/event-stream")
    told = re.findall(r"id: (\d+)\nevent: (\w+)\ndata: (\w+)\n\n", begun.text)
    assert ("changed", "event") in {(event, data) for _, event, data in told}
    assert "7f3" not in begun.text

    garage.post("/v1/sites/yard/plan", None)
    more = garage.get("/sites/yard/live?seconds=0", **{"Last-Event-ID": told[-1][0]})

    assert re.findall(r"data: (\w+)", more.text) == ["event"]


def test_nothing_comes_from_elsewhere_and_nothing_runs_that_is_not_ours(garage: Yard) -> None:
    for path in ("/", "/sites/yard", BAY, "/signals", "/jobs"):
        answer = garage.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", answer.text)
        assert not re.findall(r"<script(?! src| type=\"application/json\")", answer.text)
        assert not re.findall(r" style=| on\w+=", answer.text)
        assert answer.headers["cache-control"] == "no-store"


def test_what_pages_are_drawn_with_comes_from_this_installation(garage: Yard) -> None:
    html = garage.get("/sites/yard").text
    addresses = re.findall(r'(?:src|href)="(/assets/[^"]+)"', html)

    assert {address.partition("?")[0] for address in addresses} >= {"/assets/plotly.min.js", "/assets/app.css"}
    for address in addresses:
        answer = garage.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] == "gzip"


def test_pages_are_no_part_of_the_api(garage: Yard) -> None:
    paths = garage.get("/openapi.json").json()["paths"]

    assert [path for path in paths if not path.startswith(("/v1", "/health", "/metrics"))] == []
