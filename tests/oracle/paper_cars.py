"""Cars whose energy is followed, as the model page has them: who they are, their bounds, their charging curve."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from models.domain.scenario import Scenario
from models.domain.session import Session, TaperPoint
from models.domain.site import Evse
from tests.oracle.paper_loads import PaperSession, max_power_kw, paper_sessions
from tests.oracle.paper_time import largest, least

Span = tuple[float, float]
Line = tuple[float, float]


@dataclass(frozen=True)
class PaperCar:
    """One followed session with the numbers of (2), (3), (16) and (18); energies in the battery."""

    stay: PaperSession
    session: Session
    capacity_kwh: float
    start_kwh: float
    target_kwh: float
    into: float
    out: float
    max_discharge_kw: float
    wear_price: float
    taper: tuple[TaperPoint, ...]

    def floor_kwh(self, around: list[Span]) -> float:
        """What V2G keeps at an instant, from the periods that touch it."""
        share, floor = (self.session.soc_reserve or 0.0) * self.capacity_kwh, self.session.energy_floor_kwh
        told = share if floor is None else max(share, *(largest(floor, *span) for span in around))
        return min(told, self.ceiling_kwh(around))

    def ceiling_kwh(self, around: list[Span]) -> float:
        ceiling = self.session.energy_ceiling_kwh
        return min([self.capacity_kwh, *(least(ceiling, *span) for span in around if ceiling is not None)])

    def lines(self) -> Iterator[tuple[int, Line]]:
        """Number, intercept and slope of every line through two points of the curve that has none above it, by slope.

        A level line at or above what the session can draw anyway is left out, but counted.
        """
        points = [(p.soc * self.capacity_kwh, p.power_kw) for p in self.taper]
        points = [(0.0, points[0][1]), *points, (self.capacity_kwh, points[-1][1])] if points else []
        above = {
            line for a, b in combinations(points, 2) if a[0] < b[0] for line in [through(a, b)] if over(line, points)
        }
        distinct: list[Line] = []
        for line in sorted(above, key=lambda line: -line[1]):
            if not distinct or abs(line[1] - distinct[-1][1]) > 1e-9:
                distinct.append(line)
        for number, line in enumerate(distinct):
            if abs(line[1]) > 1e-12 or line[0] < self.stay.max_power_kw:
                yield number, line


def through(a: Line, b: Line) -> Line:
    slope = (b[1] - a[1]) / (b[0] - a[0])
    return a[1] - slope * a[0], slope


def over(line: Line, points: list[Line]) -> bool:
    return all(power <= line[0] + line[1] * energy + 1e-9 for energy, power in points)


def paper_cars(scenario: Scenario) -> dict[str, PaperCar]:
    """By session, those that a plan follows: V2G, a charging curve, or a ceiling, and their energy is known."""
    evses, stays = {evse.id: evse for evse in scenario.site.evses}, paper_sessions(scenario)
    found = {}
    for session, stay in zip(scenario.sessions, stays, strict=True):
        car = paper_car(session, stay, evses[session.evse], scenario.site.voltage_v or 0.0)
        if car is not None:
            found[session.id] = car
    return found


def paper_car(session: Session, stay: PaperSession, evse: Evse, voltage_v: float) -> PaperCar | None:
    vehicle = session.vehicle
    if vehicle is None or vehicle.battery_capacity_kwh is None or session.soc is None:
        return None
    gives = session.allows_discharge and min(evse.max_discharge_kw or 0.0, vehicle.max_discharge_kw or 0.0) > 0
    if not gives and not vehicle.taper and session.energy_ceiling_kwh is None:
        return None
    capacity, into = vehicle.battery_capacity_kwh, vehicle.charge_efficiency or 1.0
    start = session.soc * capacity
    wish = None if session.soc_target is None else session.soc_target * capacity
    return PaperCar(
        stay=stay,
        session=session,
        capacity_kwh=capacity,
        start_kwh=start,
        target_kwh=start + into * stay.energy_remaining_kwh if wish is None else wish,
        into=into,
        out=vehicle.discharge_efficiency or 1.0,
        max_discharge_kw=most_back_kw(session, evse, voltage_v) if gives else 0.0,
        wear_price=vehicle.wear_price_per_kwh,
        taper=vehicle.taper,
    )


def most_back_kw(session: Session, evse: Evse, voltage_v: float) -> float:
    """EVSE, connector and conductors carry as much back; what the vehicle charges with says nothing."""
    vehicle = session.vehicle
    assert vehicle is not None
    wires = max_power_kw(session, evse, voltage_v, charging=False)
    return min(wires, evse.max_discharge_kw or 0.0, vehicle.max_discharge_kw or 0.0)
