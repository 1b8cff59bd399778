"""A charge point of the sample: keeps the profiles that it is sent, and offers what they come to. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.domain.electrical import NOMINAL_VOLTAGE_V, conductors
from models.domain.site import Evse, RateUnit
from models.domain.times import seconds
from models.domain.units import kw_from_watts
from models.ocpp.composite import Conventions, Question, Transaction, composite, installed_profile

Profiles = tuple[dict[str, Any], ...]
"""chargingProfile of SetChargingProfile, as OCPP 2.0.1 spells it."""
EVSE = 1
"""Every bay is a station of its own."""
TX = "TxProfile"


def after(profiles: Profiles, action: str, payload: Mapping[str, Any]) -> Profiles:
    """What is installed after a command; other commands than those that set and clear change nothing."""
    if action == "SetChargingProfile":
        new = payload["chargingProfile"]
        return (*(old for old in profiles if not _replaced(old, new)), new)
    if action == "ClearChargingProfile":
        return tuple(old for old in profiles if old["id"] != payload.get("chargingProfileId"))
    return profiles


def without_transaction(profiles: Profiles) -> Profiles:
    """A profile of a transaction ends with it."""
    return tuple(one for one in profiles if one["chargingProfilePurpose"] != TX)


def offered_kw(profiles: Profiles, evse: Evse, transaction: str, now: datetime) -> float:
    """What the bay offers now to a car of this transaction, on all of its phases. [kW]"""
    wires, volts = max(1, conductors(evse, None)), evse.voltage_v or NOMINAL_VOLTAGE_V
    conventions = Conventions(number_phases=wires, voltage_v=volts)
    at_s = seconds(now)
    question = Question(
        evse=EVSE,
        start_s=at_s,
        end_s=at_s + 1.0,
        unit=RateUnit.W,
        transactions=((EVSE, Transaction(id=transaction, start_s=at_s)),),
    )
    installed = (installed_profile(profile, EVSE) for profile in profiles)
    return kw_from_watts(composite(installed, question, conventions).periods[0].limit.value)


def _replaced(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """By its id, or as the one of its purpose and level."""
    names = ("chargingProfilePurpose", "stackLevel")
    return bool(old["id"] == new["id"] or all(old[name] == new[name] for name in names))
