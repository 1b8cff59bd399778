"""How a solve is made; everything that is neither the site's nor the day's."""

from dataclasses import dataclass
from enum import StrEnum


class Objective(StrEnum):
    COST = "cost"
    """Least cost of energy, carbon, demand and missed targets."""
    MARGIN = "margin"
    """The same, less what drivers pay for energy (18)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one solve. Budgets are counts, so that the same scenario gives the same plan."""

    objective: Objective = Objective.COST
    preferences: bool = True
    """Goal (3): among plans of equal cost, share what is missing equally and charge early."""
    steady: bool = False
    """Goal (3): let setpoints rise seldom as well, so that cars start and change seldom; in programs of 6,000 columns
    at most. The front doors of the product ask for it; it takes longer than the rest of goal (3)."""
    current_tolerance: float = 1e-4
    """Phase current limits are shrunk by this share, and cut until none is exceeded by more than it."""
    partial_draw: bool = True
    """Keep phase current limits whichever cars stop drawing; off only to compare with results that ignore it."""
    setpoints: bool = True
    """Where the site has rules for them, make near setpoints ones that EVSEs can offer; off to see any power."""
    tail: bool = True
    """Where setpoints are made: solve anew for what they leave open, and for other powers in the runs that they make.
    Off where only near setpoints are carried out and the next plan comes before others are: a quarter of the time."""
    cut_rounds: int = 60
    """At most this many rounds of tangent cuts."""
    share_rounds: int = 12
    """At most this many rounds of max-min sharing."""
    curve_rounds: int = 3
    """So many rounds of bounds for charging curves that are not concave."""
    switch_rounds: int = 8
    """At most this many rounds of binaries against charging and giving back, or import and export, at once."""
    switch_columns: int = 6000
    """Of a larger program whoever does both at once is held to what it does more of, without a search: with 57 binaries
    and 12,000 columns that took 23 s, and found nothing better."""
    switch_nodes: int = 200
    """At most this many nodes of the search in each of these rounds."""
    time_limit_s: float = 60.0
    """A backstop; a plan that met it says so."""
    solver_log: bool = False
