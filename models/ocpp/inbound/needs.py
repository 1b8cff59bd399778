"""NotifyEVChargingNeeds of 2.0.1 and 2.1: what a vehicle asks for, AC, DC, and both ways."""

from models.domain.events import NeedsTold
from models.domain.units import kw_from_amperes, kw_from_watts, share_from_percent
from models.ocpp.inbound.reading import Message, Object, object_of, text, whole


def needs(message: Message) -> NeedsTold:
    """Watt-hours become kWh, percentages shares; what was not told is None."""
    payload = message.payload
    told = object_of(payload.get("chargingNeeds"))
    ac, dc = object_of(told.get("acChargingParameters")), object_of(told.get("dcChargingParameters"))
    both_ways = object_of(told.get("v2xChargingParameters"))
    energy = _kilo(message, both_ways, "evTargetEnergyRequest")
    energy = _kilo(message, ac or dc, "energyAmount") if energy is None else energy
    most_charge = _kilo(message, both_ways, "maxChargePower")
    return NeedsTold(
        station_id=message.station_id,
        evse_number=whole(payload.get("evseId")),
        at=message.time(payload.get("timestamp"), "the timestamp"),
        departure=message.instant(told.get("departureTime")),
        energy_kwh=energy,
        energy_least_kwh=_kilo(message, both_ways, "evMinEnergyRequest"),
        energy_most_kwh=_kilo(message, both_ways, "evMaxEnergyRequest"),
        cycling_from_kwh=_kilo(message, both_ways, "evMinV2XEnergyRequest"),
        cycling_to_kwh=_kilo(message, both_ways, "evMaxV2XEnergyRequest"),
        min_current_a=message.number(ac.get("evMinCurrent"), "evMinCurrent"),
        max_current_a=message.number(ac.get("evMaxCurrent"), "evMaxCurrent"),
        max_charge_kw=_dc_power(message, dc) if most_charge is None else most_charge,
        max_discharge_kw=_kilo(message, both_ways, "maxDischargePower"),
        soc=_share(message, dc, "stateOfCharge"),
        soc_target=_share(message, both_ways, "targetSoC"),
        capacity_kwh=_kilo(message, dc, "evEnergyCapacity"),
        transfer=text(told.get("requestedEnergyTransfer")),
        max_periods=whole(payload.get("maxScheduleTuples")),
    )


def _dc_power(message: Message, dc: Object) -> float | None:
    """What it says, or its greatest current at its greatest voltage."""
    power = _kilo(message, dc, "evMaxPower")
    if power is not None or not dc:
        return power
    current, voltage = (message.number(dc.get(name), name) for name in ("evMaxCurrent", "evMaxVoltage"))
    return None if current is None or voltage is None else kw_from_amperes(current, voltage)


def _kilo(message: Message, holder: Object, name: str) -> float | None:
    number = message.number(holder.get(name), name)
    return None if number is None else kw_from_watts(number)


def _share(message: Message, holder: Object, name: str) -> float | None:
    number = message.number(holder.get(name), name)
    return None if number is None else share_from_percent(number)
