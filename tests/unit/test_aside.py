"""What works in a thread is finished before anybody goes on."""

import asyncio
from threading import Event

import pytest

from events.aside import aside, finished


async def test_what_it_comes_to_is_given() -> None:
    assert await aside(divmod, 7, 2) == (3, 1)


async def test_whoever_is_cancelled_goes_when_the_thread_is_done() -> None:
    """However often he is: what the thread works on is closed next."""
    begun, go_on, done = asyncio.Event(), Event(), Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        done.set()

    waiting = asyncio.create_task(aside(work))
    await begun.wait()
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0)
    assert not waiting.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done.is_set()


async def test_of_what_goes_wrong_after_that_nobody_hears() -> None:
    """It would be said to be a failure that nobody looked at."""
    future = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(finished(future))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    future.set_exception(ValueError("late"))
    with pytest.raises(asyncio.CancelledError):
        await waiting
