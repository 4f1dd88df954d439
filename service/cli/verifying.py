"""Whether what is in use is what the log says: the log folded a second time, and compared."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from events.sqlite_archive import SqliteArchive
from projections.store import ProjectionStore
from service.cli.common import progress
from service.compose import Standing

_SHOWN: Final = 100
_COMPANY: Final = "company, sequence, due, merged_into, parked, name, country, kind, described"
_CHANGE: Final = "position, moment, company, sequence, list, kind, recorded, body"
_COMPARED: Final = {
    "companies": (_COMPANY, "company"),
    "standings": ("company, list, flips", "company || ' on ' || list"),
    "names": ("company, text", "company"),
    "changes": (_CHANGE, "company || ' change ' || sequence"),
}


async def verified(standing: Standing) -> dict[str, Any]:
    """Compare companies, standings and changes. Where a service goes on projecting meanwhile,
    what it has touched since is left out, and that is told."""
    async with standing.caught_up() as stores:
        with TemporaryDirectory(dir=standing.settings.home, prefix="verify-") as folder:
            found = [
                _verified(standing, number, store, Path(folder) / f"{number}.db")
                for number, store in enumerate(stores.stores)
            ]
    return {
        "position": ",".join(one["position"] for one in found),
        "compared": sum(one["compared"] for one in found),
        "count": sum(one["count"] for one in found),
        "differences": [one for some in found for one in some["differences"]][:_SHOWN],
        "left_out": list(dict.fromkeys(one for some in found for one in some["left_out"])),
    }


def _verified(
    standing: Standing, partition: int, store: ProjectionStore, path: Path
) -> dict[str, Any]:
    beside = ProjectionStore(path)
    log = standing.whole.parts[partition]
    try:
        with progress("verify", log.end() + 1) as advance:
            standing.fold(partition, beside, advance)
        mark = beside.mark.position
    finally:
        beside.close()
    return _compared(standing, log, store, path, mark)


def _compared(
    standing: Standing, log: SqliteArchive, store: ProjectionStore, path: Path, mark: int
) -> dict[str, Any]:
    db = store.db
    left_out = []
    tables = dict(_COMPARED)
    if not standing.tells:
        del tables["changes"]
        left_out.append("changes are told by the projection workers, and are not compared")
    if store.meta("generation"):
        # What was told under earlier rules stays told, and folding anew cannot know of it.
        tables = {name: one for name, one in tables.items() if name not in ("changes", "companies")}
        left_out.append(
            "the lists' rules have changed since this store began: changes and sequences were told "
            "under several rules, and are not compared"
        )
    db.execute("ATTACH ? AS beside", (str(path),))
    try:
        db.execute("BEGIN")
        moved = _moved(log, store, mark)
        if moved:
            left_out.append(f"{len(moved):,} companies had news meanwhile, and were left out")
        db.execute("CREATE TEMP TABLE moved (company TEXT PRIMARY KEY)")
        db.executemany("INSERT INTO temp.moved VALUES (?)", [(one,) for one in moved])
        found = list(_differences(store, tables))
        compared = sum(
            int(db.execute(f"SELECT count(*) FROM beside.{table}").fetchone()[0])  # noqa: S608
            for table in tables
        )
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute("DETACH beside")
    return {
        "position": f"{log.partition}:{mark}",
        "compared": compared,
        "count": len(found),
        "differences": found[:_SHOWN],
        "left_out": left_out,
    }


def _moved(log: SqliteArchive, store: ProjectionStore, mark: int) -> set[str]:
    position = store.mark.position
    if position == mark:
        return set()
    low, high = sorted((position, mark))
    rows = store.db.execute("SELECT company FROM main.changes WHERE position > ?", (low,))
    fresh = store.db.execute("SELECT company FROM beside.changes WHERE position > ?", (low,))
    subjects = log.subjects(after=low, to=max(high, log.end()))
    return {row[0] for row in rows} | {row[0] for row in fresh} | set(subjects)


def _differences(store: ProjectionStore, tables: dict[str, tuple[str, str]]) -> Iterator[str]:
    sides = (("main", "beside", "only in use"), ("beside", "main", "only folded anew"))
    for table, (columns, label) in tables.items():
        for here, there, told in sides:
            rows = store.db.execute(
                f"SELECT {label} FROM (SELECT {columns} FROM {here}.{table} EXCEPT "  # noqa: S608
                f"SELECT {columns} FROM {there}.{table}) "
                "WHERE company NOT IN (SELECT company FROM temp.moved) ORDER BY company"
            )
            for (one,) in rows:
                yield f"{table}: {one}: {told}"
