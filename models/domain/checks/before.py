"""The plan before and the ledger: each session and each driver once, and setpoints that end after they begin."""

from collections.abc import Iterator, Sequence

from models.domain.findings import Finding
from models.domain.paths import plain
from models.domain.scenario import Scenario
from models.domain.times import seconds


def told_twice(scenario: Scenario) -> Iterator[Finding]:
    """Sessions of the plan before and drivers of the ledger that come up again."""
    yield from _repeated("previous", "session", [planned.session for planned in scenario.previous])
    yield from _repeated("ledger", "driver", [missed.driver for missed in scenario.ledger])


def _repeated(path: str, noun: str, ids: Sequence[str]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for i, name in enumerate(ids):
        before = first.setdefault(name, i)
        if before != i:
            message = f"{noun} {plain(name)} is in {path}[{before}] already"
            yield Finding(path=f"{path}[{i}].{noun}", message=message, remedy="write each once", ids=(name,))


def early_ends(scenario: Scenario) -> Iterator[Finding]:
    """Setpoints that are over before the last of them begins."""
    for i, planned in enumerate(scenario.previous):
        last = planned.charge_power_kw[-1].start if planned.charge_power_kw else None
        if last is not None and seconds(planned.end) <= seconds(last):
            told = f"end {planned.end.isoformat()} is not after the last setpoint, of {last.isoformat()}"
            message = f"plan before of session {plain(planned.session)}: {told}"
            remedy = "write the end of the last period that was planned"
            yield Finding(path=f"previous[{i}].end", message=message, remedy=remedy, ids=(planned.session,))
