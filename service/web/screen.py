"""The page on which holdings are screened: whom they may be, how sure that is, how those stand,
and what is to come."""

import io
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from events.errors import Refused, UnknownCompany
from projections.likeness import LEAST, POSSIBLE, STRONG
from projections.reader import Parked, Question
from service.api.answers import answer, streamed
from service.api.query import CUTS, Query
from service.formats import MEDIA_TYPES, Column, Table, encoded
from service.holdings import Sheet, meaning, read_csv, read_json
from service.screening import Screening, table
from service.web.site import Site

MOST: Final = 10_000
_SHOWN: Final = 500
"""Rows on the page; the CSV has all."""
_AGAIN: Final = 1_000_000
"""Letters of what was screened that stay in the page, to be asked again or to subscribe."""
_TO_SUBSCRIBE: Final = 300
"""Companies that an address has room for."""
_SURE: Final = {
    "0.99": "Only sure ones",
    str(STRONG): "Likely",
    str(POSSIBLE): "Also possible ones",
}
_GIVEN: Final = ("text", *CUTS, "list", "min_score")
_EXAMPLE: Final = (
    "name,isin\nXiaomi Corporation,KYG9830T1067\nLuokung Technology Corp.,\nAcme GmbH,\n"
)


class Wish(NamedTuple):
    """What was sent: rows as text, and what is asked of them."""

    text: str
    given: dict[str, str]
    question: Question
    least: float


class ScreenPage:
    """`/screen`, and `/screen.csv` for the same form."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._companies = site.service.companies
        self._standing = site.service.standing
        self._readers = self._standing.readers()
        self._lock = threading.Lock()
        site.add("/screen", self.form)
        site.add("/screen", self.screen, method="POST")
        site.add("/screen.csv", self.screen, method="POST", name="screen")

    async def form(self, request: Request) -> Response:
        """The empty form."""
        Query(request, frozenset())
        return self._drawn(request, dict.fromkeys(_GIVEN, ""))

    async def screen(self, request: Request) -> Response:
        """Whom the rows may be. What cannot be read is told beside the form."""
        fields = await self._site.form(request)
        given = {name: str(fields.get(name) or "") for name in _GIVEN}
        file = await _uploaded(fields.get("file"))
        await fields.close()
        kind = self._site.kind(request)
        try:
            wish = _wish(given, file)
            sheet, rows, counts = await run_in_threadpool(self._screened, wish)
        except Refused as refused:
            if kind != "html":
                raise
            return self._drawn(request, given, 422, problems=refused.problems)
        if kind == "json":
            return answer({"rows": rows})
        if kind == "csv":
            pieces = encoded(rows, _table(sheet), "csv")
            headers = {"content-disposition": 'attachment; filename="screened.csv"'}
            return await streamed(pieces, MEDIA_TYPES["csv"], headers=headers)
        given["text"] = wish.text if len(wish.text) <= _AGAIN else ""
        return self._drawn(request, given, rows=rows, counts=counts)

    def _screened(self, wish: Wish) -> tuple[Sheet, list[dict[str, Any]], dict[str, int]]:
        sheet = _sheet(wish.text)
        lines = list(islice(sheet.lines, MOST + 1))
        if len(lines) > MOST:
            raise Refused.field("text", f"takes at most {MOST:,} rows; send them in pieces")
        if not lines:
            raise Refused.field("text", "has no row; write names, or a CSV with its heading")
        references = any(meaning(one) == "identifier" for one in sheet.headings)
        store = self._standing.store()
        try:
            with self._lock, self._companies.lock:
                index = self._companies.index(store, references=references)
                parked = self._site.service.following.parked
                screening = Screening(index, self._readers, wish.question, wish.least, parked)
                rows = list(screening.rows(iter(lines)))
                asked = wish.question._replace(as_of=screening.as_of)
                return sheet, list(self._with_what_comes(rows, asked)), screening.counts
        finally:
            store.close()

    def _with_what_comes(
        self, rows: list[dict[str, Any]], question: Question
    ) -> Iterator[dict[str, Any]]:
        """What a later day will bring each company that was matched, as far as is known."""
        known: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            company = row["company"]
            if company is not None and company not in known:
                known[company] = self._upcoming(company, question)
            yield {**row, "upcoming": known.get(company, [])}

    def _upcoming(self, company: str, question: Question) -> list[dict[str, Any]]:
        try:
            found = self._readers.status(company, question)
        except (UnknownCompany, Parked):
            return []
        return [
            {"list": one["list"], "kind": each["kind"], "from": each["from"]}
            for one in found["lists"]
            for each in one["upcoming"]
        ]

    def _drawn(
        self,
        request: Request,
        given: dict[str, str],
        code: int = 200,
        **told: Any,
    ) -> Response:
        rows: list[dict[str, Any]] | None = told.get("rows")
        taken = [one for one in rows or () if one["match"] in ("exact", "strong")]
        return self._site.page(
            request,
            "screen.html",
            code,
            given=given,
            problems=told.get("problems", ()),
            registry=list(self._standing.registry),
            sure=_SURE,
            least=given["min_score"] or str(POSSIBLE),
            example=_EXAMPLE,
            rows=None if rows is None else rows[:_SHOWN],
            rows_count=len(rows or ()),
            counts=told.get("counts", {}),
            taken=list(dict.fromkeys(one["company"] for one in taken)),
            most_taken=_TO_SUBSCRIBE,
        )


def _wish(given: dict[str, str], file: bytes | None) -> Wish:
    text = given["text"] if file is None else _decoded(file)
    if not text.strip():
        raise Refused.field("text", "is empty; write names, one a line, or choose a file")
    lists = (given["list"],) if given["list"] else ()
    as_of, announced_by, known_at = (given[name].strip() or None for name in CUTS)
    least = given["min_score"] or str(POSSIBLE)
    try:
        number = float(least)
    except ValueError:
        number = -1
    if not LEAST <= number <= 1:
        raise Refused.field("min_score", f"{least!r} is no number from {LEAST} to 1")
    return Wish(text, given, Question(lists, as_of, announced_by, known_at), number)


def _sheet(text: str) -> Sheet:
    """A CSV where its first line is a heading, else names, one a line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    parts = [part for apart in ",;\t|" for part in first.split(apart)]
    if any(meaning(part.strip().strip('"')) for part in parts):
        return read_csv(io.BytesIO(text.encode()), "text")
    names = [line.strip() for line in text.splitlines() if line.strip()]
    return read_json({"names": names}, MOST)


def _decoded(file: bytes) -> str:
    encoding = "utf-16" if file[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return file.decode(encoding)
    except UnicodeDecodeError:
        raise Refused.field("file", "is not UTF-8; save the sheet as CSV in UTF-8") from None


async def _uploaded(file: object) -> bytes | None:
    return await file.read() if isinstance(file, UploadFile) and file.filename else None


def _coming(row: dict[str, Any]) -> list[str]:
    return [f"{one['kind']} from {one['from']} ({one['list']})" for one in row["upcoming"]]


def _table(sheet: Sheet) -> Table:
    """As the API has a screening, and what is to come."""
    found = table(list(sheet.headings))
    taken = {column.name for column in found.columns}
    name = "upcoming" if "upcoming" not in taken else "standing_upcoming"
    return found._replace(columns=(*found.columns, Column(name, "texts", _coming)))
