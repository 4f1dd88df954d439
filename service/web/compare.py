"""The page on which two moments stand side by side."""

import io
import threading
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from alerts.opened import UnknownSubscription
from events.dates import UTC_ZONE, BadDate, last, precision, show
from events.errors import Refused
from projections.reader import Question
from projections.readers import Readers
from service.api.answers import answer, streamed
from service.api.gate import who_asks
from service.api.query import Query
from service.formats import MEDIA_TYPES, encoded
from service.holdings import Sheet, read_csv, read_json
from service.watchlist import MOST, by_reference
from service.web import comparing
from service.web.comparing import HAPPENED, TABLE, Difference
from service.web.site import Site

_CUTS: Final = ("as_of", "announced_by", "known_at")
_SIDES: Final = ("before", "after")
_FIELDS: Final = tuple(f"{cut}_{side}" for side in _SIDES for cut in _CUTS)
_TEXTS: Final = (*_FIELDS, "names", "happened", "subscription")
_KNOWN: Final = frozenset({*_TEXTS, "company", "list", "at_least"})
_SHOWN: Final = 100
"""Of what happened, so many are on the page; the files have all."""
_YEAR: Final = 365 * 86_400_000_000


class Wish(NamedTuple):
    """What a reader wrote: texts by field, ids, and a file."""

    given: dict[str, str]
    companies: tuple[str, ...]
    lists: tuple[str, ...]
    file: bytes | None = None

    @property
    def begun(self) -> bool:
        """Whether anything was."""
        return any(self.given.values()) or bool(self.companies or self.lists or self.file)


class Asked(NamedTuple):
    """Who is compared, at which two moments."""

    companies: tuple[str, ...] | None
    """None is everybody, or everybody on the lists."""
    lists: tuple[str, ...]
    questions: tuple[Question, Question]
    not_found: tuple[str, ...]
    """Names that are nobody's who is known here, or could be of several."""

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **{
                side: {cut: getattr(question, cut) for cut in _CUTS}
                for side, question in zip(_SIDES, self.questions, strict=True)
            },
            "companies": None if self.companies is None else list(self.companies),
            "lists": list(self.lists),
            "not_found": list(self.not_found),
        }


class ComparePage:
    """`/compare`, also as `.json` and `.csv`. A list of names too long for an address is posted."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._standing = site.service.standing
        self._known = site.service.companies
        self._readers = self._standing.readers()
        self._lock = threading.Lock()
        for end in ("", ".json", ".csv"):
            site.add(f"/compare{end}", self.compare)
            site.add(f"/compare{end}", self.posted, method="POST", name="compare")

    async def compare(self, request: Request) -> Response:
        """What changed between two moments."""
        query = Query(request, _KNOWN, frozenset({"company", "list"}))
        await self._site.asking.until(query)
        given = {name: query.one(name) or "" for name in _TEXTS}
        companies = tuple(part for one in query.all("company") for part in one.split())
        wish = Wish(given, companies, query.all("list"))
        if given["subscription"]:
            wish = wish._replace(companies=await self._watched(request, given["subscription"]))
        return await self._answered(request, wish)

    async def posted(self, request: Request) -> Response:
        """The same, of the companies in a file or a long list."""
        form = await self._site.form(request)
        given = {name: str(form.get(name) or "") for name in _TEXTS}
        lists = tuple(str(one) for one in form.getlist("list") if one)
        file = await _uploaded(form)
        await form.close()
        return await self._answered(request, Wish(given, (), lists, file))

    async def _watched(self, request: Request, subscription: str) -> tuple[str, ...]:
        """The companies of one's own subscription."""
        desk, sees = self._site.service.desk(), who_asks(request).sees
        if sees is not None and await desk.owner(subscription) != sees:
            raise UnknownSubscription(subscription)
        found = await desk.subscription(subscription)
        return tuple(found["filter"].get("companies") or ())

    async def _answered(self, request: Request, wish: Wish) -> Response:
        kind = self._site.kind(request)
        if kind == "html" and not wish.begun:
            return self._drawn(request, wish, None, {})
        happened = wish.given["happened"]
        for list_id in wish.lists:
            self._standing.registry.require(list_id, "list")
        if happened and happened not in HAPPENED:
            raise Refused.field("happened", f"one of {', '.join(HAPPENED)}")
        questions = self._questions(wish)
        asked = await run_in_threadpool(self._asked, wish, questions)
        if kind == "csv":
            pieces = self._csv(asked, happened)
            headers = {"content-disposition": 'inline; filename="compared.csv"'}
            return await streamed(pieces, MEDIA_TYPES["csv"], headers=headers)
        if kind == "json":
            found = await run_in_threadpool(self._all, asked, happened)
            return answer({**asked.told(), "differences": found})
        told = await run_in_threadpool(self._grouped, asked)
        return self._drawn(request, wish, asked, told)

    def _questions(self, wish: Wish) -> tuple[Question, Question]:
        """The two moments. Without a date the second is now, and the first a year before it."""
        given = wish.given
        clock = self._standing.clock()
        second = given["as_of_after"] or show(clock)
        first = given["as_of_before"] or show(_instant(second, "as_of_after") - _YEAR)
        for side, text in zip(_SIDES, (first, second), strict=True):
            _instant(text, f"as_of_{side}")
        questions = tuple(
            Question(wish.lists, as_of, given[f"announced_by_{side}"] or None, known)
            for side, as_of in zip(_SIDES, (first, second), strict=True)
            for known in [given[f"known_at_{side}"] or None]
        )
        self._standing.reader.refresh()
        reader = self._standing.reader.readers[0]
        for question in questions:
            reader.cutoffs(question, UTC_ZONE)
        return questions[0], questions[1]

    def _asked(self, wish: Wish, questions: tuple[Question, Question]) -> Asked:
        """Look for whom names mean. What is not sure is told and left out."""
        sheets: list[Sheet] = []
        if wish.file:
            sheets.append(read_csv(io.BytesIO(wish.file), "file"))
        if some := [line.strip() for line in wish.given["names"].splitlines() if line.strip()]:
            sheets.append(read_json({"names": some}, MOST))
        found, missing = list(wish.companies), list[str]()
        if sheets:
            store = self._standing.store()
            try:
                with self._known.lock:
                    references = any(map(by_reference, sheets))
                    index = self._known.index(store, references=references)
                    for line in chain.from_iterable(sheet.lines for sheet in sheets):
                        matches = index.find(line.holding)
                        if matches and _one(matches):
                            found.append(matches[0].company)
                        else:
                            missing.append(next(filter(None, line.holding), ""))
            finally:
                store.close()
        limited = bool(wish.companies or sheets or wish.given["subscription"])
        named = tuple(dict.fromkeys(found)) if limited else None
        return Asked(named, wish.lists, questions, tuple(missing))

    def _each(self, asked: Asked, readers: Readers) -> Iterator[Difference]:
        readers.refresh()
        if asked.companies is not None:
            yield from comparing.compared(
                comparing.these(asked.companies, readers, asked.questions)
            )
            return
        store = self._standing.store()
        try:
            yield from comparing.compared(comparing.everybody(store, readers, asked.questions))
        finally:
            store.close()

    def _all(self, asked: Asked, happened: str) -> list[dict[str, Any]]:
        with self._lock:
            each = self._each(asked, self._readers)
            return [one.shown() for one in each if happened in ("", one.happened)]

    def _csv(self, asked: Asked, happened: str) -> Generator[bytes, None, None]:
        each = self._each(asked, self._standing.readers())
        rows = (one.shown() for one in each if happened in ("", one.happened))
        yield from encoded(rows, TABLE, "csv")

    def _grouped(self, asked: Asked) -> dict[str, Any]:
        """The first of each that happened, and how many there are."""
        counts, groups = Counter[str](), dict[str, list[dict[str, Any]]]()
        companies = set[str]()
        with self._lock:
            for one in self._each(asked, self._readers):
                counts[one.happened] += 1
                companies.add(one.company)
                if counts[one.happened] <= _SHOWN:
                    groups.setdefault(one.happened, []).append(one.shown())
        return {
            "companies": len(companies),
            "groups": [(name, counts[name], groups[name]) for name in HAPPENED if name in groups],
        }

    def _drawn(
        self, request: Request, wish: Wish, asked: Asked | None, told: dict[str, Any]
    ) -> Response:
        return self._site.page(
            request,
            "compare.html",
            given=wish.given,
            companies="" if wish.given["subscription"] else " ".join(wish.companies),
            lists=wish.lists,
            registry=list(self._standing.registry),
            asked=asked,
            told=told,
            words=HAPPENED,
            shown=_SHOWN,
            posted=request.method == "POST",
            position=str(self._site.service.position),
        )


def _one(matches: Sequence[Any]) -> bool:
    """Whether they are one company, for sure."""
    first = matches[0]
    sure = first.how != "possible"
    return sure and sum((one.how, one.score) == (first.how, first.score) for one in matches) == 1


async def _uploaded(form: FormData) -> bytes | None:
    file = form.get("file")
    return await file.read() if isinstance(file, UploadFile) and file.filename else None


def _instant(text: str, field: str) -> int:
    try:
        precision(text)
        return last(text, UTC_ZONE)
    except BadDate as error:
        raise Refused.field(field, str(error)) from None
