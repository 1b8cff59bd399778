"""What solving took, so that everything else of a plan can be told apart from it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Effort:
    """Of one solver, over all its solves."""

    seconds: float = 0.0
    """In the solver: passing programs, running, fetching answers. [s]"""
    first_seconds: float = 0.0
    """The same of its first solve. [s]"""
    solves: int = 0
    iterations: int = 0

    def solved(self, iterations: int = 0) -> None:
        """One more solve is done, its time spent already."""
        self.first_seconds = self.first_seconds or self.seconds
        self.solves += 1
        self.iterations += iterations

    def fetched(self, seconds: float) -> None:
        """Something more of the last answer was asked for; of the first one it belongs to the first solve. [s]"""
        self.seconds += seconds
        if self.solves == 1:
            self.first_seconds += seconds
