"""Some of our routes on a port of their own, for peers that call us."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import uvicorn
from fastapi import APIRouter, FastAPI


@contextmanager
def serving(router: APIRouter) -> Iterator[str]:
    """The base address."""
    service = FastAPI()
    service.include_router(router)
    with running(service) as url:
        yield url


def free_port() -> int:
    """For a service that has to know its own address before it runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running(service: Any, port: int = 0, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """An application that is made already, on a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(service, port=port, log_level="critical", lifespan=lifespan))
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
