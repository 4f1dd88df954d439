"""Screening: holdings in, and how those that they may be stand."""

import io
from collections.abc import Generator, Mapping
from typing import Any, Final, Literal

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from events.errors import Refused
from projections.likeness import LEAST, POSSIBLE
from projections.reader import Question
from projections.stores import Stores
from service.api import operations
from service.api.answers import JSON, accepted, answer, streamed
from service.api.asking import Asking
from service.api.body import read_body
from service.api.query import CUTS, Query
from service.formats import MEDIA_TYPES, Format, encoded, form_of
from service.holdings import Sheet, meaning, read_csv, read_json
from service.screening import Screening, table
from service.standing import Service

MOST: Final = 10_000
"""Holdings in one request."""
_QUERY: Final = frozenset({*CUTS, "list", "min_score", "at_least", "format"})
_BODY: Final = frozenset({*CUTS, "list", "min_score", "names", "holdings"})
_SERVED: Final[dict[str, Format | Literal["json"]]] = {
    JSON: "json",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/x-jsonlines": "jsonl",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
}
_OBJECT: Final = 'the body is no object, such as {"names": ["…"]}'


class Screen:
    """`/v1/screen`."""

    def __init__(self, service: Service, asking: Asking) -> None:
        self._service = service
        self._asking = asking
        self._companies = service.companies
        self._readers = service.standing.readers()
        self.router = APIRouter()
        self.router.add_api_route("/v1/screen", self.screen, methods=["POST"], **operations.SCREEN)

    async def screen(self, request: Request) -> Response:
        """Whom may these holdings be, how sure is that, and how did those stand?

        At most 10,000 as JSON (`holdings`, or `names`) or as CSV with a heading. `exact` is an
        identifier that is one company's in the whole world, `strong` a name that is the same word
        by word or another identifier that one company alone has, `possible` for somebody to look
        at. A row without a match says so, and clears nobody: the lists that were not read by then
        are in `uncovered`. Cut-offs are in the query, or in the JSON.
        """
        query = Query(request, _QUERY)
        await self._asking.until(query)
        named = query.one("format")
        form = form_of(named, "format") if named else accepted(request, _SERVED, "json")
        body = await read_body(request)
        content_type = request.headers.get("content-type", "")
        found, headings = await run_in_threadpool(self._rows, body, content_type, query)
        if form == "json":
            return answer({"rows": found})
        pieces: Generator[bytes, None, None] = encoded(found, table(headings), form)
        headers = {"content-disposition": f'inline; filename="screened.{form}"'}
        return await streamed(pieces, MEDIA_TYPES[form], headers=headers)

    def _rows(
        self, body: bytes, content_type: str, query: Query
    ) -> tuple[list[dict[str, Any]], list[str]]:
        sheet, question, least = _asked(body, content_type, query)
        references = any(meaning(one) == "identifier" for one in sheet.headings)
        lines = list(sheet.lines)
        if len(lines) > MOST:
            raise Refused.field("", f"takes at most {MOST:,} rows at once; send them in pieces")
        store: Stores = self._service.standing.store()
        try:
            with self._companies.lock:
                index = self._companies.index(store, references=references)
                parked = self._service.following.parked
                screening = Screening(index, self._readers, question, least, parked)
                return list(screening.rows(iter(lines))), list(sheet.headings)
        finally:
            store.close()


def _asked(body: bytes, content_type: str, query: Query) -> tuple[Sheet, Question, float]:
    """What was sent, and what is asked of it. Raises `Refused` by row and field."""
    question, score = query.question(), query.one("min_score")
    if content_type.partition(";")[0].strip().lower() == "text/csv":
        return read_csv(io.BytesIO(body), "body"), question, _least(_number(score))
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        detail = f"the body is no JSON: {error}; of CSV, say so: content-type: text/csv"
        raise Refused.field("", detail) from None
    if not isinstance(told, dict):
        raise Refused.field("", _OBJECT)
    for name in told:
        if name not in _BODY:
            raise Refused.field(name[:100], f"unknown; known are {', '.join(sorted(_BODY))}")
    least = _least(told.get("min_score", _number(score)))
    return read_json(told, MOST), _question(told, question), least


def _question(told: Mapping[str, Any], given: Question) -> Question:
    """The question of the query, with what the body says of it."""
    lists = told.get("list", list(given.lists))
    if not isinstance(lists, list) or not all(isinstance(one, str) for one in lists):
        raise Refused.field("list", "is no list of lists' ids")
    cuts: dict[str, Any] = {}
    for name in CUTS:
        value = told.get(name)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            raise Refused.field(name, f"{value!r} is no date")
        if value is not None:
            cuts[name] = value
    return given._replace(lists=tuple(lists), **cuts)


def _number(text: str | None) -> Any:
    if text is None:
        return POSSIBLE
    try:
        return float(text)
    except ValueError:
        return text


def _least(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not LEAST <= value <= 1:
        raise Refused.field("min_score", f"{value!r} is no number from {LEAST} to 1")
    return float(value)
