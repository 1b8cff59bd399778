"""All stays of a case laid end to end: rules that hold in every period are looked at in one go, not stay by stay."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.domain.schedule import Floats
from optimizer.audit.stay import Stay

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Together:
    """Of every stay each period that its plan covers, stay by stay (N,)."""

    stay: Ints
    """Position among the stays."""
    period: Ints
    overlap_h: Floats
    stated_h: Floats
    power_kw: Floats
    offered_kw: Floats
    given_kw: Floats
    max_power_kw: Floats

    def sums(self, values: Floats, count: int) -> Floats:
        """Of values (N,) for each of so many stays."""
        return np.bincount(self.stay, weights=values, minlength=count).astype(float)


def together(stays: Sequence[Stay]) -> Together:
    """Of some stays."""
    nothing = np.zeros(0)
    lengths = np.array([len(stay.power_kw) for stay in stays], dtype=np.int64)
    first = np.array([stay.periods.start for stay in stays], dtype=np.int64)
    stay = np.arange(len(stays)).repeat(lengths)
    begin = np.cumsum(lengths) - lengths
    return Together(
        stay=stay,
        period=np.arange(len(stay)) - (begin - first)[stay],
        overlap_h=np.concatenate([nothing, *(stay.overlap_h for stay in stays)]),
        stated_h=np.concatenate([nothing, *(stay.stated_h for stay in stays)]),
        power_kw=np.concatenate([nothing, *(stay.power_kw for stay in stays)]),
        offered_kw=np.concatenate([nothing, *(stay.offered_kw for stay in stays)]),
        given_kw=np.concatenate([nothing, *(stay.given_kw for stay in stays)]),
        max_power_kw=np.array([stay.max_power_kw for stay in stays], dtype=float).repeat(lengths),
    )
