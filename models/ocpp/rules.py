"""What a SetChargingProfile must satisfy beyond its JSON schema, checked before it is sent.

The schemas pass a limit of -5, a garbage date, unsorted periods. Requirement ids (K01.FR.31) are those of OCPP 2.x;
the rules hold for 1.6 as well unless said. Names of the rules: EVerest, ProfileValidationResultEnum.
"""

from collections.abc import Callable, Iterable

from models.domain.findings import Finding
from models.domain.site import Evse, Station
from models.ocpp import period_rules, profile_rules
from models.ocpp.profile import Version, version_of
from models.ocpp.reading import JsonObject, Reading, read

Rule = Callable[[Reading], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
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
)


def findings(
    version: Version | str, payload: JsonObject, station: Station, evse: Evse | None = None
) -> tuple[Finding, ...]:
    """Every broken rule, with its name, place and way out; ``evse`` is None for a profile of the whole station."""
    reading = read(version_of(version), payload, station, evse)
    return tuple(finding for rule in RULES for finding in rule(reading))
