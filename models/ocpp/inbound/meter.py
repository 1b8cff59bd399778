"""Sampled values of every version as one measurement for each time that was told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from models.domain.events import Measured
from models.domain.site import Phase
from models.domain.units import kw_from_watts, share_from_percent
from models.ocpp.inbound.reading import Message, Object, object_of, objects_of, text

ENERGY, POWER, GIVEN_BACK = "Energy.Active.Import.Register", "Power.Active.Import", "Power.Active.Export"
CURRENT, VOLTAGE, SOC = "Current.Import", "Voltage", "SoC"
OFFERED_A, OFFERED_W = "Current.Offered", "Power.Offered"
KILO = {"kWh", "kW"}
MOST_ZEROS = 9
"""Of a multiplier; a larger one is none."""


@dataclass(slots=True)
class _Sums:
    """What the samples of one time add up to; a total counts before its phases."""

    total: dict[str, float] = field(default_factory=dict)
    by_phase: dict[str, dict[Phase, float]] = field(default_factory=dict)

    def of(self, measurand: str) -> float | None:
        if measurand in self.total:
            return self.total[measurand]
        phases = self.by_phase.get(measurand)
        return sum(phases.values()) if phases else None


def measurements(
    message: Message, values: Any, evse_number: int | None, transaction_id: str | None
) -> Iterator[Measured]:
    """One for each meterValue that holds a sample we know."""
    for value in objects_of(values):
        sums = _summed(message, objects_of(value.get("sampledValue")))
        if not sums.total and not sums.by_phase:
            continue
        drawn, given = sums.of(POWER), sums.of(GIVEN_BACK)
        yield Measured(
            station_id=message.station_id,
            evse_number=evse_number,
            at=message.time(value.get("timestamp"), "the timestamp of a measurement"),
            transaction_id=transaction_id,
            power_kw=None if drawn is None and given is None else (drawn or 0.0) - (given or 0.0),
            energy_kwh=sums.of(ENERGY),
            current_a=sums.by_phase.get(CURRENT, {}),
            voltage_v=sums.by_phase.get(VOLTAGE, {}),
            soc=sums.of(SOC),
            offered_a=sums.of(OFFERED_A),
            offered_kw=sums.of(OFFERED_W),
        )


def _summed(message: Message, samples: list[Object]) -> _Sums:
    sums = _Sums()
    for sample in samples:
        measurand = text(sample.get("measurand")) or ENERGY
        if sample.get("format") == "SignedData":
            message.defects.append(f"{measurand} is signed data, which is not read")
            continue
        number = message.number(sample.get("value"), measurand)
        if number is None:
            continue
        amount, phase = _in_our_unit(measurand, number, sample), _phase(sample.get("phase"))
        if phase is None:
            sums.total.setdefault(measurand, amount)
        else:
            sums.by_phase.setdefault(measurand, {})[phase] = amount
    return sums


def _in_our_unit(measurand: str, number: float, sample: Object) -> float:
    """Wh and W are what an energy and a power are in where no unit is told; 2.x adds a power of ten."""
    told = object_of(sample.get("unitOfMeasure"))
    unit = text(told.get("unit") or sample.get("unit"))
    multiplier = told.get("multiplier")
    scaled = number * 10.0 ** (multiplier if isinstance(multiplier, int) and abs(multiplier) <= MOST_ZEROS else 0)
    if measurand == SOC:
        return share_from_percent(scaled)
    counts_watts = measurand.startswith(("Energy.", "Power."))
    return kw_from_watts(scaled) if counts_watts and unit not in KILO else scaled


def _phase(told: Any) -> Phase | None:
    """``L1`` and ``L1-N`` are L1; between two lines, and N itself, is no phase of ours."""
    name = text(told).removesuffix("-N")
    return Phase(name) if name in tuple(Phase) else None
