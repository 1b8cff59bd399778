"""One look for all who ask the same at a moment: a thread for each of them took a tenth of a short request."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio.to_thread import run_sync

Answer = TypeVar("Answer")


class AskedTogether(Generic[Answer]):
    """Whoever asks is answered by a look that began after it had asked: nothing is remembered.

    Those who ask while a look is under way wait together for the next one.
    """

    def __init__(self, look: Callable[[str], Answer]) -> None:
        """``look`` may wait; it is called in a thread."""
        self._look = look
        self._waiting: dict[tuple[asyncio.AbstractEventLoop, str], list[asyncio.Future[Answer]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        """An event loop alone would let go of them."""

    async def ask(self, what: str) -> Answer:
        """What is found; raises what the look raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        if (waiting := self._waiting.get((loop, what))) is not None:
            waiting.append(answer)
        else:
            self._waiting[loop, what] = [answer]
            task = loop.create_task(self._serve(loop, what))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _serve(self, loop: asyncio.AbstractEventLoop, what: str) -> None:
        """Until nobody waits."""
        asking: list[asyncio.Future[Answer]] = []
        try:
            while asking := self._waiting[loop, what]:
                self._waiting[loop, what] = []
                await self._answer(asking, what)
        finally:  # where the loop is stopped meanwhile, nobody is left waiting
            for answer in (*asking, *self._waiting.pop((loop, what))):
                answer.cancel()

    async def _answer(self, asking: "list[asyncio.Future[Answer]]", what: str) -> None:
        try:
            found = await run_sync(self._look, what)
        except Exception as error:
            for answer in asking:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for answer in asking:
                if not answer.done():
                    answer.set_result(found)
