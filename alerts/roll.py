"""Who subscribed, kept up with the table, whichever process writes it: what was asked of it before
is not read again, but for those who have changed.

A trigger numbers every change of a row (`turned`), so that whoever has come to a number reads what
lies behind it.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from alerts.index import Index
from alerts.matching import Who, lasts
from alerts.places import Place
from alerts.quiet import Quiet
from alerts.roll_tables import LIVING
from alerts.subscriptions import Filter, Request, Start, Subscription
from projections.rows import Told

_ROW: Final = (
    "SELECT id, created, request, after, since, disabled, failing, behind, owner, paused, revised, "
    "confirmed FROM subscriptions"
)
_AT_ONCE: Final = f"{LIVING} AND cadence = 'immediate'"
"""Of those who are told of changes one by one, as they come."""
_NEAR: Final = 20_000
"""How many of those who were told something lately are held."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscription and its own place, where it has yet to come to the common cursor."""

    subscription: Subscription
    behind: Place | None


class Roll:
    """See above. All of it on one thread, and outside of a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.forget()

    def forget(self) -> None:
        """Read it all again, when it is asked for."""
        self._all: dict[str, Reader] | None = None
        self._all_at = 0
        self._index: Index | None = None
        self._index_at = 0
        self._asking: dict[str, Reader] | None = None
        self._asked: list[Reader] = []
        self._asking_at = 0
        self._near: OrderedDict[str, Reader] = OrderedDict()
        self._near_at = self._turn()

    def _turn(self) -> int:
        row = self._db.execute("SELECT max(turn) FROM turned").fetchone()
        return int(row[0] or 0)

    def _turned(self, after: int) -> list[tuple[int, str]]:
        return self._db.execute(
            "SELECT turn, id FROM turned WHERE turn > ? ORDER BY turn", (after,)
        ).fetchall()

    # --- looking up -----------------------------------------------------------------------------

    def one(self, ident: str) -> Reader | None:
        """A subscription as it stands."""
        self._freshen()
        return self._held(ident)

    def _freshen(self) -> None:
        for turn, ident in self._turned(self._near_at):
            self._near.pop(ident, None)
            self._near_at = turn

    def _held(self, ident: str) -> Reader | None:
        found = self._near.get(ident)
        if found is None:
            row = self._db.execute(f"{_ROW} WHERE id = ?", (ident,)).fetchone()
            if row is None:
                return None
            found = self._near[ident] = _reader(row)
            if len(self._near) > _NEAR:
                self._near.popitem(last=False)
        return found

    def all(self) -> dict[str, Reader]:
        """All of them, in the order of their making. It takes the room of all of them from then
        on, and the time of those who have changed."""
        if self._all is None:
            self._all_at = self._turn()
            rows = self._db.execute(f"{_ROW} ORDER BY created, id")
            self._all = {row[0]: _reader(row) for row in rows}
        elif turned := self._turned(self._all_at):
            self._all_at = turned[-1][0]
            self._all = self._renewed(self._all, [ident for _, ident in turned])
        return self._all

    def _renewed(self, known: dict[str, Reader], idents: Iterable[str]) -> dict[str, Reader]:
        """Whoever holds what was answered before sees nothing move."""
        found, moved = dict(known), False
        for ident in idents:
            row = self._db.execute(f"{_ROW} WHERE id = ?", (ident,)).fetchone()
            if row is None:
                found.pop(ident, None)
            else:
                moved |= ident not in found
                found[ident] = _reader(row)
        if moved:
            return {one.subscription.id: one for one in _sorted(found)}
        return found

    def page(self, owner: str | None, after: str | None, limit: int) -> list[Subscription]:
        """Some, oldest first: of an owner or of all, behind the one of this id."""
        where, values = "WHERE (created, id) > (?, ?)", [0, ""]
        if after is not None and (known := self.one(after)) is not None:
            values = [known.subscription.created, after]
        if owner is not None:
            where, values = f"{where} AND owner = ?", [*values, owner]
        rows = self._db.execute(f"{_ROW} {where} ORDER BY created, id LIMIT ?", (*values, limit))
        return [_reader(row).subscription for row in rows]

    # --- matching -------------------------------------------------------------------------------

    def anybody(self) -> bool:
        """Whether anybody is to be told anything."""
        found = self._db.execute(f"SELECT 1 FROM subscriptions WHERE {_AT_ONCE} LIMIT 1")  # noqa: S608
        return found.fetchone() is not None

    def latecomers(self) -> list[Reader]:
        """Those who are to be told something and have yet to come to the common cursor."""
        rows = self._db.execute(
            f"{_ROW} WHERE behind IS NOT NULL AND {_AT_ONCE} ORDER BY created, id"
        )
        return [_reader(row) for row in rows]

    def wanting(self, page: Sequence[tuple[Told, Who]]) -> list[list[str]]:
        """For each change, who is to be told of it, of those who are at the common cursor."""
        index = self._indexed()
        self._freshen()
        return [
            [
                ident
                for ident in index.wanting(told.change, who)
                if (reader := self._held(ident)) is not None
                and lasts(reader.subscription.request, reader.subscription.start, told)
            ]
            for told, who in page
        ]

    def _indexed(self) -> Index:
        if self._index is None:
            self._index_at = self._turn()
            self._index = Index()
            for row in self._db.execute(
                f"SELECT id, request FROM subscriptions WHERE behind IS NULL AND {_AT_ONCE}"  # noqa: S608
            ):
                _put(self._index, *row)
        for turn, ident in self._turned(self._index_at):
            row = self._db.execute(
                f"SELECT id, request FROM subscriptions "  # noqa: S608
                f"WHERE id = ? AND behind IS NULL AND {_AT_ONCE}",
                (ident,),
            ).fetchone()
            if row is None:
                self._index.drop(ident)
            else:
                _put(self._index, *row)
            self._index_at = turn
        return self._index

    # --- what time brings -----------------------------------------------------------------------

    def asking(self) -> list[Reader]:
        """Those who are to be told and ask for what no change brings, oldest first; the same
        object until one of them has changed."""
        where = f"clocked AND {LIVING}"
        if self._asking is None:
            self._asking_at = self._turn()
            rows = self._db.execute(f"{_ROW} WHERE {where}")
            self._asking = {row[0]: _reader(row) for row in rows}
            self._asked = _sorted(self._asking)
        moved = False
        for turn, ident in self._turned(self._asking_at):
            self._asking_at = turn
            before = self._asking.pop(ident, None)
            row = self._db.execute(f"{_ROW} WHERE id = ? AND {where}", (ident,)).fetchone()
            if row is not None:
                self._asking[ident] = _reader(row)
            moved |= before != self._asking.get(ident)
        if moved:
            self._asked = _sorted(self._asking)
        return self._asked

    def quiets(self, idents: Iterable[str]) -> dict[str, Quiet]:
        """Of these, the quiet hours of those who have some."""
        self._freshen()
        found = {}
        for ident in idents:
            reader = self._held(ident)
            if reader is not None and (quiet := reader.subscription.request.quiet) is not None:
                found[ident] = quiet
        return found

    def living(self, idents: Iterable[str], *, common: bool) -> Iterator[str]:
        """Which of these are still to be told; with `common`, at the common cursor."""
        where = f"{_AT_ONCE} AND behind IS NULL" if common else LIVING
        for ident in idents:
            row = self._db.execute(
                f"SELECT 1 FROM subscriptions WHERE id = ? AND {where}",  # noqa: S608
                (ident,),
            ).fetchone()
            if row is not None:
                yield ident


def raw(db: sqlite3.Connection, ident: str) -> Subscription:
    """One as it stands within a transaction; it is there."""
    return _reader(db.execute(f"{_ROW} WHERE id = ?", (ident,)).fetchone()).subscription


def _put(index: Index, ident: str, request: bytes) -> None:
    asked = orjson.loads(request)
    index.put(ident, Filter.model_validate(asked["filter"]), backfill=asked["backfill"])


def _sorted(readers: dict[str, Reader]) -> list[Reader]:
    return sorted(readers.values(), key=lambda one: _order(one.subscription))


def _order(one: Subscription) -> tuple[int, str]:
    return one.created, one.id


def _reader(row: Sequence[Any]) -> Reader:
    ident, created, request, after, since, disabled, failing, behind, *others = row
    kept = Subscription(
        ident,
        created,
        Request.model_validate_json(request),
        Start(unpacked(after), since),
        disabled,
        failing,
        *others,
    )
    return Reader(kept, unpacked(behind) if behind else None)


def packed(place: Place) -> str:
    """As the tables have it."""
    return orjson.dumps(place).decode()


def unpacked(text: str) -> Place:
    """A place as the tables have it."""
    position, moment, company, sequence = orjson.loads(text)
    return (position, moment, company, sequence)
