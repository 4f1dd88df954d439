"""Asking sources for what they publish: a real server that serves files, says that nothing is new,
fails, breaks off and takes its time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientTimeout, web

from events.dates import SECOND, start
from events.log import Position
from events.memory_log import MemoryEventLog
from events.sources.catalogue import SOURCES
from events.vocabulary import LIST_CHECKED, REMOVAL_ISSUED
from service.evidence import Evidence
from service.fetching import Fetcher
from service.ingesting import Ingest, Learned, Report
from service.watching import FIRST_AGAIN_S, Notebook, Watch, Watched, watch
from tests.unit.making import REGISTRY
from tests.unit.sources.test_cli_ingest import END, TEN, row

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FILE = b"".join(TEN) + END


class Publisher:
    """A server; what it answers next is set by the test."""

    def __init__(self) -> None:
        self.content = FILE
        self.etag = '"one"'
        self.asked: list[str | None] = []
        self.instead: Handler | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where the file is."""
        return f"http://127.0.0.1:{self.port}/SDN.CSV"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The file, unless it is known."""
        self.asked.append(request.headers.get("If-None-Match"))
        if self.instead is not None:
            return await self.instead(request)
        if self.asked[-1] == self.etag:
            return web.Response(status=304)
        return web.Response(body=self.content, headers={"ETag": self.etag})


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    """On a free port of this machine."""
    found = Publisher()
    application = web.Application()
    application.router.add_get("/SDN.CSV", found.answer)
    runner = web.AppRunner(application, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.port = runner.addresses[0][1]
    yield found
    await runner.cleanup()


class Desk:
    """One source, watched by a clock that the test turns."""

    def __init__(self, home: Path, publisher: Publisher) -> None:
        self.home = home
        self.now = start("2021-08-18T09:00:00Z")
        self.told: list[str] = []
        self.log = MemoryEventLog(lambda: self.now)
        self.publisher = publisher
        self.notebook = Notebook(home / "watching.json")
        self.watch = self.watching()

    def watching(self) -> Watch:
        """As another process begins it: nothing but the log and the home folder."""
        source = SOURCES["ofac-sdn-csv"]
        learned = Learned(self.log)
        ingest = Ingest(learned, REGISTRY, Evidence(self.home / "evidence"), source)
        return Watch(
            Watched(source, (self.publisher.url,), 3_600),
            ingest,
            Notebook(self.home / "watching.json"),
            asyncio.Lock(),
            clock=lambda: self.now,
            tell=self.told.append,
        )

    async def ask(self, **limits: object) -> Report | None:
        """Ask once, a day later."""
        self.now += 86_400 * SECOND
        timeout = ClientTimeout(total=limits.get("seconds", 30))  # type: ignore[arg-type]
        async with Fetcher(timeout, int(str(limits.get("most", 10**9)))) as fetcher:
            return await self.watch.ask(fetcher)

    async def events(self, kind: str) -> list[dict[str, object]]:
        """The data of all events of a type."""
        return [
            dict(one.event["data"])
            async for some in self.log.read(Position(), await self.log.ends())
            for one in some
            if one.type == kind
        ]

    def trouble(self) -> list[str]:
        """What `standing doctor` says of it."""
        return Notebook(self.home / "watching.json").troubles()


@pytest.fixture
def desk(tmp_path: Path, publisher: Publisher) -> Desk:
    """On an empty home."""
    return Desk(tmp_path, publisher)


async def test_a_file_is_read_once_and_asked_for_only_if_new(desk: Desk) -> None:
    """Each time that the source answers is a reading."""
    report = await desk.ask()
    assert report is not None
    assert report.found.added == 10
    assert await desk.ask() is None
    desk.watch = desk.watching()
    assert await desk.ask() is None
    assert desk.publisher.asked == [None, '"one"', '"one"']
    read = await desk.events(LIST_CHECKED)
    assert [one["retrieved"] for one in read] == [
        "2021-08-19T09:00:00Z",
        "2021-08-20T09:00:00Z",
        "2021-08-21T09:00:00Z",
    ]
    assert {one["publication"] for one in read} == {"2021-08-19T09:00:00Z"}
    assert desk.told == ["ofac-sdn-csv: as it was"] * 2


async def test_what_is_new_is_read(desk: Desk) -> None:
    """From when it was had."""
    await desk.ask()
    desk.publisher.etag = '"two"'
    desk.publisher.content = b"".join([*TEN[1:], row(11, "NEW BANK")]) + END
    report = await desk.ask()
    assert report is not None
    assert (report.found.added, report.found.removed) == (1, {"us-ofac-sdn": 1})
    (gone,) = await desk.events(REMOVAL_ISSUED)
    assert gone["effective"] == "2021-08-20T09:00:00Z"


async def test_nobody_is_delisted_by_an_empty_download(desk: Desk) -> None:
    """It is held, told each time, and not remembered as read."""
    await desk.ask()
    desk.publisher.etag = '"two"'
    desk.publisher.content = b""
    for _ in range(2):
        report = await desk.ask()
        assert report is not None
        assert report.outcome == "held"
    assert desk.publisher.asked[-1] == '"one"'
    assert await desk.events(REMOVAL_ISSUED) == []
    assert "it has no entries at all" in desk.trouble()[0]
    desk.publisher.content = FILE
    await desk.ask()
    assert desk.trouble() == []


async def _fails(_: web.Request) -> web.StreamResponse:
    return web.Response(status=503)


async def _breaks_off(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": str(len(FILE))})
    await answer.prepare(request)
    await answer.write(FILE[:200])
    if request.transport is not None:
        request.transport.close()
    return answer


async def _never_ends(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b"x" * 65_536)


async def _takes_its_time(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    await asyncio.Event().wait()
    return answer


@pytest.mark.parametrize(
    ("instead", "limits", "why"),
    [
        (_fails, {}, "503 Service Unavailable"),
        (_breaks_off, {}, "payload is not completed"),
        (_never_ends, {"most": 1_000_000}, "more than 1,000,000 bytes"),
        (_takes_its_time, {"seconds": 0.2}, "Timeout"),
    ],
)
async def test_what_cannot_be_had_is_asked_for_sooner(
    desk: Desk, instead: Handler, limits: dict[str, object], why: str
) -> None:
    """Twice as late each time, and never later than usual; nothing is recorded of it."""
    await desk.ask()
    before = await desk.log.ends()
    desk.publisher.instead = instead
    waits = []
    for _ in range(8):
        assert await desk.ask(**limits) is None
        waits.append(desk.watch.next_s())
    assert why in desk.told[-1]
    assert why in desk.trouble()[0]
    assert await desk.log.ends() == before
    for number, waited in enumerate(waits):
        expected = min(3_600, FIRST_AGAIN_S * 2**number)
        assert expected * 0.9 <= waited <= expected * 1.1
    desk.publisher.instead = None
    await desk.ask()
    assert 3_240 <= desk.watch.next_s() <= 3_960
    assert desk.trouble() == []


async def test_nobody_there_is_a_trouble_like_any_other(desk: Desk) -> None:
    """No traceback, and it is tried again."""
    desk.publisher.port = 1
    desk.watch = desk.watching()
    assert await desk.ask() is None
    assert "Cannot connect to host 127.0.0.1:1" in desk.trouble()[0]


async def test_a_notebook_that_is_broken_was_thrown_away(desk: Desk) -> None:
    """The file is fetched anew, and is as it was."""
    await desk.ask()
    (desk.home / "watching.json").write_text('{"ofac-sdn-csv": 7')
    desk.watch = desk.watching()
    report = await desk.ask()
    assert report is not None
    assert (report.found.added, report.recorded) == (0, 1)
    assert desk.publisher.asked == [None, None]


async def test_sources_are_asked_until_it_is_cancelled(desk: Desk) -> None:
    """Again and again, each by itself; what goes wrong in it ends it."""
    heard = asyncio.Event()
    asked = 0

    def told(_: Watch, report: Report) -> None:
        nonlocal asked
        asked += 1
        desk.publisher.etag = f'"{asked}"'
        desk.now += SECOND
        if asked == 3:
            heard.set()

    watched = desk.watch
    watched.watched = watched.watched._replace(every_s=0.01)
    async with Fetcher() as fetcher:
        task = asyncio.create_task(watch([watched], told, fetcher))
        async with asyncio.timeout(120):
            await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        def broken(_: Watch, report: Report) -> None:
            raise ValueError(report.outcome)

        desk.publisher.etag = '"another"'
        with pytest.raises(ValueError, match=r"unchanged|read"):
            await watch([watched], broken, fetcher)
