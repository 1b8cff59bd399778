"""Loads at the measurement points of events and dispatch, expected, as columns."""

from dataclasses import dataclass

import numpy as np

from optimizer.formulation.balance import SiteExchange
from optimizer.formulation.energy import Charging
from optimizer.formulation.storage import Storing
from optimizer.instance import Instance
from optimizer.program import Block, Ints, Placed, ProgramBuilder, Term


@dataclass(frozen=True, slots=True)
class MeteredLoads:
    """Columns of the periods in which a signal looks at a meter."""

    load: Block
    number: Ints
    """(M, T) position in the block; -1 where there is none."""

    def by(self, rows: Ints, meter: Ints, period: Ints) -> Placed:
        """Add the load of a meter in a period to each of some rows."""
        return self.load.by(rows, self.number[meter, period])


def metered_loads(
    lp: ProgramBuilder, instance: Instance, charging: Charging, curtailed: Block, storing: Storing, site: SiteExchange
) -> MeteredLoads | None:
    """None where no signal looks at a load."""
    at = instance.response.meters
    if not at.ids:
        return None
    meter, period = np.nonzero(at.used)
    number = np.where(at.used, np.cumsum(at.used).reshape(at.used.shape) - 1, -1)
    load = lp.variable("metered_load", ("meter", "period"), (meter, period), lower=-np.inf, unit="kW")
    loads = MeteredLoads(load, number)
    rows = np.arange(len(meter))
    elsewhere = np.where(at.is_site[:, None], -1, number)
    # (12)  metered_load[m,t] - Σ_{s behind m} h/Δ (a charge_power - b discharge_power) - Σ_v pv_curtailed
    #       - Σ_b (storage_charge - storage_discharge) = expected base[m,t];  of the site: = grid_import - grid_export
    lp.equal(
        "metered_load_definition",
        ("meter", "period"),
        (meter, period),
        [
            (1.0, load.by(rows)),
            *_of_cars(instance, charging, elsewhere),
            *_of_plants(instance, curtailed, storing, elsewhere),
            *_of_site(site, np.where(at.is_site[:, None], number, -1)),
        ],
        to=np.where(at.is_site[meter], 0.0, at.base_kw[meter, period]),
        unit="kW",
    )
    return loads


def _of_cars(instance: Instance, charging: Charging, row_of: Ints) -> list[Term]:
    at, cells, states = instance.response.meters, instance.cells, instance.states
    share = cells.share
    meter, cell = np.nonzero((row_of[:, cells.period] >= 0) & (at.drawn[:, cells.session] > 0.0))
    giver = states.cell[states.giving]
    over, back = np.nonzero((row_of[:, cells.period[giver]] >= 0) & (at.given[:, cells.session[giver]] > 0.0))
    drawn = share[cell] * at.drawn[meter, cells.session[cell]]
    given = share[giver[back]] * at.given[over, cells.session[giver[back]]]
    return [
        (-drawn, charging.charge_power.by(row_of[meter, cells.period[cell]], cell)),
        (given, charging.discharge_power.by(row_of[over, cells.period[giver[back]]], back)),
    ]


def _of_plants(instance: Instance, curtailed: Block, storing: Storing, row_of: Ints) -> list[Term]:
    at, supply, count = instance.response.meters, instance.generation, instance.periods.count
    meter, held = np.nonzero((row_of[:, supply.period] >= 0) & at.plant[:, supply.plant])
    battery, period = (
        np.repeat(np.arange(instance.storage.count), count),
        np.tile(np.arange(count), instance.storage.count),
    )
    over, stored = np.nonzero((row_of[:, period] >= 0) & at.battery[:, battery])
    rows = row_of[over, period[stored]]
    return [
        (-1.0, curtailed.by(row_of[meter, supply.period[held]], held)),
        (-1.0, storing.charge.by(rows, stored)),
        (1.0, storing.discharge.by(rows, stored)),
    ]


def _of_site(site: SiteExchange, row_of: Ints) -> list[Term]:
    meter, period = np.nonzero(row_of >= 0)
    exported, export = np.nonzero(row_of[:, site.exporting] >= 0)
    return [
        (-1.0, site.grid_import.by(row_of[meter, period], period)),
        (1.0, site.grid_export.by(row_of[exported, site.exporting[export]], export)),
    ]
