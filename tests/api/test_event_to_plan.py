"""From a utility's event over HTTP to the limits of fifty EVSEs: a VTN on one side, OCPP requests on the other."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

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
from models.ocpp.manner import Manner
from models.openadr.v3.channel import Channel, Version
from models.openadr.v3.contact import Contact
from models.openadr.v3.feed import Feed
from models.openadr.v3.written import Described, Told, report
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


@pytest.mark.parametrize("version", ["3.0.1", "3.1"])
def test_an_event_is_planned_sent_and_reported(version: str) -> None:
    with serving(Vtn(version)) as vtn:
        program = vtn.put("programs", {"programName": "limits"})
        event = vtn.put("events", limit_of_one_hour(program, 100.0))
        connection = Connection(
            Credentials(base_url=vtn.base_url, client_id="ven-client", client_secret="ven-secret"), now
        )
        client = VenClient(connection, Version(version))
        feed = Feed(channel=Channel(source="dso", version=Version(version)))
        heard, _ = poll(client, feed, Contact(source="dso"), client.programs()[0], now)
        before = time.perf_counter()
        told = asked(fold(heard.signals, SIX, SIX + timedelta(hours=6)), car_park(), SignalRules())
        answer = plan(told.within(car_park()), settings=Settings(steady=True), now=SIX, ocpp=Manner())
        took_s = time.perf_counter() - before
        load_kw = np.sum([session.limit_kw for session in answer.schedule.sessions], axis=0)
        assert answer.audit.passed
        assert load_kw[4:8].max() <= 100.0 + 1e-6
        assert load_kw[:4].max() > 200.0
        assert sum(session.energy_kwh for session in answer.schedule.sessions) == pytest.approx(EVSES * 33.0)
        assert answer.ocpp is not None
        assert len({request.evse_id for request in answer.ocpp.requests if request.session_id}) == EVSES
        assert took_s < 5 * GOAL_S
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
        connection.close()
        assert vtn.defects == []


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
