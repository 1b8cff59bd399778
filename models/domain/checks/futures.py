"""Futures of a scenario: chances that add up, and each of them a day that could be planned."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from models.domain.findings import Finding
from models.domain.futures import Future, in_future
from models.domain.scenario import Scenario

SURE = 1.0 + 1e-9


def unfit_futures(scenario: Scenario) -> Iterator[Finding]:
    """Ids that occur twice, and chances of more than 1 in all."""
    for name, count in Counter(future.id for future in scenario.futures).items():
        if count > 1:
            message, remedy = f"{count} futures have the id {name}", "give each future an id of its own"
            yield Finding(path="futures", message=message, remedy=remedy, ids=(name,))
    total = sum(future.weight for future in scenario.futures)
    if total > SURE:
        message = f"the weights of the futures add up to {total:g}"
        remedy = "weights are chances: let them add up to 1 at most; what is left is the day without any future"
        yield Finding(path="futures", message=message, remedy=remedy)


def unfit_in_future(
    scenario: Scenario, told: list[Finding], validate: Callable[[Scenario], tuple[Finding, ...]]
) -> Iterator[Finding]:
    """What is wrong only once a future has come: an EVSE that is taken, a node that is not there."""
    known = {(finding.path, finding.message) for finding in told}
    for k, future in enumerate(scenario.futures):
        for finding in validate(in_future(scenario, future)):
            moved = replace(finding, path=_path(finding.path, k, future, len(scenario.sessions)))
            if (moved.path, moved.message) not in known and (finding.path, finding.message) not in known:
                yield moved


def _path(path: str, k: int, future: Future, present: int) -> str:
    """Where it stands in the document."""
    for name, own in (("base_loads", future.base_loads), ("pv_plants", future.pv_plants)):
        if own is not None and path.startswith(f"site.{name}"):
            return f"futures[{k}].{path.removeprefix('site.')}"
    at = re.match(r"sessions\[(\d+)\]", path)
    if at and int(at[1]) >= present:
        return f"futures[{k}].sessions[{int(at[1]) - present}]{path[at.end() :]}"
    return path
