"""What demand response is settled by: meters, baseline methods with their sources, events and terms of payment."""

from models.settlement.calls import CalledEvent, SettlementRule, Settling
from models.settlement.load import LoadSeries, Quality
from models.settlement.methods import method, methods

__all__ = ["CalledEvent", "LoadSeries", "Quality", "SettlementRule", "Settling", "method", "methods"]
