"""Vehicles whose energy is followed: what is refused, what is assumed, what survives the way to JSON and back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.domain.completion import complete
from models.domain.horizon import Horizon, Stretch
from models.domain.scenario import Scenario
from models.domain.session import Session, TaperPoint, Vehicle, Visit
from models.domain.site import Evse, GridNode, MeasuringPoint, Site
from models.domain.tariff import Tariff
from models.domain.validation import validate
from models.domain.value import Step
from models.domain.wire import read_scenario, scenario_json

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TWO = NOON + timedelta(hours=2)
VAN = Vehicle(id="van", battery_capacity_kwh=60.0, max_discharge_kw=10.0)
STAY = Session(
    id="s", evse="kerb", arrival=NOON, departure=TWO, vehicle=VAN, soc=0.5, soc_target=0.8, allows_discharge=True
)


def yard(session: Session, *, gives_kw: float | None = 10.0) -> Scenario:
    evse = Evse(id="kerb", node="grid", max_power_kw=11.0, max_discharge_kw=gives_kw)
    site = Site(id="yard", nodes=(GridNode(id="grid", continuous_factor=1.0),), evses=(evse,))
    tariff = Tariff(currency="EUR", import_price=0.3)
    return Scenario(
        site=site,
        sessions=(session,),
        tariff=tariff,
        horizon=Horizon(start=NOON, stretches=(Stretch(count=1, minutes=60.0),)),
    )


def of_van(**changes: object) -> Vehicle:
    return replace(VAN, **changes)  # type: ignore[arg-type]  # names of its fields


def completed(session: Session) -> Session:
    return complete(yard(session)).scenario.sessions[0]


def told(session: Session) -> dict[str, str]:
    return {assumption.what: assumption.value for assumption in complete(yard(session)).assumptions}


def test_a_v2g_session_survives_the_way_to_json_and_back() -> None:
    taper = (TaperPoint(soc=0.0, power_kw=11.0), TaperPoint(soc=1.0, power_kw=0.0))
    floor = (Step(start=NOON, value=20.0), Step(start=TWO, value=30.0))
    scenario = yard(replace(STAY, vehicle=of_van(taper=taper), energy_floor_kwh=floor, energy_ceiling_kwh=50.0))

    assert read_scenario(scenario_json(scenario)) == scenario
    assert not validate(scenario)


LATER_LOW = (Step(start=NOON, value=50.0), Step(start=NOON + timedelta(hours=1), value=15.0))


@pytest.mark.parametrize(
    ("session", "path"),
    [
        (replace(STAY, soc=1.1), "sessions[0].soc"),
        (replace(STAY, soc=None), "sessions[0].soc"),
        (replace(STAY, vehicle=of_van(battery_capacity_kwh=None)), "sessions[0].vehicle.battery_capacity_kwh"),
        (replace(STAY, energy_target_kwh=5.0), "sessions[0].soc_target"),
        (replace(STAY, soc_minimum=0.9), "sessions[0].soc_minimum"),
        (replace(STAY, energy_floor_kwh=61.0), "sessions[0].energy_floor_kwh"),
        (replace(STAY, energy_floor_kwh=20.0, energy_ceiling_kwh=LATER_LOW), "sessions[0].energy_floor_kwh"),
        (replace(STAY, soc_reserve=0.5, energy_ceiling_kwh=20.0), "sessions[0].soc_reserve"),
        (replace(STAY, soc_target=None, energy_target_kwh=31.0), "sessions[0].energy_target_kwh"),
        (replace(STAY, retail_price_per_kwh=0.4, discharge_price_per_kwh=0.44), "sessions[0].discharge_price_per_kwh"),
        (replace(STAY, vehicle=of_van(discharge_efficiency=0.0)), "sessions[0].vehicle.discharge_efficiency"),
        (
            replace(STAY, vehicle=of_van(taper=(TaperPoint(soc=0.5, power_kw=9.0), TaperPoint(soc=0.5, power_kw=3.0)))),
            "sessions[0].vehicle.taper[1].soc",
        ),
    ],
    ids=[
        "more than full",
        "a wish without a state of charge",
        "a wish without a capacity",
        "two wishes",
        "a promise above the wish",
        "a floor above the capacity",
        "a floor above a ceiling that comes later",
        "a reserve above the ceiling",
        "a wish that does not fit",
        "a driver who pays for the cycling",
        "nothing comes back",
        "a curve that stands still",
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(session: Session, path: str) -> None:
    (finding,) = validate(yard(session))

    assert finding.path == path
    assert finding.remedy


def test_a_kwh_given_back_must_be_paid_with_what_it_has_cost() -> None:
    """0.40 EUR at the meter became 0.95 kWh inside, of which 0.9025 come back: 0.4432 EUR for each."""
    paid = replace(STAY, retail_price_per_kwh=0.4, discharge_price_per_kwh=0.4433)

    assert not validate(yard(paid))
    (finding,) = validate(yard(replace(paid, discharge_price_per_kwh=0.4431)))
    assert "0.4432" in finding.message


def test_a_visit_asks_for_no_more_than_fits() -> None:
    visit = Visit(id="v", vehicle=VAN, arrival=NOON, departure=TWO, evse="kerb", soc_at_arrival=0.5,
                  energy_needed_kwh=31.0, measured_at=MeasuringPoint.BATTERY)  # fmt: skip
    scenario = replace(yard(STAY), sessions=(), visits=(visit,))

    assert [finding.path for finding in validate(scenario)] == ["visits[0].energy_needed_kwh"]


def test_a_target_in_states_of_charge_becomes_energy_at_battery() -> None:
    """From 0.5 to 0.8 of 60 kWh."""
    session = completed(replace(STAY, soc_minimum=0.6))

    assert session.energy_target_kwh == pytest.approx(18.0)
    assert session.energy_minimum_kwh == pytest.approx(6.0)
    assert session.measured_at is MeasuringPoint.BATTERY


def test_a_target_below_what_is_inside_wants_nothing_more() -> None:
    assert completed(replace(STAY, soc_target=0.3)).energy_target_kwh == 0.0


def test_what_following_a_battery_needs_is_assumed_and_told() -> None:
    session = completed(STAY)

    assert session.vehicle is not None
    assert (session.vehicle.charge_efficiency, session.vehicle.discharge_efficiency) == (0.95, 0.95)
    assert session.soc_reserve == 0.2
    assert session.terminal_value_per_kwh == pytest.approx(0.3 * 0.95)
    assert {"sessions[*].vehicle.charge_efficiency", "sessions[*].soc_reserve"} <= told(STAY).keys()


def test_without_a_state_of_charge_nothing_is_given_back_and_that_is_told() -> None:
    unknown = replace(STAY, soc=None, soc_target=None, energy_target_kwh=5.0)

    assert told(unknown)["sessions[0].soc"] == "neither V2G nor taper nor ceiling is planned"
    assert completed(unknown).vehicle == VAN


@pytest.mark.parametrize("without", ["consent", "EVSE", "vehicle"])
def test_v2g_needs_evse_vehicle_and_driver(without: str) -> None:
    session = replace(STAY, allows_discharge=without != "consent")
    session = replace(session, vehicle=of_van(max_discharge_kw=None)) if without == "vehicle" else session
    scenario = yard(session, gives_kw=None if without == "EVSE" else 10.0)

    assert complete(scenario).scenario.sessions[0].soc_reserve is None


def test_a_meter_above_the_target_is_told_and_refused_by_nobody() -> None:
    sated = Session(id="s", evse="kerb", arrival=NOON, departure=TWO, energy_target_kwh=5.0, delivered_kwh=6.5)

    assert not validate(yard(sated))
    assert told(sated)["sessions[0].delivered_kwh"] == "1.5 kWh above the target: no more is wanted"


def test_of_a_silent_driver_no_more_is_assumed_than_fits_into_the_battery() -> None:
    """0.9 of 60 kWh are inside: 6 kWh fit, which are 6 / 0.95 at the meter; 20 kWh would be assumed."""
    silent = replace(STAY, soc=0.9, soc_target=None)

    assert completed(silent).energy_target_kwh == pytest.approx(6.0 / 0.95)
