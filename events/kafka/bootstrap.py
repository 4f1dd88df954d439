"""Whoever is interrupted while a client of aiokafka begins leaves no connection open.

A client asks the first broker that it reaches which others there are, over a connection that only
the asking coroutine knows: cancelled meanwhile, it would forget that connection, and `close` does
not find it. So each `bootstrap` in this process remembers what it connected to; a partition that is
taken away while its worker begins is cancelled there.
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from aiokafka import client

_connect = client.create_conn
_bootstrap = client.AIOKafkaClient.bootstrap
_begun: "WeakKeyDictionary[asyncio.Task[Any] | None, list[Any]]" = WeakKeyDictionary()
"""By task, the connections that its bootstrap has made."""


async def _remembered(*arguments: Any, **options: Any) -> Any:
    made = await _connect(*arguments, **options)
    _begun.get(asyncio.current_task(), []).append(made)
    return made


async def _closing(self: Any) -> None:
    task = asyncio.current_task()
    _begun[task] = []
    try:
        await _bootstrap(self)
    except BaseException:
        for one in _begun[task]:
            one.close()
        raise
    finally:
        del _begun[task]


client.create_conn = _remembered
client.AIOKafkaClient.bootstrap = _closing
