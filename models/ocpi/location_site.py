"""A location of OCPI 2.1.1, 2.2.1 or 2.3.0 as a site: its EVSEs below one connection, and what had to be assumed.

OCPI tells what an EVSE can give, not what the building can take: the limit of the connection has to be said.
Source: OCPI 2.1.1 section 8, 2.2.1 section 8, the objects Location, EVSE and Connector.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from models.domain.errors import InvalidScenario
from models.domain.findings import Assumption, Finding
from models.domain.site import Connector, CurrentType, Evse, GridNode, LimitKind, Phase, Site, Wiring
from models.domain.units import kw_from_watts, line_to_neutral
from models.ocpi.locations import PowerType

LINE_TO_LINE_FROM_V = 300.0
"""Three phases are told line to neutral (OCPI); so many volts and more are those between lines. [V]"""
NORTH_AMERICA = ("USA", "CAN", "MEX")
CONNECTION = "connection"
_REMOVED = "REMOVED"
Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LocationSite:
    """The site, what was assumed of it, and what could not be read."""

    site: Site
    assumptions: tuple[Assumption, ...]
    left_out: tuple[Finding, ...]


def site_of_location(told: Object, *, limit_kw: float | None = None, time_zone: str | None = None) -> LocationSite:
    """The site of one location; ``limit_kw`` is what its connection may draw, ``time_zone`` its clock.

    Raises:
        InvalidScenario: no clock is told, or no EVSE of it can be read.
    """
    name = str(told.get("id") or "location")
    zone = time_zone or told.get("time_zone")
    if not isinstance(zone, str) or not zone:
        remedy = "say it, as in --time-zone Europe/Berlin; OCPI 2.1.1 may leave it out"
        raise InvalidScenario([Finding(path="time_zone", message=f"location {name} tells no clock", remedy=remedy)])
    left_out: list[Finding] = []
    evses: list[Evse] = []
    assumed: list[Assumption] = []
    for k, evse in enumerate(_list(told.get("evses"))):
        try:
            _refuse_twice(evse, evses)
            evses.append(_evse(evse, str(told.get("country", "")), assumed))
        except _Unfit as unfit:
            message, remedy = str(unfit), "it is left out; correct it and import again"
            left_out.append(Finding(path=f"evses[{k}]", message=message, remedy=remedy))
    if not evses:
        message, remedy = f"location {name} has no EVSE that can be read", "export it with its EVSEs and connectors"
        raise InvalidScenario([*left_out, Finding(path="evses", message=message, remedy=remedy)])
    site = Site(id=name, time_zone=zone, nodes=(_connection(evses, limit_kw, assumed),), evses=tuple(evses))
    return LocationSite(site, tuple(assumed), tuple(left_out))


class _Unfit(ValueError):
    """Says why an EVSE cannot be read."""


def _list(told: Any) -> list[Any]:
    return told if isinstance(told, list) else []


def _refuse_twice(told: Any, before: Sequence[Evse]) -> None:
    uid = _uid(told)
    if any(evse.id == uid for evse in before):
        raise _Unfit(f"EVSE {uid} is told twice")


def _uid(told: Any) -> str:
    return str(told.get("uid") or told.get("evse_id") or "") if isinstance(told, dict) else ""


def _connection(evses: Sequence[Evse], limit_kw: float | None, assumed: list[Assumption]) -> GridNode:
    rated_kw = round(sum(evse.max_power_kw or 0.0 for evse in evses), 3)
    if limit_kw is None:
        source = "all EVSEs at once: OCPI does not tell what a connection may draw; say --limit-kw"
        assumed.append(Assumption(what="site.nodes[0].import_limit_kw", value=f"{rated_kw:g} kW", source=source))
    limit = rated_kw if limit_kw is None else limit_kw
    return GridNode(id=CONNECTION, import_limit_kw=limit, limit_kind=LimitKind.CONTRACT)


def _evse(told: Any, country: str, assumed: list[Assumption]) -> Evse:
    if not isinstance(told, dict):
        raise _Unfit("this is no EVSE")
    uid = _uid(told)
    if not uid:
        raise _Unfit("the EVSE has no uid")
    if told.get("status") == _REMOVED:
        raise _Unfit(f"EVSE {uid} is removed")
    plugs = [plug for plug in (_Plug.of(one) for one in _list(told.get("connectors"))) if plug is not None]
    if not plugs:
        raise _Unfit(f"EVSE {uid} has no connector with a voltage, a current and a power type")
    best = max(plugs, key=lambda plug: plug.power_kw)
    if best.between_lines:
        source = f"{best.told_v:g} V on three phases are those between lines; OCPI asks for line to neutral"
        what = f"site.evses[{uid}].voltage_v"
        assumed.append(Assumption(what=what, value=f"{best.volts:.0f} V", source=source))
    return Evse(
        id=uid,
        node=CONNECTION,
        current=CurrentType.DC if best.kind is PowerType.DC else CurrentType.AC,
        max_power_kw=best.power_kw,
        connectors=tuple(_connectors(plugs)),
        **_conductors(best, country),
    )


@dataclass(frozen=True, slots=True)
class _Plug:
    """A connector of any version, in one form."""

    standard: str
    kind: PowerType
    told_v: float
    amperes: float
    told_kw: float | None

    @classmethod
    def of(cls, told: Any) -> "_Plug | None":
        """None where something is missing or no number above 0."""
        if not isinstance(told, dict):
            return None
        try:
            plug = cls(
                standard=str(told.get("standard", "")),
                kind=PowerType(str(told["power_type"])),
                told_v=float(told["max_voltage"] if "max_voltage" in told else told["voltage"]),
                amperes=float(told["max_amperage"] if "max_amperage" in told else told["amperage"]),
                told_kw=kw_from_watts(float(watts)) if (watts := told.get("max_electric_power")) else None,
            )
        except (KeyError, TypeError, ValueError):
            return None
        numbers = (plug.told_v, plug.amperes, plug.power_kw)
        return plug if all(isfinite(one) and one > 0.0 for one in numbers) else None

    @property
    def between_lines(self) -> bool:
        return self.kind is PowerType.AC_3_PHASE and self.told_v >= LINE_TO_LINE_FROM_V

    @property
    def volts(self) -> float:
        """Line to neutral on three phases. [V]"""
        return line_to_neutral(self.told_v) if self.between_lines else self.told_v

    @property
    def power_kw(self) -> float:
        """What voltage, current and phases give, or what is told where that is less. [kW]"""
        phases = {PowerType.AC_3_PHASE: 3, PowerType.AC_2_PHASE: 2}.get(self.kind, 1)
        rated_kw = round(kw_from_watts(phases * self.volts * self.amperes), 3)
        return rated_kw if self.told_kw is None else min(self.told_kw, rated_kw)


def _conductors(plug: _Plug, country: str) -> dict[str, Any]:
    """How the EVSE loads its conductors; of one phase nobody tells which, so it counts in full on each."""
    if plug.kind is PowerType.DC:
        return {}
    told: dict[str, Any] = {"max_current_a": plug.amperes, "voltage_v": round(plug.volts, 1)}
    if plug.kind is PowerType.AC_3_PHASE:
        return told
    if plug.kind is PowerType.AC_2_PHASE:
        return told | {"phases": (Phase.L1, Phase.L2)}
    if plug.kind is PowerType.AC_2_PHASE_SPLIT or (country in NORTH_AMERICA and plug.told_v > 150.0):
        return told | {"phases": (Phase.L1, Phase.L2), "wiring": Wiring.LINE_TO_LINE}
    return told | {"phases": None}


def _connectors(plugs: Sequence[_Plug]) -> Iterator[Connector]:
    for number, plug in enumerate(plugs, start=1):
        amperes = None if plug.kind is PowerType.DC else plug.amperes
        yield Connector(id=number, standard=plug.standard, max_current_a=amperes, max_power_kw=plug.power_kw)
