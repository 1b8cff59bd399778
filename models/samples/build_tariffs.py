"""Builds the tariffs that come along: real rates of utilities in North America and of networks in Europe.

Run ``python -m models.samples.build_tariffs FOLDER``; the README beside them names sources and assumptions.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from models.datasets.tariffs import sce_tou_ev_4
from models.datasets.urdb import urdb_tariff
from models.domain.tariff import DemandCharge, Rate, Tariff, TimeOfUse, Window
from models.domain.units import per_kwh_from_per_mwh
from models.samples.rendering import render_value
from models.samples.sources import DAY_AHEAD, SAMPLES, read_csv, read_json

TARIFFS = SAMPLES / "tariffs"
MONTHS_PER_YEAR = 12.0
CENTS = 100.0
GERMAN, GERMAN_LEVEL = "tariffs/de_network_demand_tariffs_2025.json", "Niederspannung"
FLEMISH, FLEMISH_PLACE = "tariffs/be_grid_fees_2026.csv", ("Fluvius", "Antwerpen", "1-26 kV", "Grid")
MODULE_3 = "tariffs/de_14a_module3_grid_fees_2025_2026.json"
LEVIES = ("KWKG", "Offshore", "par19_StromNEV_A_le_1GWh", "Stromsteuer", "Konzessionsabgabe_special_contract")


def _urdb(file: str, name: str, schedule: str) -> Callable[[Path], Tariff]:
    """Of a rate in the form of the URDB, under the name that its utility gives it."""

    def build(folder: Path) -> Tariff:
        found = urdb_tariff(read_json(folder, f"tariffs/urdb/{file}.json")).tariff
        return replace(
            found, name=name, source=f"schedule {schedule}, in the form of the Utility Rate Database, 2024 and 2025"
        )

    return build


def german(folder: Path) -> Tariff:
    """Low voltage from 2,500 h of use on: the price of a year's highest quarter hour, a twelfth of it each month."""
    told = read_json(folder, GERMAN)
    level = next(one for one in told["tariffs"][0]["levels"] if one["level"] == GERMAN_LEVEL)
    levies = told["surcharges_2025_ct_per_kwh"]
    fees = (level["energy_ge2500"] + sum(levies[name] for name in LEVIES)) / CENTS
    return Tariff(
        name="Netze ODR, low voltage, 2,500 h/a and more, 2025, with the mean day-ahead price",
        source="price sheet 2025 of Netze ODR; netztransparenz.de; SMARD.de",
        currency="EUR",
        import_price=round(_mean_day_ahead(folder, "DE_LU") + fees, 5),
        demand_charges=(DemandCharge(id="year", rate_per_kw=round(level["demand_ge2500"] / MONTHS_PER_YEAR, 4)),),
    )


def flemish(folder: Path) -> Tariff:
    """Medium voltage in Antwerp: contracted power is not planned, the peak of each month is."""
    told = next(
        row
        for row in read_csv(folder, FLEMISH)
        if (row["operator"], row["region"], row["voltage"], row["connection"]) == FLEMISH_PLACE
    )
    peak_per_kw = float(told["offtake_peak_month_keur_mw_y"]) / MONTHS_PER_YEAR
    return Tariff(
        name="Fluvius Antwerpen, 1-26 kV, 2026, with the mean day-ahead price of 2025",
        source="network prices 2026 of Fluvius; SMARD.de",
        currency="EUR",
        import_price=round(_mean_day_ahead(folder, "BE") + float(told["offtake_energy_keur_mwh"]), 5),
        demand_charges=(DemandCharge(id="month-peak", rate_per_kw=round(peak_per_kw, 4)),),
    )


def module_3(folder: Path) -> Tariff:
    """§ 14a EnWG, module 3, at Netze BW: network fees by the hour and no demand charge."""
    told = read_json(folder, MODULE_3)["dso"]["NETZE_BW"][0]
    other = sum(read_json(folder, GERMAN)["surcharges_2025_ct_per_kwh"][name] for name in LEVIES) / CENTS
    other += _mean_day_ahead(folder, "DE_LU")
    rates = []
    for level in ("high", "low", "standard"):
        windows = [one for one in told["windows"] if one["level"] == level.upper()]
        inside = tuple(Window(start=one["from"], end=one["to"]) for one in windows)
        rates.append(Rate(price_per_kwh=round(told[f"{level}_ct_per_kwh"] / CENTS + other, 5), windows=inside))
    return Tariff(
        name="Netze BW, § 14a EnWG module 3, 2025, with the mean day-ahead price",
        source="price sheet 2025 of Netze BW; netztransparenz.de; SMARD.de",
        currency="EUR",
        import_price=TimeOfUse(rates=tuple(rates)),
    )


def _mean_day_ahead(folder: Path, zone: str) -> float:
    """Of the hours of 2025 that have a price. [EUR/kWh]"""
    return per_kwh_from_per_mwh(fmean(float(row[zone]) for row in read_csv(folder, DAY_AHEAD) if row[zone]))


BUILDERS: dict[str, Callable[[Path], Tariff]] = {
    "be-fluvius-antwerpen-2026": flemish,
    "de-netze-bw-module-3-2025": module_3,
    "de-netze-odr-low-voltage-2025": german,
    "pge-bev-2-s": _urdb(
        "pge_bev-2-s_2025-09-08",
        "PG&E BEV-2-S, its subscription as a price per kW",
        "schedule BEV of Pacific Gas & Electric",
    ),
    "sce-tou-8-d": _urdb(
        "sce_tou-8_option-d_below2kv", "SCE TOU-8, option D, below 2 kV", "TOU-8 of Southern California Edison"
    ),
    "sce-tou-ev-4-2019": lambda folder: sce_tou_ev_4(folder, holidays="WEEKENDS"),
    "sce-tou-ev-9": _urdb(
        "sce_tou-ev-9_below2kv_2025-09-08",
        "SCE TOU-EV-9, below 2 kV",
        "schedule TOU-EV-9 of Southern California Edison",
    ),
    "sdge-al-tou": _urdb(
        "sdge_al-tou_secondary_above500kw", "SDG&E AL-TOU, secondary", "AL-TOU of San Diego Gas & Electric"
    ),
    "sdge-ev-hp": _urdb("sdge_ev-hp_2025-09-08", "SDG&E EV-HP", "EV-HP of San Diego Gas & Electric"),
}
"""Every tariff that comes along, and what makes it of a data folder."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write all of them anew."""
    parser = argparse.ArgumentParser(description="Rebuild the tariffs that come along from public data.")
    parser.add_argument("folder", type=Path, help="folder with the data that their README names")
    folder = parser.parse_args(arguments).folder
    for name, build in BUILDERS.items():
        (TARIFFS / f"{name}.json").write_text(render_value(build(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
