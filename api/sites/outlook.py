"""What a driver can expect: ready by when, why not sooner, and what sooner would cost. Pure but for the solves."""

from dataclasses import replace
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from api.build_document import document
from api.document import PlannedSession, Why
from api.operating.live import LiveSite
from api.planning import Answer, decided, plan
from api.sites.assembling import Contents
from api.sites.forms import Boost
from api.sites.living import refreshed, scenario_of
from models.domain.errors import Conflict
from models.domain.scenario import Scenario
from models.domain.site import BaseLoad, PvPlant
from optimizer.settings import Settings


class BoostOffer(BaseModel):
    """What charging as soon as possible comes to."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    ready_by: datetime | None
    costs: float
    """More than the plan as it is, for the site as a whole; others may wait for it."""
    currency: str


class Outlook(BaseModel):
    """What is planned for one session."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    session: str
    site: str
    departure: datetime
    """As told, or as assumed."""
    energy_kwh: float
    """Still to come until then."""
    target_shortfall_kwh: float
    """What the wish lacks then."""
    ready_by_p50: datetime | None
    """As planned; null where nothing is to come."""
    ready_by_p90: datetime | None
    """Where other load is as high as its forecast allows, and there is no sun."""
    why: list[Why]
    boost: BoostOffer


def outlook(
    live: LiveSite, known: Contents, session: str, now: datetime, settings: Settings, within_s: float
) -> Outlook:
    """Plans the site three times: as it is, on a bad day, and with a boost. Raises what planning raises, Conflict."""
    scenario = scenario_of(live, known, now)
    as_it_is = plan(scenario, settings=settings, now=now, deadline_s=within_s)
    bad_day = _decided(on_a_bad_day(scenario), now, settings, within_s)
    sooner = scenario_of(refreshed(live, _boosted(known, session), now), known, now)
    boosted = _decided(replace(sooner, horizon=scenario.horizon), now, settings, within_s)  # so that costs compare
    told = _of(as_it_is, session)
    return Outlook(
        session=session,
        site=scenario.site.id,
        departure=told.departure,
        energy_kwh=told.energy_kwh,
        target_shortfall_kwh=told.target_shortfall_kwh + told.minimum_shortfall_kwh,
        ready_by_p50=told.finish_time,
        ready_by_p90=_latest(told.finish_time, _of(bad_day, session).finish_time),
        why=told.why,
        boost=BoostOffer(
            ready_by=_of(boosted, session).finish_time,
            costs=boosted.schedule.cost - as_it_is.schedule.cost,
            currency=as_it_is.schedule.currency,
        ),
    )


def on_a_bad_day(scenario: Scenario) -> Scenario:
    """Other load as high as it may get, and no sun."""
    loads = tuple(_high(load) for load in scenario.site.base_loads)
    dark = tuple(_dark(plant) for plant in scenario.site.pv_plants)
    return replace(scenario, site=replace(scenario.site, base_loads=loads, pv_plants=dark))


def _high(load: BaseLoad) -> BaseLoad:
    return load if load.high_kw is None else replace(load, expected_kw=load.high_kw)


def _dark(plant: PvPlant) -> PvPlant:
    return replace(plant, expected_kw=0.0)


def _boosted(known: Contents, session: str) -> Contents:
    stays = tuple(replace(s, boost=s.boost or Boost()) if s.told.session == session else s for s in known.stays)
    return replace(known, stays=stays)


def _decided(scenario: Scenario, now: datetime, settings: Settings, within_s: float) -> Answer:
    return decided(scenario, settings=settings, now=now, deadline_s=within_s)


def _of(answer: Answer, session: str) -> PlannedSession:
    found = next((one for one in document(answer).sessions if one.session_id == session), None)
    if found is None:
        raise Conflict("this session is not planned: its vehicle has left")
    return found


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """What nothing is to come for on a bad day is not ready then."""
    return None if one is None or other is None else max(one, other)
