"""A nomination proposed by the sessions that a site has had."""

from api.programmes.forms import ProposalAsked
from api.programmes.keeping import Book
from api.programmes.nominating import NominationDocument
from api.programmes.nomination_command import nominated_by
from api.service import Service
from api.sites.keeping import Desk
from api.sites.stays import Stay
from api.store.records import Kind
from models.domain.errors import NotFound
from optimizer.response.past_days import PastCharge


def propose(service: Service, tenant: str, programme: str, asked: ProposalAsked) -> NominationDocument:
    """By sessions that are over; raises NotFound, InvalidScenario where no day has a window of the programme."""
    with service.store.view() as unit:
        terms = Book(unit, tenant, programme, "").terms
        desk = Desk(unit, tenant, asked.site, "")
        if desk.find(Kind.SITE) is None:
            raise NotFound(f"there is no site {asked.site}")
        stays = [kept.value for kept in desk.every(Kind.PAST_SESSION)]
    charges = [_charge(stay, asked.power_kw) for stay in stays if stay.unplugged_at is not None]
    return nominated_by(terms, charges, (asked.first_day, asked.last_day))


def _charge(stay: Stay, power_kw: float) -> PastCharge:
    vehicle = stay.told.vehicle
    own = vehicle.max_charge_kw if vehicle is not None and vehicle.max_charge_kw is not None else power_kw
    assert stay.unplugged_at is not None, "those that are there are left out"
    return PastCharge(
        arrival=stay.told.plugged_in_at, departure=stay.unplugged_at, energy_kwh=stay.delivered_kwh, power_kw=own
    )
