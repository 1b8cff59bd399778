"""Which programme pays for a real event, for which of its hours, and how much; 0 where no rule is known."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models import programmes
from models.datasets.dr_events import RealEvent
from models.domain.calendar import Calendar
from models.domain.programme import Programme
from models.domain.windows import holds

STEP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """A programme whose terms are taken for events of some name, from a day on."""

    programme: str
    since: str = "0001-01-01"
    why: str = ""


PAYERS = {
    "neso_dfs": Payer(programme="neso-dfs", why="the guaranteed price of tests"),
    # That ELRP is called on such alerts, and began in 2021, is not in the rules at hand: unverified.
    "caiso_eea2": Payer(programme="elrp", since="2021-05-01", why="taken as called on the alert"),
    "caiso_eea3": Payer(programme="elrp", since="2021-05-01", why="taken as called on the alert"),
    "caiso_flex_alert": Payer(programme="elrp", since="2021-05-01", why="taken as called on the alert"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What is paid for an event."""

    per_kwh: float = 0.0
    currency: str = ""
    programme: str = ""
    """Empty: no rule is known, so nothing is paid."""
    start: datetime
    end: datetime
    """Of the hours that are paid; of all hours where nothing is."""

    @property
    def named(self) -> str:
        """For a table."""
        return f"{self.programme} {self.per_kwh:g} {self.currency}/kWh" if self.programme else "no rule: 0"


def payment_of(event: RealEvent) -> Payment:
    """By the terms of its programme, for the hours of the event that lie in a window of it."""
    payer = PAYERS.get(event.programme)
    if payer is None or f"{event.start:%Y-%m-%d}" < payer.since:
        return Payment(start=event.start, end=event.end)
    programme = programmes.load(payer.programme)
    paid = _inside(event, programme)
    if not paid:
        return Payment(start=event.start, end=event.end)
    return Payment(
        per_kwh=programme.energy_per_kwh,
        currency=programme.currency,
        programme=programme.id,
        start=paid[0],
        end=min(paid[-1] + STEP, event.end),
    )


def _inside(event: RealEvent, programme: Programme) -> list[datetime]:
    """Starts of quarters of an hour of the event in which a window of the programme is open."""
    calendar, starts = Calendar(event.zone), []
    at = event.start
    while at < event.end:
        if any(holds(window, at, calendar) for window in programme.windows):
            starts.append(at)
        at += STEP
    return starts
