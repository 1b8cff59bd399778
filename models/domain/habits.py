"""How long drivers of a site stay and how much they take, counted from past sessions: data of the site."""

import numpy as np
from numpy.typing import NDArray

from models.domain.value import value

Floats = NDArray[np.float64]

STAY_EDGES_H: Floats = np.concatenate([np.arange(0.0, 24.0, 0.25), np.arange(24.0, 73.0, 2.0)])
"""Ends of the steps in which stays are counted: quarters for a day, then two hours, up to three days. [h]"""
ENERGY_EDGES_KWH: Floats = np.concatenate([np.arange(0.0, 30.0, 1.0), np.arange(30.0, 101.0, 5.0)])
"""The same of energies. [kWh]"""


@value
class Habit:
    """Past sessions that began on one kind of day, in one hour, of one group of drivers."""

    workday: bool
    """Monday to Friday, on the site's calendar, or Saturday and Sunday."""
    arrival_hour: int
    """On the site's clock: 7 for arrivals from 07:00 until 08:00."""
    group: str | None = None
    """Drivers who behave alike, as in ``Session.driver_group``; None: nobody told."""
    stays: tuple[int, ...] = ()
    """How many ended in each quarter of an hour of the first day, then in each two hours up to three days. Zeros at the
    end may be left out; who stayed longer counts in the last step."""
    energies: tuple[int, ...] = ()
    """How many took up to 1, 2, ... 30 kWh, then up to 35, 40, ... 100 kWh, measured at evse."""


@value
class Habits:
    """What is known of a site's drivers; without any count that is what public data say of drivers elsewhere."""

    counted: tuple[Habit, ...] = ()
    source: str = ""
    """Where the counts come from, told with every plan that uses them."""
