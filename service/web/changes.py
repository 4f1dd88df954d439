"""The changes as they come, the latest first, by publication."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from events.errors import Refused
from events.vocabulary import STATUSES
from projections.stores import News
from service.api.answers import answer
from service.api.looking import FILTER, REPEATED, Cursor, Looking, Wanted
from service.api.news import shown
from service.api.query import Query
from service.formats import CHANGES, MEDIA_TYPES, encoded
from service.web.site import Site

_KNOWN: Final = FILTER | {"before", "after", "limit", "at_least"}
_PAGE: Final = 100
_LONGEST: Final = 1_000
_KINDS: Final = {
    "changed": "Standing changed",
    "corrected": "Past corrected",
    "scheduled": "Known ahead",
    "noted": "Note",
}


class ChangesPage:
    """`/changes`, also as `.json` and, all of them, as `.csv`."""

    def __init__(self, site: Site, looking: Looking) -> None:
        self._site = site
        self._service = site.service
        self._looking = looking
        for end in ("", ".json", ".csv"):
            site.add(f"/changes{end}", self.changes)

    async def changes(self, request: Request) -> Response:
        """The latest that are wanted; those `before` a cursor, or those that came `after` one."""
        query = Query(request, _KNOWN, REPEATED)
        await self._site.asking.until(query)
        wanted = Wanted.of(query, self._service)
        limit = query.number("limit", _PAGE, _LONGEST)
        before, after = query.one("before"), query.one("after")
        if before and after:
            raise Refused.field("after", "either before or after")
        cursor = await self._looking.cursor(before or after or "", "before" if before else "after")
        kind = self._site.kind(request)
        if kind == "csv":
            return self._csv(wanted, cursor)
        head = self._looking.head()
        if after:
            came, more = await self._looking.on(wanted, cursor, limit)
            some: Sequence[News] = [one.news for one in reversed(came)]
            head = cursor
        else:
            some, more = await self._looking.back(wanted, cursor if before else None, limit)
        rows = shown(some, self._service)
        earlier = some[-1].told.cursor if some and (more or after) else None
        if kind == "json":
            return answer({"changes": rows, "before": earlier, "after": head.text})
        return self._drawn(
            request, rows, earlier=earlier, head=head.text, more=bool(after and more)
        )

    def _drawn(
        self,
        request: Request,
        rows: list[dict[str, Any]],
        **paging: Any,
    ) -> Response:
        given = [
            (name, one)
            for name, one in request.query_params.multi_items()
            if name in FILTER and one
        ]
        registry = self._service.standing.registry
        return self._site.page(
            request,
            "changes.html",
            groups=grouped(rows),
            names={info.id: info.name for info in registry},
            registry=list(registry),
            chosen=_chosen(given),
            filter=urlencode(given, safe=":,"),
            kinds=_KINDS,
            all_statuses=STATUSES,
            **paging,
            newest="before" not in request.query_params and "after" not in request.query_params,
            position=str(self._service.position),
        )

    def _csv(self, wanted: Wanted, cursor: Cursor) -> Response:
        """All that are wanted, in the order in which they were told."""

        async def pieces() -> AsyncIterator[bytes]:
            heading, more = True, True
            while more:
                found, more = await self._looking.on(wanted, cursor, _LONGEST)
                rows = shown([one.news for one in found], self._service)
                piece = b"".join(encoded(rows, CHANGES, "csv"))
                yield piece if heading else piece.partition(b"\r\n")[2]
                heading = False

        headers = {"content-disposition": 'inline; filename="changes.csv"'}
        return StreamingResponse(pieces(), headers=headers, media_type=MEDIA_TYPES["csv"])


def grouped(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """By publication: a list, and the day on which it has effect there, or was taken in where that
    is not known. In the order of the latest of each."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in rows:
        day = str(one["effective"] or one["recorded"])[:10]
        key = (one["list"] or "", day)
        group = found.setdefault(
            key, {"key": " ".join(key), "list": one["list"], "day": day, "changes": []}
        )
        group["changes"].append(one)
    for group in found.values():
        some = group["changes"]
        group["backfill"] = all(one["backfill"] for one in some)
        minutes = {one["recorded"][:16] for one in some}
        group["recorded"] = some[0]["recorded"][:16] + "Z" if len(minutes) == 1 else None
    return list(found.values())


def _chosen(given: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """What the form shows of the filter."""
    chosen: dict[str, list[str]] = {name: [] for name in FILTER}
    for name, one in given:
        chosen[name].append(one)
    return chosen
