"""Some of our routes on a port of their own, for peers that call us."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import APIRouter, FastAPI


@contextmanager
def serving(router: APIRouter) -> Iterator[str]:
    """The base address."""
    service = FastAPI()
    service.include_router(router)
    server = uvicorn.Server(uvicorn.Config(service, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
