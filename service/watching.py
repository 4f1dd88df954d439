"""Asking sources again and again for what they publish: `standing ingest --watch`.

APScheduler wakes; when a source is to be asked next depends on how the last time went. What a
server said of its file, and what went wrong, is kept in the home folder for the next process and
for `standing doctor`; it may be thrown away.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import orjson
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from events.dates import SECOND, Instant, show
from events.errors import StandingError
from events.sources.source import Source
from service.fetching import NO_TAG, Fetcher, Tag, Unfetched
from service.ingesting import Ingest, Publication, Report

FIRST_AGAIN_S: Final = 60.0
"""So soon it is tried again after a failure; twice as long after each further one."""
_SCATTER: Final = 0.1
"""Nobody asks at the same moment as everybody else: earlier or later by such a share."""


class Watched(NamedTuple):
    """A source that is asked again and again."""

    source: Source
    urls: tuple[str, ...]
    every_s: float


@dataclass(slots=True)
class Asked:
    """How the last times went."""

    tags: dict[str, Tag] = field(default_factory=dict)
    at: str | None = None
    """When it last answered."""
    failures: int = 0
    """How often in a row it has not."""
    trouble: str | None = None
    """Why, or why what it sent is held."""


class Notebook:
    """What is known of the sources, in a file of the home folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)

    def of(self, source: str) -> Asked:
        """How the last times went with a source."""
        return self._known.setdefault(source, Asked())

    def troubles(self) -> list[str]:
        """The sources that could not be had, or whose file is held, and why."""
        return [
            f"{name}: {one.trouble}" for name, one in sorted(self._known.items()) if one.trouble
        ]

    def write(self) -> None:
        """Keep it."""
        told = {name: asdict(one) for name, one in self._known.items()}
        for name, one in self._known.items():
            told[name]["tags"] = {url: list(tag) for url, tag in one.tags.items()}
        beside = self._path.with_name(f".{self._path.name}.part")
        beside.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        beside.replace(self._path)


def _read(path: Path) -> dict[str, Asked]:
    """A file that is gone or broken is one that was thrown away."""
    try:
        told = orjson.loads(path.read_bytes())
        return {
            name: Asked(**{**one, "tags": {url: Tag(*tag) for url, tag in one["tags"].items()}})
            for name, one in told.items()
        }
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
        return {}


class Watch:
    """Asks one source. `tell` hears what an operator should know, `clock` says when it is; who
    holds `alone` is the only one who compares with the log."""

    def __init__(
        self,
        watched: Watched,
        ingest: Ingest,
        notebook: Notebook,
        alone: asyncio.Lock,
        *,
        clock: Callable[[], Instant],
        tell: Callable[[str], None],
    ) -> None:
        self.watched = watched
        self._ingest = ingest
        self._notebook = notebook
        self._clock = clock
        self._tell = tell
        self._alone = alone

    async def ask(self, fetcher: Fetcher) -> Report | None:
        """Ask once: what was read; None where nothing was new or could be had."""
        name, known = self.watched.source.name, self._notebook.of(self.watched.source.name)
        at = show(self._clock() // SECOND * SECOND).replace("+00:00", "Z")
        report = None
        try:
            report = await self._fetched(fetcher, known, at)
        except (Unfetched, StandingError) as error:
            known.failures += 1
            known.trouble = str(error)
            self._tell(f"{name}: {error}")
        else:
            known.at, known.failures = at, 0
            known.trouble = None
            if report is not None and report.outcome in {"held", "refused"}:
                why = [*report.why, *map(str, report.problems)]
                known.trouble = f"{report.outcome}: {'; '.join(why)}"
        self._notebook.write()
        return report

    def next_s(self) -> float:
        """In how many seconds to ask again."""
        failures = self._notebook.of(self.watched.source.name).failures
        every = self.watched.every_s
        if failures:
            every = min(every, FIRST_AGAIN_S * 2.0 ** min(failures - 1, 30))
        return every * random.uniform(1 - _SCATTER, 1 + _SCATTER)  # noqa: S311  no secret

    async def _fetched(self, fetcher: Fetcher, known: Asked, at: str) -> Report | None:
        name = self.watched.source.name
        with TemporaryDirectory(prefix="standing-") as folder:
            files = {
                url: Path(folder) / f"{name}_{at.replace(':', '')}_{number}{_suffix(url)}"
                for number, url in enumerate(self.watched.urls)
            }
            tags = {
                url: await fetcher.fetch(url, path, known.tags.get(url, NO_TAG))
                for url, path in files.items()
            }
            if not any(tags.values()):
                async with self._alone:
                    await self._ingest.nothing_new(at)
                self._tell(f"{name}: as it was")
                return None
            for url, path in files.items():
                if tags[url] is None:  # the parts of a publication belong together
                    tags[url] = await fetcher.fetch(url, path)
            async with self._alone:
                report = await self._ingest.one(Publication(at, tuple(files.values())))
            if report.outcome != "held":  # what is held is to be looked at again
                known.tags = {url: tag for url, tag in tags.items() if tag is not None}
            return report


def _suffix(url: str) -> str:
    return Path(urlsplit(url).path).suffix[:16]


async def watch(
    watches: list[Watch], told: Callable[[Watch, Report], None], fetcher: Fetcher
) -> None:
    """Ask every source at once, and then each again and again, until cancelled."""
    # A job that is late runs all the same.
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True}
    )
    broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def ask(one: Watch) -> None:
        try:
            report = await one.ask(fetcher)
            if report is not None:
                told(one, report)
            again = datetime.now(UTC) + timedelta(seconds=one.next_s())
            scheduler.add_job(ask, DateTrigger(again), args=[one])
        except Exception as error:  # noqa: BLE001 - the scheduler would only log it
            if not broken.done():
                broken.set_exception(error)

    scheduler.start()
    try:
        for one in watches:
            scheduler.add_job(ask, args=[one])
        await broken
    finally:
        scheduler.shutdown(wait=False)
