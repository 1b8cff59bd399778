"""A published network of the Adaptive Charging Network as a site: EVSEs between two lines, panels, transformers.

Source: Lee et al., ACN-Sim (2021). Constraints are named ``<place> I_a`` for the lines of a panel, ``<place> Secondary
A`` and ``<place> Primary A`` for those of a delta-wye transformer; a pod without a line has all EVSEs on one pair.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.datasets.catalogue import dataset
from models.datasets.files import document
from models.domain.site import Evse, GridNode, LimitKind, NodeKind, Phase, Site, Transformer, Wiring
from models.domain.units import amperes_from_kw, kw_from_amperes, line_to_line

TIME_ZONE = "America/Los_Angeles"
SECONDARY_V, PRIMARY_V = 120.0, 277.0
"""Line to neutral; limits of a transformer are told in kW and kept in A. [V]"""
PRIMARY_LINE_V = 480.0
"""Line to line: the published networks wind 480 V to 4 times 120 V exactly. [V]"""
PAIRS = {"AB": (Phase.L1, Phase.L2), "BC": (Phase.L2, Phase.L3), "CA": (Phase.L3, Phase.L1)}
_LINE = re.compile(r"\s*(?:(?P<side>Primary|Secondary) [ABC]|I_[abc])$")

Document = Mapping[str, Any]


def network(folder: Path, site: str) -> Document:
    """The published document of ``caltech`` or ``jpl``."""
    return dict(document(folder, dataset(f"network-{site}")))


def site_of(told: Document, *, transformer_kw: float | None = None) -> Site:
    """The site of a network; ``transformer_kw`` in place of its transformers' ratings, as in published tables.

    Primary lines have the limit of the rating at 277 V, also where the published file has another one (JPL).
    """
    transformers, panels = _places(told)
    nodes = [_transformer(name, limits, transformer_kw) for name, limits in transformers.items()]
    root = nodes[0].id if len(nodes) == 1 else "service"
    if len(nodes) > 1:
        nodes = [GridNode(id=root, kind=NodeKind.CONNECTION), *(replace(node, parent=root) for node in nodes)]
    nodes += [_panel(name, limit_a, _feeding(members, transformers)) for name, (limit_a, members) in panels.items()]
    evses = tuple(_evse(one, _node_of(one["evse_id"], panels, transformers)) for one in told["evses"])
    return Site(id=str(told["site"]), time_zone=TIME_ZONE, voltage_v=SECONDARY_V, nodes=tuple(nodes), evses=evses)


_Panels = dict[str, tuple[float, set[str]]]
_Transformers = dict[str, tuple[float, set[str]]]


def _places(told: Document) -> tuple[_Transformers, _Panels]:
    """Secondary limit and EVSEs of each transformer, line limit and EVSEs of each panel, by name. [A]"""
    transformers: _Transformers = {}
    panels: _Panels = {}
    for constraint in told["constraints"]:
        line = _LINE.search(constraint["name"])
        side = line["side"] if line else None
        if side == "Primary":
            continue
        place = _LINE.sub("", constraint["name"]).strip().lower().replace(" ", "-").replace("/", "-") or "transformer"
        found = transformers if side else panels
        limit_a, members = found.get(place, (float(constraint["limit_a"]), set()))
        found[place] = limit_a, members | set(constraint["coefficients"])
    return transformers, panels


def _transformer(name: str, limits: tuple[float, set[str]], transformer_kw: float | None) -> GridNode:
    rating_kw = kw_from_amperes(limits[0], SECONDARY_V, conductors=3) if transformer_kw is None else transformer_kw
    return GridNode(
        id=name,
        kind=NodeKind.TRANSFORMER,
        limit_kind=LimitKind.CONTRACT,
        current_limit_a=amperes_from_kw(rating_kw, SECONDARY_V, conductors=3),
        transformer=Transformer(
            primary_voltage_v=PRIMARY_LINE_V,
            secondary_voltage_v=line_to_line(SECONDARY_V),
            primary_current_limit_a=amperes_from_kw(rating_kw, PRIMARY_V, conductors=3),
        ),
    )


def _panel(name: str, limit_a: float, parent: str) -> GridNode:
    return GridNode(id=name, parent=parent, kind=NodeKind.PANEL, limit_kind=LimitKind.CONTRACT, current_limit_a=limit_a)


def _feeding(members: set[str], transformers: _Transformers) -> str:
    """The transformer above a panel: the one that counts its EVSEs."""
    return next(name for name, (_, served) in transformers.items() if members <= served)


def _node_of(evse: str, panels: _Panels, transformers: _Transformers) -> str:
    return next(name for name, (_, served) in [*panels.items(), *transformers.items()] if evse in served)


def _evse(told: Mapping[str, Any], node: str) -> Evse:
    return Evse(
        id=told["evse_id"],
        node=node,
        wiring=Wiring.LINE_TO_LINE,
        phases=PAIRS[told["phase_pair"]],
        voltage_v=float(told["voltage_v"]),
        max_current_a=float(told["max_current_a"]),
        min_current_a=float(told["min_nonzero_current_a"]),
        pilot_levels_a=tuple(map(float, told["allowed_pilot_a"])),
    )
