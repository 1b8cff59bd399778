"""What demand response is settled by: meters, baseline methods with their sources, calls and terms of payment."""

from models.settlement.calls import Call, SettlementRule, Settling
from models.settlement.load import LoadSeries, Quality
from models.settlement.methods import AdjustmentKind, BaselineMethod, Constant, HighXOfY, LowUsage, NearbyHours, method

__all__ = [
    "AdjustmentKind",
    "BaselineMethod",
    "Call",
    "Constant",
    "HighXOfY",
    "LoadSeries",
    "LowUsage",
    "NearbyHours",
    "Quality",
    "SettlementRule",
    "Settling",
    "method",
]
