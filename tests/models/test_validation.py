"""What is wrong with a scenario is told at once: where, what, and the way out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.domain.before import MissedBefore, PlannedBefore
from models.domain.checks.span import too_many_powers
from models.domain.findings import Finding
from models.domain.horizon import Horizon, Stretch
from models.domain.installed import Installed, InstalledProfile
from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle, Visit
from models.domain.signal import Cap
from models.domain.site import (
    BaseLoad,
    Connector,
    CurrentType,
    Evse,
    GridNode,
    LimitKind,
    MeasuringPoint,
    Phase,
    PhaseSeries,
    PowerCabinet,
    SessionDefaults,
    Site,
    Station,
    Tier,
    Transformer,
    Wiring,
)
from models.domain.tariff import (
    BillingPeriod,
    ClassLimit,
    CoincidentPeak,
    Contract,
    DayKind,
    DemandCharge,
    DemandTier,
    PriceSeries,
    Rate,
    Tariff,
    TimeClasses,
    TimeOfUse,
    Window,
)
from models.domain.validation import contradictions, validate, validate_sessions
from models.domain.value import Step
from tests.reference_time import best_s

SIX = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
FOUR_HOURS = Horizon(start=SIX, stretches=(Stretch(count=16, minutes=15.0),))
GRID = GridNode(id="grid", import_limit_kw=50.0)
SIXTY_KWH = Vehicle(id="V", battery_capacity_kwh=60.0)


def at(hour: float) -> datetime:
    return SIX + timedelta(hours=hour)


def bay(name: str = "bay-1", **given: Any) -> Evse:
    fields: dict[str, Any] = {"id": name, "node": "grid", "max_power_kw": 11.0} | given
    return Evse(**fields)


def car(name: str = "car-1", **given: Any) -> Session:
    fields: dict[str, Any] = {"id": name, "evse": "bay-1", "arrival": SIX, "departure": at(4)} | given
    return Session(**fields)


def van(**given: Any) -> Visit:
    fields: dict[str, Any] = {"id": "van-1", "vehicle": Vehicle(id="V"), "arrival": SIX, "departure": at(4)} | given
    return Visit(**fields)


def site(**given: Any) -> Site:
    fields: dict[str, Any] = {"id": "yard", "nodes": (GRID,), "evses": (bay("bay-1"), bay("bay-2"))} | given
    return Site(**fields)


def scenario(at_site: Site | None = None, **given: Any) -> Scenario:
    fields: dict[str, Any] = {"site": at_site or site(), "sessions": (car(),), "horizon": FOUR_HOURS} | given
    return Scenario(**fields)


def priced(price: float | TimeOfUse | PriceSeries, **given: Any) -> Scenario:
    return scenario(tariff=Tariff(currency="EUR", import_price=price), **given)


def steps(*hours: float, value: float = 0.2) -> tuple[Step, ...]:
    return tuple(Step(start=at(hour), value=value) for hour in hours)


def charge(**given: Any) -> Scenario:
    fields: dict[str, Any] = {"id": "peak", "rate_per_kw": 10.0} | given
    demand = DemandCharge(**fields)
    return scenario(tariff=Tariff(currency="EUR", import_price=0.2, demand_charges=(demand,)))


def told(of: Scenario) -> list[tuple[str, str]]:
    return [(finding.path, finding.message) for finding in validate(of)]


def only(findings: Sequence[Finding]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]


def test_a_plain_site_has_no_findings() -> None:
    assert validate(scenario()) == ()


SITES: dict[str, tuple[Site, str, str]] = {
    "a node's parent does not exist": (
        site(nodes=(GRID, GridNode(id="hall", parent="gird"))),
        "site.nodes[1].parent",
        "node hall: node gird does not exist",
    ),
    "no root": (
        site(nodes=(GridNode(id="a", parent="grid"), GridNode(id="grid", parent="a"))),
        "site.nodes",
        "no node is without a parent, so there is no site connection",
    ),
    "a ring": (
        site(nodes=(GRID, *(GridNode(id=a, parent=b) for a, b in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))))),
        "site.nodes[1].parent",
        "nodes a > b > c > a feed each other in a ring",
    ),
    "two roots": (site(nodes=(GRID, GridNode(id="other"))), "site.nodes", "2 nodes are without a parent: grid, other"),
    "no nodes": (site(nodes=(), evses=()), "site.nodes", "no node is without a parent, so there is no site connection"),
    "two nodes of one id": (
        site(nodes=(GRID, replace(GRID, parent="grid"))),
        "site.nodes[1].id",
        "node grid: site.nodes[0] has the same id",
    ),
    "two EVSEs of one id": (
        site(evses=(bay(), bay(station="other"))),
        "site.evses[1].id",
        "EVSE bay-1: site.evses[0] has the same id",
    ),
    "two connectors of one id": (
        site(evses=(bay(connectors=(Connector(id=1), Connector(id=1))),)),
        "site.evses[0].connectors[1].id",
        "connector 1: site.evses[0].connectors[0] has the same id",
    ),
    "two EVSEs of one number at a station": (
        site(evses=(bay(station="CS"), bay("bay-2", station="CS"))),
        "site.evses[1].evse_number",
        "EVSE bay-2: EVSE bay-1 is number 1 of station CS too",
    ),
    "an EVSE at no node": (
        site(evses=(bay(node="hall"),)),
        "site.evses[0].node",
        "EVSE bay-1: node hall does not exist",
    ),
    "a station that is not listed": (
        site(evses=(bay(station="CS2"),), stations=(Station(id="CS1"),)),
        "site.evses[0].station",
        "EVSE bay-1: station CS2 does not exist",
    ),
    "a base load at no node": (
        site(base_loads=(BaseLoad(node="hall", expected_kw=3.0),)),
        "site.base_loads[0].node",
        "base load: node hall does not exist",
    ),
    "a limit below zero": (
        site(nodes=(replace(GRID, import_limit_kw=-5.0),)),
        "site.nodes[0].import_limit_kw",
        "node grid: import_limit_kw is -5, below 0",
    ),
    "a step of a limit below zero": (
        site(nodes=(replace(GRID, import_limit_kw=(Step(start=SIX, value=5.0), Step(start=at(1), value=-5.0))),)),
        "site.nodes[0].import_limit_kw[1].value",
        "node grid: import_limit_kw is -5, below 0",
    ),
    "a current limit of a phase below zero": (
        site(nodes=(replace(GRID, current_limit_a=PhaseSeries(L1=63.0, L2=-63.0)),)),
        "site.nodes[0].current_limit_a.L2",
        "node grid: current_limit_a is -63, below 0",
    ),
    "a current limit without phases": (
        site(nodes=(replace(GRID, current_limit_a=PhaseSeries()),)),
        "site.nodes[0].current_limit_a",
        "node grid: current_limit_a names no phase and limits nothing",
    ),
    "a factor above one": (
        site(nodes=(replace(GRID, continuous_factor=1.25),)),
        "site.nodes[0].continuous_factor",
        "node grid: continuous_factor is 1.25, above 1",
    ),
    "a transformer without voltage": (
        site(nodes=(replace(GRID, transformer=Transformer(primary_voltage_v=0.0, secondary_voltage_v=400.0)),)),
        "site.nodes[0].transformer.primary_voltage_v",
        "transformer: primary_voltage_v is 0, below 1",
    ),
    "an AC EVSE without power": (
        site(evses=(bay(max_power_kw=None),)),
        "site.evses[0].max_current_a",
        "EVSE bay-1: neither a current nor a power is given",
    ),
    "a DC EVSE with a current only": (
        site(evses=(bay(current=CurrentType.DC, max_power_kw=None, max_current_a=200.0),)),
        "site.evses[0].max_power_kw",
        "EVSE bay-1: a DC EVSE has no max_power_kw",
    ),
    "an efficiency of zero": (
        site(evses=(bay(conversion_efficiency=0.0),)),
        "site.evses[0].conversion_efficiency",
        "EVSE bay-1: conversion_efficiency is 0, below 0.01",
    ),
    "a phase twice": (
        site(evses=(bay(phases=(Phase.L1, Phase.L1)),)),
        "site.evses[0].phases",
        "EVSE bay-1: a phase is named twice in L1, L1",
    ),
    "no phase": (site(evses=(bay(phases=()),)), "site.evses[0].phases", "EVSE bay-1: no phase is named"),
    "one line to itself": (
        site(evses=(bay(wiring=Wiring.LINE_TO_LINE, phases=(Phase.L1,)),)),
        "site.evses[0].phases",
        "EVSE bay-1: a load between lines has fewer than two phases",
    ),
    "pilot levels out of order": (
        site(evses=(bay(pilot_levels_a=(0.0, 16.0, 8.0)),)),
        "site.evses[0].pilot_levels_a",
        "EVSE bay-1: the levels are not in ascending order",
    ),
    "a pilot level below zero": (
        site(evses=(bay(pilot_levels_a=(-6.0, 16.0)),)),
        "site.evses[0].pilot_levels_a[0]",
        "EVSE bay-1: pilot_levels_a is -6, below 0",
    ),
    "an outlet of two cabinets": (
        site(cabinets=tuple(PowerCabinet(id=c, node="grid", evses=("bay-1",), total_kw=300.0) for c in "AB")),
        "site.cabinets[1].evses[0]",
        "cabinet B: EVSE bay-1 is in cabinet A already",
    ),
    "an outlet that does not exist": (
        site(cabinets=(PowerCabinet(id="A", node="grid", evses=("bay-1", "bay-9"), total_kw=300.0),)),
        "site.cabinets[0].evses[1]",
        "cabinet A: EVSE bay-9 does not exist",
    ),
    "an unknown time zone": (
        site(time_zone="Europe/Berlinn"),
        "site.time_zone",
        'time zone "Europe/Berlinn" is not known',
    ),
    "a stay of no time": (
        site(session_defaults=SessionDefaults(stay_h=0.0)),
        "site.session_defaults.stay_h",
        "session defaults: stay_h is 0, not above 0",
    ),
    "an unlimited limit": (
        site(nodes=(replace(GRID, import_limit_kw=float("inf")),)),
        "site.nodes[0].import_limit_kw",
        "node grid: import_limit_kw is inf, which no site can have",
    ),
    "a limit of two terawatts": (
        site(nodes=(replace(GRID, import_limit_kw=2e9),)),
        "site.nodes[0].import_limit_kw",
        "node grid: import_limit_kw is 2e+09, which no site can have",
    ),
    "a voltage that is no number": (
        site(voltage_v=float("nan")),
        "site.voltage_v",
        "site yard: voltage_v is nan, which no site can have",
    ),
}


@pytest.mark.parametrize(("wrong", "path", "message"), SITES.values(), ids=SITES)
def test_a_defect_of_a_site_is_told_at_its_place(wrong: Site, path: str, message: str) -> None:
    assert (path, message) in told(scenario(wrong))


STAYS: dict[str, tuple[dict[str, Any], str, str]] = {
    "departure before arrival": (
        {"sessions": (car(departure=at(-1)),)},
        "sessions[0].departure",
        "session car-1: departure 2026-03-02T17:00:00+00:00 is not after arrival 2026-03-02T18:00:00+00:00",
    ),
    "departure at arrival": (
        {"sessions": (car(departure=SIX),)},
        "sessions[0].departure",
        "session car-1: departure 2026-03-02T18:00:00+00:00 is not after arrival 2026-03-02T18:00:00+00:00",
    ),
    "a visit that leaves before it comes": (
        {"visits": (van(departure=at(-1)),)},
        "visits[0].departure",
        "visit van-1: departure 2026-03-02T17:00:00+00:00 is not after arrival 2026-03-02T18:00:00+00:00",
    ),
    "an EVSE that does not exist": (
        {"sessions": (car(evse="bay-9"),)},
        "sessions[0].evse",
        "session car-1: EVSE bay-9 does not exist",
    ),
    "a tier that does not exist": (
        {"sessions": (car(tier="gold"),)},
        "sessions[0].tier",
        "session car-1: tier gold does not exist",
    ),
    "an EVSE of a pool that does not exist": (
        {"visits": (van(pool=("bay-1", "bay-9")),)},
        "visits[0].pool[1]",
        "visit van-1: EVSE bay-9 does not exist",
    ),
    "two sessions of one id": (
        {"sessions": (car(), car(evse="bay-2"))},
        "sessions[1].id",
        "session car-1: sessions[0] has the same id",
    ),
    "energy below zero": (
        {"sessions": (car(energy_target_kwh=-3.0),)},
        "sessions[0].energy_target_kwh",
        "session car-1: energy_target_kwh is -3, below 0",
    ),
    "a promise above the target": (
        {"sessions": (car(energy_target_kwh=10.0, energy_minimum_kwh=12.0),)},
        "sessions[0].energy_minimum_kwh",
        "session car-1: energy_minimum_kwh 12 is above energy_target_kwh 10",
    ),
    "a promise above the need of a visit": (
        {"visits": (van(energy_needed_kwh=10.0, energy_minimum_kwh=12.0),)},
        "visits[0].energy_minimum_kwh",
        "visit van-1: energy_minimum_kwh 12 is above energy_needed_kwh 10",
    ),
    "a need told twice": (
        {"visits": (van(vehicle=SIXTY_KWH, energy_needed_kwh=10.0, soc_needed=0.8, soc_at_arrival=0.2),)},
        "visits[0].soc_needed",
        "visit van-1: both soc_needed and energy_needed_kwh are given",
    ),
    "a state of charge of an unknown battery": (
        {"visits": (van(soc_needed=0.8, soc_at_arrival=0.2),)},
        "visits[0].vehicle.battery_capacity_kwh",
        "visit van-1: soc_needed is given without a battery capacity",
    ),
    "a state of charge in percent": (
        {"visits": (van(vehicle=SIXTY_KWH, soc_needed=80.0, soc_at_arrival=0.2),)},
        "visits[0].soc_needed",
        "visit van-1: soc_needed is 80, above 1",
    ),
    "four phases of a vehicle": (
        {"sessions": (car(vehicle=Vehicle(id="V", phases=4)),)},
        "sessions[0].vehicle.phases",
        "vehicle V: phases is 4, above 3",
    ),
    "a signal at no node": (
        {"signals": (Cap(id="dr", start=SIX, end=at(1), import_limit_kw=5.0, node="hall"),)},
        "signals[0].node",
        "signal dr: node hall does not exist",
    ),
    "a signal that ends before it starts": (
        {"signals": (Cap(id="dr", start=SIX, end=at(-1), import_limit_kw=5.0),)},
        "signals[0].end",
        "signal dr: end 2026-03-02T17:00:00+00:00 is not after start 2026-03-02T18:00:00+00:00",
    ),
    "a signal below zero": (
        {"signals": (Cap(id="dr", start=SIX, end=at(1), import_limit_kw=-5.0),)},
        "signals[0].import_limit_kw",
        "signal dr: import_limit_kw is -5, below 0",
    ),
    "a horizon without periods": (
        {"horizon": Horizon(start=SIX, stretches=())},
        "horizon.stretches",
        "the horizon has no periods",
    ),
    "periods of no length": (
        {"horizon": Horizon(start=SIX, stretches=(Stretch(count=4, minutes=0.0),))},
        "horizon.stretches[0].minutes",
        "stretch: minutes is 0, below 0.1",
    ),
    "a horizon of 36 days": (
        {"horizon": Horizon(start=SIX, stretches=(Stretch(count=36 * 24, minutes=60.0),))},
        "horizon.stretches",
        "the horizon is 36 days long, more than 35",
    ),
    "a horizon of more periods than minutes": (
        {
            "horizon": Horizon(
                start=SIX, stretches=(Stretch(count=50_000, minutes=0.1), Stretch(count=500, minutes=0.1))
            )
        },
        "horizon.stretches",
        "the horizon has 50500 periods, more than 50400",
    ),
    "nothing that has a time": (
        {"sessions": (), "horizon": None},
        "horizon",
        "there is no session, visit at an EVSE, signal or dated price from which a horizon could be taken",
    ),
}


@pytest.mark.parametrize(("given", "path", "message"), STAYS.values(), ids=STAYS)
def test_a_defect_of_who_is_there_is_told_at_its_place(given: dict[str, Any], path: str, message: str) -> None:
    assert (path, message) in told(scenario(**given))


@pytest.mark.parametrize("name", STAYS)
def test_a_defect_of_a_session_is_found_without_the_rest_of_the_scenario(name: str) -> None:
    found = validate(scenario(**STAYS[name][0]))
    about = tuple(finding for finding in found if finding.path.startswith("sessions["))

    assert validate_sessions(scenario(**STAYS[name][0])) == about or len(about) < len(found)


def test_stays_that_could_have_too_many_powers_are_counted_period_by_period() -> None:
    """Where all of them are there all the time there are too many; where they come for an hour each there are not."""
    month = Horizon(start=SIX, stretches=(Stretch(count=35 * 24 * 12, minutes=5.0),))
    for stay_h, fits in ((1.0, True), (30 * 24.0, False)):
        many = tuple(car(f"car-{k}", evse=f"bay-{k}", departure=at(stay_h)) for k in range(250))
        told_of = [finding.message for finding in too_many_powers(scenario(sessions=many), month)]
        assert bool(told_of) is not fits


def test_every_finding_has_a_way_out_and_all_are_told_at_once() -> None:
    findings = [finding for wrong, _, _ in SITES.values() for finding in validate(scenario(wrong))]
    findings += [finding for given, _, _ in STAYS.values() for finding in validate(scenario(**given))]
    assert all(finding.remedy for finding in findings)
    sessions = (car(departure=at(-1), energy_target_kwh=-1.0), car("car-2", evse="bay-9", tier="gold"))
    assert {finding.path for finding in validate(scenario(sessions=sessions))} == {
        "sessions[0].departure",
        "sessions[0].energy_target_kwh",
        "sessions[1].evse",
        "sessions[1].tier",
    }


def test_a_dead_reference_names_what_it_could_have_been() -> None:
    finding = only(validate(scenario(sessions=(car(evse="bay-9"),))))
    assert finding.remedy == "write one of bay-1, bay-2, or add it to site.evses"
    assert finding.ids == ("car-1", "bay-9")


def test_a_connector_is_looked_for_only_where_some_are_listed() -> None:
    listed = site(evses=(bay(connectors=(Connector(id=1), Connector(id=2))),))
    finding = only(validate(scenario(listed, sessions=(car(connector=3),))))
    assert (finding.path, finding.message) == ("sessions[0].connector", "session car-1: EVSE bay-1 has no connector 3")
    assert validate(scenario(sessions=(car(connector=3),))) == ()


def test_two_sessions_at_one_evse_at_once_are_both_named() -> None:
    sessions = (car("late", arrival=at(3), departure=at(5)), car("early", departure=at(4)))
    finding = only(validate(scenario(sessions=sessions)))
    assert finding.path == "sessions[0].arrival"
    assert finding.ids == ("early", "late")
    assert finding.message == (
        "session late arrives at EVSE bay-1 at 2026-03-02T21:00:00+00:00, "
        "but session early stays until 2026-03-02T22:00:00+00:00"
    )


def test_a_session_inside_a_longer_one_is_found_behind_a_short_one() -> None:
    sessions = (car("long", departure=at(4)), car("a", arrival=at(1), departure=at(2)), car("b", arrival=at(3)))
    assert [f.ids for f in validate(scenario(sessions=sessions))] == [("long", "a"), ("long", "b")]


def test_one_car_may_come_when_the_other_leaves() -> None:
    assert validate(scenario(sessions=(car(departure=at(2)), car("car-2", arrival=at(2))))) == ()


def test_a_session_without_departure_is_there_for_good() -> None:
    finding = only(validate(scenario(sessions=(car(departure=None), car("car-2", arrival=at(3), departure=at(4))))))
    assert finding.message.endswith("but session car-1 stays for an unknown time")
    assert finding.remedy.endswith("or write the departure of session car-1")


NAIVE: dict[str, tuple[datetime, str, str, str]] = {
    "a plain evening": (
        datetime(2026, 3, 3, 7, 0),
        "Europe/Berlin",
        "session car-1: departure 2026-03-03T07:00:00 has no offset to UTC",
        "write 2026-03-03T07:00:00+01:00 if it is local time of Europe/Berlin",
    ),
    "a time that the clock skips": (
        datetime(2026, 3, 29, 2, 30),
        "Europe/Berlin",
        "session car-1: departure 2026-03-29T02:30:00 does not exist in Europe/Berlin",
        "the clock is moved ahead then: write 2026-03-29T01:30:00+01:00 or 2026-03-29T03:30:00+02:00",
    ),
    "a time that the clock repeats": (
        datetime(2026, 10, 25, 2, 30),
        "Europe/Berlin",
        "session car-1: departure 2026-10-25T02:30:00 happens twice in Europe/Berlin",
        "write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00",
    ),
    "half an hour that is skipped": (
        datetime(2026, 10, 4, 2, 15),
        "Australia/Lord_Howe",
        "session car-1: departure 2026-10-04T02:15:00 does not exist in Australia/Lord_Howe",
        "the clock is moved ahead then: write 2026-10-04T01:45:00+10:30 or 2026-10-04T02:45:00+11:00",
    ),
    "an unknown time zone": (
        datetime(2026, 3, 3, 7, 0),
        "Mars/Olympus",
        "session car-1: departure 2026-03-03T07:00:00 has no offset to UTC",
        "add it, as in 2026-03-02T17:00:00+01:00",
    ),
}


@pytest.mark.parametrize(("naive", "zone", "message", "remedy"), NAIVE.values(), ids=NAIVE)
def test_a_time_without_offset_is_told_with_what_it_could_mean(
    naive: datetime, zone: str, message: str, remedy: str
) -> None:
    findings = validate(scenario(site(time_zone=zone), sessions=(car(departure=naive),)))
    (finding,) = (finding for finding in findings if finding.path == "sessions[0].departure")
    assert (finding.message, finding.remedy) == (message, remedy)


def test_a_time_without_offset_is_found_wherever_it_is() -> None:
    naive = datetime(2026, 3, 2, 18, 0)
    step, whole_price = (Step(start=naive, value=1.0),), PriceSeries(steps=steps(0), end=naive)
    wrong = scenario(
        site(
            nodes=(replace(GRID, import_limit_kw=step, current_limit_a=PhaseSeries(L2=step)),),
            base_loads=(BaseLoad(node="grid", expected_kw=1.0, high_kw=step),),
        ),
        sessions=(car(arrival=naive),),
        visits=(van(departure=naive),),
        signals=(Cap(id="dr", start=naive, end=at(1), import_limit_kw=5.0),),
        tariff=Tariff(currency="EUR", import_price=whole_price, carbon_intensity=PriceSeries(steps=step)),
        horizon=Horizon(start=naive, stretches=(Stretch(count=4, minutes=15.0),)),
    )
    assert {f.path for f in validate(wrong) if f.message.endswith("has no offset to UTC")} == {
        "site.nodes[0].import_limit_kw[0].start",
        "site.nodes[0].current_limit_a.L2[0].start",
        "site.base_loads[0].high_kw[0].start",
        "sessions[0].arrival",
        "visits[0].departure",
        "signals[0].start",
        "tariff.import_price.end",
        "tariff.carbon_intensity.steps[0].start",
        "horizon.start",
    }


def test_a_time_of_another_century_is_not_believed() -> None:
    finding = only(validate(scenario(sessions=(car(arrival=datetime(1970, 8, 23, tzinfo=UTC)),))))
    assert finding.message == "session car-1: arrival 1970-08-23T00:00:00+00:00 is in the year 1970"


def test_a_stay_over_a_repeated_hour_is_not_backward() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1))
    assert validate(scenario(sessions=(car(arrival=first, departure=second),))) == ()
    assert told(scenario(sessions=(car(arrival=second, departure=first),)))[0][0] == "sessions[0].departure"


def test_steps_are_in_order_of_time_each_once() -> None:
    limits = site(nodes=(replace(GRID, import_limit_kw=steps(0, 2, 1, 1)),))
    assert told(scenario(limits)) == [
        (
            "site.nodes[0].import_limit_kw[2].start",
            "the step of 2026-03-02T19:00:00+00:00 starts before the one listed before it",
        ),
        (
            "site.nodes[0].import_limit_kw[3].start",
            "the step of 2026-03-02T19:00:00+00:00 starts at the same time as the one listed before it",
        ),
    ]


def test_a_series_has_at_least_one_step() -> None:
    assert told(scenario(site(nodes=(replace(GRID, import_limit_kw=()),)))) == [
        ("site.nodes[0].import_limit_kw", "the series has no step")
    ]


def test_a_series_says_something_about_the_beginning_of_the_plan() -> None:
    finding = only(validate(scenario(site(base_loads=(BaseLoad(node="grid", expected_kw=steps(0.5)),)))))
    assert finding.path == "site.base_loads[0].expected_kw[0].start"
    assert finding.message == (
        "the first step starts at 2026-03-02T18:30:00+00:00, after the plan starts at 2026-03-02T18:00:00+00:00"
    )
    assert finding.remedy == "add a step that starts at 2026-03-02T18:00:00+00:00 or before"


def test_a_missing_hour_of_day_ahead_prices_is_a_price_gap_that_names_it() -> None:
    finding = only(validate(priced(PriceSeries(steps=steps(0, 1, 4, 5, 6)))))
    assert finding.path == "tariff.import_price.steps[2]"
    assert finding.message == "price gap: no step for 2026-03-02T20:00:00+00:00, 2026-03-02T21:00:00+00:00"
    assert finding.remedy == "add these steps; repeat the price where it did not change"


def test_a_missing_quarter_is_a_gap_also_when_the_end_is_given() -> None:
    series = PriceSeries(steps=steps(0, 0.25, 0.75, 1.0, 1.25), end=at(9))
    assert told(priced(series)) == [
        ("tariff.import_price.steps[2]", "price gap: no step for 2026-03-02T18:30:00+00:00")
    ]


def test_a_missing_hour_of_emissions_is_a_gap_too() -> None:
    tariff = Tariff(currency="EUR", import_price=0.2, carbon_intensity=PriceSeries(steps=steps(0, 1, 2, 4)))
    assert [path for path, _ in told(scenario(tariff=tariff))] == ["tariff.carbon_intensity.steps[3]"]


def test_steps_of_a_tariff_that_somebody_wrote_down_may_have_any_length() -> None:
    assert validate(priced(PriceSeries(steps=steps(-12, -4, 3, 20)))) == ()


def test_hourly_prices_are_valid_for_an_hour_after_the_last_one_and_no_longer() -> None:
    assert validate(priced(PriceSeries(steps=steps(0, 1, 2, 3)))) == ()  # until the end of the horizon
    finding = only(validate(priced(PriceSeries(steps=steps(0, 1, 2)))))
    assert finding.path == "tariff.import_price.steps"
    assert finding.message == (
        "price gap: prices end at 2026-03-02T21:00:00+00:00, but the plan goes on until 2026-03-02T22:00:00+00:00"
    )
    assert "tariff.import_price.end" in finding.remedy


def test_prices_with_an_end_are_valid_until_then() -> None:
    assert validate(priced(PriceSeries(steps=steps(0, 1, 2), end=at(4)))) == ()
    assert told(priced(PriceSeries(steps=steps(0), end=at(3))))[0][0] == "tariff.import_price.end"


def test_without_a_horizon_prices_have_to_last_until_the_default_one_ends() -> None:
    open_end = car(departure=None)  # eight hours by default
    assert validate(priced(PriceSeries(steps=steps(*range(8))), sessions=(open_end,), horizon=None)) == ()
    short = priced(PriceSeries(steps=steps(*range(7))), sessions=(open_end,), horizon=None)
    assert only(validate(short)).path == "tariff.import_price.steps"


def test_hours_without_a_rate_are_a_price_gap_in_words() -> None:
    night = Rate(price_per_kwh=0.1, windows=(Window(start="22:00", end="06:00"),))
    summer = Rate(price_per_kwh=0.2, windows=(Window(season_start="06-01", season_end="09-30"),))
    finding = only(validate(priced(TimeOfUse(rates=(night, summer)))))
    assert finding.path == "tariff.import_price.rates"
    assert finding.message == (
        "price gap: no rate for weekday, saturday, sunday, 01-01 to 05-31, 06:00 to 22:00; "
        "weekday, saturday, sunday, 10-01 to 12-31, 06:00 to 22:00"
    )
    assert validate(priced(TimeOfUse(rates=(night, Rate(price_per_kwh=0.2))))) == ()


WINDOWS = {
    "season_start": (Window(season_start="02-30"), "'02-30' is no day of a year"),
    "season_end": (Window(season_end="6-1"), "'6-1' is no day of a year"),
    "start": (Window(start="7:00"), "'7:00' is no time of day"),
    "end": (Window(end="24:01"), "'24:01' is no time of day"),
}


@pytest.mark.parametrize("field", WINDOWS)
def test_a_malformed_window_is_told_at_its_place(field: str) -> None:
    window, message = WINDOWS[field]
    rated = TimeOfUse(rates=(Rate(price_per_kwh=0.1), Rate(price_per_kwh=0.2, windows=(Window(), window))))
    assert told(priced(rated)) == [(f"tariff.import_price.rates[1].windows[1].{field}", message)]
    assert told(charge(windows=(window,))) == [(f"tariff.demand_charges[0].windows[0].{field}", message)]


def test_a_window_may_have_times_that_a_clock_change_skips() -> None:
    skipped = Window(days=tuple(DayKind), start="02:15", end="02:45")
    sunday = Horizon(start=datetime(2026, 3, 28, 23, 0, tzinfo=UTC), stretches=(Stretch(count=24, minutes=60.0),))
    rates = TimeOfUse(rates=(Rate(price_per_kwh=0.1, windows=(skipped,)), Rate(price_per_kwh=0.2)))
    stay = car(arrival=sunday.start, departure=sunday.end)
    assert (
        validate(replace(priced(rates, sessions=(stay,), horizon=sunday), site=site(time_zone="Europe/Berlin"))) == ()
    )


def test_holidays_of_a_country_without_any_known_are_a_finding() -> None:
    tariff = Tariff(currency="EUR", import_price=0.2, holiday_calendar="XX")
    assert [finding.path for finding in validate(scenario(tariff=tariff))] == ["tariff.holiday_calendar"]


@pytest.mark.parametrize(("minutes", "fits"), [(15.0, True), (5.0, True), (60.0, True), (7.0, False), (1441.0, False)])
def test_a_metering_interval_divides_a_day(minutes: float, fits: bool) -> None:
    wanted = [] if fits else ["tariff.demand_charges[0].demand_interval_min"]
    assert [path for path, _ in told(charge(demand_interval_min=minutes))] == wanted


def test_energy_that_was_metered_is_not_negative() -> None:
    assert told(charge(metered_kwh=-1.0)) == [
        ("tariff.demand_charges[0].metered_kwh", "demand charge peak: metered_kwh is -1, below 0")
    ]


def test_a_rating_at_a_us_site_says_how_much_of_it_may_be_loaded_for_hours() -> None:
    nodes = (
        GRID,
        GridNode(id="amps", parent="grid", current_limit_a=80.0),
        GridNode(id="contract", parent="grid", import_limit_kw=40.0, limit_kind=LimitKind.CONTRACT),
        GridNode(id="group", parent="grid"),
        GridNode(id="said", parent="grid", current_limit_a=80.0, continuous_factor=0.8),
    )
    findings = validate(scenario(site(nodes=nodes, time_zone="America/Los_Angeles")))
    assert [f.path for f in findings] == ["site.nodes[0].continuous_factor", "site.nodes[1].continuous_factor"]
    assert findings[0].remedy.startswith("write 0.8 for a breaker (NEC 625.42), or 1.0")
    assert validate(scenario(site(nodes=nodes, time_zone="Europe/Berlin"))) == ()


@pytest.mark.clock
def test_5000_sessions_are_validated_in_100_ms() -> None:
    evses = tuple(bay(f"bay-{i}") for i in range(500))
    sessions = tuple(
        car(f"car-{i}", evse=f"bay-{i % 500}", arrival=at(i // 500), departure=at(i // 500 + 1)) for i in range(5000)
    )
    large = scenario(site(evses=evses), sessions=sessions)
    assert validate(large) == ()
    assert best_s(lambda: validate(large), times=15) < 0.1


@pytest.mark.parametrize(("sessions", "fits"), [(38, True), (39, False)])
def test_what_no_memory_holds_is_refused_before_it_is_planned(sessions: int, fits: bool) -> None:
    """Five weeks in single minutes are 50,400 periods: 38 stays and a node make 1.97 million powers."""
    minutes = Horizon(start=SIX, stretches=(Stretch(count=50_400, minutes=1.0),))
    evses = tuple(bay(f"bay-{i}") for i in range(sessions))
    stays = tuple(car(f"car-{i}", evse=f"bay-{i}", arrival=SIX, departure=minutes.end) for i in range(sessions))

    found = told(scenario(site(evses=evses), sessions=stays, horizon=minutes))

    message = "stays and nodes have 2016001 powers in these periods, more than 2000000"
    assert found == ([] if fits else [("horizon.stretches", message)])


def test_findings_grow_with_the_sessions_and_not_with_their_square() -> None:
    """Of sessions that all overlap at one EVSE, each is told once."""
    crowd = tuple(car(f"car-{i}") for i in range(2000))
    assert len(validate(scenario(sessions=crowd))) == 1999


def alone(**given: Any) -> Scenario:
    return scenario(site(evses=(bay(**given),)))


IRREDUCIBLE: dict[str, tuple[Scenario, set[str]]] = {
    "the highest current below the smallest": (
        alone(max_current_a=8.0, min_current_a=10.0),
        {"bay-1.min_current_a", "bay-1.max_current_a"},
    ),
    "a power below 6 A on three phases": (
        alone(max_power_kw=3.7),
        {"bay-1.min_current_a", "bay-1.max_power_kw"},
    ),
    "a connector below the smallest current": (
        alone(connectors=(Connector(id=1, max_current_a=5.0),)),
        {"bay-1.min_current_a", "bay-1.connectors.1.max_current_a"},
    ),
    "a vehicle below the smallest current": (
        scenario(sessions=(car(vehicle=Vehicle(id="V", max_current_a=5.0)),)),
        {"bay-1.min_current_a", "car-1.vehicle.max_current_a"},
    ),
    "pilot levels below the smallest current": (
        alone(pilot_levels_a=(0.0, 4.0, 5.0)),
        {"bay-1.pilot_levels_a", "bay-1.min_current_a"},
    ),
    "pilot levels above the highest current": (
        alone(pilot_levels_a=(0.0, 20.0, 32.0), max_current_a=16.0, max_power_kw=None),
        {"bay-1.pilot_levels_a", "bay-1.max_current_a"},
    ),
    "pilot levels on both sides of what is allowed": (
        alone(pilot_levels_a=(0.0, 5.0, 32.0), max_current_a=16.0, max_power_kw=None),
        {"bay-1.pilot_levels_a", "bay-1.min_current_a", "bay-1.max_current_a"},
    ),
    "no pilot level but 0": (alone(pilot_levels_a=(0.0,)), {"bay-1.pilot_levels_a"}),
}


@pytest.mark.parametrize(("contradictory", "ids"), IRREDUCIBLE.values(), ids=IRREDUCIBLE)
def test_contradicting_bounds_of_one_device_are_named_and_are_no_finding_of_validation(
    contradictory: Scenario, ids: set[str]
) -> None:
    assert validate(contradictory) == ()
    finding = only(contradictions(contradictory))
    assert set(finding.ids) == ids
    assert finding.message
    assert finding.remedy


CONSISTENT: dict[str, Scenario] = {
    "6 A on three phases": alone(max_power_kw=4.14),
    "3.7 kW on one phase": alone(max_power_kw=3.7, phases=(Phase.L1,)),
    "a smallest current that is the highest": alone(max_current_a=10.0, min_current_a=10.0),
    "a pilot level that is both": alone(max_current_a=10.0, min_current_a=10.0, pilot_levels_a=(0.0, 10.0)),
    "an EVSE out of service": alone(max_current_a=0.0),
    "a DC EVSE, which has no smallest current": alone(current=CurrentType.DC, max_power_kw=1.0),
    "a DC EVSE, whose power says nothing of its current": alone(
        current=CurrentType.DC, max_power_kw=20.0, min_current_a=100.0
    ),
    "a power at grid": alone(max_power_kw=4.14, measured_at=MeasuringPoint.GRID),
    "a tier nobody has": scenario(site(tiers=(Tier(id="guests"),))),
}


@pytest.mark.parametrize("consistent", CONSISTENT.values(), ids=CONSISTENT)
def test_bounds_that_leave_one_current_do_not_contradict_each_other(consistent: Scenario) -> None:
    assert validate(consistent) == ()
    assert contradictions(consistent) == ()


@pytest.mark.parametrize(
    ("contradictory", "ids"),
    [case for name, case in IRREDUCIBLE.items() if "pilot" in name],
    ids=[name for name in IRREDUCIBLE if "pilot" in name],
)
def test_a_set_without_any_of_its_members_is_no_contradiction(contradictory: Scenario, ids: set[str]) -> None:
    (evse,) = contradictory.site.evses
    without = {
        "bay-1.pilot_levels_a": replace(evse, pilot_levels_a=None),
        "bay-1.min_current_a": replace(evse, min_current_a=0.0),
        "bay-1.max_current_a": replace(evse, max_current_a=None, max_power_kw=99.0),
    }
    for member in ids:
        assert contradictions(scenario(site(evses=(without[member],)))) == (), member


# --- Contracts ---------------------------------------------------------------------------------------------------


def agreed(**given: Any) -> Scenario:
    fields: dict[str, Any] = {"id": "transport", "import_limit_kw": 10.0, "price_per_kwh": 0.5} | given
    return scenario(tariff=Tariff(currency="EUR", import_price=0.2, contracts=(Contract(**fields),)))


HERE = "tariff.contracts[0]"


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({"price_per_kwh": None}, HERE, "contract transport: what an excess costs is missing"),
        ({"import_limit_kw": None}, HERE, "contract transport: it has no limit"),
        ({"import_limit_kw": -1.0}, f"{HERE}.import_limit_kw", "contract transport: import_limit_kw is -1, below 0"),
        ({"price_per_kwh": -0.5}, f"{HERE}.price_per_kwh", "contract transport: price_per_kwh is -0.5, below 0"),
        ({"excess_set_kw": -1.0}, f"{HERE}.excess_set_kw", "contract transport: excess_set_kw is -1, below 0"),
        ({"node": "moon"}, f"{HERE}.node", "contract transport: node moon does not exist"),
        (
            {"import_limit_kw": TimeClasses(classes=())},
            f"{HERE}.import_limit_kw.classes",
            "contract transport: it has no time class",
        ),
        (
            {"import_limit_kw": TimeClasses(classes=(ClassLimit(limit_kw=-2.0),))},
            f"{HERE}.import_limit_kw.classes[0].limit_kw",
            "time class: limit_kw is -2, below 0",
        ),
        (
            {"import_limit_kw": TimeClasses(classes=(ClassLimit(limit_kw=2.0, windows=(Window(start="25:00"),)),))},
            f"{HERE}.import_limit_kw.classes[0].windows[0].start",
            "'25:00' is no time of day",
        ),
        (
            {"import_limit_kw": (Step(start=at(1), value=3.0), Step(start=at(0), value=4.0))},
            f"{HERE}.import_limit_kw[1].start",
            "the step of 2026-03-02T18:00:00+00:00 starts before the one listed before it",
        ),
        (
            {"billing_period": BillingPeriod(first_day=date(2026, 2, 1), last_day=date(2026, 3, 1))},
            f"{HERE}.billing_period",
            "contract transport: billing period 2026-02-01 to 2026-03-01 is not on 2026-03-02, when the plan starts",
        ),
    ],
)
def test_a_contract_that_cannot_be_kept_or_priced_is_told(given: dict[str, Any], path: str, message: str) -> None:
    assert told(agreed(**given)) == [(path, message)]


def test_two_contracts_of_one_name_are_told_apart_by_nobody() -> None:
    site = agreed()
    assert site.tariff is not None
    twice = replace(site, tariff=replace(site.tariff, contracts=site.tariff.contracts * 2))

    assert told(twice) == [("tariff.contracts[1].id", "contract transport: tariff.contracts[0] has the same id")]


def test_windows_of_one_demand_charge_that_overlap_are_told() -> None:
    windows = (
        Window(start="08:00", end="12:00"),
        Window(start="22:00", end="09:00"),
        Window(start="12:00", end="14:00"),
    )

    assert told(charge(windows=windows)) == [
        ("tariff.demand_charges[0].windows[1]", "demand charge peak: windows 0 and 1 are open at the same time")
    ]


def test_windows_of_other_seasons_or_days_do_not_overlap() -> None:
    summer = Window(season_start="06-01", season_end="09-30")
    weekday = Window(season_start="10-01", season_end="05-31", days=(DayKind.WEEKDAY,))
    sunday = Window(season_start="10-01", season_end="05-31", days=(DayKind.SUNDAY,))

    assert told(charge(windows=(summer, weekday, sunday))) == []


@pytest.mark.parametrize(
    ("first", "last", "defect"),
    [
        (date(2026, 3, 3), date(2026, 3, 31), "billing period 2026-03-03 to 2026-03-31 is not on 2026-03-02"),
        (date(2026, 3, 20), date(2026, 2, 20), "billing period 2026-03-20 to 2026-02-20 ends before it begins"),
    ],
)
def test_a_billing_period_in_which_the_plan_does_not_start_is_told(first: date, last: date, defect: str) -> None:
    period = BillingPeriod(first_day=first, last_day=last)

    assert told(charge(billing_period=period)) == [
        ("tariff.demand_charges[0].billing_period", f"demand charge peak: {defect}, when the plan starts")
    ]


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"tiers": (DemandTier(above_kw=10.0, rate_per_kw=1.0),)}, "tiers[0].rate_per_kw",
         "demand charge peak: from 10 kW on a kW costs 1, less than below"),
        ({"tiers": (DemandTier(above_kw=10.0, rate_per_kw=9.0), DemandTier(above_kw=8.0, rate_per_kw=12.0))},
         "tiers[1].above_kw", "demand charge peak: tier 8 kW is listed after tier 10 kW"),
        ({"tiers": (DemandTier(above_kw=0.0, rate_per_kw=9.0),)}, "tiers[0].above_kw",
         "demand tier: above_kw is 0, not above 0"),
        ({"ratchet_share": 1.5}, "ratchet_share", "demand charge peak: ratchet_share is 1.5, above 1"),
        ({"minimum_kw": -2.5}, "minimum_kw", "demand charge peak: minimum_kw is -2.5, below 0"),
        ({"earlier_peaks_kw": (3.0, -4.0)}, "earlier_peaks_kw[1]",
         "demand charge peak: earlier_peaks_kw is -4, below 0"),
    ],
)  # fmt: skip
def test_a_demand_charge_that_falls_or_owes_is_told(given: dict[str, Any], field: str, message: str) -> None:
    assert told(charge(**({"rate_per_kw": 5.0} | given))) == [(f"tariff.demand_charges[0].{field}", message)]


def test_a_chance_is_a_share() -> None:
    network = CoincidentPeak(id="network", price_per_kw=3.0, chance=1.2)
    tariff = Tariff(currency="EUR", import_price=0.2, coincident_peaks=(network,))

    assert told(scenario(tariff=tariff)) == [
        ("tariff.coincident_peaks[0].chance", "coincident peak network: chance is 1.2, above 1")
    ]


# --- What is installed -------------------------------------------------------------------------------------------


def sent(*states: Installed, **given: Any) -> Scenario:
    return replace(scenario(), installed=states, **given)


@pytest.mark.parametrize(
    ("state", "path", "message"),
    [
        (Installed(evse="bay-9"), "installed[0].evse", "what is installed: EVSE bay-9 does not exist"),
        (
            Installed(evse="bay-1", default_kw=-1.0),
            "installed[0].default_kw",
            "what is installed: default_kw is -1, below 0",
        ),
        (
            Installed(evse="bay-1", profiles=(InstalledProfile(power_kw=-2.0),)),
            "installed[0].profiles[0].power_kw",
            "installed profile: power_kw is -2, below 0",
        ),
        (
            Installed(evse="bay-1", profiles=(InstalledProfile(power_kw=()),)),
            "installed[0].profiles[0].power_kw",
            "the series has no step",
        ),
    ],
)
def test_what_is_installed_nowhere_or_below_nothing_is_told(state: Installed, path: str, message: str) -> None:
    assert told(sent(state)) == [(path, message)]


def test_two_states_of_one_evse_are_told() -> None:
    message = "what is installed: installed[0] is of EVSE bay-1 as well"
    assert told(sent(Installed(evse="bay-1"), Installed(evse="bay-1"))) == [("installed[1].evse", message)]


def test_an_acknowledgement_that_comes_before_it_was_asked_for_is_told() -> None:
    message = "scenario: acknowledge_minutes is -1, below 0"
    assert told(sent(acknowledge_minutes=-1.0)) == [("acknowledge_minutes", message)]


def before(session: str = "car-1", *hours: float, end: float = 2.0) -> PlannedBefore:
    return PlannedBefore(session=session, charge_power_kw=steps(*(hours or (0.0, 1.0))), end=at(end))


PASTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a session twice": (
        {"previous": (before(), before("car-2"), before())},
        "previous[2].session",
        "session car-1 is in previous[0] already",
    ),
    "an end before the last setpoint": (
        {"previous": (before(end=1.0),)},
        "previous[0].end",
        "plan before of session car-1: end 2026-03-02T19:00:00+00:00 is not after the last setpoint, "
        "of 2026-03-02T19:00:00+00:00",
    ),
    "setpoints in disorder": (
        {"previous": (before("car-1", 1.0, 0.5),)},
        "previous[0].charge_power_kw[1].start",
        "the step of 2026-03-02T18:30:00+00:00 starts before the one listed before it",
    ),
    "no setpoint": (
        {"previous": (PlannedBefore(session="car-1", charge_power_kw=(), end=at(1.0)),)},
        "previous[0].charge_power_kw",
        "the series has no step",
    ),
    "a setpoint below 0": (
        {"previous": (PlannedBefore(session="car-1", charge_power_kw=steps(0.0, value=-1.0), end=at(1.0)),)},
        "previous[0].charge_power_kw[0].value",
        "plan before: charge_power_kw is -1, below 0",
    ),
    "a driver twice": (
        {"ledger": (MissedBefore(driver="anna", missed_kwh=1.0), MissedBefore(driver="anna", missed_kwh=2.0))},
        "ledger[1].driver",
        "driver anna is in ledger[0] already",
    ),
    "energy that was missed below 0": (
        {"ledger": (MissedBefore(driver="anna", missed_kwh=-1.0),)},
        "ledger[0].missed_kwh",
        "ledger: missed_kwh is -1, below 0",
    ),
    "a price of change below 0": (
        {"tariff": Tariff(currency="EUR", import_price=0.2, change_price_per_kwh=-0.1)},
        "tariff.change_price_per_kwh",
        "tariff: change_price_per_kwh is -0.1, below 0",
    ),
}


@pytest.mark.parametrize(("given", "path", "message"), PASTS.values(), ids=PASTS)
def test_a_defect_of_what_was_before_is_told_at_its_place(given: dict[str, Any], path: str, message: str) -> None:
    assert told(scenario(**given)) == [(path, message)]


def test_a_plan_before_of_a_session_that_has_left_does_no_harm() -> None:
    assert validate(scenario(previous=(before("gone"),), ledger=(MissedBefore(driver="gone", missed_kwh=3.0),))) == ()


def test_a_node_is_limited_in_kw_or_in_kva_and_not_in_both() -> None:
    node = replace(GRID, import_limit_kva=40.0)

    assert told(replace(scenario(), site=replace(scenario().site, nodes=(node,)))) == [
        ("site.nodes[0].import_limit_kva", "node grid: its import is limited in kW and in kVA")
    ]


@pytest.mark.parametrize("factor", [0.0, 1.2])
def test_a_power_factor_is_above_nothing_and_at_most_one(factor: float) -> None:
    (found,) = told(replace(scenario(), site=replace(scenario().site, evses=(bay(power_factor=factor),))))

    assert found[0] == "site.evses[0].power_factor"
