"""What the forms of the `EventLog` port do, as suites that are run over them.

`EventLogContract` holds for every form. `ComparingContract` and `AtomicContract` are for a form
that compares what is appended; where one does not, whoever reads it meets the former.
`ClockedContract` is for a form that is given its clock.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from events import vocabulary as words
from events.admitted import Admitted
from events.dates import Instant
from events.door import admit
from events.log import EventLog, Position, Receipt, Record
from tests.unit.making import REGISTRY, event, issued, removed, retracted

START: Instant = 1_600_000_000_000_000
NOTHING = Position({0: -1})


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> Instant:
        return self.now


def let_in(*sent: Any) -> list[Admitted]:
    """Events through the door."""
    return [admit(one, REGISTRY) for one in sent]


def told_by(*titles: str) -> list[dict[str, str]]:
    """Sources with these titles."""
    return [{"title": title} for title in titles]


async def everything(log: EventLog, after: Position = NOTHING, batch: int = 5_000) -> list[Record]:
    """All that stands in the log now."""
    found: list[Record] = []
    async for records in log.read(after, await log.ends(), batch=batch):
        assert 0 < len(records) <= batch
        found += records
    return found


def ids(records: Sequence[Record]) -> list[str]:
    """Which records these are."""
    return [record.id for record in records]


class Puts:
    """How a test appends what a caller sent."""

    async def put(self, log: EventLog, *sent: Any, atomic: bool = False) -> list[Receipt]:
        """Append events that a caller sent."""
        return await log.append(let_in(*sent), atomic=atomic)


class EventLogContract(Puts):
    """The obligations of the port. A form brings the fixture `log`, empty, of one partition."""

    # --- appending and reading ---------------------------------------------------------------

    async def test_an_empty_log_ends_before_its_first_offset(self, log: EventLog) -> None:
        assert await log.ends() == NOTHING
        assert await everything(log) == []

    async def test_nothing_appended_is_nothing_answered(self, log: EventLog) -> None:
        assert await log.append([]) == []
        assert await log.ends() == NOTHING

    async def test_receipts_come_in_the_order_given_and_name_where_each_event_stands(
        self, log: EventLog
    ) -> None:
        receipts = await self.put(log, issued("2021", "a"), removed("2022", "b"))
        assert receipts == [Receipt("a", "0:0", "recorded"), Receipt("b", "0:1", "recorded")]
        assert [record.position for record in await everything(log)] == ["0:0", "0:1"]
        assert await log.ends() == Position({0: 1})

    async def test_what_is_read_is_what_was_let_in(self, log: EventLog) -> None:
        (admitted,) = let_in(issued("2021-02", "a", sources=told_by("小米")))
        await log.append([admitted])
        (record,) = await everything(log)
        assert record == Record(0, record.recorded, admitted.event)
        assert (record.id, record.type, record.subject) == ("a", words.DESIGNATION_ISSUED, "acme")

    @pytest.mark.parametrize("batch", [1, 2, 3, 10])
    async def test_a_log_is_read_in_batches_without_gap_or_repeat(
        self, log: EventLog, batch: int
    ) -> None:
        await self.put(log, *(issued("2021", f"e{number}") for number in range(7)))
        found = await everything(log, batch=batch)
        assert [record.offset for record in found] == list(range(7))

    async def test_reading_begins_after_one_position_and_ends_with_the_other(
        self, log: EventLog
    ) -> None:
        await self.put(log, *(issued("2021", f"e{number}") for number in range(5)))
        batches = [one async for one in log.read(Position({0: 1}), Position({0: 3}))]
        assert [record.id for one in batches for record in one] == ["e2", "e3"]

    async def test_reading_beyond_the_end_gives_what_there_is(self, log: EventLog) -> None:
        await self.put(log, issued("2021", "a"))
        batches = [one async for one in log.read(NOTHING, Position({0: 99}))]
        assert [record.id for one in batches for record in one] == ["a"]

    async def test_recorded_does_not_go_back(self, log: EventLog) -> None:
        for name in "abc":
            await self.put(log, issued("2021", name))
        times = [one.recorded for one in await everything(log)]
        assert times == sorted(times)
        assert times[0] > 0

    async def test_an_atomic_batch_goes_in_whole(self, log: EventLog) -> None:
        await self.put(log, issued("2021", "a"))
        receipts = await self.put(log, issued("2021", "b"), issued("2021", "c"), atomic=True)
        assert [one.outcome for one in receipts] == ["recorded"] * 2
        await self.put(log, issued("2021", "d"))
        found = await everything(log)
        assert ids(found) == ["a", "b", "c", "d"]
        assert [one.position for one in receipts] == [one.position for one in found[1:3]]
        assert await log.ends() == Position({0: found[-1].offset})

    async def test_events_that_contradict_each_other_keep_an_atomic_batch_out(
        self, log: EventLog
    ) -> None:
        sent = [issued("2021", "a"), issued("2022", "a"), issued("2021", "b")]
        receipts = await self.put(log, *sent, atomic=True)
        assert [(one.outcome, one.position) for one in receipts] == [("rejected", None)] * 3
        fields = [one.problem.field for one in receipts if one.problem]
        assert fields == ["", "id", ""]
        assert await everything(log) == []


class ClockedContract(Puts):
    """What is recorded when. A form brings the fixture `log`, empty, on `clock`."""

    @pytest.fixture
    def clock(self) -> Clock:
        """What the log reads the time from."""
        return Clock()

    async def test_the_log_says_when_it_took_an_event_in(self, log: EventLog, clock: Clock) -> None:
        await self.put(log, issued("2021", "a"))
        clock.now += 5
        await self.put(log, issued("2021", "b"))
        assert [one.recorded for one in await everything(log)] == [START, START + 5]

    async def test_recorded_never_goes_back_though_the_clock_does(
        self, log: EventLog, clock: Clock
    ) -> None:
        await self.put(log, issued("2021", "a"))
        clock.now -= 1_000_000
        await self.put(log, issued("2021", "b"))
        clock.now += 500_000
        await self.put(log, issued("2021", "c"))
        assert [one.recorded for one in await everything(log)] == [START, START, START]


class ComparingContract(Puts):
    """What becomes of what is there already. A form brings the fixture `log`, empty."""

    # --- the same again ----------------------------------------------------------------------

    async def test_the_same_fact_again_is_a_duplicate_of_the_first(self, log: EventLog) -> None:
        (first,) = await self.put(log, issued("2021-01-14", None))
        (again,) = await self.put(log, issued("2021-01-14", None))
        assert again == Receipt(first.id, "0:0", "duplicate")
        assert ids(await everything(log)) == [first.id]

    async def test_the_same_fact_twice_in_one_batch_is_recorded_once(self, log: EventLog) -> None:
        receipts = await self.put(log, issued("2021", None), issued("2021", None))
        assert [one.outcome for one in receipts] == ["recorded", "duplicate"]
        assert len(await everything(log)) == 1

    async def test_a_named_event_again_is_a_duplicate(self, log: EventLog) -> None:
        receipts = await self.put(log, issued("2021", "a"), issued("2021", "a"))
        assert receipts[1] == Receipt("a", "0:0", "duplicate")

    async def test_a_fact_that_a_caller_named_is_known_when_told_without_a_name(
        self, log: EventLog
    ) -> None:
        await self.put(log, issued("2021", "named"))
        assert await self.put(log, issued("2021", None)) == [Receipt("named", "0:0", "duplicate")]

    @pytest.mark.parametrize("batches", [1, 3])
    async def test_of_a_fact_under_two_names_the_first_in_log_order_is_meant(
        self, log: EventLog, batches: int
    ) -> None:
        sent = [issued("2021", "z"), issued("2021", "a"), issued("2021", None)]
        if batches == 1:
            receipts = await self.put(log, *sent)
        else:
            receipts = [(await self.put(log, one))[0] for one in sent]
        assert [one.outcome for one in receipts] == ["recorded", "recorded", "duplicate"]
        assert (receipts[2].id, receipts[2].position) == ("z", "0:0")

    async def test_an_id_with_other_content_is_refused_and_the_first_stands(
        self, log: EventLog
    ) -> None:
        await self.put(log, issued("2021", "a"))
        (receipt,) = await self.put(log, issued("2022", "a"))
        assert (receipt.outcome, receipt.position) == ("rejected", None)
        assert receipt.problem is not None
        assert receipt.problem.field == "id"
        assert "0:0" in receipt.problem.detail
        assert [one.event["data"]["effective"] for one in await everything(log)] == ["2021"]

    async def test_an_id_of_another_company_is_refused_too(self, log: EventLog) -> None:
        await self.put(log, issued("2021", "a"))
        (receipt,) = await self.put(log, {**issued("2021", "a"), "subject": "other"})
        assert receipt.outcome == "rejected"

    async def test_the_rest_of_a_batch_goes_in_beside_a_refused_event(self, log: EventLog) -> None:
        sent = [issued("2021", "a"), issued("2022", "a"), issued("2021", "b")]
        receipts = await self.put(log, *sent)
        assert [one.outcome for one in receipts] == ["recorded", "rejected", "recorded"]
        assert [one.id for one in await everything(log)] == ["a", "b"]

    # --- sources -----------------------------------------------------------------------------

    async def test_new_sources_of_a_known_fact_are_kept_as_a_note_on_it(
        self, log: EventLog
    ) -> None:
        await self.put(log, issued("2021", "a", sources=told_by("one")))
        (receipt,) = await self.put(log, issued("2021", "a", sources=told_by("one", "two")))
        assert receipt == Receipt("a", "0:0", "duplicate")
        _, note = await everything(log)
        assert (note.type, note.subject) == (words.NOTE_RECORDED, "acme")
        assert note.event["data"]["about"] == "a"
        assert note.event["data"]["kind"] == "source"
        assert note.event["data"]["sources"] == told_by("two")

    async def test_sources_that_are_kept_already_add_nothing(self, log: EventLog) -> None:
        sent = issued("2021", "a", sources=told_by("one"))
        more = issued("2021", "a", sources=told_by("two"))
        await self.put(log, sent, more, more, sent)
        await self.put(log, more)
        assert len(await everything(log)) == 2

    async def test_a_note_of_sources_would_pass_the_door(self, log: EventLog) -> None:
        many = told_by(*(f"{number} {'x' * 900}" for number in range(60)))
        await self.put(log, issued("2021", None), issued("2021", None, sources=many))
        _, note = await everything(log)
        assert admit(dict(note.event), REGISTRY).id == note.id

    async def test_another_reading_of_a_list_makes_no_note_about_a_company(
        self, log: EventLog
    ) -> None:
        def checked(*titles: str) -> dict[str, Any]:
            data = {"publication": "2021-01-14", "sources": told_by(*titles)}
            return {"type": words.LIST_CHECKED, "subject": "list:us-dod-ccmc", "data": data}

        await self.put(log, checked("one"))
        assert [one.outcome for one in await self.put(log, checked("two"))] == ["duplicate"]
        assert len(await everything(log)) == 1

    # --- taken back --------------------------------------------------------------------------

    async def test_a_repeat_of_a_retracted_fact_says_what_retracted_it(self, log: EventLog) -> None:
        await self.put(log, issued("2021", "a"), retracted("a", "r"))
        (again,) = await self.put(log, issued("2021", "a"))
        assert again == Receipt("a", "0:0", "duplicate", retracted_by="r")

    async def test_a_repeat_after_the_retraction_was_retracted_is_a_plain_duplicate(
        self, log: EventLog
    ) -> None:
        await self.put(log, issued("2021", "a"), retracted("a", "r"), retracted("r", "s"))
        assert (await self.put(log, issued("2021", "a")))[0].retracted_by is None

    async def test_a_retraction_of_another_companys_event_is_refused(self, log: EventLog) -> None:
        await self.put(log, issued("2021", "a"))
        foreign = {**retracted("a", "r"), "subject": "other"}
        (receipt,) = await self.put(log, foreign)
        assert receipt.outcome == "rejected"
        assert receipt.problem is not None
        assert receipt.problem.field == "data.event"

    async def test_a_replacement_of_another_companys_event_is_refused(self, log: EventLog) -> None:
        await self.put(log, issued("2021", "a"))
        foreign = {**issued("2022", "b", replaces="a"), "subject": "other"}
        (receipt,) = await self.put(log, foreign)
        assert receipt.problem is not None
        assert receipt.problem.field == "data.replaces"

    async def test_a_retraction_of_what_is_not_there_yet_is_recorded(self, log: EventLog) -> None:
        (receipt,) = await self.put(log, retracted("to-come", "s"))
        assert receipt.outcome == "recorded"

    # --- descriptions ------------------------------------------------------------------------

    async def test_a_description_that_equals_the_current_one_is_a_duplicate(
        self, log: EventLog
    ) -> None:
        sent = event("company.described", name="A", aliases=["x", "y"])
        other = event("company.described", name="A", aliases=["y", "x"])
        receipts = await self.put(log, sent, other)
        assert [one.outcome for one in receipts] == ["recorded", "duplicate"]

    @pytest.mark.parametrize("at_once", [True, False])
    async def test_a_return_to_an_earlier_description_is_recorded(
        self, log: EventLog, at_once: bool
    ) -> None:
        one, two = event("company.described", name="A"), event("company.described", name="B")
        sent = [one, two, one, one, two, one]
        if at_once:
            receipts = await self.put(log, *sent)
        else:
            receipts = [(await self.put(log, each))[0] for each in sent]
        outcomes = [each.outcome for each in receipts]
        assert outcomes == ["recorded"] * 3 + ["duplicate"] + ["recorded"] * 2
        names = [record.event["data"]["name"] for record in await everything(log)]
        assert names == ["A", "B", "A", "B", "A"]
        assert len({record.id for record in await everything(log)}) == 5

    async def test_a_description_that_was_retracted_is_a_duplicate_and_says_so(
        self, log: EventLog
    ) -> None:
        sent = event("company.described", "d", name="A")
        await self.put(log, sent, retracted("d", "r"))
        assert (await self.put(log, sent))[0].retracted_by == "r"

    # --- merges ------------------------------------------------------------------------------

    async def test_a_merge_that_closes_a_circle_is_refused(self, log: EventLog) -> None:
        def merged(old: str, into: str) -> dict[str, Any]:
            return event("company.merged", None, old, into=into)

        receipts = await self.put(log, merged("a", "b"), merged("b", "c"), merged("c", "a"))
        assert [one.outcome for one in receipts] == ["recorded", "recorded", "rejected"]
        assert receipts[2].problem is not None
        assert receipts[2].problem.field == "data.into"

    async def test_a_merge_that_was_retracted_closes_no_circle(self, log: EventLog) -> None:
        merge = event("company.merged", "m", "a", into="b")
        await self.put(log, merge, {**retracted("m"), "subject": "a"})
        (receipt,) = await self.put(log, event("company.merged", "n", "b", into="a"))
        assert receipt.outcome == "recorded"


class AtomicContract(Puts):
    """All or none, compared with what is there. A form brings the fixture `log`, empty."""

    async def test_one_refused_event_keeps_an_atomic_batch_out(self, log: EventLog) -> None:
        await self.put(log, issued("2021", "a"))
        sent = [issued("2021", "b"), issued("2022", "a"), issued("2021", "a")]
        receipts = await self.put(log, *sent, atomic=True)
        assert [one.outcome for one in receipts] == ["rejected"] * 3
        assert [one.position for one in receipts] == [None] * 3
        fields = [one.problem.field for one in receipts if one.problem]
        assert fields == ["", "id", ""]
        assert await log.ends() == Position({0: 0})

    async def test_an_atomic_batch_without_refusals_goes_in(self, log: EventLog) -> None:
        sent = [issued("2021", "a"), issued("2021", "a"), issued("2021", "b")]
        receipts = await self.put(log, *sent, atomic=True)
        assert [one.outcome for one in receipts] == ["recorded", "duplicate", "recorded"]

    async def test_what_an_atomic_batch_kept_out_can_be_sent_again(self, log: EventLog) -> None:
        await self.put(log, issued("2021", "a"), issued("2022", "a"), atomic=True)
        assert await self.put(log, issued("2021", "a")) == [Receipt("a", "0:0", "recorded")]
