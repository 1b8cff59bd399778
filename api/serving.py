"""Running the service, and the refusals before it runs."""

import gc
from typing import Any

import structlog
from pydantic import ValidationError

from api import tracing
from api.observing import configure_logs
from api.release import own_version
from api.security.keys import listed
from api.service import utc_now
from api.settings import ServiceSettings
from api.settings_files import unknown_variables
from api.store.opening import open_store
from models.domain.errors import ChargingError, StoreError

log = structlog.get_logger("chargewright.serving")
NO_KEY = (
    "there is no API key yet, so nobody could be answered: chargewright keys create --tenant NAME makes one; "
    "--insecure answers everybody, without a key"
)
CLOSES_AFTER_S = 5
"""When it is told to stop: who listens to a stream of events would keep it from ending. [s]"""


def serve(*, host: str | None, port: int | None, insecure: bool) -> list[str]:
    """Serve until told to stop; answers with the reasons when it refuses to start."""
    import uvicorn  # with fastapi half a second to import

    from api.app import create_app

    given: dict[str, Any] = {"host": host, "port": port, "insecure": insecure or None}
    try:
        settings = ServiceSettings(**{name: value for name, value in given.items() if value is not None})
        if settings.traces:
            tracing.start(own_version())
    except ValidationError as error:
        return [_told(entry) for entry in error.errors()]
    except ChargingError as error:
        return [str(error)]
    if refusals := _refusals(settings):
        return refusals
    if settings.sample is None:
        settings = settings.model_copy(update={"sample": settings.insecure})
    configure_logs()
    for warning in unknown_variables(ServiceSettings):
        log.warning("unknown_setting", told=warning)
    app = create_app(settings)
    _keep_what_is_loaded()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=CLOSES_AFTER_S,
    )
    tracing.stop()
    return []


def _keep_what_is_loaded() -> None:
    """Code and schemas stay for good, so no collection of garbage looks at them again.

    A full one takes as long as half a plan of 50 connectors, and one in twenty plans waited for it.
    """
    gc.collect()
    gc.freeze()


def _refusals(settings: ServiceSettings) -> list[str]:
    try:
        store = open_store(settings.database_url)
    except StoreError as error:
        return [str(error)]
    try:
        with store.view() as unit:
            answers_somebody = settings.insecure or any(key.works(utc_now()) for key in listed(unit))
    finally:
        store.close()
    return [] if answers_somebody else [NO_KEY]


def _told(entry: object) -> str:
    assert isinstance(entry, dict)
    name = "_".join(str(part) for part in entry["loc"]).upper()
    return f"CHARGEWRIGHT_{name} or its option: {entry['msg']}"
