"""The alarm clock: makes the log hear that time has passed, when a flip is due.

APScheduler wakes it; what is due it asks the projection, each time anew, so that it needs no
memory of its own and nothing is lost while the process was off. The event's id follows from the
moment that was due, so that two alarms write it once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from events import vocabulary as words
from events.dates import SECOND, Instant, show
from events.errors import StoreError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_AGAIN: Final = timedelta(seconds=10)
"""How soon it is tried again where the log could not be written."""
_STILL: Final = timedelta(seconds=1)
"""So long after it rang a flip may still be due: its record is not folded yet, or the log's clock
is behind this one."""
_BEGINNING: Final = timedelta(minutes=1)
_MINUTE: Final = 60 * SECOND
_LONGEST: Final = timedelta(hours=1)
"""A clock that was set, or a machine that slept, is noticed at the latest after this."""

Append = Callable[[dict[str, object]], Awaitable[object]]


def time_passed(due: Instant) -> dict[str, object]:
    """The event that lets readers of the log emit what was due at `due`."""
    return {
        "type": words.TIME_PASSED,
        "subject": words.CLOCK_SUBJECT,
        "source": "/standing/alarm",
        "data": {"due": show(due)},
    }


class Alarm:
    """Rings when the next flip is due. `due` asks the projection for that moment; `append` writes
    an event to the log; `clock` is the log's own. One that is `hourly` rings at every full hour as
    well, and a while after its start: so that silence is known from a log that nobody folds."""

    def __init__(
        self,
        due: Callable[[], Instant],
        append: Append,
        clock: Callable[[], Instant],
        *,
        hourly: bool = False,
    ) -> None:
        self._due = due
        self._append = append
        self._clock = clock
        self._hourly = hourly
        self._rung = -1
        self._rung_at = 0
        self._awaited: Instant | None = None
        """The flip for which it is set."""
        # A job that is late runs all the same, and once for all that it missed; one that was set
        # anew while the last one was still writing is not passed over.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 2}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)

    def start(self) -> None:
        """Begin to watch; what fell due while nobody watched is written at once."""
        self._scheduler.start()
        self.set()
        if self._hourly:
            for name, when in (
                ("hourly", CronTrigger(minute=0, timezone=UTC)),
                ("once", DateTrigger(datetime.now(UTC) + _BEGINNING)),
            ):
                self._scheduler.add_job(self._unless_stopped, when, args=[self.ring], id=name)

    def daily(self, work: Callable[[], Awaitable[object]]) -> None:
        """Have housekeeping done once a day, and at every start."""
        self._scheduler.add_job(
            self._unless_stopped,
            IntervalTrigger(days=1),
            args=[work],
            next_run_time=datetime.now(UTC),
            id="daily",
        )

    def stop(self) -> None:
        """Watch no more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def set(self) -> None:
        """Look again when the next flip is due; to be called when the projection has moved."""
        if not self._scheduler.running:
            return
        now = self._clock()
        due = self._due()
        if due == self._rung:
            self._ring(datetime.now(UTC) + _STILL)
        elif due <= now:
            self._at(now)
        elif due != self._awaited:  # else it is set, which costs more than to fold an event
            self._at(min(due, now + _LONGEST // _MICROSECOND))
            self._awaited = due

    def _at(self, moment: Instant) -> None:
        self._ring(_EPOCH + moment * _MICROSECOND)

    def _ring(self, moment: datetime) -> None:
        self._awaited = None
        self._scheduler.add_job(
            self._unless_stopped,
            DateTrigger(moment),
            args=[self.tick],
            id="alarm",
            replace_existing=True,
        )

    async def _unless_stopped(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do a job. One that ends because nobody watches any more is no error to be logged."""
        try:
            await work()
        except asyncio.CancelledError:
            if self._scheduler.running:
                raise

    async def ring(self) -> None:
        """Write that this minute has passed."""
        now = self._clock()
        await self._append(time_passed(now - now % _MINUTE))

    async def tick(self) -> None:
        """Write that time has passed, if something is due; else look again later."""
        self._awaited = None
        due, now = self._due(), self._clock()
        rung = due == self._rung
        if due > now or (rung and now - self._rung_at < _STILL // _MICROSECOND):
            self.set()
            return
        try:
            # One that rings again says so under another id: the first may have come too early.
            await self._append(time_passed(now if rung else due))
        except StoreError:
            if self._scheduler.running:
                self._at(self._clock() + _AGAIN // _MICROSECOND)
            raise  # the scheduler logs it
        self._rung, self._rung_at = due, now
        # Written, it is folded soon: the projection moves, and sets the alarm again.
