"""The sample site: nine bays behind a connection of 60 kW, a café, a roof with PV, prices by the time of day.

Everything here is made up for this project. It is small enough for every bay to be seen at once, and tight enough for
limits, phases and prices to matter.
"""

from datetime import datetime, timedelta
from math import pi, sin

from api.sites.forms import BaseLoadForecast, PvForecast, SiteMode, SitePolicy
from models.domain.signal import Cap
from models.domain.site import BaseLoad, CurrentType, Evse, GridNode, LimitKind, NodeKind, Phase, PvPlant, Site
from models.domain.tariff import Rate, Tariff, TimeOfUse, Window
from models.domain.times import zone
from models.domain.value import Step
from models.ocpp.profile import Version

SITE_ID = "sample"
TIME_ZONE = "Europe/Berlin"
GRID, ROW_A, ROW_B, ROOF = "grid", "row-a", "row-b", "roof"
VISITOR_BAY = "bay-9"
"""No simulated car takes it: it is free for a session that a newcomer posts."""
FORECAST_DAYS = 3
CAFE_KW = (6, 5, 5, 5, 5, 6, 8, 11, 13, 12, 12, 13, 15, 14, 12, 11, 12, 14, 15, 13, 11, 9, 7, 6)
"""Hour by hour of the local day. [kW]"""
HIGH_SHARE = 1.25
ROOF_PEAK_KW = 18.0
SUNRISE_H, SUNSET_H = 7, 19
RELIEF_KW, RELIEF_MINUTES, RELIEF_EVERY = 40.0, 30, timedelta(hours=2)
FIRST_RELIEF = timedelta(minutes=10)


def site() -> Site:
    """What stands there."""
    lines = (Phase.L1, Phase.L2, Phase.L3)
    three_phase = [Evse(id=f"bay-{n}", node=ROW_A, max_current_a=16.0) for n in (1, 2, 3)]
    one_phase = [
        Evse(id=f"bay-{n}", node=ROW_A, phases=(lines[n - 4],), max_current_a=32.0, min_current_a=6.0)
        for n in (4, 5, 6)
    ]
    fast = [
        Evse(id="bay-7", node=ROW_B, max_current_a=32.0),
        Evse(id="bay-8", node=ROW_B, current=CurrentType.DC, max_power_kw=50.0, conversion_efficiency=0.94),
        Evse(id=VISITOR_BAY, node=ROW_B, max_current_a=32.0),
    ]
    return Site(
        id=SITE_ID,
        time_zone=TIME_ZONE,
        nodes=(
            GridNode(id=GRID, kind=NodeKind.CONNECTION, import_limit_kw=60.0, limit_kind=LimitKind.CONTRACT),
            GridNode(id=ROW_A, parent=GRID, kind=NodeKind.PANEL, current_limit_a=50.0, continuous_factor=1.0),
            GridNode(id=ROW_B, parent=GRID, kind=NodeKind.PANEL, import_limit_kw=45.0, continuous_factor=1.0),
        ),
        evses=(*three_phase, *one_phase, *fast),
        base_loads=(BaseLoad(node=GRID, expected_kw=float(max(CAFE_KW))),),
        pv_plants=(PvPlant(id=ROOF, node=GRID, expected_kw=0.0),),
    )


def policy() -> SitePolicy:
    """Cars follow what is commanded, and plans come often enough to watch them."""
    return SitePolicy(mode=SiteMode.CONTROL, ocpp=Version.V201, replan_minutes=2.0)


def tariff() -> Tariff:
    """Dear in the evening, cheap at night and around noon."""
    rates = (
        Rate(price_per_kwh=0.19, windows=(Window(start="22:00", end="06:00"),)),
        Rate(price_per_kwh=0.21, windows=(Window(start="11:00", end="15:00"),)),
        Rate(price_per_kwh=0.42, windows=(Window(start="17:00", end="21:00"),)),
        Rate(price_per_kwh=0.31),
    )
    return Tariff(currency="EUR", import_price=TimeOfUse(rates=rates), name="sample tariff", source="made up")


def cafe(now: datetime) -> BaseLoadForecast:
    """Its load from this hour on, and a quarter more at its worst."""
    steps = [(at, float(CAFE_KW[at.astimezone(zone(TIME_ZONE)).hour])) for at in _hours(now)]
    high = tuple(Step(start=at, value=HIGH_SHARE * kw) for at, kw in steps)
    return BaseLoadForecast(expected_kw=tuple(Step(start=at, value=kw) for at, kw in steps), high_kw=high)


def roof(now: datetime) -> PvForecast:
    """A clear day, every day."""
    return PvForecast(expected_kw=tuple(Step(start=at, value=_sun_kw(at)) for at in _hours(now)))


def relief(begin: datetime) -> Cap:
    """What a utility asks every two hours: two thirds of the connection for half an hour."""
    end = begin + timedelta(minutes=RELIEF_MINUTES)
    return Cap(id=f"relief-{begin:%d-%H%M}", start=begin, end=end, import_limit_kw=RELIEF_KW, source="sample utility")


def _hours(now: datetime) -> list[datetime]:
    first = now.replace(minute=0, second=0, microsecond=0)
    return [first + timedelta(hours=hour) for hour in range(24 * FORECAST_DAYS)]


def _sun_kw(at: datetime) -> float:
    hour = at.astimezone(zone(TIME_ZONE)).hour + 0.5
    if not SUNRISE_H <= hour <= SUNSET_H:
        return 0.0
    return round(ROOF_PEAK_KW * sin(pi * (hour - SUNRISE_H) / (SUNSET_H - SUNRISE_H)), 1)
