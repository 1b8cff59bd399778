"""V2G in backtests: what cars give back, what is told of it, what it earns, and what drivers are left with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from models.domain.schedule import Method
from models.domain.site import Evse, GridNode, Phase, Site, Tier
from models.domain.tariff import Rate, Tariff, TimeOfUse, Window
from optimizer.backtest.algorithm import Effort
from optimizer.backtest.battery import Battery
from optimizer.backtest.consenting import V2gShare, consenting, with_v2g
from optimizer.backtest.course import Car, Course, with_promises
from optimizer.backtest.disturbances import Disturbances
from optimizer.backtest.hindsight import optimum
from optimizer.backtest.known import Known
from optimizer.backtest.messages import Arrival, Consent, Message, MeterReading, Setpoints, SiteReading, Tick
from optimizer.backtest.metrics import figures, figures_in_hindsight, offers_of
from optimizer.backtest.planner import Manner, PlannerMaker
from optimizer.backtest.running import Run, run
from optimizer.backtest.scenarios import Look, Reading, scenario_of
from optimizer.backtest.simple import SimpleMaker
from optimizer.backtest.simulated_site import SimulatedSite, site_of
from optimizer.settings import Objective, Settings

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
HOUR = 3600.0
ROUND_TRIP = 0.95 * 0.95
SITE = Site(
    id="yard",
    nodes=(GridNode(id="grid", import_limit_kw=14.0, continuous_factor=1.0),),
    evses=tuple(
        Evse(id=name, node="grid", max_current_a=32.0, max_discharge_kw=7.0, phases=(Phase.L1,)) for name in "abc"
    ),
    tiers=(Tier(id="all", value_of_target_per_kwh=1.0),),
    voltage_v=230.0,
)
DEAR_UNTIL_SIX = Tariff(
    currency="EUR",
    import_price=TimeOfUse(
        rates=(Rate(price_per_kwh=0.5, windows=(Window(start="00:00", end="06:00"),)), Rate(price_per_kwh=0.1))
    ),
)
BATTERY = Battery(
    capacity_kwh=40.0, energy_kwh=20.0, power_kw=7.0, tapers_from=1.0, charge_efficiency=0.95,
    discharge_efficiency=0.95, discharge_kw=7.0, reserve_kwh=8.0,
)  # fmt: skip
"""40 kWh at 50 %, of which 20 % are kept."""


def car(name: str, evse: str, *, arrives: float = 0.0, stays: float, needs: float) -> Car:
    """Hours after midnight on Monday; its driver tells the truth."""
    begin, end = MONDAY + arrives * HOUR, MONDAY + (arrives + stays) * HOUR
    told = {"stated_departure_s": end, "stated_kwh": needs}
    return Car(id=name, evse=evse, arrival_s=begin, departure_s=end, need_kwh=needs, power_kw=7.0, **told)


def giver(name: str, evse: str, *, stays: float, needs: float, price: float | None = None) -> Car:
    """With the battery above."""
    consent = Consent(capacity_kwh=40.0, soc=0.5, discharge_kw=7.0, reserve_soc=0.2, price_per_kwh=price)
    return replace(car(name, evse, stays=stays, needs=needs), battery=BATTERY, consent=consent)


def course(*cars: Car, tariff: Tariff = DEAR_UNTIL_SIX, site: Site = SITE, hours: float = 8.0) -> Course:
    end_s = MONDAY + hours * HOUR
    return Course(name="yard", site=site, tariff=tariff, cars=cars, start_s=MONDAY, end_s=end_s, period_min=15.0)


def played(day: Course, *, disturbances: Disturbances | None = None, seed: int = 0, **manner: object) -> Run:
    look = Look(near_min=15.0, near_count=4)
    planner = PlannerMaker(Manner(look=look, **manner))(day.site, day.tariff)  # type: ignore[arg-type]
    return run(day, planner, disturbances=disturbances or Disturbances(), seed=seed)


def at_site(*cars: Car, site: Site = SITE) -> SimulatedSite:
    """A simulated site at Monday, 00:00."""
    found = site_of(course(*cars, site=site), Disturbances(), 0)
    found.messages(MONDAY)
    return found


def test_a_battery_gives_back_with_losses_and_no_further_than_its_reserve() -> None:
    """Of 20 kWh inside 12 are above the reserve: 11.4 at the EVSE. An hour at 6 kW takes 6 / 0.95 out."""
    assert BATTERY.given_kwh(20.0, 6.0, 1.0) == 6.0
    assert BATTERY.given_kwh(20.0, 6.0, 4.0) == pytest.approx(12.0 * 0.95)
    assert BATTERY.given_kwh(20.0, 99.0, 1.0) == 7.0
    assert BATTERY.given_kwh(7.0, 6.0, 1.0) == 0.0
    assert BATTERY.inside_kwh(-6.0 / BATTERY.round_trip) == pytest.approx(20.0 - 6.0 / 0.95)


def test_a_battery_takes_with_losses_until_it_is_full() -> None:
    assert BATTERY.inside_kwh(BATTERY.taken_kwh(20.0, 6.0, 1.0)) == pytest.approx(20.0 + 0.95 * 6.0)
    assert BATTERY.taken_kwh(39.05, 7.0, 1.0) == pytest.approx(1.0)


def test_losses_of_charging_belong_to_what_tapers_as_well() -> None:
    """From 80 % of 40 kWh on 10 kW at the EVSE, 9.5 inside, fall to 0 over 8 kWh."""
    battery = replace(BATTERY, power_kw=10.0, tapers_from=0.8)
    inside_kwh = 8.0 * (1.0 - np.exp(-9.5 / 8.0))
    assert battery.taken_kwh(32.0, 10.0, 1.0) == pytest.approx(inside_kwh / 0.95)


def test_what_a_car_gives_back_is_on_its_own_register_in_its_state_of_charge_and_at_the_meter_of_the_site() -> None:
    """6 kWh in an hour: 6.316 of 20 are taken out of 40."""
    site = at_site(giver("v", "a", stays=8.0, needs=4.0))
    site.follow({"v": -6.0}, MONDAY)
    interval = site.advance(MONDAY, MONDAY + HOUR)
    assert (interval.drawn_kw, interval.import_kw) == ({"v": pytest.approx(-6.0)}, pytest.approx(-6.0))
    told = site.messages(MONDAY + HOUR)
    (reading,) = [one for one in told if isinstance(one, MeterReading)]
    assert (reading.energy_kwh, reading.given_back_kwh, reading.power_kw) == (0.0, 6.0, -6.0)
    assert reading.soc == pytest.approx((20.0 - 6.0 / 0.95) / 40.0)
    assert SiteReading(at_s=MONDAY + HOUR, import_kw=-6.0) in told
    assert site.got_kwh["v"] == pytest.approx(-6.0 / ROUND_TRIP)


def test_what_was_given_back_is_needed_again() -> None:
    """4 kWh and what makes up for 6: an hour at 7 kW is not enough, two are."""
    site = at_site(giver("v", "a", stays=8.0, needs=4.0))
    site.follow({"v": -6.0}, MONDAY)
    site.advance(MONDAY, MONDAY + HOUR)
    site.follow({"v": 7.0}, MONDAY + HOUR)
    drawn = [site.advance(MONDAY + k * HOUR, MONDAY + (k + 1) * HOUR).drawn_kw["v"] for k in (1, 2)]
    assert drawn == pytest.approx([7.0, 4.0 + 6.0 / ROUND_TRIP - 7.0])
    assert site.got_kwh["v"] == pytest.approx(4.0)


def test_nothing_is_given_back_without_consent_or_to_an_evse_that_cannot_take_it() -> None:
    plain = at_site(car("p", "a", stays=8.0, needs=4.0))
    plain.follow({"p": -6.0}, MONDAY)
    assert plain.advance(MONDAY, MONDAY + HOUR).import_kw == 0.0
    one_way = replace(SITE, evses=tuple(replace(evse, max_discharge_kw=None) for evse in SITE.evses))
    site = at_site(giver("v", "a", stays=8.0, needs=4.0), site=one_way)
    site.follow({"v": -6.0}, MONDAY)
    assert site.advance(MONDAY, MONDAY + HOUR).import_kw == 0.0


def test_losses_of_conversion_are_paid_on_the_way_out_as_well() -> None:
    lossy = replace(SITE, evses=tuple(replace(evse, conversion_efficiency=0.9) for evse in SITE.evses))
    site = at_site(giver("v", "a", stays=8.0, needs=4.0), site=lossy)
    site.follow({"v": -6.0}, MONDAY)
    assert site.advance(MONDAY, MONDAY + HOUR).import_kw == pytest.approx(-5.4)


@dataclass
class Scripted:
    """Offers the car v an hour each of some powers. [kW]"""

    power_kw: tuple[float, ...]

    def decide(self, messages: Sequence[Message]) -> Setpoints:
        at_s = messages[-1].at_s
        return Setpoints(at_s=at_s, power_kw={"v": self.power_kw[int((at_s - MONDAY) / HOUR)]})

    def effort(self) -> Effort:
        return Effort()


def test_giving_back_is_a_run_as_charging_is_and_ends_too_early_while_what_it_took_out_is_not_made_up_for() -> None:
    """After three hours a car has 7 + 3.2 - 6 / 0.9025 of its 4 kWh. It is paused, filled, asked for 1 kWh, paused."""
    day = course(giver("v", "a", stays=8.0, needs=4.0))
    found = offers_of(run(day, Scripted((-6.0, 7.0, 3.2, 0.0, 7.0, 0.0, 0.0, 0.0))))
    assert (found.starts, found.shortest_run_min) == (2, 180.0)
    found = offers_of(run(day, Scripted((-6.0, 7.0, 3.2, 0.0, 7.0, -1.0, 0.0, 0.0))))
    assert (found.starts, found.shortest_run_min) == (2, 120.0)


def test_only_of_who_consents_a_csms_hears_a_battery() -> None:
    site = site_of(
        course(giver("v", "a", stays=8.0, needs=4.0), car("p", "b", stays=1.0, needs=1.0)), Disturbances(), 0
    )
    told = {one.session: one.consent for one in site.messages(MONDAY) if isinstance(one, Arrival)}
    assert told["p"] is None
    assert told["v"] is not None
    assert (told["v"].capacity_kwh, told["v"].soc) == (40.0, 0.5)


HASTY = car("hasty", "b", stays=1.0, needs=7.0)


def test_a_car_with_time_charges_one_without_and_is_charged_when_energy_is_cheap() -> None:
    """7 kWh at 0.5 EUR are saved; 7 / 0.9025 and its own 4 kWh are bought at 0.1."""
    made = played(course(giver("v", "a", stays=8.0, needs=4.0), HASTY))
    found = figures(made)
    assert found.energy_percent == pytest.approx(100.0)
    assert found.given_back_kwh == pytest.approx(7.0, rel=1e-4)
    assert found.throughput_kwh == pytest.approx(4.0 + 7.0 / ROUND_TRIP + 7.0, rel=1e-4)
    assert found.cost == pytest.approx(0.1 * (4.0 + 7.0 / ROUND_TRIP), rel=1e-4)
    assert sum(one.import_kw for one in made.intervals[:4]) == pytest.approx(0.0, abs=1e-3)


def test_what_flows_up_to_now_does_not_change_with_what_comes_later() -> None:
    """A car that said eight o'clock gives back to one without time; at three one more comes, and it leaves at four."""
    stays, leaves = giver("v", "a", stays=8.0, needs=4.0), MONDAY + 4.0 * HOUR
    later = car("later", "c", arrives=3.0, stays=1.0, needs=5.0)
    quiet, busy = (played(course(*cars, HASTY)) for cars in ((stays,), (replace(stays, departure_s=leaves), later)))
    assert min(one.drawn_kw.get("v", 0.0) for one in quiet.intervals[:12]) < 0.0
    assert quiet.intervals[:12] == busy.intervals[:12]
    assert quiet.intervals != busy.intervals


def test_who_is_overdue_gives_nothing_back_and_wants_again_what_it_gave() -> None:
    """It said two o'clock and stays until eight. Had it given 3 kWh back by then, it would be promised 3 / 0.9025."""
    late = replace(giver("v", "a", stays=8.0, needs=4.0), stated_departure_s=MONDAY + 2.0 * HOUR)
    made = played(course(late, HASTY))
    kw = [one.drawn_kw.get("v", 0.0) for one in made.intervals]
    assert min(kw[8:]) >= 0.0
    assert made.got_kwh["v"] == pytest.approx(4.0)
    owing = Known()
    owing.take(site_of(course(late), Disturbances(), 0).messages(MONDAY))
    soc, at_s = (20.0 - 3.0 / 0.95) / 40.0, MONDAY + 2.0 * HOUR
    gave = MeterReading(session="v", at_s=at_s, energy_kwh=0.0, power_kw=-1.5, given_back_kwh=3.0, soc=soc)
    owing.take([gave, Tick(at_s=at_s)])
    found = scenario_of(owing, SITE, DEAR_UNTIL_SIX, Look(), Reading())
    assert found is not None
    (session,) = found.sessions
    assert not session.allows_discharge
    assert session.energy_target_kwh == pytest.approx(4.0 + 3.0 / ROUND_TRIP)
    assert session.energy_minimum_kwh == pytest.approx(3.0 / ROUND_TRIP)


def heard(offer_kw: float, *, drew_kwh: float = 0.0, back_kwh: float = 0.0) -> Known:
    """What is known an hour after a car came and was offered something, below 0 to give back."""
    known = Known()
    known.take(site_of(course(giver("v", "a", stays=8.0, needs=4.0)), Disturbances(), 0).messages(MONDAY))
    known.offer({"v": offer_kw})
    power_kw, soc = drew_kwh - back_kwh, 0.5 + (0.95 * drew_kwh - back_kwh / 0.95) / 40.0
    told = MeterReading(
        session="v", at_s=MONDAY + HOUR, energy_kwh=drew_kwh, power_kw=power_kw, given_back_kwh=back_kwh, soc=soc
    )
    known.take([told, Tick(at_s=MONDAY + HOUR)])
    return known


def test_a_car_that_gives_what_it_is_asked_for_is_no_surprise_and_one_that_moves_energy_the_other_way_is() -> None:
    assert not heard(-3.0, back_kwh=3.0).is_new
    assert heard(-3.0, back_kwh=2.0).is_new
    assert heard(-3.0, drew_kwh=3.0).is_new
    assert heard(3.0, back_kwh=3.0).is_new


def test_a_line_towards_full_is_learnt_from_what_is_inside_whatever_went_through_the_meter() -> None:
    """Of 3 kW it took 2 and gave 1 kWh back, which 1 / 0.9025 make up for: half of it is the mean of the hour."""
    shown = heard(3.0, drew_kwh=2.0, back_kwh=1.0).here["v"].shown
    assert shown is not None
    assert shown.last.inside_kwh == pytest.approx((2.0 - 1.0 / ROUND_TRIP) / 2.0)


def test_a_plan_knows_the_state_of_charge_and_asks_no_more_than_the_driver_and_no_less_than_the_reserve() -> None:
    """Of 40 kWh at 50 % a car gave 3 back: 3.158 are out. It wants 4 on top of its 20, which are 23.8 inside."""
    found = scenario_of(heard(-3.0, back_kwh=3.0), SITE, DEAR_UNTIL_SIX, Look(), Reading())
    assert found is not None
    (session,) = found.sessions
    assert session.soc == pytest.approx((20.0 - 3.0 / 0.95) / 40.0)
    assert (session.soc_target, session.energy_ceiling_kwh) == (pytest.approx(23.8 / 40.0), pytest.approx(23.8))
    assert (session.soc_minimum, session.soc_reserve) == (0.5, 0.2)


def test_simple_rules_leave_it_at_charging() -> None:
    day = course(giver("v", "a", stays=8.0, needs=4.0), HASTY)
    found = figures(run(day, SimpleMaker(Method.EARLIEST_DEADLINE_FIRST, minutes=15.0)(day.site, day.tariff)))
    assert (found.given_back_kwh, found.energy_percent) == (0.0, pytest.approx(100.0))
    assert found.cost == pytest.approx(0.5 * 11.0)


def test_a_price_for_energy_given_back_is_paid_and_keeps_what_it_does_not_cover() -> None:
    """0.3 EUR is less than 0.5 - 0.1 / 0.9025 = 0.389 that a kWh saves, 0.4 EUR is more."""
    paid, dear = (figures(played(course(giver("v", "a", stays=8.0, needs=4.0, price=p), HASTY))) for p in (0.3, 0.4))
    assert paid.costs["v2g_payment"] == pytest.approx(0.3 * 7.0, rel=1e-4)
    assert paid.cost == pytest.approx(0.3 * 7.0 + 0.1 * (4.0 + 7.0 / ROUND_TRIP), rel=1e-4)
    assert (dear.given_back_kwh, "v2g_payment" in dear.costs) == (0.0, False)


def test_drivers_pay_for_what_they_are_left_with_or_are_paid_a_price() -> None:
    """Retail is 0.2 EUR: of 11 kWh that two drivers got; with a price for what goes back, of all that they drew."""
    margin = {
        "settings": Settings(preferences=False, objective=Objective.MARGIN),
        "reading": Reading(retail_per_kwh=0.2),
    }
    of_price = {}
    for price in (None, 0.25):
        day = replace(course(giver("v", "a", stays=8.0, needs=4.0, price=price), HASTY), retail_per_kwh=0.2)
        of_price[price] = figures(played(day, **margin))
    assert of_price[None].revenue == pytest.approx(0.2 * 11.0, rel=1e-4)
    assert of_price[0.25].revenue == pytest.approx(0.2 * (11.0 + 7.0 / ROUND_TRIP), rel=1e-4)
    assert of_price[0.25].costs["v2g_payment"] == pytest.approx(0.25 * 7.0, rel=1e-4)


def test_hindsight_with_v2g_is_no_dearer_than_a_rolling_plan_and_is_billed_alike() -> None:
    day = course(giver("v", "a", stays=8.0, needs=4.0), HASTY)
    best = figures_in_hindsight(day, optimum(day, Settings(preferences=False)))
    assert best.cost == pytest.approx(0.1 * (4.0 + 7.0 / ROUND_TRIP), rel=1e-4)
    assert best.cost <= figures(played(day)).cost + 1e-3
    assert (best.energy_percent, best.given_back_kwh) == (pytest.approx(100.0), pytest.approx(7.0))


SOLD_DEAR = replace(DEAR_UNTIL_SIX, export_price=replace(DEAR_UNTIL_SIX.import_price, rates=(
    Rate(price_per_kwh=0.4, windows=(Window(start="01:00", end="05:00"),)), Rate(price_per_kwh=0.05),
)))  # fmt: skip


def crowd(seed: int) -> Course:
    """Ten cars come one after the other to three EVSEs of a site that is too small for them; half of them give back.

    Export earns a lot; at even seeds what is missing costs next to nothing, so that promises alone keep it inside.
    """
    draws, cars, free_h = np.random.default_rng(seed), [], dict.fromkeys("abc", 0.0)
    for k in range(10):
        evse = min(free_h, key=lambda name: free_h[name])
        arrives, stays = free_h[evse] + draws.uniform(0.0, 0.5), draws.uniform(0.5, 4.0)
        cars.append(car(f"car-{k}", evse, arrives=arrives, stays=stays, needs=stays * draws.uniform(0.0, 6.0)))
        free_h[evse] = arrives + stays
    nodes = (GridNode(id="grid", import_limit_kw=8.0, continuous_factor=1.0),)
    small = replace(SITE, nodes=nodes, tiers=(Tier(id="all", value_of_target_per_kwh=(0.01, 1.0)[seed % 2]),))
    day = course(*cars, site=small, tariff=SOLD_DEAR, hours=max(free_h.values()))
    return with_v2g(day, V2gShare(share=0.5, seed=seed))


def lowest_kwh(made: Run, one: Car) -> float:
    """The least that was ever inside, from what flowed. [kWh]"""
    assert one.battery is not None
    inside, least = one.battery.energy_kwh, one.battery.energy_kwh
    for span in made.intervals:
        kwh = span.drawn_kw.get(one.id, 0.0) * (span.end_s - span.start_s) / HOUR
        inside += 0.95 * kwh if kwh > 0.0 else kwh / 0.95
        least = min(least, inside)
    return least


@pytest.mark.parametrize("seed", range(12))
def test_no_car_that_gives_back_leaves_with_less_than_it_came_with_however_scarce_power_is(seed: int) -> None:
    day = crowd(seed)
    made = played(day)
    for one in consenting(day.cars):
        assert made.got_kwh[one.id] >= -1e-6
    assert max(one.import_kw for one in made.intervals) <= 8.0 + 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_no_car_leaves_below_what_was_promised_on_top_where_there_is_power_for_all_promises(seed: int) -> None:
    day = crowd(seed)
    day = replace(day, cars=with_promises(day.cars, 1.0), site=replace(day.site, nodes=SITE.nodes))
    found = figures(played(day))
    assert found.minimums_percent == 100.0


@pytest.mark.parametrize("seed", range(4))
def test_whenever_a_driver_leaves_the_reserve_is_inside_or_what_the_car_came_with(seed: int) -> None:
    wild = Disturbances(departure_h=1.0, request_share=0.3, follows_share=0.1, meter_share=0.02, silent_share=0.1)
    day = crowd(seed)
    made = played(day, disturbances=wild, seed=seed)
    for one in consenting(day.cars):
        assert one.battery is not None
        assert lowest_kwh(made, one) >= min(one.battery.reserve_kwh, one.battery.energy_kwh) - 1e-6


def test_a_larger_share_has_all_givers_of_a_smaller_one_and_none_who_says_nothing() -> None:
    cars = tuple(car(str(k), "a", arrives=k, stays=1.0, needs=5.0) for k in range(40))
    silent = replace(cars[0], id="silent", stated_kwh=None)
    shares = [consenting(with_v2g(course(*cars, silent), V2gShare(share=s)).cars) for s in (0.3, 0.6, 1.0)]
    few, more, everybody = ({one.id for one in found} for found in shares)
    assert few < more < everybody
    assert everybody == {one.id for one in cars}


def test_evses_take_back_what_their_site_says_and_else_what_they_can_give() -> None:
    """32 A at 230 V are 7.36 kW."""
    evses = (replace(SITE.evses[0], max_discharge_kw=3.0), replace(SITE.evses[1], max_discharge_kw=None))
    found = with_v2g(course(site=replace(SITE, evses=evses)), V2gShare(share=1.0)).site
    assert [evse.max_discharge_kw for evse in found.evses] == [3.0, pytest.approx(7.36)]


def test_givers_come_with_their_reserve_where_what_they_want_leaves_room_for_it() -> None:
    """5 kWh leave room for 20 % of 40; 38 kWh at the EVSE are 36.1 inside and leave 3.9."""
    cars = (
        *(car(str(k), "a", arrives=k, stays=1.0, needs=5.0) for k in range(20)),
        car("hungry", "b", stays=8.0, needs=38.0),
    )
    *modest, hungry = consenting(with_v2g(course(*cars), V2gShare(share=1.0, sizes_kwh=(40.0,))).cars)
    assert len(modest) == 20
    assert all(0.2 <= one.consent.soc <= 1.0 - 0.95 * 5.0 / 40.0 for one in modest if one.consent is not None)
    assert hungry.battery is not None
    assert hungry.battery.energy_kwh == pytest.approx(3.9)


def test_givers_come_with_room_for_what_they_want_in_a_battery_of_the_declared_sizes() -> None:
    """36 kWh at the EVSE are 34.2 inside: too much for 30 kWh; 90 kWh are too much for all sizes."""
    day = course(car("a", "a", stays=8.0, needs=36.0), car("b", "b", stays=8.0, needs=90.0))
    big, _ = with_v2g(day, V2gShare(share=1.0, sizes_kwh=(30.0, 40.0))).cars
    assert big.battery is not None
    assert big.battery.capacity_kwh == 40.0
    assert big.battery.energy_kwh <= 40.0 - 34.2 + 1e-9
    assert len(consenting(with_v2g(day, V2gShare(share=1.0)).cars)) == 1
