"""Running the service, and the refusals before it runs."""

from typing import Any

from pydantic import ValidationError

from api.settings import ServiceSettings, is_loopback


def serve(*, host: str | None, port: int | None, insecure: bool) -> list[str]:
    """Serve until told to stop; answers with the reasons when it refuses to start."""
    import uvicorn  # with fastapi half a second to import

    from api.app import create_app

    given: dict[str, Any] = {"host": host, "port": port, "insecure": insecure or None}
    try:
        settings = ServiceSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        return [_told(entry) for entry in error.errors()]
    if not (is_loopback(settings.host) or settings.insecure):
        return [f"{settings.host} can be reached by others and requests are not authenticated; say --insecure to do so"]
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, server_header=False)
    return []


def _told(entry: object) -> str:
    assert isinstance(entry, dict)
    name = "_".join(str(part) for part in entry["loc"]).upper()
    return f"CHARGEWRIGHT_{name} or its option: {entry['msg']}"
