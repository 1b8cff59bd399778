"""An algorithm in a process of its own, which gets nothing but the messages of the interface."""

import multiprocessing
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from models.domain.site import Site
from models.domain.tariff import Tariff
from optimizer.backtest.algorithm import Effort, Maker
from optimizer.backtest.messages import Message, Setpoints

_PATIENCE_S = 5.0
"""How long a process is given to end by itself. [s]"""


@dataclass(slots=True)
class Apart:
    """The near end of a pipe; keeps the bytes of all answers."""

    pipe: Connection
    answers: list[bytes] = field(default_factory=list)

    def decide(self, messages: Sequence[Message]) -> Setpoints:
        """Send a batch and wait for the answer.

        Raises:
            EOFError: the process has died.
        """
        self.pipe.send(tuple(messages))
        self.answers.append(self.pipe.recv_bytes())
        answer = pickle.loads(self.answers[-1])
        assert isinstance(answer, Setpoints), "the far end sends nothing else"
        return answer

    def effort(self) -> Effort:
        """As the far end has counted it."""
        self.pipe.send(())
        effort = pickle.loads(self.pipe.recv_bytes())
        assert isinstance(effort, Effort), "no messages at all ask for nothing else"
        return effort


@contextmanager
def apart(maker: Maker, site: Site, tariff: Tariff) -> Iterator[Apart]:
    """An algorithm that lives elsewhere until the block ends."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=_serve, args=(far, maker, site, tariff), daemon=True)
    process.start()
    far.close()
    try:
        yield Apart(near)
    finally:
        near.close()
        process.join(_PATIENCE_S)
        process.kill()


def _serve(pipe: Connection, maker: Maker, site: Site, tariff: Tariff) -> None:
    """Answer batches until the pipe is closed; an empty one asks for the effort so far."""
    algorithm = maker(site, tariff)
    while True:
        try:
            messages = pipe.recv()
        except EOFError:
            return
        pipe.send_bytes(pickle.dumps(algorithm.decide(messages) if messages else algorithm.effort()))
