"""Where a convex, piecewise linear cost bends, from as few of its values and slopes as that takes.

Two tangents meet below the curve. Where the curve touches that point it bends there and nowhere else between; else the
point divides the stretch, and the stretch with the largest gap comes next. Source: Eisner and Severance (1976).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

TOUCHES = 1e-7
"""Share of the larger value within which a tangent touches the curve."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The curve at ``x``."""

    x: float
    value: float
    slope: float
    """Of some tangent."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    left: Sample
    right: Sample

    def meeting(self) -> tuple[float, float] | None:
        """Where the tangents meet, and how high; None where that is at an end: the curve is straight between."""
        left, right = self.left, self.right
        if right.slope - left.slope <= TOUCHES * (1.0 + abs(left.slope)):
            return None
        x = (left.value - right.value + right.slope * right.x - left.slope * left.x) / (right.slope - left.slope)
        margin = 1e-6 * (right.x - left.x)
        if not left.x + margin < x < right.x - margin:
            return None
        return x, left.value + left.slope * (x - left.x)

    def gap(self) -> float:
        """How far the chord lies above where the tangents meet."""
        found = self.meeting()
        if found is None:
            return 0.0
        x, low = found
        return self.height(x) - low

    def height(self, x: float) -> float:
        """Of the chord."""
        left, right = self.left, self.right
        return left.value + (right.value - left.value) * (x - left.x) / (right.x - left.x)


def bends(sample: Callable[[float], Sample], left: Sample, right: Sample, most: int) -> list[Sample]:
    """Both ends and every bend between, in order; with ``most`` samples spent, the bends that matter most."""
    found, open_ = [left, right], [_Stretch(left, right)]
    for _ in range(most):
        open_ = [stretch for stretch in open_ if stretch.gap() > _tolerance(stretch)]
        if not open_:
            break
        widest = max(open_, key=_Stretch.gap)
        open_.remove(widest)
        meeting = widest.meeting()
        assert meeting is not None
        here = sample(meeting[0])
        found.append(here)
        if here.value > meeting[1] + _tolerance(widest):
            open_ += [_Stretch(widest.left, here), _Stretch(here, widest.right)]
    return _bent(sorted(found, key=lambda one: one.x))


def _bent(samples: list[Sample]) -> list[Sample]:
    """Without those that lie on the straight line between their neighbours."""
    kept = samples[:1]
    for here, after in pairwise(samples[1:]):
        if _Stretch(kept[-1], after).height(here.x) > here.value + _tolerance(_Stretch(kept[-1], after)):
            kept.append(here)
    return kept + samples[-1:]


def _tolerance(stretch: _Stretch) -> float:
    return TOUCHES * (1.0 + abs(stretch.left.value) + abs(stretch.right.value))
