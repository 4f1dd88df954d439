"""Events, in and out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from events.dates import show
from events.errors import Problem, Refused
from events.log import Position, Record, chunks
from service.api import operations
from service.api.answers import JSON_LINES, answer
from service.api.asking import Asking
from service.api.body import read_body
from service.api.intake import Parcel, check, reply, settle, unpacked
from service.api.query import Query
from service.metrics import Metrics
from service.standing import Service

MOST_ATOMIC: Final = 10_000
_WRITTEN_TOGETHER: Final = 1_000
_PAGE: Final = 100
_LONGEST: Final = 10_000
_ALL: Final = 2**53
_WITHHELD: Final = (Problem("", "not written: another event of this atomic batch was refused"),)
_WRITING: Final = frozenset({"atomic", "backfill"})
_READING: Final = frozenset({"after", "limit", "company", "at_least"})


class Events:
    """`/v1/events`."""

    def __init__(self, service: Service, asking: Asking, metrics: Metrics) -> None:
        self._service = service
        self._asking = asking
        self._metrics = metrics
        self.router = APIRouter()
        self.router.add_api_route(
            "/v1/events", self.record, methods=["POST"], **operations.RECORD_EVENTS
        )
        self.router.add_api_route(
            "/v1/events", self.read, methods=["GET"], **operations.READ_EVENTS
        )

    async def record(self, request: Request) -> Response:
        """Append events to the log. Answers when they are durable and every read shows them.

        The same fact again is a `duplicate`; an id that stands with other content is a conflict.
        Of an array or JSON Lines the good ones go in, and each bad one is told in its place, with
        its index or line and the field; the answer is a 422 only where none was taken.
        """
        query = Query(request, _WRITING)
        content_type = request.headers.get("content-type", "")
        parcel = unpacked(await read_body(request), content_type)
        if not parcel.sent and parcel.shape == "lines":
            raise Refused.field("", "the body is empty; send an event, an array, or JSON Lines")
        atomic = query.flag("atomic")
        if atomic and len(parcel.sent) > MOST_ATOMIC:
            raise Refused.field("atomic", f"takes at most {MOST_ATOMIC:,} events at once")
        backfill = query.flag("backfill")
        if atomic:
            await self._at_once(parcel, backfill=backfill)
        else:
            for some in chunks(parcel.sent, _WRITTEN_TOGETHER):
                await self._write(Parcel(parcel.shape, list(some)), backfill=backfill)
        for one in parcel.sent:
            self._metrics.taken(one.outcome, 1)
        return reply(parcel)

    async def _write(self, parcel: Parcel, *, backfill: bool) -> None:
        for one in parcel.sent:
            check(one, self._service.standing.admit, backfill=backfill)
        await self._append(parcel)

    async def _at_once(self, parcel: Parcel, *, backfill: bool) -> None:
        for number, one in enumerate(parcel.sent):
            check(one, self._service.standing.admit, backfill=backfill)
            if number % _WRITTEN_TOGETHER == 0:
                await asyncio.sleep(0)  # others have their turn
        if len(parcel.good) < len(parcel.sent):
            for one in parcel.good:
                one.problems = _WITHHELD
            return
        await self._append(parcel, atomic=True)

    async def _append(self, parcel: Parcel, *, atomic: bool = False) -> None:
        good = parcel.good
        admitted = [one.admitted for one in good if one.admitted is not None]
        if admitted:
            receipts = await self._service.record(admitted, atomic=atomic)
            for one, receipt in zip(good, receipts, strict=True):
                settle(one, receipt)

    async def read(self, request: Request) -> Response:
        """The log itself, in its order: each event as it was recorded, with its `position` and
        `recorded` time. As JSON a page, with the `next` to go on `after`; as JSON Lines
        (`Accept: application/x-ndjson`) all that there is, unless a `limit` is given."""
        query = Query(request, _READING)
        await self._asking.until(query)
        text = query.one("after") or "0:-1"
        after = self._service.standing.position(text, "after")
        in_lines = any(word in request.headers.get("accept", "") for word in ("ndjson", "jsonl"))
        limit = query.number("limit", _ALL if in_lines else _PAGE, _ALL if in_lines else _LONGEST)
        company = query.one("company")
        found = (
            self._of_all(after, limit)
            if company is None
            else _at_once(self._of_company(after, company, limit))
        )
        if in_lines:
            return StreamingResponse(_as_lines(found), media_type=JSON_LINES)
        events = [one async for some in found for one in some]
        for one in events:
            after[one.partition] = one.offset
        return answer({"events": [_shown(one) for one in events], "next": str(after)})

    async def _of_all(self, after: Position, limit: int) -> AsyncIterator[Sequence[Record]]:
        left = limit
        async for records in self._service.standing.records(after, min(limit, 5_000)):
            yield records[:left]
            left -= len(records)
            if left <= 0:
                return

    def _of_company(self, after: Position, company: str, limit: int) -> list[Record]:
        """The events that count for a company, those of ids merged into it included."""
        found = self._service.standing.reader.records(company)
        return [one for one in found if one.offset > after.get(one.partition, -1)][:limit]


async def _at_once(records: Sequence[Record]) -> AsyncIterator[Sequence[Record]]:
    yield records


async def _as_lines(found: AsyncIterator[Sequence[Record]]) -> AsyncIterator[bytes]:
    async for records in found:
        shown = (_shown(one) for one in records)
        yield b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in shown)


def _shown(record: Record) -> dict[str, Any]:
    return {**record.event, "position": record.position, "recorded": show(record.recorded)}
