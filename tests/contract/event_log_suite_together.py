"""What the forms of the `EventLog` port do when many write and follow, and every archive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from events import vocabulary as words
from events.log import EventLog, Position, Receipt, Record
from tests.contract.event_log_suite import NOTHING, Puts, everything, ids, let_in, told_by
from tests.unit.making import event, issued, removed


async def followed(batches: AsyncIterator[list[Record]], count: int) -> list[str]:
    """The ids of the next so many records that a follower gets."""
    found: list[str] = []
    while len(found) < count:
        found += [record.id for record in await anext(batches)]
    return found


class TogetherContract(Puts):
    """The obligations towards many at once. A form brings the fixture `log`, empty, of one
    partition."""

    # --- many at once ------------------------------------------------------------------------

    async def test_writers_at_once_each_hear_where_their_own_events_stand(
        self, log: EventLog
    ) -> None:
        async def write(writer: int) -> list[tuple[str, str | None]]:
            found = []
            for number in range(6):
                sent = [issued("2021", f"w{writer}-{number}-{part}") for part in range(3)]
                found += [(one.id, one.position) for one in await self.put(log, *sent)]
            return found

        told = await asyncio.gather(*(write(writer) for writer in range(12)))
        standing = {one.id: one.position for one in await everything(log)}
        assert len(standing) == 12 * 6 * 3
        assert {id_: position for one in told for id_, position in one} == standing
        for one in told:
            offsets = [int(str(position).removeprefix("0:")) for _, position in one]
            assert offsets == sorted(offsets)

    # --- following ---------------------------------------------------------------------------

    async def test_a_follower_gets_what_is_there_and_then_what_comes(self, log: EventLog) -> None:
        await self.put(log, issued("2021", "a"), issued("2021", "b"))
        async with aclosing(log.follow(NOTHING)) as batches:
            assert await followed(batches, 2) == ["a", "b"]
            following = asyncio.create_task(followed(batches, 2))
            await self.put(log, issued("2021", "c"))
            await self.put(log, issued("2021", "d"))
            assert await following == ["c", "d"]

    async def test_a_follower_begins_after_its_position(self, log: EventLog) -> None:
        await self.put(log, *(issued("2021", f"e{number}") for number in range(4)))
        async with aclosing(log.follow(Position({0: 1}), batch=1)) as batches:
            assert await anext(batches) != []
            assert await followed(batches, 1) == ["e3"]

    async def test_every_follower_gets_everything_in_order(self, log: EventLog) -> None:
        async def follow() -> list[str]:
            async with aclosing(log.follow(NOTHING, batch=4)) as batches:
                return await followed(batches, 30)

        followers = [asyncio.create_task(follow()) for _ in range(3)]
        for number in range(30):
            await self.put(log, issued("2021", f"e{number}"))
        expected = [f"e{number}" for number in range(30)]
        assert await asyncio.gather(*followers) == [expected] * 3

    async def test_a_follower_that_is_let_go_disturbs_nobody(self, log: EventLog) -> None:
        gone = asyncio.create_task(anext(log.follow(NOTHING)))
        async with aclosing(log.follow(NOTHING)) as batches:
            following = asyncio.create_task(followed(batches, 1))
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            await self.put(log, issued("2021", "a"))
            assert await following == ["a"]


class ComparingTogetherContract(Puts):
    """Who is first of many at once, in a form that compares. A form brings the fixture `log`."""

    async def test_of_writers_of_one_fact_at_once_one_has_recorded_it(self, log: EventLog) -> None:
        async def write(source: str) -> Receipt:
            return (await self.put(log, issued("2021", "a", sources=told_by(source))))[0]

        receipts = await asyncio.gather(*(write(f"source {number}") for number in range(8)))
        outcomes = sorted(one.outcome for one in receipts)
        assert outcomes == ["duplicate"] * 7 + ["recorded"]
        assert {one.position for one in receipts} == {"0:0"}
        assert len(await everything(log)) == 8  # the fact, and a note of each other source

    async def test_of_writers_of_different_content_under_one_id_one_wins(
        self, log: EventLog
    ) -> None:
        async def write(year: int) -> Receipt:
            return (await self.put(log, issued(str(year), "a")))[0]

        receipts = await asyncio.gather(*(write(2000 + number) for number in range(8)))
        assert sorted(one.outcome for one in receipts) == ["recorded"] + ["rejected"] * 7


class ArchiveContract:
    """The obligations of a log whose events can be looked up on this machine."""

    async def filled(self, log: Any) -> Any:
        """Five events of two companies, a merge and a reading of a list."""
        checked = {"publication": "2021-01-14"}
        await log.append(
            let_in(
                issued("2021", "a"),
                {**issued("2021", "b"), "subject": "other"},
                removed("2022", "c"),
                event("company.merged", "m", "other", into="acme"),
                {"type": words.LIST_CHECKED, "subject": "list:us-dod-ccmc", "data": checked},
            )
        )
        return log

    async def test_the_events_of_companies_come_in_log_order(self, log: Any) -> None:
        archive = await self.filled(log)
        assert ids(archive.of_subjects(["other", "acme"])) == ["a", "b", "c", "m"]
        assert ids(archive.of_subjects(["acme"])) == ["a", "c"]
        assert ids(archive.of_subjects(["acme"], to=1)) == ["a"]
        assert archive.of_subjects(["nobody"]) == []

    async def test_the_events_of_a_type_come_in_log_order(self, log: Any) -> None:
        archive = await self.filled(log)
        assert ids(archive.of_type(words.MERGED)) == ["m"]
        assert archive.of_type(words.MERGED, to=2) == []

    async def test_the_subjects_of_a_stretch_come_once_each(self, log: Any) -> None:
        archive = await self.filled(log)
        assert sorted(archive.subjects(after=-1, to=2)) == ["acme", "other"]
        assert archive.subjects(after=3, to=4) == ["list:us-dod-ccmc"]
        assert archive.subjects(after=4, to=4) == []

    async def test_an_archive_ends_with_its_last_offset(self, log: Any) -> None:
        assert log.end() == -1
        assert (await self.filled(log)).end() == 4
