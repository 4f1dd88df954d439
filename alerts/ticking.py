"""The clock that wakes whoever makes what time brings.

It only wakes: what is due is asked of the state then. So a tick that comes late, or for several
that were missed, brings all that they would have.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from events.dates import SECOND, Instant

_LONGEST: Final[Instant] = 3_600 * SECOND
"""A clock that was set, or a machine that slept, is noticed at the latest after this."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Ticking:
    """Use it as a context, within an event loop. `clock` is that by which ticks are set."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        self._clock = clock
        # A job that is late runs all the same, and once for all that it missed.
        defaults = {"misfire_grace_time": None, "coalesce": True}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)

    def __enter__(self) -> "Ticking":
        self._scheduler.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def waiting(self, name: str) -> Instant | None:
        """When the next tick under this name comes, if one does."""
        job = self._scheduler.get_job(name)
        return None if job is None else (job.next_run_time - _EPOCH) // _MICROSECOND

    def set(self, name: str, wake: Callable[[], None], due: Instant) -> None:
        """Call `wake` when it is due, instead of what was set under this name before."""
        wait = min(max(due - self._clock(), 0), _LONGEST)

        async def tick() -> None:  # in the event loop, not in a thread of the scheduler
            if self._clock() < due:
                self.set(name, wake, due)
            else:
                wake()

        self._scheduler.add_job(
            tick,
            DateTrigger(datetime.now(UTC) + wait * _MICROSECOND),
            id=name,
            replace_existing=True,
        )
