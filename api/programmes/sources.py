"""Where a command finds the terms of a programme and its past sessions."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from api.sources import content
from models import programmes
from models.datasets.acn import SITES, blocks
from models.datasets.recorded import RecordedSession
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.programme import Programme
from models.domain.signal import Direction
from models.domain.tariff import ALL_DAYS, Window
from models.domain.windows import window_findings
from models.domain.wire import read_programme
from models.learning.history import PastSession, read_history
from models.settlement.methods import method
from optimizer.response.past_days import PastCharge

ACN = "acn:"
USUAL_KW = 6.6
"""Of the EVSEs of workplaces in the United States: 32 A at 208 V."""


def programme_from(source: str) -> Programme:
    """A known programme by its name, or the terms in a file; raises InvalidScenario."""
    return programmes.load(source) if source in programmes.names() else read_programme(_terms(source))


def with_window(programme: Programme, hours: str | None) -> Programme:
    """The same with other hours, ``HH:MM-HH:MM``, on the days that it has: where a connection decides them.

    Raises InvalidScenario.
    """
    if hours is None:
        return programme
    start, _, end = hours.partition("-")
    first = programme.windows[0] if programme.windows else Window(days=ALL_DAYS)
    window = replace(first, start=start, end=end)
    if findings := window_findings(window, "--window"):
        raise InvalidScenario(findings)
    return replace(programme, windows=(window,))


def with_baseline(programme: Programme, name: str | None) -> Programme:
    """The same, settled by another method; raises InvalidScenario for one that nobody knows."""
    return programme if name is None else replace(programme, baseline=method(name).name)


def with_direction(programme: Programme, name: str | None) -> Programme:
    """The same for less or for more load, where a connection offers both; raises InvalidScenario."""
    if name is None:
        return programme
    if name not in list(Direction):
        message = f"{name!r} is no direction"
        raise InvalidScenario([Finding(path="--direction", message=message, remedy="write reduce or turn_up")])
    return replace(programme, direction=Direction(name))


def charges_from(source: str, zone: ZoneInfo, power_kw: float, folder: Path | None) -> tuple[PastCharge, ...]:
    """Past sessions of a CSV file, or of ``acn:caltech`` and ``acn:jpl`` in the data folder.

    Raises InvalidScenario with every row that cannot be read.
    """
    if source.startswith(ACN):
        return _recorded(source.removeprefix(ACN), power_kw, folder)
    history = read_history(content(Path(source)).decode("utf-8-sig", errors="replace").splitlines(), zone)
    if history.findings:
        raise InvalidScenario(history.findings)
    return _charges(history.sessions, power_kw)


def _recorded(site: str, power_kw: float, folder: Path | None) -> tuple[PastCharge, ...]:
    if site not in SITES:
        message = f"the data set has no site {site!r}"
        raise InvalidScenario([Finding(path="history", message=message, remedy=f"take one of {', '.join(SITES)}")])
    if folder is None:
        remedy = (
            "name it with --folder or CHARGEWRIGHT_DATA; chargewright data describe acn-blocks says where to get it"
        )
        raise InvalidScenario([Finding(path="history", message="no data folder is named", remedy=remedy)])
    return _charges(blocks(folder, site), power_kw)


def _charges(told: Iterable[PastSession | RecordedSession], power_kw: float) -> tuple[PastCharge, ...]:
    return tuple(
        PastCharge(arrival=one.arrival, departure=one.departure, energy_kwh=one.energy_kwh, power_kw=power_kw)
        for one in told
    )


def _terms(source: str) -> bytes:
    path = Path(source)
    if path.suffix != ".json" and not path.is_file():
        raise programmes.unknown(source)
    return content(path)
