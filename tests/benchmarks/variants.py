"""The random site of B3 where other parts of the model have work: flat prices, missed targets, phase currents.

Each is a scenario made from that of ``scenarios.random_site``, so that sizes and draws stay comparable.
"""

from dataclasses import replace

from models.domain.scenario import Scenario
from models.domain.session import Session, Vehicle
from models.domain.site import Evse, GridNode, LimitKind, Phase, Site, Transformer, Wiring
from models.domain.units import amperes_from_kw, line_to_neutral

FLAT_PRICE_PER_KWH = 0.12
SCARCE_SHARE = 0.35
"""Of the feeders' limits: a quarter of the energy does not fit at 10 connectors, a tenth at 50, nearly all at 200."""
PRIMARY_V, SECONDARY_V = 480.0, 208.0
CONE_SHARE = 0.85
"""Of the power limits, as currents: 149 lines and periods bind at 10 connectors, 307 at 50, 63 at 200."""
V2G_CAPACITY_KWH = 100.0
PAIRS = ((Phase.L1, Phase.L2), (Phase.L2, Phase.L3), (Phase.L3, Phase.L1))


def flat_prices(scenario: Scenario) -> Scenario:
    """One price for every hour: many plans cost the same, so goal (3) has the whole plan to arrange."""
    assert scenario.tariff is not None
    return replace(scenario, tariff=replace(scenario.tariff, import_price=FLAT_PRICE_PER_KWH))


def scarce(scenario: Scenario) -> Scenario:
    """Feeders too small for what drivers want: goal (3) shares what is missing."""
    nodes = tuple(_smaller(node) if node.parent else node for node in scenario.site.nodes)
    return replace(scenario, site=replace(scenario.site, nodes=nodes))


def _smaller(node: GridNode) -> GridNode:
    assert isinstance(node.import_limit_kw, float)
    return replace(node, import_limit_kw=SCARCE_SHARE * node.import_limit_kw)


def phase_limited(scenario: Scenario) -> Scenario:
    """Cars between two lines, feeders with current limits on each line, all behind one delta-wye transformer.

    The pairs of lines follow each other as 2 : 1 : 1, so that no feeder is balanced and the cones bind.
    """
    site = scenario.site
    evses = tuple(_between_lines(evse, i) for i, evse in enumerate(site.evses))
    nodes = tuple(_in_amperes(node) for node in site.nodes)
    voltage_v = line_to_neutral(SECONDARY_V)
    return replace(scenario, site=_without_base_load(replace(site, evses=evses, nodes=nodes, voltage_v=voltage_v)))


def _between_lines(evse: Evse, i: int) -> Evse:
    pair = (0, 1, 0, 2)[i % 4]
    return replace(evse, wiring=Wiring.LINE_TO_LINE, phases=PAIRS[pair], voltage_v=SECONDARY_V)


def _in_amperes(node: GridNode) -> GridNode:
    """The power limit as a current on each of three even lines."""
    assert isinstance(node.import_limit_kw, float)
    power_kw = CONE_SHARE * node.import_limit_kw
    limited = replace(node, import_limit_kw=None, limit_kind=LimitKind.CONTRACT)
    secondary_a = amperes_from_kw(power_kw, line_to_neutral(SECONDARY_V), 3)
    if node.parent is not None:
        return replace(limited, current_limit_a=secondary_a)
    primary_a = amperes_from_kw(power_kw, line_to_neutral(PRIMARY_V), 3)
    transformer = Transformer(
        primary_voltage_v=PRIMARY_V, secondary_voltage_v=SECONDARY_V, primary_current_limit_a=primary_a
    )
    return replace(limited, current_limit_a=secondary_a, transformer=transformer)


def _without_base_load(site: Site) -> Site:
    return replace(site, base_loads=())


def half_give_back(scenario: Scenario) -> Scenario:
    """Every other car is half full, agrees to V2G and gives back as much as it takes."""
    evses = tuple(replace(evse, max_discharge_kw=evse.max_power_kw) for evse in scenario.site.evses)
    sessions = tuple(_giving(s) if i % 2 else s for i, s in enumerate(scenario.sessions))
    return replace(scenario, site=replace(scenario.site, evses=evses), sessions=sessions)


def _giving(session: Session) -> Session:
    vehicle = Vehicle(id=f"{session.id}-car", battery_capacity_kwh=V2G_CAPACITY_KWH, max_discharge_kw=22.0,
                      charge_efficiency=0.95, discharge_efficiency=0.95, wear_price_per_kwh=0.02)  # fmt: skip
    return replace(session, vehicle=vehicle, soc=0.5, soc_reserve=0.2, allows_discharge=True)
