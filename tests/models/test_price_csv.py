"""Prices as SMARD and ENTSO-E export them: per MWh, on the clock of Brussels, with hours that come twice, and gaps."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.datasets import dataset
from models.datasets.price_csv import prices_of
from models.domain.errors import InvalidScenario
from models.samples.sources import day_ahead

FOLDER = Path(os.environ.get("CHARGEWRIGHT_DATA", "no-such-folder"))
SMARD = (
    "Datum von;Datum bis;Deutschland/Luxemburg [€/MWh] Originalauflösungen;∅ Anrainer [€/MWh] Originalauflösungen\n"
    "26.10.2025 01:00;26.10.2025 02:00;101,50;90,0\n"
    "26.10.2025 02:00;26.10.2025 02:00;1.099,99;90,0\n"
    "26.10.2025 02:00;26.10.2025 03:00;-5,00;90,0\n"
    "26.10.2025 03:00;26.10.2025 04:00;80,00;-\n"
)
ENTSOE = (
    '"MTU (CET/CEST)","Day-ahead Price [EUR/MWh]","Currency","BZN|DE-LU"\n'
    '"13.03.2026 00:00 - 13.03.2026 00:15","98.12","EUR",""\n'
    '"13.03.2026 00:15 - 13.03.2026 00:30","97.00","EUR",""\n'
)


def test_a_download_of_smard_is_read_through_the_hour_that_comes_twice() -> None:
    found = prices_of(SMARD.encode(), column="Deutschland/Luxemburg")
    first = datetime(2025, 10, 25, 23, tzinfo=UTC)
    assert [step.start for step in found.prices.steps] == [first + timedelta(hours=k) for k in range(4)]
    assert [step.value for step in found.prices.steps] == [0.1015, 1.09999, -0.005, 0.08]
    assert found.prices.end == first + timedelta(hours=4)


def test_of_several_prices_one_has_to_be_named() -> None:
    with pytest.raises(InvalidScenario, match="2 columns could be the price"):
        prices_of(SMARD.encode())


def test_an_export_of_entsoe_has_quarter_hours_and_both_of_their_ends() -> None:
    found = prices_of(ENTSOE.encode(), adder_per_kwh=0.10)
    assert found.step == timedelta(minutes=15)
    assert [(step.start, step.value) for step in found.prices.steps] == [
        (datetime(2026, 3, 12, 23, tzinfo=UTC), 0.19812),
        (datetime(2026, 3, 12, 23, 15, tzinfo=UTC), 0.197),
    ]


def test_a_price_that_lacks_is_told_and_never_filled() -> None:
    with pytest.raises(InvalidScenario, match="2025-10-26T02:00Z") as refused:
        prices_of(
            f"{SMARD}26.10.2025 04:00;26.10.2025 05:00;70,00;-\n".replace("80,00", "-").encode(), column="Deutsch"
        )
    assert "--from and --to" in refused.value.findings[0].remedy


def test_a_stretch_can_be_asked_for() -> None:
    start = datetime(2025, 10, 26, 1, tzinfo=UTC)
    found = prices_of(SMARD.encode(), column="Deutschland", start=start)
    assert [step.value for step in found.prices.steps] == [-0.005, 0.08]
    with pytest.raises(InvalidScenario, match="fewer than two prices"):
        prices_of(SMARD.encode(), column="Deutschland", start=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.skipif(not (FOLDER / dataset("smard-day-ahead").file).is_file(), reason="CHARGEWRIGHT_DATA has no prices")
def test_a_table_of_zones_gives_the_prices_that_samples_are_built_of() -> None:
    start, end = datetime(2025, 3, 20, 14, tzinfo=UTC), datetime(2025, 3, 21, 9, tzinfo=UTC)
    found = prices_of((FOLDER / dataset("smard-day-ahead").file).read_bytes(), column="DE_LU", start=start, end=end)
    assert found.prices == day_ahead(FOLDER, "DE_LU", start, end)
