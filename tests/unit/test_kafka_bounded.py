"""A time limit holds, whether or not the one who is cancelled hears of it."""

import asyncio

import pytest

from events.kafka.bounded import bounded, ended


async def test_what_comes_in_time_is_given() -> None:
    async def work() -> int:
        return 7

    assert await bounded(work(), 10) == 7


async def test_what_does_not_hear_that_it_was_cancelled_is_left() -> None:
    """As somebody in the middle of `wait_for` may not."""
    over = asyncio.Event()

    async def deaf() -> None:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                """Lost."""

    with pytest.raises(TimeoutError):
        await bounded(deaf(), 0.01)
    over.set()


async def test_whoever_waits_may_be_cancelled() -> None:
    """And takes with him what he waited for."""
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.ensure_future(bounded(work(), 10))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


async def test_whatever_it_ends_of_it_is_made_to_end() -> None:
    """At once, or when it is told again; nobody needs to hear of its trouble."""
    told = 0

    async def contrary() -> None:
        nonlocal told
        while told < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1
        raise KeyError("something")

    task = asyncio.create_task(contrary())
    await asyncio.sleep(0)
    await ended(task, 0.01)
    assert told == 2
    assert isinstance(task.exception(), KeyError)
