"""Waiting for what may never end: a time limit that does not trust a cancellation to be heard."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

from aiokafka.errors import KafkaError

T = TypeVar("T")

_GRACE_S: Final = 1.0
"""So long what was cancelled may take to end."""
_GOODBYE_S: Final = 5.0


async def bounded(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What it comes to. Raises `TimeoutError` after so many seconds, and leaves it to itself.

    `asyncio.timeout` cancels and then waits for the end. aiokafka waits with `asyncio.wait_for` in
    many places, which before Python 3.12 may lose a cancellation (python/cpython#86296): then that
    end never comes.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_heard)
            await asyncio.wait([task], timeout=_GRACE_S)
    if not done:
        raise TimeoutError
    return task.result()


async def ended(task: asyncio.Task[Any], seconds: float) -> None:
    """Have a task end; what of, nobody needs to hear. After so many seconds it is left alone."""
    task.add_done_callback(_heard)
    task.cancel()
    await asyncio.wait([task], timeout=seconds)
    if not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_GRACE_S)


async def let_go(client: Any) -> None:
    """Stop one of aiokafka's, or leave it where it does not stop."""
    with suppress(KafkaError, OSError, TimeoutError):
        await bounded(client.stop(), _GOODBYE_S)


def _heard(task: asyncio.Task[Any]) -> None:
    """Of what goes wrong with it later, nobody needs to hear."""
    if not task.cancelled():
        task.exception()
