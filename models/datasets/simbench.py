"""Load and PV profiles of SimBench: quarter hours of 2016 in Germany, as shares of a peak."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from models.datasets.catalogue import dataset
from models.datasets.files import rows
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.value import Step

POWER_DIGITS = 3
STEP = timedelta(minutes=15)


def profile(folder: Path, name: str, start: datetime, end: datetime, peak_kw: float) -> tuple[Step, ...]:
    """A profile as ``g0_m``, ``h0_a``, ``mv_comm`` or ``pv1`` between two instants, as steps of a load or a roof. [kW]

    Other years are 2016 moved by whole weeks, so that weekdays and, within days, seasons fit; holidays do not.

    Raises:
        InvalidScenario: there is no such profile, or the data have no such time.
    """
    table = rows(folder, dataset("simbench"))
    names = [column for column in table[0] if column != "utc_start"]
    if name not in names:
        finding = Finding(
            path="profile", message=f"there is no profile {name}", remedy=f"take one of {', '.join(names)}"
        )
        raise InvalidScenario([finding])
    moved = _whole_weeks(start)
    inside = [
        Step(start=at + moved, value=round(float(row[name]) * peak_kw, POWER_DIGITS))
        for row in table
        if start <= (at := datetime.fromisoformat(row["utc_start"]).astimezone(UTC)) + moved < end
    ]
    if len(inside) * STEP < end - start:
        message = f"the profile covers {len(inside)} of {(end - start) // STEP} quarter hours"
        remedy = "take a stretch inside one year: the data end with 2016"
        raise InvalidScenario([Finding(path="profile", message=message, remedy=remedy)])
    return tuple(inside)


def _whole_weeks(start: datetime) -> timedelta:
    """From 2016 to the year of an instant, to the nearest whole week."""
    same_day = start.replace(year=2016)
    return timedelta(weeks=round((start - same_day) / timedelta(weeks=1)))
