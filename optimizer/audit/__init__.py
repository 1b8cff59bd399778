"""The independent audit: whether a plan keeps every limit and states the truth, recomputed from its setpoints alone.

Nothing here is shared with what makes plans, so a fault there is not repeated here. A plan is read as setpoints over
time; powers, currents, energies, demands and costs are worked out anew from the scenario and compared with the
scenario's limits and with what the plan says about itself.

The table of contents: ``report`` (the answer), ``stays`` (who is there, equations (1) and (4)), ``loads`` (nodes, (5)
and (7)), ``currents`` ((6)), ``demand`` ((10)), ``contracts`` ((11)), ``money`` ((9), (17), (18)), on top of ``case``
(a plan beside its scenario), ``ground`` (what all plans of a scenario have in common), ``stay`` (one session and what a
plan makes of it), ``together`` (all of them in one go), ``timeline`` (when), ``wiring`` (the physics of one load) and
``tree`` (where).
"""

from optimizer.audit.auditing import audit
from optimizer.audit.report import AuditReport, Break, BreakCode

__all__ = ["AuditReport", "Break", "BreakCode", "audit"]
