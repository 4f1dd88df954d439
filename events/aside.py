"""Work that takes a while, in a thread: the event loop goes on, and nothing is let go half-done."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do it in a thread. Once begun it is finished before this returns, also where the caller is
    cancelled: what it works on can be closed then."""
    return await finished(asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs)))


async def finished(future: asyncio.Future[T]) -> T:
    """What was begun already comes to its end before this returns, whoever is cancelled."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            with suppress(asyncio.CancelledError):  # whoever cancels, cancels already
                await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # of which nobody needs to hear
        raise
