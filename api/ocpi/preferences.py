"""ChargingPreferences of drivers: answered where the site is planned here, passed on to the CPO where it is not."""

from datetime import datetime

from api.ocpi.answers import Answer, Forward, PreferencesTold, not_found, refusal, success
from models.domain.electrical import NOMINAL_VOLTAGE_V, max_charge_power_kw
from models.domain.scenario import Scenario
from models.ocpi.locations import PREFERENCES_CAPABLE, OcpiEvse
from models.ocpi.preferences import Possible, answer_to, supported_types, with_preferences
from models.ocpi.sessions import ChargingPreferences, PreferencesAnswer
from models.ocpi.wire import Refusal, read_object


def put_preferences(
    body: bytes, session_id: str, *, scenario: Scenario, told: OcpiEvse | None, now: datetime
) -> Answer:
    """``scenario``: the site with its sessions as they are told; ``told``: the EVSE as OCPI knows it, if it does.

    A session that is not there, and an EVSE that takes no preferences, are answered with 404 and 2001.
    """
    session = next((each for each in scenario.sessions if each.id == session_id), None)
    if session is None:
        return not_found(f"there is no session {session_id[:40]!r}", now)
    if told is not None and PREFERENCES_CAPABLE not in told.capabilities:
        return not_found(f"EVSE {told.uid} does not have {PREFERENCES_CAPABLE}", now)
    wish = read_object(ChargingPreferences, body)
    if isinstance(wish, Refusal):
        return refusal(wish, now)
    evse = next(evse for evse in scenario.site.evses if evse.id == session.evse)
    most_kw = max_charge_power_kw(session, evse, scenario.site.voltage_v or NOMINAL_VOLTAGE_V)
    possible = Possible(supported=supported_types(prices_carbon=_prices_carbon(scenario)), most_kw=most_kw)
    answer = answer_to(wish, session, possible, now)
    if answer is not PreferencesAnswer.ACCEPTED:
        return success(now, data=answer.value)
    return success(now, PreferencesTold(session=with_preferences(session, wish)), data=answer.value)


def pass_on(body: bytes, session_id: str, *, cpo_sessions_url: str, now: datetime) -> Answer:
    """To the CPO that runs the session; a body that is no wish goes nowhere."""
    wish = read_object(ChargingPreferences, body)
    if isinstance(wish, Refusal):
        return refusal(wish, now)
    url = f"{cpo_sessions_url.rstrip('/')}/{session_id}/charging_preferences"
    return success(now, Forward(method="PUT", url=url, body=body))


def _prices_carbon(scenario: Scenario) -> bool:
    """Whether a wish for green energy changes anything."""
    known = scenario.tariff is not None and scenario.tariff.carbon_intensity != 0.0
    return known and bool(scenario.site.green_price_per_kg)
