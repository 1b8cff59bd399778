"""A TCP proxy before a server that is never stopped itself: cut, nobody reaches it; mended, everybody does again."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

BUFFER = 65_536


class Proxy:
    """Listens on a port of its own and passes on what it hears, both ways."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = host, port
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listening: socket.socket | None = None
        self.port = 0
        self.mend()

    def cut(self) -> None:
        """Every connection ends, and new ones are refused."""
        with self._lock:
            ending = [*self._open, *([self._listening] if self._listening else [])]
            self._open, self._listening = set(), None
        for one in ending:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def mend(self) -> None:
        """Under the same port as before."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen()
        self.port = listening.getsockname()[1]
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, _ = listening.accept()
                there = socket.create_connection(self._upstream)
                with self._lock:
                    if self._listening is not listening:
                        caller.close()
                        there.close()
                        return
                    self._open |= {caller, there}
                for one, other in ((caller, there), (there, caller)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while told := one.recv(BUFFER):
                other.sendall(told)
        with self._lock:
            self._open -= {one, other}
        one.close()
        other.close()


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """Cut at the end."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.cut()
