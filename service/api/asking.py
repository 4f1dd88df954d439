"""The questions that the API and the pages ask alike, each over what answers it fastest."""

import asyncio
from functools import partial
from typing import Any, Final

import orjson
from starlette.concurrency import run_in_threadpool

from events.errors import UnknownCompany
from projections import chronicle
from projections.reader import EVERYTHING, Answer, Parked, Question
from projections.rows import CompanyRow, Told
from projections.search import normalise
from service.api.problems import NotYet
from service.api.query import Query
from service.standing import Service

_MOST_CHANGES: Final = 10_000
_LOOKED_AT: Final = 5
"""So many times what is asked for is looked at, to put the closest first."""


class Asking:
    """Questions to a running service. A wait for a position ends after `patience_s` seconds."""

    def __init__(self, service: Service, patience_s: float) -> None:
        self._service = service
        self._patience_s = patience_s
        self._reader = service.standing.reader
        # A story takes long to tell: it is told on another thread, by readers of its own.
        self._teller = service.standing.readers()
        self._telling = asyncio.Lock()

    async def until(self, query: Query) -> None:
        """Wait for the position that `at_least` names. Raises `Refused`, or `NotYet`; `Filling`
        where nothing can be answered yet."""
        text = query.one("at_least")
        if text is not None:
            position = self._service.standing.position(text, "at_least")
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._service.reached(position)
            except TimeoutError:
                at = self._service.position
                raise NotYet(
                    f"{text} was not reached in {self._patience_s:g} s; this is at {at}"
                ) from None
        self._service.answers()

    def answer(self, company: str, question: Question) -> Answer:
        """See `Reader.answer`. Raises `Parked` or `Filling` where it could only be wrong."""
        self._service.answers()
        self._folds(company)
        found = self._reader.answer(company, question)
        self._folds(found.company)
        return found

    def status(self, company: str, question: Question = EVERYTHING) -> dict[str, Any]:
        """See `Reader.status`. Raises `Parked` where it could only be wrong."""
        found: dict[str, Any] = orjson.loads(self.answer(company, question).text)
        return found

    async def history(
        self, company: str, question: Question, *, in_short: bool = False
    ) -> dict[str, Any]:
        """See `chronicle.history`; `in_short` without how the public saw it, and of what was told
        only the corrections."""
        self._service.answers()
        present = self._reader.resolve(company, question)
        told = self._changes(present, "corrected" if in_short else None)
        self._folds(company)
        tell = partial(chronicle.history, seen_by_all=not in_short)
        async with self._telling:
            found = await run_in_threadpool(tell, self._teller, told, company, question)
        self._folds(found["company"])
        return found

    def company(self, company: str) -> dict[str, Any]:
        """Who a company is, and its standing now in short."""
        standing = self.status(company)
        known = self._reader.known(company)
        return {
            "company": known.company,
            **known.description.shown(),
            **{key: standing[key] for key in ("status", "restrictions", "position", "ownership")},
            "lists": [one["list"] for one in standing["lists"]],
        }

    def search(self, text: str, limit: int) -> list[dict[str, Any]]:
        """Companies that `text` may mean, the closest first."""
        wanted = normalise(text).strip()
        if not wanted:
            return []
        found = self._service.store.search(wanted, limit * _LOOKED_AT)
        ranked = sorted(found, key=lambda one: (_distance(wanted, one[1]), one[0]))
        shown: dict[str, dict[str, Any]] = {}
        for company, _ in ranked:
            present = self._reader.resolve(company)
            row = None if present in shown else self._service.store.row(present)
            if row is not None:
                shown[present] = self._short(row)
            if len(shown) == limit:
                break
        return list(shown.values())

    def page(self, after: str, limit: int) -> list[dict[str, Any]]:
        """All companies that count for themselves, by id."""
        found: list[dict[str, Any]] = []
        waiting = self._reader.waiting()
        while len(found) < limit:
            rows = self._service.store.rows(after, limit)
            if not rows:
                break
            after = rows[-1].company
            found += [
                self._short(row)
                for row in rows
                if row.merged_into is None or row.company in waiting
            ]
        return found[:limit]

    def _short(self, row: CompanyRow) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "company": row.company,
            "name": row.name,
            "country": row.country,
            "kind": row.kind or "unknown",
            "status": None,
            "restrictions": [],
        }
        try:
            standing = self.status(row.company)
        except Parked as parked:
            return {**shown, "parked": parked.why}
        except UnknownCompany:
            return {**shown, "parked": row.parked}
        kinds = [one["kind"] for one in standing["restrictions"]]
        return {**shown, "status": standing["status"], "restrictions": kinds}

    def _folds(self, company: str) -> None:
        parked = self._service.following.parked
        if company in parked:
            raise Parked(company, parked[company])

    def _changes(self, company: str, kind: str | None) -> list[Told]:
        found = self._service.store.changes(company=company, limit=_MOST_CHANGES, kind=kind)
        return [one.told for one in found]


def _distance(wanted: str, searched: str) -> int:
    """How far what was searched is from what is wanted: one of its lines is it, begins with it,
    has it as words, or holds it somewhere."""
    best = 3
    for line in searched.split("\n"):
        if line == wanted:
            return 0
        if line.startswith(wanted):
            best = min(best, 1)
        elif f" {wanted} " in f" {line} ":
            best = min(best, 2)
    return best
