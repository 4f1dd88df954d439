"""The projector: folds a log into a store, and makes each batch visible at once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from events.admitted import Admitted
from events.dates import NEVER, Instant
from events.door import admit
from events.log import Record
from events.sqlite_log import SqliteEventLog
from projections.projector import Projector
from projections.rebuild import rebuild
from projections.store import Mark, ProjectionStore
from tests.unit.making import CCMC, ENTITY, REGISTRY, at, event, issued, passed, removed, told

Json = dict[str, Any]


class Home:
    """A log, and the projection that is made of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now: Instant = at("2021-01-01")
        self.log = SqliteEventLog(folder / "log.db", lambda: self.now, synchronous="OFF")
        self.store = ProjectionStore(folder / "projections.db")
        self.projector = Projector(self.log, self.store, REGISTRY)

    async def record(self, *sent: Json, when: str | None = None) -> None:
        """Append events at a time."""
        self.now = at(when) if when else self.now
        await self.log.append([admit(one, REGISTRY) for one in sent])

    async def poison(self, subject: str = "acme") -> None:
        """Append an event that the door would not have let in, and that cannot be folded."""
        good = admit({**removed("2021", "poison", ENTITY), "subject": subject}, REGISTRY)
        data = {key: value for key, value in good.event["data"].items() if key != "how"}
        await self.log.append([Admitted.of({**good.event, "data": data}, good.fingerprint)])

    def records(self, after: int = -1) -> list[Record]:
        """What stands in the log."""
        return self.log.between(after, self.log.end(), 1_000)

    def close(self) -> None:
        """Let go."""
        self.store.close()
        self.log.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """An empty log with an empty projection."""
    home = Home(tmp_path)
    yield home
    home.close()


async def test_an_empty_projection_stands_before_the_log(home: Home) -> None:
    assert home.store.mark == Mark(-1, 0)
    assert home.projector.position == -1
    await home.projector.catch_up()
    assert home.store.mark == Mark(-1, 0)


async def test_what_was_folded_can_be_read(home: Home) -> None:
    await home.record(event("company.described", name="Acme", country="CN", kind="company"))
    await home.record(issued("2021-01-01", list_=ENTITY), when="2021-01-02")
    await home.projector.catch_up()
    assert home.store.mark == Mark(1, at("2021-01-02"))
    row = home.store.row("acme")
    assert row is not None
    assert (row.name, row.country, row.kind, row.sequence, row.due) == (
        "Acme",
        "CN",
        "company",
        1,
        NEVER,
    )
    assert [one.position for one in home.store.changes()] == [1]
    assert list(home.store.readings("acme")) == [ENTITY]
    assert home.store.counts() == {"companies": 1, "standings": 1, "changes": 1}
    assert home.store.row("nobody") is None
    assert home.store.described("nobody") is None


async def test_what_is_due_is_known_over_a_restart(home: Home) -> None:
    await home.record(issued("2021-01-14"))
    await home.projector.catch_up()
    assert told(home.projector.due) == "2021-01-14"
    again = Projector(home.log, home.store, REGISTRY)
    assert again.due == home.projector.due
    assert again.position == 0
    home.now = at("2021-03-16")
    await home.record(passed("2021-03-15T13:30:00Z"))
    await again.catch_up()
    assert [told(one.change.moment) for one in home.store.changes() if one.position == 1] == [
        "2021-01-14",
        "2021-03-15T09:30",
    ]


async def test_a_change_is_found_again_by_its_place(home: Home) -> None:
    await home.record(issued("2021-01-14"), {**issued("2021-01-14"), "subject": "b", "id": "b"})
    await home.record(removed("2021-01-20"), when="2021-01-21")
    await home.projector.catch_up()
    every = home.store.changes()
    assert [one.place for one in every] == sorted(one.place for one in every)
    for number, one in enumerate(every):
        place = home.store.place(one.change.company, one.change.sequence)
        assert place == one.place
        assert home.store.changes(after=place) == every[number + 1 :]
        assert one.cursor == f"{one.change.company}/{one.change.sequence}"
    assert home.store.changes(limit=2) == every[:2]
    assert {one.change.company for one in home.store.changes(company="b")} == {"b"}
    assert home.store.changes(list_id=ENTITY) == []
    assert home.store.changes(list_id=CCMC) == every
    assert home.store.place("nobody", 1) is None


async def test_whoever_waits_for_a_position_is_woken(home: Home) -> None:
    waiting = asyncio.create_task(home.projector.reached(1))
    await home.record(issued("2021-01-14"))
    await home.projector.catch_up()
    assert not waiting.done()
    await home.record(removed("2021-01-15"))
    await home.projector.catch_up()
    await asyncio.wait_for(waiting, 120)
    await home.projector.reached(0)


# --- parked ---------------------------------------------------------------------------------------


async def test_a_parked_company_is_told_with_its_reason(home: Home) -> None:
    await home.record(issued("2021-01-14"), {**issued("2021-01-14"), "subject": "b", "id": "b"})
    await home.poison()
    await home.projector.catch_up()
    assert home.projector.parked == home.store.parked() == {"acme": "KeyError: 'how'"}
    row = home.store.row("acme")
    assert row is not None
    assert (row.sequence, row.due) == (2, NEVER)
    assert home.store.dues() == [(at("2021-01-14"), "b")]


async def test_a_parked_company_stays_parked_over_a_restart_and_a_rebuild(home: Home) -> None:
    await home.record(issued("2021-01-14"))
    await home.poison()
    await home.projector.catch_up()
    again = Projector(home.log, home.store, REGISTRY)
    await home.record(removed("2021-01-20"), when="2021-01-21")
    await again.catch_up()
    row = home.store.row("acme")
    changes = home.store.changes()
    rebuild(home.log, home.store, REGISTRY)
    assert home.store.row("acme") == row
    fresh = ProjectionStore(home.folder / "fresh.db")
    rebuild(home.log, fresh, REGISTRY)
    assert (fresh.row("acme"), fresh.changes()) == (row, changes)
    fresh.close()


# --- searching ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("xiao", ["xiaomi"]),
        ("小米集", ["xiaomi"]),
        ("小米", ["xiaomi"]),
        ("kyg98", ["xiaomi"]),
        ("米集", ["xiaomi"]),
        ("集", ["xiaomi"]),
        ("x", ["xiaomi", "xiaomi-old"]),
        ("na", ["xiaomi-old"]),
        ('"a', ["quoted"]),
        ('"say" "', ["quoted"]),
        ("old name", ["xiaomi-old"]),
        ("nothing", []),
    ],
)
async def test_companies_are_found_by_what_they_are_called(
    home: Home, text: str, found: list[str]
) -> None:
    def described(company: str, **data: Any) -> Json:
        return event("company.described", None, company, **data)

    await home.record(
        described(
            "xiaomi",
            aliases=["小米集团"],
            identifiers=[{"scheme": "isin", "value": "KYG9830T1067"}],
        ),
        described("huawei-old", name="H"),
        described("quoted", name='They "say" "A"'),
        described("xiaomi-old", name="x"),
    )
    await home.record(event("company.described", None, "xiaomi-old", name="The Old Name"))
    await home.projector.catch_up()
    names = sorted(company for company, _ in home.store.search(text, 10))
    assert set(found) <= set(names)


async def test_a_name_that_was_given_up_is_found_no_more(home: Home) -> None:
    for name in ("Old Name", "New Name"):
        await home.record(event("company.described", name=name))
        await home.projector.catch_up()
    assert home.store.search("old name", 10) == []
    assert [one for one, _ in home.store.search("new name", 10)] == ["acme"]
