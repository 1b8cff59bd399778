"""Published tariffs as tariffs of the domain."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from models.datasets.catalogue import dataset
from models.datasets.files import document
from models.domain.tariff import DayKind, DemandCharge, Rate, Tariff, TimeOfUse, Window

_DAYS = {"WEEKDAYS": (DayKind.WEEKDAY,), "WEEKENDS": (DayKind.SATURDAY, DayKind.SUNDAY)}


def sce_tou_ev_4(folder: Path, *, demand_interval_min: float = 15.0, holidays: str = "WEEKDAYS") -> Tariff:
    """SCE TOU-EV-4 of March 2019, both seasons; its published runs meter every 5 minutes and know no holidays.

    ``holidays``: the days of the table, WEEKDAYS or WEEKENDS, that public holidays are like.
    """
    told: dict[str, Any] = document(folder, dataset("sce-tou-ev-4"))
    windows: dict[float, list[Window]] = defaultdict(list)
    for season in told["schedule"]:
        for price, window in _season(season, holidays):
            windows[price].append(window)
    (rate_per_kw,) = {float(season["demand_charge"]) for season in told["schedule"]}
    rates = tuple(Rate(price_per_kwh=price, windows=tuple(inside)) for price, inside in windows.items())
    charge = DemandCharge(id="facilities", rate_per_kw=rate_per_kw, demand_interval_min=demand_interval_min)
    source = f"{told['link']}, in force from {told['effective']}"
    return Tariff(
        name=told["name"], source=source, currency="USD", import_price=TimeOfUse(rates=rates), demand_charges=(charge,)
    )


def _season(season: dict[str, Any], holidays: str) -> list[tuple[float, Window]]:
    """The prices of a kind of day in a season, each with its window."""
    mask = season["dow_mask"]
    ends = [*season["times"][1:], 24]
    return [
        (
            float(price),
            Window(
                days=(*_DAYS[mask], DayKind.HOLIDAY) if mask == holidays else _DAYS[mask],
                season_start=season["effective_start"],
                season_end=season["effective_end"],
                start=f"{start:02d}:00",
                end=f"{end:02d}:00",
            ),
        )
        for price, start, end in zip(season["tariffs"], season["times"], ends, strict=True)
    ]
