"""The statuses that will be other than those in use, beside them, and the moment in which they
take their place."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from events.sqlite_store import transaction, trouble
from projections import finding
from projections.rows import SEARCHED, Folded, Told, change_row, searched
from projections.store import KEPT_BY_COMPANY, Mark, ProjectionStore
from projections.timeline import Flip

_TABLES: Final = ("companies", "standings", "gone", "names")
"""What a draft may have: `names` is of an earlier version."""
_REPLACED: Final = "SELECT company FROM companies_new UNION ALL SELECT company FROM gone_new"
_RENAMED: Final = """
SELECT new.company FROM companies_new AS new LEFT JOIN companies AS old USING (company)
WHERE new.described IS NOT old.described OR new.known IS NOT old.known
UNION ALL SELECT company FROM gone_new
"""
_EVERYBODY: Final = """
SELECT company FROM companies UNION SELECT company FROM companies_new
"""
_CHANGE_INDEXES: Final = ("changes_in_order", "changes_of_company")


class Draft:
    """The statuses as they will be. `fresh` where nothing was told yet, so that the changes are
    written too. Made by `beside`."""

    def __init__(self, store: ProjectionStore, *, fresh: bool) -> None:
        self._store = store
        self._db = store.db
        self._fresh = fresh
        self._told: list[Told] = []
        self.generation = int(store.meta("generation") or 0) + 1
        """How often rules were revised before, this time included."""

    def put(self, batch: Sequence[Folded], gone: Sequence[str] = ()) -> None:
        """Add companies that will be another way than they are in use, each once, and name those
        that will not be."""
        with trouble(self._store.path), transaction(self._db):
            self._db.executemany(
                "INSERT INTO companies_new VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(*one.row, one.described) for one in batch],
            )
            self._db.executemany(
                "INSERT INTO standings_new VALUES (?, ?, ?)",
                [standing for one in batch for standing in one.standings],
            )
            self._db.executemany("INSERT INTO gone_new VALUES (?)", [(one,) for one in gone])
            if self._fresh:
                self._store.put_changes(row for one in batch for row in one.told)

    def companies(self) -> list[str]:
        """Every company that will be another way, or will not be."""
        with trouble(self._store.path):
            rows = self._db.execute(
                "SELECT company FROM companies_new UNION SELECT company FROM gone_new"
            ).fetchall()
        return [row[0] for row in rows]

    def readings(self, company: str) -> dict[str, tuple[Flip, ...]]:
        """By list, the readings of one of these companies as they will be."""
        return self._store.readings(company, "_new")

    def tell(self, changes: Iterable[Told]) -> None:
        """Differences that are published with the statuses."""
        self._told += changes

    def publish(self, mark: Mark, digest: str) -> None:
        """Take the statuses into use, all at once. `digest` is that of the lists' rules."""
        with trouble(self._store.path), transaction(self._db):
            self._store.put_changes(map(change_row, self._told))
            self._db.executemany(
                "UPDATE companies_new SET sequence = max(sequence, ?) WHERE company = ?",
                [(one.change.sequence, one.change.company) for one in self._told],
            )
            self._replace()
            if self._fresh:
                _index_changes(self._store)
            if self._store.meta("registry") not in (None, digest):
                self._store.put_meta("generation", self.generation)
            self._store.put_meta("registry", digest)
            self._store.put_meta("position", mark.position)
            self._store.put_meta("clock", mark.clock)

    def _replace(self) -> None:
        """Write the statuses over those in use. Making the search index is most of the work: it
        is spared where the description of a company is what it was."""
        anew = self._fresh or self._store.meta("searched") != SEARCHED
        self._db.execute(f"CREATE TEMP TABLE renamed AS {_EVERYBODY if anew else _RENAMED}")
        for table in ("companies", "standings"):
            self._db.execute(f"DELETE FROM {table} WHERE company IN ({_REPLACED})")  # noqa: S608
            self._db.execute(f"INSERT INTO {table} SELECT * FROM {table}_new")  # noqa: S608
        if anew:
            finding.empty(self._db)
        elif self._db.execute("SELECT 1 FROM renamed").fetchone():
            finding.drop_all(self._db, "SELECT company FROM renamed")
        renamed = self._db.execute(
            "SELECT company, described FROM companies WHERE known AND company IN "
            "(SELECT company FROM renamed) ORDER BY company"
        )
        finding.put_all(self._db, ((one, searched(one, described)) for one, described in renamed))
        self._db.execute("DROP TABLE renamed")
        self._store.put_meta("searched", SEARCHED)


@contextmanager
def beside(store: ProjectionStore) -> Iterator[Draft]:
    """Make room for a draft; what an interrupted one left behind is thrown away."""
    fresh = store.mark.position < 0
    with trouble(store.path):
        with transaction(store.db):
            _throw_away(store)
            if fresh:
                clear(store)
                for index in _CHANGE_INDEXES:
                    store.db.execute(f"DROP INDEX IF EXISTS {index}")
            for statement in KEPT_BY_COMPANY.format("_new").split(";"):
                store.db.execute(statement)
            store.db.execute("CREATE TABLE gone_new (company TEXT PRIMARY KEY) WITHOUT ROWID")
        # What a power cut takes of a draft is folded again; what is in use is in the log's hands.
        try:
            yield Draft(store, fresh=fresh)
        finally:
            with transaction(store.db):
                _throw_away(store)


def clear(store: ProjectionStore) -> None:
    """Throw away what an interrupted first rebuild left, within a transaction."""
    if store.mark.position < 0:
        store.db.execute("DELETE FROM changes")
        _index_changes(store)
        store.put_meta("searched", SEARCHED)


def _throw_away(store: ProjectionStore) -> None:
    for table in _TABLES:
        store.db.execute(f"DROP TABLE IF EXISTS {table}_new")


def _index_changes(store: ProjectionStore) -> None:
    columns = ("position, moment, company, sequence", "company, sequence")
    for index, some in zip(_CHANGE_INDEXES, columns, strict=True):
        store.db.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {index} ON changes ({some})")
