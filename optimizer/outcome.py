"""What any way of planning has to answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Setpoints per cell, what is missed per session, what limits are worth per node."""

    charge_power_kw: Floats
    """(N,) setpoints at evse. [kW]"""
    discharge_power_kw: Floats
    """(N,) what cars give back at evse; 0 where they cannot. [kW]"""
    minimum_shortfall_kwh: Floats
    """(S,)"""
    after_horizon_kwh: Floats
    """(S,)"""
    storage_charge_kw: Floats
    """(B, T), at grid. [kW]"""
    storage_discharge_kw: Floats
    """(B, T), at grid. [kW]"""
    curtailed_kw: Floats
    """(C,) what PV is held back by, in the order of ``Generation.plant``. [kW at grid]"""
    worth_per_kw: Floats
    """(M, T) duals of import limits, positive where more room would help. [currency/kW]"""
    offered_power_kw: Floats | None = None
    """(N,) what EVSEs may draw, which limits count; None: as charged. [kW]"""
    group_worth_per_kw: Floats | None = None
    """(G, T) the same of caps on groups. None: not known."""

    @property
    def limit_kw(self) -> Floats:
        """(N,) what limits count, at evse. [kW]"""
        return self.charge_power_kw if self.offered_power_kw is None else self.offered_power_kw
