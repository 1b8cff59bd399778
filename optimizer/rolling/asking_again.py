"""A full car that is offered nothing cannot say that it wants to go on: from time to time it is offered the least.

Heating before departure, a battery that was balanced, a limit that its driver raised: all of it needs an offer to draw
by. Until then its head-room is for others. What it draws makes it ``woken``, and it is planned as before.
"""

from datetime import datetime, timedelta

from optimizer.rolling.following import least_kw
from optimizer.rolling.stages import FULL_AFTER
from optimizer.rolling.state import EvseRecord, Stage

EVERY = timedelta(hours=1)
"""Contactors wear: each offer is one more start of the session."""
OFFERED_FOR = FULL_AFTER
"""Who takes nothing for so long is full."""
OFFERED_H = 0.5
"""What is planned with, so that the least is offered at once: it ends with the next plan after ``OFFERED_FOR``. [h]"""
SEEN_WITHIN = timedelta(minutes=15)
"""Nobody would see a car wake whose meter is silent for longer."""


def is_asked_again(record: EvseRecord, now: datetime) -> bool:
    """Whether the next plan offers something to who was full."""
    session = record.session
    if session is None or session.stage is not Stage.FULL or session.offered_since is None:
        return False
    seen = bool(record.readings) and now - record.readings[-1].at <= SEEN_WITHIN
    since = now - session.offered_since
    return seen and (since < OFFERED_FOR if session.offered else since >= EVERY)


def wanted_kwh(record: EvseRecord) -> float:
    """More than it has, while it is asked. [kWh at evse]"""
    return least_kw(record.plate) * OFFERED_H
