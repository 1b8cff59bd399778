"""From a utility's event over HTTP to the limits of fifty EVSEs: a VTN on one side, OCPP requests on the other."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from api.edges.openadr3.connection import Connection, Credentials
from api.edges.openadr3.poll import poll
from api.edges.openadr3.ven import VenClient
from api.planning import plan
from models.domain.asked import asked
from models.domain.horizon import Horizon, Stretch
from models.domain.meanings import SignalRules
from models.domain.scenario import Scenario
from models.domain.session import Session
from models.domain.site import Evse, GridNode, NodeKind, Site
from models.domain.tariff import Tariff
from models.domain.timeline import fold
from models.domain.utility_signal import UtilitySignal
from models.ocpp.manner import Manner
from models.openadr.v3.channel import Channel, Version
from models.openadr.v3.contact import Contact
from models.openadr.v3.feed import Feed
from models.openadr.v3.written import Described, Told, report
from models.openadr.v20b import Channel20b, answered
from models.oscp.provider import Provider, forecast_taken, in_force
from optimizer.settings import Settings
from tests.peers.vtn3 import Vtn, serving

EVSES = 50
GOAL_S = 2.0
"""To be planned anew, on a quiet machine; the test allows five times that, because others run beside it."""
SIX = datetime(2026, 3, 2, 18, tzinfo=UTC)


def car_park() -> Scenario:
    """Fifty cars until midnight on 22 kW each behind 400 kW; 33 kWh each would be 275 kW throughout."""
    nodes = (GridNode(id="grid", kind=NodeKind.CONNECTION, import_limit_kw=400.0, continuous_factor=1.0),)
    evses = tuple(Evse(id=f"bay-{i}", node="grid", max_power_kw=22.0, max_current_a=32.0) for i in range(EVSES))
    sessions = tuple(
        Session(id=f"car-{i}", evse=f"bay-{i}", arrival=SIX, departure=SIX + timedelta(hours=6), energy_target_kwh=33.0)
        for i in range(EVSES)
    )
    horizon = Horizon(start=SIX, stretches=(Stretch(count=24, minutes=15.0),))
    return Scenario(
        site=Site(id="park", nodes=nodes, evses=evses),
        sessions=sessions,
        tariff=Tariff(import_price=0.3, currency="EUR"),
        horizon=horizon,
    )


def planned(signals: Sequence[UtilitySignal], rules: SignalRules) -> NDArray[np.float64]:
    """Load of the park in every quarter of an hour, planned anew and sent as OCPP requests. [kW]"""
    before = time.perf_counter()
    told = asked(fold(signals, SIX, SIX + timedelta(hours=6)), car_park(), rules)
    answer = plan(told.within(car_park()), settings=Settings(steady=True), now=SIX, ocpp=Manner())
    took_s = time.perf_counter() - before
    print(f"{EVSES} EVSEs planned anew in {took_s:.2f} s")
    assert took_s < 5 * GOAL_S
    assert answer.audit.passed
    assert sum(session.energy_kwh for session in answer.schedule.sessions) == pytest.approx(EVSES * 33.0)
    assert answer.ocpp is not None
    assert len({request.evse_id for request in answer.ocpp.requests if request.session_id}) == EVSES
    load_kw: NDArray[np.float64] = np.sum([session.limit_kw for session in answer.schedule.sessions], axis=0)
    return load_kw


def holds(load_kw: NDArray[np.float64]) -> bool:
    """At most 100 kW from seven to eight, and more than twice that before."""
    return bool(load_kw[4:8].max() <= 100.0 + 1e-6 and load_kw[:4].max() > 200.0)


@pytest.mark.parametrize("version", ["3.0.1", "3.1"])
def test_an_event_of_openadr_3_is_planned_sent_and_reported(version: str) -> None:
    with serving(Vtn(version)) as vtn, connected(vtn) as client:
        program = vtn.put("programs", {"programName": "limits"})
        event = vtn.put("events", limit_of_one_hour(program, 100.0))
        feed = Feed(channel=Channel(source="dso", version=Version(version)))
        heard, _ = poll(client, feed, Contact(source="dso"), client.programs()[0], now)
        load_kw = planned(heard.signals, SignalRules())
        assert holds(load_kw)
        body = report(
            event_id=event,
            program_id=program,
            client_name="chargewright",
            name="after the event",
            described=[Described(payload_type="DEMAND", units="KW", reading_type="MEAN")],
            told={"park": [Told(interval_id=0, payload_type="DEMAND", value=float(load_kw[4:8].max()))]},
            version=Version(version),
        )
        assert client.report(body) in vtn.objects["reports"]
        assert vtn.defects == []


@contextmanager
def connected(vtn: Vtn) -> Iterator[VenClient]:
    given = Credentials(base_url=vtn.base_url, client_id=vtn.client_id, client_secret=vtn.client_secret)
    connection = Connection(given, now)
    yield VenClient(connection, Version(vtn.version))
    connection.close()


def test_a_dispatch_of_openadr_2_is_planned_and_sent() -> None:
    hour = {"uid": 0, "duration": timedelta(hours=1), "signal_payload": 100.0}
    signal = {"signal_id": "d", "signal_name": "LOAD_DISPATCH", "signal_type": "setpoint", "intervals": [hour]}
    event = {
        "event_descriptor": {"event_id": "e", "modification_number": 0, "event_status": "far"},
        "active_period": {"dtstart": SIX + timedelta(hours=1), "duration": timedelta(hours=1)},
        "event_signals": [signal],
    }
    answer = answered(event, Channel20b(source="utility", power_in_kw=1.0), SIX, {})
    assert holds(planned(answer.signals, SignalRules()))


def test_a_forecast_of_oscp_is_planned_and_sent() -> None:
    times = {"start_time": "2026-03-02T19:00:00Z", "end_time": "2026-03-02T20:00:00Z"}
    block = {"capacity": 100.0, "phase": "ALL", "unit": "KW", **times}
    forecast = {"group_id": "park", "type": "CONSUMPTION", "forecasted_blocks": [block]}
    provider, _ = forecast_taken(Provider(source="dso", groups=("park",)), forecast, "request")
    assert holds(planned(in_force(provider, SIX), SignalRules(names=("park",))))


def limit_of_one_hour(program: str, kw: float) -> dict[str, object]:
    """From seven to eight."""
    return {
        "programID": program,
        "payloadDescriptors": [
            {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}
        ],
        "intervalPeriod": {"start": "2026-03-02T19:00:00Z", "duration": "PT1H"},
        "intervals": [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [kw]}]}],
    }


def now() -> datetime:
    return datetime.now(UTC)
