"""OCPI objects into values of the domain."""

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from models.domain.driver_prices import DriverPrices
from models.domain.findings import Finding
from models.domain.series import value_at
from models.domain.session import Session
from models.domain.site import Connector, CurrentType, Evse, Phase, Wiring
from models.domain.times import zone
from models.domain.units import kw_from_amperes, kw_from_watts
from models.domain.value import Step
from models.ocpi.course import Course
from models.ocpi.locations import OcpiConnector, OcpiEvse, PowerType
from models.ocpi.marginal import driver_prices
from models.ocpi.sessions import OcpiSession
from models.ocpi.tariffs import Tariff
from models.ocpi.wire import OcpiVersion, Refusal, StatusCode, read_object

_CONDUCTORS = {
    PowerType.AC_1_PHASE: 1,
    PowerType.AC_2_PHASE: 2,
    PowerType.AC_2_PHASE_SPLIT: 1,
    PowerType.AC_3_PHASE: 3,
    PowerType.DC: 1,
}
_PHASES: Mapping[PowerType, tuple[Phase, ...] | None] = {
    PowerType.AC_1_PHASE: None,
    PowerType.AC_2_PHASE: (Phase.L1, Phase.L2),
    PowerType.AC_2_PHASE_SPLIT: (Phase.L1, Phase.L2),
    PowerType.AC_3_PHASE: (Phase.L1, Phase.L2, Phase.L3),
    PowerType.DC: (Phase.L1, Phase.L2, Phase.L3),
}
"""OCPI tells how many phases, not which: the order is the site's own to correct; None counts in full on each."""


def read_tariff(body: bytes | str, version: OcpiVersion) -> Tariff | Refusal:
    """A tariff of a version; 2.3.0 has to say whether prices contain taxes."""
    tariff = read_object(Tariff, body)
    if isinstance(tariff, Refusal) or version is OcpiVersion.V221 or tariff.tax_included is not None:
        return tariff
    message, remedy = "tax_included is required in OCPI 2.3.0", 'send "YES", "NO" or "N/A"'
    finding = Finding(path="tax_included", message=message, remedy=remedy)
    return Refusal(code=StatusCode.INVALID_PARAMETERS, findings=(finding,))


def prices_at(tariff: Tariff, course: Course, time_zone: str) -> DriverPrices | Refusal:
    """Marginal prices where a location is; its time zone has to be one."""
    where = zone(time_zone)
    if where is None:
        message, remedy = f"{time_zone[:40]!r} is no time zone", "send an IANA name, as Europe/Amsterdam"
        return Refusal(
            code=StatusCode.INVALID_PARAMETERS,
            findings=(Finding(path="time_zone", message=message, remedy=remedy),),
        )
    return driver_prices(tariff, course, ZoneInfo(where.key))


def session_of(told: OcpiSession, evses: Mapping[str, str]) -> Session | Refusal:
    """A session of the domain; ``evses`` are the site's EVSE ids by the uid that OCPI knows them by."""
    if told.evse_uid not in evses:
        message = f"session {told.id}: no EVSE of this site has the uid {told.evse_uid[:40]!r}"
        finding = Finding(path="evse_uid", message=message, remedy="send the location first", ids=(told.id,))
        return Refusal(code=StatusCode.UNKNOWN_LOCATION, findings=(finding,))
    connector = int(told.connector_id) if told.connector_id.isascii() and told.connector_id.isdigit() else None
    return Session(
        id=told.id,
        evse=evses[told.evse_uid],
        arrival=told.start_date_time,
        departure=told.end_date_time,
        connector=connector,
        delivered_kwh=told.kwh,
    )


def with_prices(session: Session, prices: DriverPrices) -> Session:
    """With what the driver pays at the margin: the first energy price, and the greater of the two time prices."""
    energy = prices.energy[0].value if prices.energy else None
    return replace(
        session,
        retail_price_per_kwh=energy if session.retail_price_per_kwh is None else session.retail_price_per_kwh,
        time_price_per_h=time_prices(prices),
    )


def time_prices(prices: DriverPrices) -> tuple[Step, ...] | None:
    """The greater of what charging and parking cost an hour; None where time costs nothing."""
    series = (prices.charging_time, prices.parking_time)
    starts = sorted({step.start for each in series for step in each})
    steps = tuple(Step(start=at, value=max(value_at(each, at) for each in series)) for at in starts)
    return steps if prices.has_time_price else None


def evse_of(told: OcpiEvse, node: str) -> Evse:
    """An EVSE with what its connectors can do; the strongest of them says what the EVSE can."""
    strongest = max(told.connectors, key=_power_kw)
    current = CurrentType.DC if strongest.power_type is PowerType.DC else CurrentType.AC
    split = strongest.power_type is PowerType.AC_2_PHASE_SPLIT
    return Evse(
        id=told.uid,
        node=node,
        current=current,
        wiring=Wiring.LINE_TO_LINE if split else Wiring.LINE_TO_NEUTRAL,
        phases=_PHASES[strongest.power_type],
        voltage_v=None if current is CurrentType.DC else float(strongest.max_voltage),
        max_current_a=None if current is CurrentType.DC else float(strongest.max_amperage),
        max_power_kw=_power_kw(strongest),
        connectors=tuple(_connector(number, each) for number, each in enumerate(told.connectors, start=1)),
    )


def _power_kw(told: OcpiConnector) -> float:
    """The least of what it says and of what voltage and current give. [kW]"""
    electric_kw = kw_from_amperes(told.max_amperage, told.max_voltage, _CONDUCTORS[told.power_type])
    if told.max_electric_power is None:
        return electric_kw
    return min(electric_kw, kw_from_watts(told.max_electric_power))


def _connector(number: int, told: OcpiConnector) -> Connector:
    """Connectors are numbered in OCPI by texts; a text that is no number gets its place."""
    known = int(told.id) if told.id.isascii() and told.id.isdigit() else number
    return Connector(id=known, standard=told.standard, max_power_kw=_power_kw(told))
