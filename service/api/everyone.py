"""Everybody's status as of a moment, streamed however many there are."""

from collections.abc import Generator
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from events.dates import BadDate, precision, show
from events.errors import Refused
from projections.reader import Question
from projections.readers import Readers
from projections.replay import replay
from projections.stores import Stores
from service.api import operations
from service.api.answers import accepted, streamed
from service.api.asking import Asking
from service.api.query import CUTS, Query
from service.formats import MEDIA_TYPES, REPLAY, Format, encoded, form_of
from service.standing import Service

_KNOWN: Final = frozenset({*CUTS, "list", "at_least", "format"})
_ALSO: Final[dict[str, Format]] = {
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/json": "jsonl",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
}


class Everyone:
    """`/v1/status`."""

    def __init__(self, service: Service, asking: Asking) -> None:
        self._service = service
        self._asking = asking
        self.router = APIRouter()
        self.router.add_api_route("/v1/status", self.status, **operations.EVERYONE)

    async def status(self, request: Request) -> Response:
        """Every company's status `as_of` a moment, by id, one row each: as JSON Lines, or as CSV
        or Parquet where `Accept` or `format` asks for it. With `list`, only companies that have
        events on those lists."""
        query = Query(request, _KNOWN)
        await self._asking.until(query)
        named = query.one("format")
        form = form_of(named, "format") if named else accepted(request, _ALSO, "jsonl")
        question = query.question()
        as_of = question.as_of or show(self._service.standing.clock())
        self._check(question, as_of)
        standing = self._service.standing
        store = standing.store()
        reader = standing.readers()
        headers = {"content-disposition": f'inline; filename="status.{form}"'}
        pieces = _encoded(store, reader, question, as_of, form)
        return await streamed(pieces, MEDIA_TYPES[form], store.close, headers)

    def _check(self, question: Question, as_of: str) -> None:
        registry = self._service.standing.registry
        for list_id in question.lists:
            registry.require(list_id, "list")
        try:
            precision(as_of)
        except BadDate as error:
            raise Refused.field("as_of", str(error)) from None


def _encoded(
    store: Stores, reader: Readers, question: Question, as_of: str, form: Format
) -> Generator[bytes, None, None]:
    reader.refresh()
    yield from encoded(replay(store, reader, question, as_of), REPLAY, form)
