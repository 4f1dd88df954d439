"""Every form of the `EventLog` port, held to one suite."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing, suppress
from pathlib import Path

import pytest

from events import vocabulary as words
from events.dates import Instant
from events.errors import StoreError
from events.log import Receipt
from events.memory_log import MemoryEventLog
from events.sqlite_log import SqliteEventLog
from events.sqlite_store import connect, transaction, trouble
from events.sqlite_table import one_of_few
from tests.contract.event_log_suite import (
    NOTHING,
    START,
    AtomicContract,
    Clock,
    ClockedContract,
    ComparingContract,
    EventLogContract,
    everything,
    ids,
    let_in,
)
from tests.contract.event_log_suite_together import (
    ArchiveContract,
    ComparingTogetherContract,
    TogetherContract,
    followed,
)
from tests.unit.making import event, issued, removed


class EmbeddedContract(
    EventLogContract,
    ClockedContract,
    ComparingContract,
    AtomicContract,
    TogetherContract,
    ComparingTogetherContract,
):
    """What a log that compares when it is appended to does, on a clock of the test's."""


class TestMemoryEventLog(EmbeddedContract, ArchiveContract):
    """The twin in memory."""

    @pytest.fixture
    def log(self, clock: Clock) -> MemoryEventLog:
        """An empty log."""
        return MemoryEventLog(clock)


class TestSqliteEventLog(EmbeddedContract, ArchiveContract):
    """The embedded form, in a real file."""

    @pytest.fixture
    def log(self, clock: Clock, tmp_path: Path) -> Iterator[SqliteEventLog]:
        """An empty log."""
        log = SqliteEventLog(tmp_path / "log.db", clock)
        yield log
        log.close()


class TestSqliteEventLogThroughTwoObjects(EmbeddedContract):
    """One file, written through one object and read through another, as two processes do."""

    @pytest.fixture
    def log(self, clock: Clock, tmp_path: Path) -> Iterator["TwoObjects"]:
        """An empty log."""
        log = TwoObjects(tmp_path / "log.db", clock)
        yield log
        log.writing.close()
        log.reading.close()


class TwoObjects:
    """A writer and a reader of one file that know nothing of each other."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.writing = SqliteEventLog(path, clock)
        self.reading = SqliteEventLog(path, clock)
        self.append = self.writing.append
        self.read = self.reading.read
        self.ends = self.reading.ends
        self.follow = self.reading.follow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a log is to be."""
    return tmp_path / "log.db"


async def test_a_log_that_was_closed_and_opened_goes_on(path: Path) -> None:
    clock = Clock()
    log = SqliteEventLog(path, clock)
    await log.append(let_in(issued("2021", "a"), event("company.described", name="A")))
    log.close()
    clock.now -= 7  # recorded does not go back over a restart either
    again = SqliteEventLog(path, clock)
    sent = let_in(issued("2021", "a"), event("company.described", name="A"), removed("2022", "b"))
    receipts = await again.append(sent)
    assert [one.outcome for one in receipts] == ["duplicate", "duplicate", "recorded"]
    assert [one.recorded for one in await everything(again)] == [START] * 3
    again.close()


async def test_two_objects_on_one_file_write_into_one_order(path: Path) -> None:
    logs = [SqliteEventLog(path, Clock()) for _ in range(2)]

    async def write(writer: int) -> list[Receipt]:
        found = []
        for number in range(25):
            found += await logs[writer].append(let_in(issued("2021", f"w{writer}-{number}")))
        return found

    told = await asyncio.gather(write(0), write(1))
    standing = {one.id: one.position for one in await everything(logs[0])}
    assert {one.id: one.position for some in told for one in some} == standing
    assert sorted(standing.values()) == sorted(f"0:{offset}" for offset in range(50))
    for log in logs:
        log.close()


async def test_two_objects_on_one_file_compare_with_each_other(path: Path) -> None:
    one, other = (SqliteEventLog(path, Clock()) for _ in range(2))
    await one.append(let_in(issued("2021", "a")))
    receipts = await other.append(let_in(issued("2021", "a"), issued("2022", "a")))
    assert [receipt.outcome for receipt in receipts] == ["duplicate", "rejected"]
    one.close()
    other.close()


async def test_an_append_that_nobody_waits_for_any_more_stops_no_other(path: Path) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def clock() -> Instant:
        reached.set()
        go_on.wait()
        return START

    log = SqliteEventLog(path, clock)
    # So many are not written in the loop, which this clock would hold up, but by the thread.
    many = [issued("2021", f"a-{n}") for n in range(100)]
    under_way = asyncio.create_task(log.append(let_in(*many)))
    await asyncio.to_thread(reached.wait)
    queued = asyncio.create_task(log.append(let_in(*many)))
    await asyncio.wait([queued], timeout=0)
    under_way.cancel()
    queued.cancel()
    await asyncio.gather(under_way, queued, return_exceptions=True)
    go_on.set()
    (receipt,) = await log.append(let_in(issued("2021", "c")))
    assert receipt.outcome == "recorded"
    assert "c" in ids(await everything(log))
    log.close()


async def test_an_append_that_fails_is_heard_by_whoever_waits_and_stops_no_other(
    path: Path,
) -> None:
    failing = True

    def clock() -> Instant:
        if failing:
            raise StoreError("no clock")
        return START

    log = SqliteEventLog(path, clock)
    appends = [log.append(let_in(issued("2021", name))) for name in "ab"]
    found = await asyncio.gather(*appends, return_exceptions=True)
    assert [str(one) for one in found] == ["no clock"] * 2
    failing = False
    (receipt,) = await log.append(let_in(issued("2021", "a")))
    assert (receipt.outcome, receipt.position) == ("recorded", "0:0")
    log.close()


async def test_a_closed_log_takes_nothing(path: Path) -> None:
    log = SqliteEventLog(path, Clock())
    await log.append(let_in(issued("2021", "a")))
    log.close()
    with pytest.raises(StoreError, match="closed"):
        await log.append(let_in(issued("2021", "b")))


async def test_closing_a_log_finishes_what_was_appended(path: Path) -> None:
    log = SqliteEventLog(path, Clock())
    waiting = [asyncio.create_task(log.append(let_in(issued("2021", f"{n}")))) for n in range(5)]
    await asyncio.wait(waiting, timeout=0)
    await asyncio.to_thread(log.close)
    receipts = [one for some in await asyncio.gather(*waiting) for one in some]
    assert [one.outcome for one in receipts] == ["recorded"] * 5


@pytest.mark.parametrize("thread", [True, False])
async def test_what_was_appended_in_the_turn_in_which_a_log_is_closed_is_finished(
    path: Path, thread: bool
) -> None:
    log = SqliteEventLog(path, Clock())
    waiting = [asyncio.create_task(log.append(let_in(issued("2021", f"{n}")))) for n in range(5)]
    await asyncio.sleep(0)  # they wait for company
    if thread:
        closing = threading.Thread(target=log.close)
        closing.start()
        closing.join()
    else:
        log.close()
    receipts = [one for some in await asyncio.gather(*waiting) for one in some]
    assert [one.outcome for one in receipts] == ["recorded"] * 5


@pytest.mark.parametrize("size", [1, 100])
async def test_an_append_while_a_thread_closes_the_log_is_finished_or_refused(
    path: Path, size: int
) -> None:
    log = SqliteEventLog(path, Clock())
    sent = iter(range(1_000_000))
    finished: list[Receipt] = []
    enough = asyncio.Event()

    async def write() -> None:
        with suppress(StoreError):
            while True:
                events = [issued("2021", f"{next(sent)}") for _ in range(size)]
                finished.extend(await log.append(let_in(*events)))
                if len(finished) >= 3 * size:
                    enough.set()

    writers = [asyncio.create_task(write()) for _ in range(3)]
    await enough.wait()
    await asyncio.to_thread(log.close)
    await asyncio.gather(*writers)
    again = SqliteEventLog(path, Clock())
    assert sorted(ids(await everything(again))) == sorted(one.id for one in finished)
    again.close()


async def test_an_append_given_up_in_its_turn_is_not_written_and_stops_no_other(
    path: Path,
) -> None:
    log = SqliteEventLog(path, Clock())
    given_up, other = (
        asyncio.create_task(log.append(let_in(issued("2021", name)))) for name in "ab"
    )
    await asyncio.sleep(0)  # they wait for company
    given_up.cancel()
    await asyncio.gather(given_up, other, return_exceptions=True)
    assert given_up.cancelled()
    assert other.result() == [Receipt("b", "0:0", "recorded")]
    log.close()


async def test_who_appends_without_end_lets_others_go_on(path: Path) -> None:
    log = SqliteEventLog(path, Clock())
    others = asyncio.create_task(asyncio.sleep(0))
    appended = 0
    while not others.done():
        await log.append(let_in(issued("2021", f"{appended}")))
        appended += 1
    assert log.end() == appended - 1
    log.close()


async def test_an_event_that_finds_another_process_writing_waits_for_it(path: Path) -> None:
    log = SqliteEventLog(path, Clock())
    await log.append(let_in(issued("2021", "a")))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(log.append(let_in(issued("2021", "b"))))
    for _ in range(3):  # it waits for company, tries, and leaves it to the thread
        await asyncio.sleep(0)
    assert not waiting.done()
    other.execute("COMMIT")
    assert await waiting == [Receipt("b", "0:1", "recorded")]
    other.close()
    log.close()


async def test_following_goes_on_over_a_file_that_another_object_writes(path: Path) -> None:
    reading, writing = (SqliteEventLog(path, Clock()) for _ in range(2))
    async with aclosing(reading.follow(NOTHING)) as batches:
        following = asyncio.create_task(followed(batches, 3))
        for name in "abc":
            await writing.append(let_in(issued("2021", name)))
        assert await following == ["a", "b", "c"]
    reading.close()
    writing.close()


async def test_a_log_by_company_brings_each_subject_with_its_events(path: Path) -> None:
    log = SqliteEventLog(path, Clock())
    other = {**issued("2021", "b"), "subject": "other"}
    await log.append(let_in(issued("2021", "a"), other, removed("2022", "c"), removed("2023", "d")))
    found = {subject: (count, ids(some)) for subject, count, some in log.by_company(to=2)}
    assert found == {"acme": (2, ["a", "c"]), "other": (1, ["b"])}
    assert [subject for subject, *_ in log.by_company(to=2, first="b")] == ["other"]
    assert [subject for subject, *_ in log.by_company(to=2, last="b")] == ["acme"]
    log.close()


async def test_without_context_plain_notes_are_only_counted(path: Path) -> None:
    log = SqliteEventLog(path, Clock())
    note = {"type": words.NOTE_RECORDED, "subject": "acme"}
    told = {"kind": "news", "text": 'it says "replaces"'}
    await log.append(
        let_in(
            issued("2021", "a"),
            {**note, "id": "n", "data": {"kind": "news", "text": "nothing"}},
            {**note, "id": "r", "data": {**told, "replaces": "n"}},
            {**note, "id": "other", "subject": "other", "data": {"kind": "news", "text": "b"}},
        )
    )
    found = {subject: (n, ids(some)) for subject, n, some in log.by_company(to=3, context=False)}
    assert found == {"acme": (3, ["a", "r"]), "other": (1, [])}
    log.close()


async def test_the_types_of_which_there_are_few_are_looked_up_by_their_index(path: Path) -> None:
    SqliteEventLog(path, Clock()).close()
    where = f"{one_of_few(words.MERGED)} AND offset <= 1 ORDER BY offset"
    with closing(sqlite3.connect(path)) as table:
        plan = table.execute(f"EXPLAIN QUERY PLAN SELECT body FROM events {where}")  # noqa: S608
        assert "USING INDEX events_few" in str(plan.fetchall())


async def test_the_borders_of_a_log_cut_it_without_gap_or_overlap(path: Path) -> None:
    log = SqliteEventLog(path, Clock())
    names = [f"c{number:02}" for number in range(20)]
    await log.append(let_in(*({**issued("2021", None), "subject": name} for name in names)))
    borders = ["", *log.borders(4)]
    shares = zip(borders, [*borders[1:], None], strict=True)
    found = [s for low, high in shares for s, *_ in log.by_company(to=19, first=low, last=high)]
    assert found == names
    log.close()


async def test_the_times_of_a_log_say_where_each_began(path: Path) -> None:
    clock = Clock()
    log = SqliteEventLog(path, clock)
    await log.append(let_in(issued("2021", "a"), issued("2021", "b")))
    clock.now += 3
    await log.append(let_in(issued("2021", "c")))
    assert log.times(to=2) == [(START, 0), (START + 3, 2)]
    assert log.times(to=1) == [(START, 0)]
    log.close()


async def test_only_types_of_which_there_are_few_are_looked_up_by_type(path: Path) -> None:
    log = SqliteEventLog(path, Clock())
    with pytest.raises(ValueError, match="no index"):
        log.of_type("standing.designation.issued")
    log.close()


def test_a_file_can_be_made_by_several_at_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        logs = list(pool.map(lambda _: SqliteEventLog(path, Clock()), range(8)))
    assert {log.end() for log in logs} == {-1}
    for log in logs:
        log.close()


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    connection = connect(path, "CREATE TABLE t (x)", 1)

    def fail() -> None:
        with transaction(connection):
            connection.execute("INSERT INTO t VALUES (1)")
            connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(sqlite3.OperationalError):
        fail()
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    with transaction(connection):
        connection.execute("INSERT INTO t VALUES (2)")
    assert connection.execute("SELECT x FROM t").fetchall() == [(2,)]
    connection.close()


def test_what_sqlite_says_is_told_with_the_file_and_what_to_do(path: Path) -> None:
    connection = connect(path, "CREATE TABLE other (x)", 1)
    said = r"log\.db: no such table: t; nothing of it was kept"
    with pytest.raises(StoreError, match=said), trouble(path):
        connection.execute("SELECT * FROM t")
    connection.close()


def test_a_file_of_another_program_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        SqliteEventLog(path, Clock())


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    SqliteEventLog(path, Clock()).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StoreError, match="newer standing"):
        SqliteEventLog(path, Clock())


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(StoreError, match="not a standing store"):
        SqliteEventLog(path, Clock())


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="check that the folder exists"):
        SqliteEventLog(tmp_path / "nowhere" / "log.db", Clock())
