"""What load would have been without an event, by the methods that utilities settle by; protocols say which.

``days`` finds like days, ``adjusting`` corrects them by the same day, ``found`` is what comes out, ``matching`` brings
them together. Pure: loads in, baselines out.
"""

from optimizer.response.baselines.found import Baseline, DayUse, LookedAt
from optimizer.response.baselines.matching import History, baseline
from optimizer.response.baselines.spans import Spans, spans_of

__all__ = ["Baseline", "DayUse", "History", "LookedAt", "Spans", "baseline", "spans_of"]
