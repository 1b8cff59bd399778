"""Algorithms written for acnportal in charge of a site, without acnportal: objects with its names and units.

``adapter`` is the algorithm that a run sees, ``interface`` what the foreign one is shown, ``sessions`` and
``infrastructure`` what it is answered, ``stations`` and ``network`` how that is read from a site, ``angles`` how
currents of three lines become one angle for each station.

The names are those of ``acnportal.acnsim.interface``, version 0.3 (Lee et al., ACN-Sim, 2021), because algorithms call
them by name. Times are whole periods since the beginning, currents amperes a conductor.
"""
