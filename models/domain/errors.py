"""The errors of the project, drawn once.

ChargingError
├── InvalidScenario        the input is not a scenario: every finding at once
├── NoFeasibleSchedule     bounds of one device contradict each other: the irreducible set, by name
├── SolverFault            the solver gave no usable answer
├── DeadlinePassed         the solver gave none in time
├── EdgeError              a peer failed: who, and whether a retry can help
└── StoreError
    ├── NotFound
    └── Conflict
"""

from collections.abc import Sequence

from models.domain.findings import Finding


class ChargingError(Exception):
    """Anything this project raises on purpose."""


class InvalidScenario(ChargingError):
    """The input does not describe a scenario; ``findings`` holds every reason, not only the first."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        noun = "finding" if len(self.findings) == 1 else "findings"
        lines = [f"{len(self.findings)} {noun} in the scenario", *map(str, self.findings)]
        super().__init__("\n".join(lines))


class NoFeasibleSchedule(ChargingError):
    """The data of single devices contradict themselves, so that no action can satisfy them.

    ``findings`` holds one irreducible set a finding: take any of its ``ids`` away and the contradiction is gone.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(["no action can satisfy these data", *map(str, self.findings)]))


class SolverFault(ChargingError):
    """The solver ended without a usable answer."""


class DeadlinePassed(ChargingError):
    """The solver had no answer when its time was over."""


class EdgeError(ChargingError):
    """A peer failed."""

    def __init__(self, message: str, *, peer: str, retryable: bool) -> None:
        self.peer, self.retryable = peer, retryable
        super().__init__(f"{peer}: {message}")


class StoreError(ChargingError):
    """The store could not do what was asked."""


class NotFound(StoreError):
    """No such thing, or it belongs to somebody else."""


class Conflict(StoreError):
    """Somebody else was faster."""
