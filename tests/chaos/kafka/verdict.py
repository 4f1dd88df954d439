"""What the checker says once everything has come to rest."""

import asyncio

from events.kafka.topics import CHANGES
from tests.chaos.kafka.processes import PATIENCE_S
from tests.kafka.house import House


async def verdict(house: House) -> list[str]:
    """What is wrong, in words, when nothing gets better any more: what is under way is waited for,
    a flip that falls due meanwhile, too."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + PATIENCE_S
    while (found := await house.check()) and loop.time() < give_up:
        """The changes of an earlier moment cannot get better, and end here."""
    return found


async def repeats(house: House) -> int:
    """How many changes were told more than once, of which the checker found each under the id of
    the first, saying the same."""
    told = await house.read(CHANGES)
    return len(told) - len({(one.value or {})["change"] for one in told})
