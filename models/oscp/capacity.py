"""Capacities of OSCP blocks as kW of all phases together."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.units import hours_from_seconds, kw_from_amperes, kw_from_watts
from models.domain.utility_signal import SignalInterval
from models.oscp.wire import Block, CapacityUnit, PhaseIndicator

PHASES = 3
_SINGLE = (PhaseIndicator.ONE, PhaseIndicator.TWO, PhaseIndicator.THREE)


def intervals(blocks: Sequence[Block], voltage_v: float) -> Iterator[SignalInterval]:
    """Of several blocks at one time the least holds; raises InvalidScenario for one that ends before it starts.

    A block of a single phase counts three times, because load is taken to be shared evenly.
    """
    by_time: dict[tuple[datetime, datetime], list[Block]] = {}
    for i, block in enumerate(blocks):
        if block.end_time <= block.start_time:
            raise InvalidScenario([_backwards(f"forecasted_blocks[{i}].end_time")])
        by_time.setdefault((block.start_time, block.end_time), []).append(block)
    for (start, end), group in sorted(by_time.items()):
        yield SignalInterval(start=start, end=end, value=min(capacity_kw(block, voltage_v) for block in group))


def capacity_kw(block: Block, voltage_v: float) -> float:
    """An unknown phase counts as one of A, and as all of W and Wh. [kW]"""
    if block.unit is CapacityUnit.A:
        return kw_from_amperes(block.capacity, voltage_v, 1 if block.phase is PhaseIndicator.UNKNOWN else PHASES)
    return (PHASES if block.phase in _SINGLE else 1) * _power_kw(block)


def _power_kw(block: Block) -> float:
    """An energy is spread evenly over its block. [kW]"""
    hours = hours_from_seconds((block.end_time - block.start_time).total_seconds())
    match block.unit:
        case CapacityUnit.W:
            return kw_from_watts(block.capacity)
        case CapacityUnit.KWH:
            return block.capacity / hours
        case CapacityUnit.WH:
            return kw_from_watts(block.capacity) / hours
    return block.capacity


def _backwards(path: str) -> Finding:
    return Finding(path=path, message="it ends before it starts", remedy="correct one of them")
