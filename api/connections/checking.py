"""A connection of the service as the check of a VEN takes it: the same client, the same words."""

from api.connections.forms import OpenAdr3
from api.connections.keeping import Line
from api.connections.openadr3 import hook_url
from api.connections.running import ven_client
from api.edges.openadr3.ven import VenClient
from api.service import Clock
from api.settings import ServiceSettings
from api.store.port import Store
from api.ven_settings import VenSettings
from models.domain.errors import NotFound


def client_and_settings(
    settings: ServiceSettings, store: Store, tenant: str, id: str, now: Clock
) -> tuple[VenClient, VenSettings]:
    """Raises NotFound for what is no connection to a VTN of OpenADR 3, EdgeError for secrets that cannot be read."""
    with store.view() as unit:
        told = Line(unit, tenant, id, "").get()
    if not isinstance(told, OpenAdr3):
        raise NotFound(f"connection {id} is of kind {told.kind}; openadr3 can be checked")
    given = VenSettings(
        base_url=told.base_url,
        version=told.version,
        client_id=told.client_id,
        token_url=told.token_url,
        scope=told.scope,
        source=id,
        programme=told.programme,
        ven_name=told.ven_name,
        targets=list(told.targets),
        profile=told.profile,
        callback_url=hook_url(settings, tenant, id) if told.webhook and settings.public_url else "",
        price_units=told.price_units,
        power_units=told.power_units,
        change_sign=told.change_sign,
        offset_percent_sign=told.offset_percent_sign,
        safe_mode_events=list(told.safe_mode_events),
    )
    return ven_client(settings, store, now, tenant, id, told), given
