"""Whatever stations send: an answer, a count of what was odd, and never a higher limit."""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.operating.hearing import heard
from api.operating.live import LiveSite
from models.domain.validation import validate
from models.ocpp.inbound.v2x import ACTIONS as ACTIONS_2X
from models.ocpp.inbound.v16 import ACTIONS as ACTIONS_16
from models.ocpp.profile import Version
from optimizer.rolling import next_scenario
from optimizer.rolling.allowed import expected_kw
from tests.operating.live_site import NOON, accept, minutes, operations, start, yard

SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=8),
    st.sampled_from(["NaN", "1e999", "Accepted", "2026-03-02T12:00:00Z", "0001-01-01T00:00:00", "-5", "L1"]),
)
NAMES = """
connectorId evseId evse id idTag idToken meterStart meterStop transactionId transactionInfo chargingState status
eventType timestamp meterValue sampledValue value measurand phase unit chargingNeeds departureTime energyAmount
acChargingParameters dcChargingParameters stateOfCharge chargingLimit chargingLimitSource chargingSchedule
chargingRateUnit chargingSchedulePeriod startPeriod limit schedule scheduleStart chargingProfile requestId
numberOfPhasesUsed triggerReason offline reservationId expiryDate operationalStatus type timeBase
"""
FIELDS = st.sampled_from(NAMES.split())
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(FIELDS, inner, max_size=6)),
    max_leaves=12,
)
ACTION = st.sampled_from(sorted({*ACTIONS_16, *ACTIONS_2X, "DataTransfer", "NoSuchAction"}))
CALL = st.tuples(st.just(2), st.text(max_size=3), ACTION, st.dictionaries(FIELDS, VALUE, max_size=8))
ANSWER = st.tuples(st.just(3), st.sampled_from(["s7", "yard-1", "yard-2", "yard-3", "x"]), VALUE)
ERROR = st.tuples(st.just(4), st.sampled_from(["s7", "yard-1", "yard-3", "x"]), SCALAR)
FRAME = st.one_of(CALL, ANSWER, ERROR, VALUE)


def steered(version: Version) -> LiveSite:
    """A car that is planned and has accepted its limit of 11.04 kW, which is all that the site has."""
    site = operations(yard(import_limit_kw=11.04), version)
    if version is Version.V16:
        start(site, "east", NOON)
    else:
        began = {"eventType": "Started", "evse": {"id": 1}, "transactionInfo": {"transactionId": "t"}}
        site.hear("yard", "east", [2, "s7", "TransactionEvent", began], NOON)
    site.plan_site("yard", NOON)
    accept(site, site.commands("yard", NOON), NOON)
    return site.store.load("yard")


EXAMPLES = int(os.environ.get("CHARGEWRIGHT_FUZZ", "40"))
LIVE = {version: steered(version) for version in (Version.V16, Version.V21)}


@pytest.mark.parametrize("version", LIVE)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(frames=st.lists(FRAME, min_size=1, max_size=6))
def test_no_frame_raises_an_error_or_a_limit_or_keeps_the_site_from_being_planned(
    version: Version, frames: list[Any]
) -> None:
    live = LIVE[version]
    for k, frame in enumerate(frames):
        live, _ = heard(live, "east", list(frame) if isinstance(frame, tuple) else frame, NOON + minutes(k), b"")

    for record in live.state.evses.values():
        limit_kw = expected_kw(record, NOON + minutes(10))
        assert limit_kw is None or limit_kw <= 11.04 + 1e-9
    assert validate(next_scenario(live.state, live.site, None, (), NOON + minutes(10))) == ()


@pytest.mark.parametrize(
    ("frame", "defect"),
    [
        ('[2, "x", "Heartbeat", {', "a frame that is no JSON"),
        ([2, "x", "MeterValues"], "a frame that is cut short"),
        ([9, "x"], "a frame that is no OCPP message"),
        ([], "a frame that is no OCPP message"),
        (None, "a frame that is no OCPP message"),
    ],
)
def test_a_broken_frame_is_counted_as_what_it_is(frame: Any, defect: str) -> None:
    site = operations()

    heard_of = site.hear("yard", "east", frame, NOON)

    assert heard_of.defects == (defect,)
    assert site.store.load("yard").state.stations["east"].defects == {defect: 1}


def test_words_that_a_version_does_not_know_are_counted_and_change_nothing_else() -> None:
    site = operations()
    before = site.store.load("yard").state.evses

    told = {"connectorId": 1, "status": "Charging!", "errorCode": "NoError", "timestamp": NOON.isoformat()}
    site.hear("yard", "east", [2, "x", "StatusNotification", told], NOON)

    assert site.store.load("yard").state.evses == before
    assert site.store.load("yard").state.stations["east"].defects == {"status 'Charging!' is not one of 1.6": 1}


@pytest.mark.parametrize("told", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2150-01-01T00:00:00Z"])
def test_times_of_no_calendar_of_ours_keep_no_site_from_being_planned(told: str) -> None:
    site = operations(version=Version.V201)
    began = {"eventType": "Started", "evse": {"id": 1}, "transactionInfo": {"transactionId": "t"}}
    periods = [{"startPeriod": 0, "limit": 10.0}]
    schedule = {"id": 1, "startSchedule": told, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}
    limit = {"chargingLimit": {"chargingLimitSource": "EMS"}, "evseId": 1, "chargingSchedule": [schedule]}
    needs = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "AC_three_phase", "departureTime": told}}

    for k, call in enumerate(
        (("TransactionEvent", began), ("NotifyChargingLimit", limit), ("NotifyEVChargingNeeds", needs))
    ):
        site.hear("yard", "east", [2, f"m{k}", *call], NOON)

    assert site.plan_site("yard", NOON).error is None
