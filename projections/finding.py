"""The tables by which a store finds companies by what people write of them.

`beginnings` has, in order, each name, alias, identifier and id: what begins with a text lies side
by side, what equals it first. `names` is a trigram index of all of them, for what stands within.
"""

from collections.abc import Iterable
from sqlite3 import Connection
from typing import Final

from projections.rows import searched
from projections.search import LONGEST, beginnings, within

_NAMES: Final = """
CREATE VIRTUAL TABLE names USING fts5 (company UNINDEXED, text, tokenize = 'trigram')
"""
_BEGINNINGS: Final = """
CREATE TABLE beginnings (
    text TEXT NOT NULL, company TEXT NOT NULL, PRIMARY KEY (text, company)
) STRICT, WITHOUT ROWID
"""
TABLES: Final = f"{_NAMES};{_BEGINNINGS}"
STEP: Final = f"""
{_BEGINNINGS};
WITH RECURSIVE lines (company, line, rest) AS (
    SELECT company, '', text || char(10) FROM names
    UNION ALL
    SELECT company, substr(rest, 1, instr(rest, char(10)) - 1),
        substr(rest, instr(rest, char(10)) + 1)
    FROM lines WHERE rest <> ''
)
INSERT OR IGNORE INTO beginnings
SELECT substr(line, 1, {LONGEST}), company FROM lines WHERE line <> ''
"""  # noqa: S608 - of numbers and names that are written here
"""What a store needs that has only names. Before it is rebuilt, a letter in the middle of a line
begins nothing in it."""
_LAST: Final = "\U0010ffff"
_NAMES_EACH: Final = 4
_SHORT: Final = 7
"""Letters. Whoever writes more that begins a name does not mean what stands within others."""


def put(db: Connection, company: str, text: str) -> None:
    """Let a company be found by a text, as `searched` has it."""
    db.execute("INSERT INTO names VALUES (?, ?)", (company, text))
    db.executemany(
        "INSERT OR IGNORE INTO beginnings VALUES (?, ?)",
        [(one, company) for one in beginnings(text)],
    )


def put_all(db: Connection, companies: Iterable[tuple[str, str]]) -> None:
    """The same for many."""
    db.execute("CREATE TEMP TABLE begun (text TEXT, company TEXT)")
    for company, text in companies:
        db.execute("INSERT INTO names VALUES (?, ?)", (company, text))
        db.executemany(
            "INSERT INTO begun VALUES (?, ?)", [(one, company) for one in beginnings(text)]
        )
    # in order, each goes where the last went
    db.execute("INSERT OR IGNORE INTO beginnings SELECT * FROM begun ORDER BY 1, 2")
    db.execute("DROP TABLE begun")


def drop(db: Connection, company: str, text: str) -> None:
    """Let it be found no more by a text that was put."""
    db.execute("DELETE FROM names WHERE company = ?", (company,))
    db.executemany(
        "DELETE FROM beginnings WHERE text = ? AND company = ?",
        [(one, company) for one in beginnings(text)],
    )


def drop_all(db: Connection, companies: str) -> None:
    """Let none be found any more that a query selects; it looks at every name."""
    for table in ("names", "beginnings"):
        db.execute(f"DELETE FROM {table} WHERE company IN ({companies})")  # noqa: S608


def empty(db: Connection) -> None:
    """Let none be found any more."""
    for table in ("names", "beginnings"):
        db.execute(f"DROP TABLE {table}")
    db.execute(_NAMES)
    db.execute(_BEGINNINGS)


def search(db: Connection, text: str, limit: int) -> list[tuple[str, str]]:
    """Companies of which a text is found, with what is searched of each: those first of which
    something begins with it, and no others where it is long."""
    found = _beginning(db, text, limit)
    if found and len(text) > _SHORT:
        return list(found.items())
    if len(found) < limit and (phrase := within(text)) is not None:
        rows = db.execute(
            "SELECT company, text FROM names WHERE text MATCH ? AND instr(text, ?) LIMIT ?",
            (phrase, text, limit),
        )
        for company, searches in rows:
            found.setdefault(company, searches)
    return list(found.items())[:limit]


def _beginning(db: Connection, text: str, limit: int) -> dict[str, str]:
    begins = text[:LONGEST]
    rows = db.execute(
        "SELECT company FROM beginnings WHERE text >= ? AND text < ? LIMIT ?",
        (begins, begins + _LAST, limit * _NAMES_EACH),
    ).fetchall()
    found = {}
    for company in list(dict.fromkeys(row[0] for row in rows))[:limit]:
        row = db.execute("SELECT described FROM companies WHERE company = ?", (company,)).fetchone()
        searches = searched(company, row[0])
        if text in searches:
            found[company] = searches
    return found
