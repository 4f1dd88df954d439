"""The lists: who stands on each, then and now, by what law, and how lately it was read."""

from typing import Any, Final
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from events.dates import UTC_ZONE, BadDate, Instant, last, precision, show
from events.errors import Problem, Refused
from events.lists import ListInfo
from projections.membership import ON_IT
from projections.reader import Question
from service.api.answers import answer, streamed
from service.api.problems import problem
from service.api.query import CUTS, Query
from service.formats import MEDIA_TYPES, Column, Table, encoded
from service.web.charting import chart
from service.web.members import SHOWN, Members
from service.web.site import Site

_ALL: Final = frozenset({"as_of", "at_least"})
_ONE: Final = frozenset({*CUTS, "at_least", "show", "after", "limit"})
_PAGE: Final = 100
_LONGEST: Final = 1_000
_MOST_DAYS: Final = 60
"""Publications in the table on the page; the JSON has all."""
_WHICH: Final = (*SHOWN, "all")


class ListPages:
    """`/lists` and `/lists/{list}`, also as `.json` and `.csv`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._members = Members(site.service)
        for end in ("", ".json", ".csv"):
            site.add(f"/lists{end}", self.lists)
        site.add("/lists/{list}", self.one)

    async def lists(self, request: Request) -> Response:
        """All lists, with how many companies stand on each; those first of which there is one."""
        query = Query(request, _ALL)
        await self._site.asking.until(query)
        as_of = query.one("as_of")
        told = await run_in_threadpool(self._all, as_of)
        match self._site.kind(request):
            case "json":
                return answer({"as_of": as_of, "lists": told})
            case "csv":
                return Response(b"".join(encoded(told, _LISTS, "csv")), media_type=_CSV)
        return self._site.page(request, "lists.html", lists=told, as_of=as_of, at=self._at())

    async def one(self, request: Request) -> Response:
        """One list, with its members as of a date, by page."""
        kind = self._site.kind(request)
        query = Query(request, _ONE)
        await self._site.asking.until(query)
        name = str(request.path_params["list"]).removesuffix(f".{kind}")
        info = self._site.service.standing.registry.find(name)
        if info is None:
            return self._unknown(request, name)
        which = query.one("show") or "members"
        if which not in _WHICH:
            raise Refused.field("show", f"one of {', '.join(_WHICH)}")
        question = query.question()._replace(lists=(info.id,))
        self._check(question, info)
        if kind == "csv":
            disposition = {"content-disposition": f'inline; filename="{info.id}.csv"'}
            return await streamed(self._members.csv(question, which), _CSV, headers=disposition)
        told = await run_in_threadpool(self._one, info, question, which, query)
        if kind == "json":
            return answer(told)
        return self._drawn(request, info, told, question)

    def _unknown(self, request: Request, name: str) -> Response:
        known = ", ".join(one.id for one in self._site.service.standing.registry)
        detail = f"unknown list {name!r}; known are {known}"
        if self._site.kind(request) != "html":
            return problem(404, "unknown-list", detail)
        problems = [Problem("", detail)]
        return self._site.page(
            request, "problem.html", 404, title="Unknown list", problems=problems, unknown=None
        )

    def _check(self, question: Question, info: ListInfo) -> None:
        first = self._site.service.standing.reader.readers[0]
        self._site.service.standing.reader.refresh()
        first.cutoffs(question, info.zone)
        _moment(question.as_of, info, self._site.service.standing.clock())

    def _at(self) -> str:
        return str(self._site.service.position)

    def _all(self, as_of: str | None) -> list[dict[str, Any]]:
        if as_of is not None:
            _moment(as_of, None, 0)
        self._site.service.standing.reader.refresh()
        self._members.memberships()  # of all at once: they are read once
        found = [
            {**self._shown(info, as_of), "counts": self._counts(info, as_of)}
            for info in self._site.service.standing.registry
        ]
        return sorted(found, key=lambda one: not any(one["counts"].values()))

    def _shown(self, info: ListInfo, as_of: str | None) -> dict[str, Any]:
        """As the API tells of a list, with whether it was covered on that date."""
        standing = self._site.service.standing
        coverage = standing.reader.coverage(info.id)
        return {
            "list": info.id,
            "version": info.version,
            "covered": coverage.holds(_moment(as_of, info, standing.clock()), info),
            "coverage": coverage.shown(),
            **{key: value for key, value in info.described.items() if key != "id"},
        }

    def _counts(self, info: ListInfo, as_of: str | None) -> dict[str, int]:
        now = _moment(as_of, info, self._site.service.standing.clock())
        counts = self._members.membership(info).at(now)
        return {
            "members": sum(counts.get(status, 0) for status in ON_IT),
            **{status: counts.get(status, 0) for status in _COUNTED},
        }

    def _one(self, info: ListInfo, question: Question, which: str, query: Query) -> dict[str, Any]:
        limit = query.number("limit", _PAGE, _LONGEST)
        page = self._members.page(question, which, query.one("after") or "", limit)
        cut = question.announced_by is not None or question.known_at is not None
        return {
            **self._shown(info, question.as_of),
            "as_of": question.as_of or show(self._site.service.standing.clock(), info.zone),
            "announced_by": question.announced_by,
            "known_at": question.known_at,
            "position": self._at(),
            "show": which,
            "counts": None if cut else self._counts(info, question.as_of),
            "today": self._counts(info, None),
            "members": [one.shown() for one in page.members],
            "next": page.next,
            "whole": page.whole,
            "publications": [
                {
                    "day": one.day,
                    "added": one.added,
                    "removed": one.removed,
                    "added_some": [company for company, _ in one.added_some],
                    "removed_some": [company for company, _ in one.removed_some],
                }
                for one in self._members.membership(info).moves
            ],
        }

    def _drawn(
        self, request: Request, info: ListInfo, told: dict[str, Any], question: Question
    ) -> Response:
        given = [(name, one) for name, one in request.query_params.multi_items() if one]
        now = _moment(question.as_of, info, self._site.service.standing.clock())
        moves = self._members.membership(info).moves

        def query(**other: str) -> str:
            """The same question, with something in it otherwise."""
            kept = [(name, one) for name, one in given if name not in {"after", *other}]
            return urlencode(
                [*kept, *((name, one) for name, one in other.items() if one)], safe=":,"
            )

        return self._site.page(
            request,
            "list.html",
            info=info,
            told=told,
            asked=question,
            which=_WHICH,
            query=query,
            chart=chart(moves, now),
            moves=moves[: -_MOST_DAYS - 1 : -1],
            moves_count=len(moves),
            first="after" not in request.query_params,
        )


def _moment(as_of: str | None, info: ListInfo | None, now: Instant) -> Instant:
    """What a date means on a list. Raises `Refused`."""
    if as_of is None:
        return now
    zone = info.zone if info else UTC_ZONE
    try:
        precision(as_of)
        return last(as_of, zone)
    except BadDate as error:
        raise Refused.field("as_of", str(error)) from None


_CSV: Final = MEDIA_TYPES["csv"]
_COUNTED: Final = ("designated", "enjoined", "scheduled", "removed")


def _count(name: str) -> Column:
    return Column(name, "number", lambda row: row["counts"][name])


_LISTS: Final = Table(
    (
        Column("list", "text", lambda row: row["list"]),
        Column("name", "text", lambda row: row["name"]),
        Column("authority", "text", lambda row: row["authority"]),
        Column("version", "text", lambda row: row["version"]),
        Column("covered", "truth", lambda row: row["covered"]),
        Column("covered_from", "text", lambda row: row["coverage"]["from"]),
        Column("checked", "text", lambda row: row["coverage"]["checked"]),
        _count("members"),
        *map(_count, _COUNTED),
    ),
    lambda row: row,
)
