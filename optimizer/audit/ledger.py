"""The ledger that a plan tells: what was in it before, and what this plan misses."""

from collections import defaultdict
from collections.abc import Iterator

from optimizer.audit.case import Case
from optimizer.audit.report import Break, BreakCode

NOTHING_KWH = 0.01
"""By which a line may differ: no meter of a car shows it. [kWh]"""


def ledger_breaks(case: Case) -> Iterator[Break]:
    """Lines that are missing, or that are not what was missed before and is missed now."""
    if not (case.scenario.ledger or case.schedule.ledger):
        return
    owed, told = defaultdict[str, float](float), defaultdict[str, float](float)
    for line in case.scenario.ledger:
        owed[line.driver] += line.missed_kwh
    for stay in case.stays:
        owed[stay.session.driver or stay.session.id] += stay.plan.target_shortfall_kwh + stay.plan.minimum_shortfall_kwh
    for line in case.schedule.ledger:
        told[line.driver] += line.missed_kwh
    for driver in owed.keys() | told.keys():
        if abs(owed[driver] - told[driver]) > NOTHING_KWH:
            message = f"{owed[driver]:.3f} kWh are missed in all, the plan says {told[driver]:.3f}"
            yield Break(code=BreakCode.LEDGER, where=driver, amount=owed[driver], limit=told[driver], message=message)
