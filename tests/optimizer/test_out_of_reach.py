"""A car at an EVSE that nobody can tell anything: what it misses has a reason."""

from datetime import UTC, datetime, timedelta

import pytest

from models.domain.installed import Installed, OfflineBehaviour
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, GridNode, Site
from optimizer.explain import ReasonCode, reasons
from optimizer.optimize import optimize

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_an_evse_out_of_reach_that_stops_is_the_reason_for_all_that_is_missing() -> None:
    """11 kW for an hour would have been enough for 8 kWh; nothing flows."""
    site = Site(id="s", nodes=(GridNode(id="grid"),), evses=(Evse(id="bay", node="grid", max_power_kw=11.0),))
    car = Session(id="car", evse="bay", arrival=NOON, departure=NOON + timedelta(hours=1), energy_target_kwh=8.0)
    silent = Installed(evse="bay", reachable=False, offline=OfflineBehaviour.STOPS)
    scenario = Scenario(site=site, sessions=(car,), installed=(silent,))

    (reason,) = reasons(scenario, optimize(scenario))

    assert (reason.code, reason.cause) == (ReasonCode.LIMIT, "bay")
    assert reason.kwh == pytest.approx(8.0)
