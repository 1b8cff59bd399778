"""Benchmark B1: the Caltech garage in September 2018 as one scenario. Source: arXiv 2012.02636; ACN-Data, Lee, Li, Low
(e-Energy 2019). The sessions are not for redistribution; they are read from the folder CHARGEWRIGHT_DATA."""

from dataclasses import replace
from pathlib import Path

from api.backtesting.cases import Aim, Case, course_of
from models.datasets.acn_network import network, site_of
from models.domain.scenario import Scenario
from models.domain.site import Site, Tier
from optimizer.backtest.hindsight import scenario_in_hindsight

MONTH = "caltech-2018-09"


def september(folder: Path, limit_kw: float, aim: Aim) -> Scenario:
    """All sessions of the month under a transformer limit, for the profit table or for the energy one."""
    return scenario_in_hindsight(course_of(Case(name=MONTH, aim=aim, limit_kw=limit_kw), folder))


def network_site(folder: Path, limit_kw: float, value_per_kwh: float) -> Site:
    """The published network, which is read from the data folder, behind a transformer of such a limit."""
    tiers = (Tier(id="all", value_of_target_per_kwh=value_per_kwh),)
    return replace(site_of(network(folder, "caltech"), transformer_kw=limit_kw), tiers=tiers)
