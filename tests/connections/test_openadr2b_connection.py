"""The running service as a VEN of OpenADR 2.0b, at the server of the library: registered once, polled look by look."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("openleadr", reason="the extra openadr2 is not installed")

from models.domain.signal import Cap
from tests.api.yards import SITE, Hands
from tests.connections.utilities import Utility, connected_yard
from tests.peers.vtn20b import Vtn20b, in_a_thread

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:It is recommended to use web.AppKey"),
]

NOW = datetime.now(UTC).replace(microsecond=0)
"""The library's server looks at the clock of the machine."""
SOON = NOW + timedelta(hours=1)


@pytest.fixture
def vtn() -> Iterator[Vtn20b]:
    with in_a_thread() as peer:
        yield peer


@contextmanager
def connected(vtn: Vtn20b, **more: Any) -> Iterator[Utility]:
    clock = Hands()
    clock.now = NOW
    with connected_yard(clock) as utility:
        told = {
            "kind": "openadr2b",
            "url": vtn.url,
            "ven_name": "chargewright",
            "power_in_kw": 1.0,
            "sites": [
                {"site": "yard", "rules": {"meanings": [{"topic": "SIMPLE", "from_level": 1, "evses_limit_kw": 3.0}]}}
            ],
        }
        utility.connect(told | more)
        yield utility


def dispatch(vtn: Vtn20b, kw: float, id: str = "e1", **more: Any) -> None:
    interval = {"dtstart": SOON, "duration": timedelta(hours=1), "signal_payload": kw}
    vtn.tell("LOAD_DISPATCH", "setpoint", [interval], id, **more)


def held(utility: Utility) -> list[float]:
    return [kw for _, _, kw in utility.caps()]


def test_an_event_is_polled_answered_and_asked_and_gone_when_it_is_cancelled(vtn: Vtn20b) -> None:
    with connected(vtn) as utility:
        utility.wait(seconds=1)
        assert utility.status()["state"] == "heard"
        dispatch(vtn, 8.0)
        utility.wait(seconds=10)

        assert held(utility) == [8.0]
        assert vtn.answers == [("e1", "optIn")]
        (told,) = [line["more"] for line in utility.journal() if line["what"] == "event"]
        assert told["answer"] == {"code": 200, "opt": "optIn"}
        vtn.cancel("e1")
        utility.wait(seconds=10)
        assert held(utility) == []


def test_after_an_event_load_comes_back_staggered_and_below_the_day_s_peak(vtn: Vtn20b) -> None:
    with connected(vtn) as utility:
        utility.measure(17.0, 60)
        utility.wait(seconds=1)
        dispatch(vtn, 8.0)
        utility.wait(seconds=10)

        assert [one.stagger_minutes for one in utility.asked() if isinstance(one, Cap)] == [10.0]
        ((start, _, kw, _),) = utility.peaks()
        assert start == f"{SOON + timedelta(hours=1):%H:%M}"
        assert kw == 17.0


def test_it_registers_once_and_goes_on_where_it_was(vtn: Vtn20b) -> None:
    with connected(vtn) as utility:
        for _ in range(4):
            utility.wait(seconds=10)
        assert vtn.registrations == 1


def test_what_it_does_not_support_is_opted_out_of_and_told(vtn: Vtn20b) -> None:
    with connected(vtn) as utility:
        utility.wait(seconds=1)
        dispatch(vtn, 8.0)
        utility.wait(seconds=10)
        interval = {"dtstart": SOON, "duration": timedelta(hours=1), "signal_payload": 2.0}
        vtn.tell("BID_PRICE", "price", [interval], "e2")
        utility.wait(seconds=10)

        assert vtn.answers[-1] == ("e2", "optOut")
        assert "no signal of it is supported" in utility.alarms()["event/e2"]
        assert held(utility) == [8.0]


def test_an_operator_who_takes_no_part_says_so_to_the_vtn(vtn: Vtn20b) -> None:
    with connected(vtn, opts_in=False) as utility:
        utility.wait(seconds=1)
        dispatch(vtn, 8.0)
        utility.wait(seconds=10)
        assert vtn.answers == [("e1", "optOut")]
        assert held(utility) == []


def test_a_level_is_what_the_rules_of_the_site_say(vtn: Vtn20b) -> None:
    with connected(vtn) as utility:
        utility.wait(seconds=1)
        interval = {"dtstart": SOON, "duration": timedelta(hours=1), "signal_payload": 2.0}
        vtn.tell("SIMPLE", "level", [interval], "e3")
        utility.wait(seconds=10)
        assert held(utility) == [3.0]


def test_usage_is_told_every_minute(vtn: Vtn20b) -> None:
    with connected(vtn) as utility:
        utility.wait(seconds=1)
        for minute in range(3):
            at = f"{utility.now:%Y-%m-%dT%H:%M:%SZ}"
            body = {"measurements": [{"at": at, "node": "grid", "power_kw": 9.0, "register_kwh": 100.0 + minute}]}
            utility.yard.post("/v1/sites/yard/measurements", body)
            utility.wait(minutes=1)
        assert "RealPower kW" in vtn.offered
        assert {9.0, 102.0} <= {told for told in vtn.measured if isinstance(told, float)}


def test_status_is_told_beside_usage_and_says_who_steers(vtn: Vtn20b) -> None:
    with connected(vtn) as utility:
        utility.yard.put("/v1/sites/yard/policy", {"mode": "control", "ocpp": "2.0.1"})
        utility.wait(seconds=1)
        utility.wait(minutes=1)
        assert "Status NoneNone" in vtn.offered
        assert set(vtn.statuses) == {("yard status", True, False)}

        vtn.statuses.clear()
        assert utility.yard.put("/v1/sites/yard/policy", {"mode": "observe"}, match="*").status_code == 200
        utility.wait(minutes=1)
        assert vtn.statuses == [("yard status", True, True)]


def test_an_event_that_the_operator_takes_no_part_in_is_told_as_overridden_while_it_runs(vtn: Vtn20b) -> None:
    with connected(vtn, may_opt_out=True) as utility:
        utility.yard.put("/v1/sites/yard/policy", {"mode": "control", "ocpp": "2.0.1"})
        utility.wait(seconds=1)
        dispatch(vtn, 8.0)
        utility.wait(seconds=10)
        assert utility.yard.post("/v1/connections/dso/events/e1/opt-out?reason=concert", None).status_code == 200
        for wait, overridden in ((10, False), (60, True), (60, False)):
            vtn.statuses.clear()
            utility.wait(minutes=wait)
            assert vtn.statuses == [("yard status", True, overridden)]


def test_a_site_whose_stations_cannot_be_reached_is_told_as_offline(vtn: Vtn20b) -> None:
    with connected(vtn) as utility:
        utility.yard.put("/v1/sites/yard/policy", {"mode": "control", "ocpp": "2.0.1"})
        utility.wait(seconds=1)
        for station in ("bay-1", "bay-2"):
            told = utility.yard.post(f"/v1/sites/yard/stations/{station}/connection", {"connected": False})
            assert told.status_code == 200, told.text
        vtn.statuses.clear()
        utility.wait(minutes=1)
        assert vtn.statuses == [("yard status", False, False)]


def test_a_site_that_is_added_is_offered_and_reports_that_are_not_wanted_any_more_end(vtn: Vtn20b) -> None:
    with connected(vtn) as utility:
        utility.wait(seconds=1)
        utility.yard.put("/v1/sites/dock", SITE | {"id": "dock"})
        told = utility.yard.get("/v1/connections/dso").json()
        utility.connect(told | {"sites": [*told["sites"], {"site": "dock"}]}, status=200)
        utility.wait(minutes=1)
        vtn.statuses.clear()
        utility.wait(minutes=1)
        assert {name for name, _, _ in vtn.statuses} == {"yard status", "dock status"}
        assert vtn.registrations == 1

        utility.connect(told | {"reports": False}, status=200)
        vtn.statuses.clear()
        utility.wait(minutes=1)
        assert vtn.statuses == []


def test_a_vtn_that_is_away_keeps_the_limit_and_its_rule_holds_and_ends() -> None:
    with in_a_thread() as vtn, connected(vtn, loss={"then": "limit", "limit_kw": 2.0, "after_s": 120.0}) as utility:
        utility.wait(seconds=1)
        dispatch(vtn, 8.0)
        utility.wait(seconds=10)
        vtn.away = True
        for _ in range(4):
            utility.wait(minutes=1)
        assert sorted(utility.limits()) == [2.0]
        assert "answered 503" in utility.alarms()["contact"]
        vtn.away = False
        utility.wait(minutes=1)
        assert "contact" not in utility.alarms()
        assert held(utility) == [8.0]


def test_nobody_there_and_an_address_inside_are_told() -> None:
    with in_a_thread() as vtn:
        with connected(vtn, url="http://127.0.0.1:9/OpenADR2/Simple/2.0b") as utility:
            utility.wait(seconds=1)
            utility.wait(minutes=6)
            assert "ClientConnectorError" in utility.alarms()["contact"]
        with connected(vtn) as utility:
            object.__setattr__(utility.yard.client.app.state.service.settings, "peer_allow", "")
            utility.wait(minutes=6)
            utility.wait(minutes=6)
            assert "an address inside" in utility.alarms()["contact"]
