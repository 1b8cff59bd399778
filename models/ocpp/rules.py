"""What a SetChargingProfile must satisfy beyond its JSON schema, checked before it is sent.

The schemas pass a limit of -5, a garbage date, unsorted periods. Requirement ids (K01.FR.31) are those of OCPP 2.x;
the rules hold for 1.6 as well unless said. Each finding has the rule's name and the reason code a station would answer.
"""

from collections.abc import Callable, Iterable

from models.domain.findings import Finding
from models.domain.site import Evse, Station
from models.ocpp import feature_rules, mode_rules, neighbour_rules, period_rules, profile_rules, shape_rules
from models.ocpp.profile import Version, version_of
from models.ocpp.reading import Circumstances, JsonObject, Reading, read

Rule = Callable[[Reading], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    shape_rules.fields,
    shape_rules.ids,
    shape_rules.enumerations,
    shape_rules.numbers,
    profile_rules.purpose,
    profile_rules.evse_number,
    profile_rules.transaction,
    profile_rules.stack_level,
    profile_rules.start,
    profile_rules.dates,
    profile_rules.rate_unit,
    period_rules.count,
    period_rules.order,
    period_rules.limits,
    period_rules.phases,
    mode_rules.modes,
    mode_rules.values,
    mode_rules.setpoints,
    mode_rules.frequency,
    mode_rules.sleep,
    feature_rules.features,
    feature_rules.randomized_delay,
    feature_rules.priority,
    feature_rules.dynamic,
    neighbour_rules.running,
    neighbour_rules.stack,
    neighbour_rules.defaults,
    neighbour_rules.overlaps,
    neighbour_rules.reserved,
    neighbour_rules.pace,
    neighbour_rules.clock,
)


def findings(
    version: Version | str,
    payload: JsonObject,
    station: Station,
    evse: Evse | None = None,
    circumstances: Circumstances | None = None,
) -> tuple[Finding, ...]:
    """Every broken rule, with its name, reason code, place and way out; ``evse`` is None for the whole station."""
    reading = read(version_of(version), payload, station, evse, circumstances or Circumstances())
    return tuple(finding for rule in RULES for finding in rule(reading))
