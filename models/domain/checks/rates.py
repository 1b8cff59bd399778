"""Tariffs: windows that can be read, a rate for every hour, and metering intervals that fit into a day."""

from collections.abc import Iterator

from models.domain.calendar import calendar_of
from models.domain.checks.series import prices_of
from models.domain.errors import InvalidScenario
from models.domain.findings import Finding
from models.domain.paths import label
from models.domain.prices import uncovered
from models.domain.scenario import Scenario
from models.domain.tariff import Tariff, TimeClasses, TimeOfUse
from models.domain.units import HOURS_PER_DAY, MINUTES_PER_HOUR
from models.domain.windows import window_findings

MOST_GAPS = 3
"""That are told of one price."""


def malformed_windows(scenario: Scenario) -> Iterator[Finding]:
    """Windows whose season or times cannot be read, or that are never open."""
    if scenario.tariff is None:
        return
    for path, price in prices_of(scenario.tariff):
        for i, rate in enumerate(price.rates if isinstance(price, TimeOfUse) else ()):
            for k, window in enumerate(rate.windows):
                yield from window_findings(window, f"{path}.rates[{i}].windows[{k}]")
    for i, charge in enumerate(scenario.tariff.demand_charges):
        for k, window in enumerate(charge.windows):
            yield from window_findings(window, f"tariff.demand_charges[{i}].windows[{k}]")
    for path, limit in classes_of(scenario.tariff):
        for i, one in enumerate(limit.classes):
            for k, window in enumerate(one.windows):
                yield from window_findings(window, f"{path}.classes[{i}].windows[{k}]")


def classes_of(tariff: Tariff) -> Iterator[tuple[str, TimeClasses]]:
    """The limits of contracts that are given by time classes, with their path."""
    for i, contract in enumerate(tariff.contracts):
        for name in ("import_limit_kw", "export_limit_kw"):
            limit = getattr(contract, name)
            if isinstance(limit, TimeClasses):
                yield f"tariff.contracts[{i}].{name}", limit


def metering_intervals(scenario: Scenario) -> Iterator[Finding]:
    """Demand intervals that do not divide a day, so that they would not start at midnight again."""
    for i, charge in enumerate(scenario.tariff.demand_charges if scenario.tariff else ()):
        minutes = charge.demand_interval_min
        if minutes > 0 and (HOURS_PER_DAY * MINUTES_PER_HOUR) % minutes != 0:
            message = f"{label(charge)}: demand_interval_min {minutes:g} does not divide a day"
            remedy = "write the metering interval of the contract: 15, 30 or 60"
            path = f"tariff.demand_charges[{i}].demand_interval_min"
            yield Finding(path=path, message=message, remedy=remedy, ids=(charge.id,))


def hours_without_rate(scenario: Scenario) -> Iterator[Finding]:
    """Local times that no rate of a time-of-use price covers, and holidays of a country that has none known."""
    tariff = scenario.tariff
    if tariff is None or any(malformed_windows(scenario)):
        return
    try:
        yield from _uncovered(tariff, scenario.site.time_zone)
    except InvalidScenario as unfit:
        yield from unfit.findings


def _uncovered(tariff: Tariff, site_time_zone: str) -> Iterator[Finding]:
    """Raises InvalidScenario for a holiday calendar that is not known."""
    calendar = calendar_of(tariff, site_time_zone)
    for path, price in prices_of(tariff):
        gaps = uncovered(price, calendar) if isinstance(price, TimeOfUse) else []
        if gaps:
            more = f"; and {len(gaps) - MOST_GAPS} more" if len(gaps) > MOST_GAPS else ""
            message = f"price gap: no rate for {'; '.join(gaps[:MOST_GAPS])}{more}"
            remedy = "add a last rate without windows: it counts whenever no other does"
            yield Finding(path=f"{path}.rates", message=message, remedy=remedy)
