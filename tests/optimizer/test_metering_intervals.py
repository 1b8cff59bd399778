"""Metering intervals over the periods of a plan."""

from dataclasses import replace

import pytest

from models.domain.horizon import Horizon, Stretch
from optimizer.completing import complete
from optimizer.instance import instance_of
from tests.benchmarks.scenarios import START, random_site


def test_a_last_period_that_is_shorter_than_its_interval_counts_for_its_part_of_it() -> None:
    """Intervals of 15 minutes begin with every period; the last period covers 5 of them."""
    site = random_site(10, 96)
    cut = Horizon(start=START, stretches=(Stretch(count=3, minutes=15.0), Stretch(count=1, minutes=5.0)))
    demand = instance_of(complete(replace(site, horizon=cut)).scenario).money.demand
    assert demand.share.tolist() == pytest.approx([1.0, 1.0, 1.0, 1.0 / 3.0])
