"""Who asks the same at the same moment shares a look, and never one that began before it asked."""

from asyncio import CancelledError, create_task, gather, run, sleep, wait_for
from threading import Event

import pytest

from api.security.asking import AskedTogether


class Looked:
    """Counts looks; each waits until it may go on, and answers with what was there when it began."""

    def __init__(self) -> None:
        self.there, self.looks = "old", 0
        self.begun, self.may_go_on = Event(), Event()

    def __call__(self, what: str) -> str:
        self.looks += 1
        found = self.there
        self.begun.set()
        assert self.may_go_on.wait(10.0)
        if found == "broken":
            raise ValueError(what)
        return found


async def until_begun(look: Looked) -> None:
    while not look.begun.is_set():
        await sleep(0.001)


def test_whoever_asks_during_a_look_is_answered_by_a_later_one() -> None:
    look = Looked()

    async def ask() -> tuple[str, list[str]]:
        keys = AskedTogether(look)
        first = create_task(keys.ask("key"))
        await until_begun(look)
        look.there = "new"
        later = [create_task(keys.ask("key")) for _ in range(20)]
        await sleep(0)
        look.may_go_on.set()
        return await first, await gather(*later)

    assert run(ask()) == ("old", 20 * ["new"])
    assert look.looks == 2, "the twenty shared one"


def test_nothing_is_remembered() -> None:
    look = Looked()
    look.may_go_on.set()

    async def ask() -> list[str]:
        keys, found = AskedTogether(look), []
        for there in ("one", "two"):
            look.there = there
            found.append(await keys.ask("key"))
        return found

    assert run(ask()) == ["one", "two"]


def test_each_asks_for_its_own() -> None:
    async def ask() -> list[str]:
        keys = AskedTogether(str.upper)
        return await gather(*(keys.ask(what) for what in ("a", "b", "a", "c")))

    assert run(ask()) == ["A", "B", "A", "C"]


def test_an_error_is_told_to_all_and_the_next_one_asks_anew() -> None:
    look = Looked()
    look.may_go_on.set()

    async def ask() -> tuple[list[object], str]:
        keys = AskedTogether(look)
        look.there = "broken"
        raised = await gather(*(keys.ask("key") for _ in range(3)), return_exceptions=True)
        look.there = "there"
        return list(raised), await keys.ask("key")

    raised, found = run(ask())
    assert [type(one) for one in raised] == 3 * [ValueError]
    assert found == "there"


def test_who_goes_away_takes_nobody_along() -> None:
    look = Looked()

    async def ask() -> str:
        keys = AskedTogether(look)
        gone, stays = create_task(keys.ask("key")), create_task(keys.ask("key"))
        await until_begun(look)
        gone.cancel()
        with pytest.raises(CancelledError):
            await gone
        look.may_go_on.set()
        return await wait_for(stays, 10.0)

    assert run(ask()) == "old"
