"""What a station can be trusted with: a script for a CSMS to carry out, and a judgement of what it saw.

``script`` says what to do, ``observations`` reads the log of it, ``judging`` makes a record with a grade, ``declaring``
writes records into the site.
"""

from models.commissioning.declaring import declared
from models.commissioning.judging import judge
from models.commissioning.observations import Observations, read_observations
from models.commissioning.record import REMEDY, Flaw, Grade, Outcome, Record, Shown
from models.commissioning.script import Subject, script
from models.commissioning.steps import START, TRANSACTION, Doing, Request, Step, Task

__all__ = [
    "REMEDY",
    "START",
    "TRANSACTION",
    "Doing",
    "Flaw",
    "Grade",
    "Observations",
    "Outcome",
    "Record",
    "Request",
    "Shown",
    "Step",
    "Subject",
    "Task",
    "declared",
    "judge",
    "read_observations",
    "script",
]
