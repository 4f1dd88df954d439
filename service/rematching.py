"""Watchlists are looked through again when companies became known, or were described anew: whom
nobody knew yesterday may have been listed today."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, NamedTuple

from alerts.found import Row, messages, with_companies
from alerts.opened import UnknownSubscription
from alerts.places import behind
from alerts.source import ChangeSource
from alerts.store import AlertStore
from alerts.subscriptions import Subscription
from events.aside import aside
from events.errors import Refused, StandingError, UnknownCompany
from projections.reader import Parked
from projections.stores import Stores
from service.audit import Audit
from service.screening import Companies
from service.standing import Following, Standing
from service.tokens import Caller
from service.watchlist import Report, packed, relooked, unpacked

APART_S: Final = 5.0
"""So long after a look, at least, comes the next: companies are recorded many at once."""
_PART: Final = 10
"""And so many times as long as the last one took, so that others have their turn."""
_LOOK_S: Final = 60.0
"""After so long, also where nothing was recorded: a subscription may have been resumed."""
_PAGE: Final = 1_000
_ITSELF: Final = Caller("standing")
_log = logging.getLogger("standing.alerts")


class _Relooked(NamedTuple):
    """A watchlist: as it was kept, as it is now, and the rows that say something else."""

    before: bytes
    after: Report
    rows: Sequence[Mapping[str, Any]]


class Rematching:
    """Runs beside the alert loop of a process. `wake` has that look at once."""

    def __init__(  # noqa: PLR0917 - all that it is made of
        self,
        standing: Standing,
        companies: Companies,
        store: AlertStore,
        source: ChangeSource,
        stores: Stores,
        following: Following,
        wake: Callable[[], None],
    ) -> None:
        self._standing = standing
        self._companies = companies
        self._store = store
        self._source = source
        self._stores = stores
        self._following = following
        self._wake = wake
        self._audit = Audit(standing.settings.home, standing.clock)
        self._seen: dict[str, tuple[int, int]] = {}
        """Of which subscription what was looked through: how it stood, and who was known."""
        self._referring = False
        """Whether a row names somebody by a source's own id."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            heard, began = self._following.heard, time.monotonic()
            try:
                await self.look()
            except StandingError as error:  # what is told needs no watchlists: it goes on
                _log.warning("watchlists could not be looked through: %s; trying again", error)
            await asyncio.sleep(max(APART_S, _PART * (time.monotonic() - began)))
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._following.beyond(heard)

    async def look(self) -> None:
        """Once, through those that have not been looked through since anything changed."""
        listed = await self._store.aside(self._store.listed)
        self._seen = {one: seen for one, seen in self._seen.items() if one in listed}
        if not listed:
            return
        version = await aside(self._version)
        for ident, turn in listed.items():
            if self._seen.get(ident) != (turn, version):
                with suppress(UnknownSubscription):  # it has gone meanwhile
                    await self._look_through(ident)
                self._seen[ident] = (turn, version)

    async def _look_through(self, ident: str) -> None:
        before = await self._store.aside(self._store.watchlist, ident)
        found = None if before is None else await aside(self._relooked, before)
        if found is None:
            return
        one, now = await self._store.aside(self._store.get, ident), self._standing.clock()
        if one.request.until < now:
            return
        taken = list(dict.fromkeys(row["company"] for row in found.rows if row["taken"]))
        upto = behind(self._source.position())
        asked = replace(one, request=with_companies(one.request, taken)) if taken else one
        rows = [self._row(row, one) for row in found.rows]
        told = list(messages(asked, rows, self._source, self._standing.registry, now))
        try:
            kept = (ident, found.before, packed(found.after), taken, told, upto, now)
            if await self._store.aside(self._store.found, *kept):
                detail = f"rows {', '.join(str(row['row']) for row in found.rows)}"[:1_000]
                await aside(self._audit.note, _ITSELF, "found", ident, detail)
                self._wake()
        except Refused as refused:
            _log.warning("%s: %s", ident, refused)

    def _row(self, said: Mapping[str, Any], one: Subscription) -> Row:
        """A row with how its company stands, and what was told of it."""
        if not said["taken"]:
            return Row(said, {})
        company = said["company"]
        standing: Mapping[str, Any] = {}
        with suppress(UnknownCompany, Parked):
            standing = self._standing.reader.status(company)
        return Row(said, standing, self._changes(company, one))

    def _changes(self, company: str, one: Subscription) -> list[Any]:
        store, after, found = self._stores.of(company), one.start.after, []
        while page := store.changes(after=after, limit=_PAGE, company=company):
            found += page
            after = page[-1].place
        return found

    def _version(self) -> int:
        """Moves on when somebody became known, or is described in another way."""
        store = self._standing.store()
        try:
            with self._companies.lock:
                self._companies.index(store, references=self._referring)
                return self._companies.version
        finally:
            store.close()

    def _relooked(self, before: bytes) -> _Relooked | None:
        report = unpacked(before)
        store = self._standing.store()
        try:
            with self._companies.lock:
                self._referring |= any("identifier" in row["input"] for row in report["rows"])
                index = self._companies.index(store, references=self._referring)
                after, rows = relooked(report, index, self._standing.clock())
        finally:
            store.close()
        return _Relooked(before, after, rows) if rows else None
