"""What certain models are known to get wrong, and what to believe instead of what they tell.

From public issue threads of charging software (evcc, lbbrhzn/ocpp, SteVe) and from running counterparts. A site may say
otherwise: what stands in its scenario wins over this table.
"""

import re
from dataclasses import dataclass

from models.domain.site import RateUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """Patterns that a station's identity must match, all of those that are given, and what then holds."""

    vendor: str
    model: str = ""
    firmware: str = ""
    max_stack_level: int | None = None
    rate_units: tuple[RateUnit, ...] | None = None
    max_periods: int | None = None
    note: str
    """What happens, for the operator."""
    source: str

    def fits(self, vendor: str, model: str, firmware: str) -> bool:
        pairs = ((self.vendor, vendor), (self.model, model), (self.firmware, firmware))
        return all(re.search(pattern, told, re.IGNORECASE) is not None for pattern, told in pairs)


QUIRKS = (
    Quirk(
        vendor="abb", model="tac|terra", max_stack_level=0,
        note="takes profiles on stack level 0 only, whatever it tells", source="lbbrhzn/ocpp#877, evcc template",
    ),
    Quirk(
        vendor="abb", model="terra", firmware=r"^1\.8\.0",
        note="rejects valid limits, among them 6 and 0 A: an offer of 0 may have to be a remote stop",
        source="evcc#15493",
    ),
    Quirk(
        vendor="wall ?box", firmware=r"^5\.", max_stack_level=0,
        note="takes profiles on stack level 0 only", source="evcc template",
    ),
    Quirk(
        vendor="huawei", rate_units=(RateUnit.W,),
        note="follows limits in W only, whatever unit it tells", source="evcc template",
    ),
    Quirk(
        vendor="evbox", model="elvi", rate_units=(RateUnit.A,),
        note="tells Current; may start a session by itself with transaction id 1",
        source="lbbrhzn/ocpp#221, evcc#14733",
    ),
    Quirk(
        vendor="go-?e", note="has accepted profiles and not followed them: believe the meter",
        source="goecharger/go-eCharger-API-v2#105, #249",
    ),
    Quirk(
        vendor="schneider", note="rejects profiles while load management is switched off in its own menu",
        source="lbbrhzn/ocpp#877",
    ),
    Quirk(
        vendor="orbis", model="viaris",
        note="its composite schedules carry local time labelled as UTC and periods beyond their duration",
        source="evcc#20881",
    ),
)  # fmt: skip
