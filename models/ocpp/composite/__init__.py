"""The composite schedule: what a station makes of all profiles that are installed on it, worked out here.

``neutral`` has the nouns, ``reading`` turns payloads of any version into them, ``coverage`` tells which period of one
profile holds at an instant, ``stacking`` which profile of a purpose counts, ``merging`` how purposes combine, and
``evaluating`` puts the instants together.
"""

from models.ocpp.composite.evaluating import composite, worse_reading
from models.ocpp.composite.neutral import (
    Composite,
    CompositePeriod,
    Conventions,
    InstalledProfile,
    Precedence,
    Question,
    Transaction,
)
from models.ocpp.composite.reading import installed_profile

__all__ = [
    "Composite",
    "CompositePeriod",
    "Conventions",
    "InstalledProfile",
    "Precedence",
    "Question",
    "Transaction",
    "composite",
    "installed_profile",
    "worse_reading",
]
