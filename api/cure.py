"""What conflicts on a day and the ways out, as a JSON document and as text."""

from dataclasses import asdict
from datetime import datetime

from rich.console import Console
from rich.text import Text

from api.document import Part
from optimizer.cure import Cure


class ChangeLine(Part):
    """One limit that is raised, or one wish that is reduced."""

    id: str
    """A node, ``node/line``, a cabinet, a signal, or a session."""
    subject: str
    by: float
    to: float | None
    """What the limit becomes where it is exceeded most; null for a wish."""
    unit: str
    """kW, kVA, A or kWh."""
    start: datetime
    end: datetime


class CureDocument(Part):
    """What ``POST /v1/cure`` answers; all of it empty where every target that the stays allow can be met."""

    conflict: list[str]
    """Limits and sessions that cannot all hold; without any one of them the others could."""
    raises: list[ChangeLine]
    """The least change of limits alone."""
    drops: list[ChangeLine]
    """The least change of wishes alone."""
    least: list[ChangeLine]
    """The least of both, where a kW, the current of a kW on one line to neutral, and a kWh count the same."""
    message: str
    """Times are local to the site."""


def cure_document(found: Cure) -> CureDocument:
    """The document of a cure."""
    return CureDocument.model_validate(asdict(found))


def print_cure(found: Cure, console: Console) -> None:
    """Print what conflicts, and what would end it."""
    console.print(Text(found.message))
