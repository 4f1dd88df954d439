"""Folding again what is in use: what differs is written, what does not is left as it is."""

from pathlib import Path
from typing import Any

import pytest

from events import vocabulary as words
from events.admitted import Admitted
from events.door import admit
from events.sqlite_log import SqliteEventLog
from projections.projector import Projector
from projections.rebuild import rebuild
from projections.rows import SEARCHED
from projections.store import ProjectionStore
from tests.unit.making import REGISTRY
from tests.unit.projecting import content
from tests.unit.test_rebuild import filled

DAMAGE = """
UPDATE companies SET described = CAST(replace(CAST(described AS TEXT), 'Comp', 'C') AS BLOB)
    WHERE company IN ('c002', 'c005', 'c007');
UPDATE names SET text = 'lost' WHERE company IN ('c002', 'c005', 'c007');
UPDATE companies SET due = 7 WHERE company = 'c003';
DELETE FROM standings WHERE company = 'c004';
DELETE FROM companies WHERE company = 'c008';
DELETE FROM names WHERE company = 'c008';
DELETE FROM beginnings WHERE company IN ('c002', 'c008');
INSERT INTO companies SELECT 'ghost', 1, due, NULL, NULL, name, country, kind, 1, described
    FROM companies WHERE company = 'c001';
INSERT INTO standings SELECT 'ghost', list, flips FROM standings WHERE company = 'c001';
INSERT INTO standings SELECT 'wraith', list, flips FROM standings WHERE company = 'c001';
INSERT INTO names VALUES ('ghost', 'ghost')
"""


def whole(store: ProjectionStore) -> dict[str, Any]:
    """What readers can see, the search index included."""
    kept = {company for company, *_ in store.db.execute("SELECT company FROM standings")}
    begun = store.db.execute("SELECT * FROM beginnings ORDER BY text, company").fetchall()
    return content(store) | {"names": names(store), "beginnings": begun, "kept": kept}


def names(store: ProjectionStore) -> list[Any]:
    """What can be found."""
    return store.db.execute("SELECT company, text FROM names ORDER BY company").fetchall()


async def projected(log: SqliteEventLog, path: Path) -> ProjectionStore:
    """A store that a projector has filled."""
    store = ProjectionStore(path)
    store.put_meta("registry", REGISTRY.digest)
    await Projector(log, store, REGISTRY).catch_up()
    return store


@pytest.mark.parametrize("alone_below", [1_000_000, 0], ids=["one process", "several processes"])
async def test_what_is_not_as_the_log_says_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone_below: int
) -> None:
    monkeypatch.setattr("projections.rebuild._ALONE", alone_below)
    log = await filled(tmp_path / "log.db", 20)
    store = await projected(log, tmp_path / "p.db")
    before = whole(store)
    for searched in (0, SEARCHED):  # the index made anew, and only mended
        for statement in DAMAGE.split(";"):
            store.db.execute(statement)
        store.put_meta("searched", searched)
        assert whole(store) != before
        rebuild(log, store, REGISTRY)
        # which changes a company had told is not folded again, and was lost with its row
        lost = {row.company: row for row in store.rows()}["c008"]
        assert lost.sequence == 0
        told = store.changes(company="c008")[-1].change.sequence
        store.db.execute("UPDATE companies SET sequence = ? WHERE company = 'c008'", (told,))
        assert whole(store) == before
    store.close()
    log.close()


async def test_the_search_index_is_not_made_anew_where_nobody_has_another_name(
    tmp_path: Path,
) -> None:
    log = await filled(tmp_path / "log.db", 6)
    store = await projected(log, tmp_path / "p.db")
    rebuild(log, store, REGISTRY)
    store.db.execute("UPDATE names SET text = 'as it was' WHERE company = 'c002'")
    rebuild(log, store, REGISTRY)
    assert dict(names(store))["c002"] == "as it was"
    store.close()
    log.close()


async def test_a_company_that_a_note_parked_stays_parked(tmp_path: Path) -> None:
    log = await filled(tmp_path / "log.db", 4)
    note = {
        "type": words.NOTE_RECORDED,
        "subject": "c002",
        "data": {"kind": "news", "text": "it will appeal", "effective": "2021-01-03"},
    }
    good = admit(note, REGISTRY)
    bad = {**good.event, "data": {**good.event["data"], "effective": "some day"}}
    await log.append([Admitted.of(bad, good.fingerprint)])
    store = await projected(log, tmp_path / "p.db")
    parked = store.parked()
    assert list(parked) == ["c002"]
    row = store.row("c002")
    rebuild(log, store, REGISTRY)
    assert store.parked() == parked
    assert store.row("c002") == row
    store.close()
    log.close()
