"""Finding companies by what is written of them: what comes first, and what is not missed."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from events.companies import Description
from projections.rows import CompanyRow, Folded
from projections.search import normalise
from projections.store import Mark, ProjectionStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProjectionStore]:
    found = ProjectionStore(tmp_path / "projections.db")
    yield found
    found.close()


def named(store: ProjectionStore, **names: str) -> None:
    """Companies by id, with what each is called: names apart by a bar."""
    folded = []
    for company, said in names.items():
        name, *aliases = said.split("|")
        described = Description(name=name, aliases=tuple(aliases))
        row = CompanyRow(company, 0, 2**62, name=name)
        folded.append(Folded(row, orjson.dumps(described.shown()), [], []))
    store.commit(Mark(), folded)


def found(store: ProjectionStore, text: str, limit: int = 10) -> list[str]:
    return [company for company, _ in store.search(normalise(text), limit)]


def test_what_begins_with_it_comes_before_what_holds_it(store: ProjectionStore) -> None:
    """However many hold it, and however late the other was told of; what equals it is first."""
    named(store, **{f"c{number}": f"Great Bank {number}" for number in range(50)})
    named(store, late="Bank of the Coast", same="Bank")
    assert found(store, "bank", 3)[:2] == ["same", "late"]
    assert len(found(store, "bank", 100)) == 52


def test_where_no_space_parts_words_each_letter_may_begin_one(store: ProjectionStore) -> None:
    """So that two of them are enough."""
    named(store, dji="DJI|深圳市大疆创新科技", kana="Mitsu|みつびし", other="Other")
    for text in ("大疆", "疆", "科技", "深圳市大疆"):
        assert found(store, text) == ["dji"]
    assert found(store, "びし") == ["kana"]


@pytest.mark.parametrize(
    "text", ["'", '"', "%", "_", "\U0010ffff", "a\U0010ffff", "-- a", "* OR a"]
)
def test_no_text_is_taken_for_a_command(store: ProjectionStore, text: str) -> None:
    """It finds what it is written in, and nothing else."""
    named(store, this=f"{text}|b {text} b", other="b b")
    assert found(store, text) == ["this"]


def test_a_name_as_long_as_any_is_found(store: ProjectionStore) -> None:
    """By its beginning, by all of it, and not by what goes on otherwise."""
    name = "long " * 199 + "name"
    named(store, long=name)
    assert found(store, name) == found(store, name[:150]) == found(store, "long") == ["long"]
    assert found(store, name[:150] + "x") == []


def test_a_store_of_before_finds_as_well(tmp_path: Path) -> None:
    """It is brought up to what this version needs when it is opened."""
    path = tmp_path / "projections.db"
    store = ProjectionStore(path)
    named(store, acme="Acme|Apex\u2003Ltd", other="Great Acme")
    begun = store.db.execute("SELECT * FROM beginnings").fetchall()
    store.db.execute("DROP TABLE beginnings")
    store.db.execute("PRAGMA user_version = 1")
    store.close()
    store = ProjectionStore(path)
    assert store.db.execute("SELECT * FROM beginnings").fetchall() == begun
    assert found(store, "acme") == ["acme", "other"]
    store.close()
