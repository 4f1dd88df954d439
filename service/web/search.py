"""The search page: who is meant by what one writes, as one writes it."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from projections.search import normalise
from service.api.answers import answer
from service.api.query import Query
from service.formats import MEDIA_TYPES, Column, Table, encoded
from service.web.site import Site

_KNOWN: Final = frozenset({"q", "limit"})
_FOUND: Final = 50
_MOST: Final = 200
_LONGEST: Final = 1_000
"""Letters that are looked for: no name is longer."""


def _column(name: str) -> Column:
    return Column(name, "texts" if name == "restrictions" else "text", lambda row: row.get(name))


_TABLE: Final = Table(
    tuple(
        map(
            _column,
            ("company", "name", "matched", "country", "kind", "status", "restrictions", "parked"),
        )
    ),
    lambda row: row,
)


class SearchPage:
    """`/search`, also as `.json`, which the box asks while one types, and as `.csv`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        for path in ("/search", "/search.json", "/search.csv"):
            site.add(path, self.search)

    async def search(self, request: Request) -> Response:
        """Companies that what is written may mean, the closest first, with their standing now."""
        query = Query(request, _KNOWN)
        text = (query.one("q") or "")[:_LONGEST].strip()
        limit = query.number("limit", _FOUND, _MOST)
        kind = self._site.kind(request)
        self._site.service.answers()
        found = self._found(text, limit)
        if kind == "json":
            return answer({"q": text, "companies": found})
        if kind == "csv":
            body = b"".join(encoded(found, _TABLE, "csv"))
            return Response(body, media_type=MEDIA_TYPES["csv"])
        return self._site.page(
            request,
            "search.html",
            q=text,
            found=found,
            full=len(found) == limit,
            examples=self._examples() if not text else [],
        )

    def _found(self, text: str, limit: int) -> list[dict[str, Any]]:
        wanted = normalise(text)
        return [
            {**one, "matched": self._matched(one["company"], wanted)}
            for one in self._site.asking.search(text, limit)
        ]

    def _matched(self, company: str, wanted: str) -> str | None:
        """What of a company was found, where that is not its name."""
        known = self._site.service.store.described(company)
        if known is None:
            return None
        identifiers = (f"{one['scheme']} {one['value']}" for one in known["identifiers"])
        for one in (known["name"], company, *known["aliases"], *known["former_ids"], *identifiers):
            if one and wanted in normalise(one):
                return None if one in (known["name"], company) else str(one)
        return None

    def _examples(self) -> list[dict[str, Any]]:
        """A few to begin with."""
        return self._site.asking.page("", 8)
