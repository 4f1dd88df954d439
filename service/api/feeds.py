"""Atom feeds (RFC 4287) of the changes: the latest first, page by page (RFC 5005, 3).

An entry has the same id wherever it is served, made of the change's own.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter
from lxml import etree
from starlette.requests import Request
from starlette.responses import Response

from alerts.telling import Teller, Telling, cut
from events.dates import show
from events.errors import UnknownCompany
from events.ids import derived_id
from projections.messages import TYPE_PREFIX
from projections.stores import News
from service.api import operations
from service.api.answers import moved
from service.api.asking import Asking
from service.api.looking import FILTER, REPEATED, Looking, Wanted
from service.api.news import told
from service.api.query import Query
from service.standing import Service
from service.web.rendering import environment

ATOM: Final = "application/atom+xml"
_NS: Final = "http://www.w3.org/2005/Atom"
_PAGE: Final = 50
_LONGEST: Final = 500
_EMPTY: Final = "1970-01-01T00:00:00Z"
_OF_ONE: Final = FILTER - {"company", "country"}
_PAGED: Final = frozenset({"before", "limit", "at_least"})


class Feeds:
    """`/feeds/changes.atom` and `/feeds/companies/{id}.atom`."""

    def __init__(self, service: Service, asking: Asking, looking: Looking) -> None:
        self._service = service
        self._asking = asking
        self._looking = looking
        self._entries = environment().get_template("entry.html")
        self.router = APIRouter()
        add = self.router.add_api_route
        add("/feeds/changes.atom", self.all, **operations.FEED)
        add("/feeds/companies/{company}.atom", self.one, **operations.COMPANY_FEED)

    async def all(self, request: Request) -> Response:
        """What changed, for feed readers, the latest first; `next` leads to what was before. With
        the parameters of `/v1/changes`, only what they mean."""
        query = Query(request, FILTER | _PAGED, REPEATED)
        await self._asking.until(query)
        wanted = Wanted.of(query, self._service)
        return await self._feed(request, query, wanted, "Changes of companies' standing")

    async def one(self, request: Request) -> Response:
        """What changed of one company, for feed readers, the latest first."""
        company = str(request.path_params["company"])
        query = Query(request, _OF_ONE | _PAGED, REPEATED)
        await self._asking.until(query)
        row = self._service.store.row(company)
        if row is None:
            raise UnknownCompany(company)
        if row.merged_into is not None:
            return moved(request, company, row.merged_into)
        wanted = Wanted.of(query, self._service)._replace(company=company)
        return await self._feed(request, query, wanted, f"{cut(row.name or company)}: changes")

    async def _feed(self, request: Request, query: Query, wanted: Wanted, title: str) -> Response:
        limit = query.number("limit", _PAGE, _LONGEST)
        before = query.one("before")
        cursor = await self._looking.cursor(before or "", "before")
        found, more = await self._looking.back(wanted, cursor, limit)
        site = self._service.standing.settings.public_url or str(request.base_url).rstrip("/")
        path = f"{site}{request.scope['path']}"
        given = [
            (name, one)
            for name, one in request.query_params.multi_items()
            if name not in {"before", "at_least"} and one
        ]
        links = {"self": _url(path, [*given, ("before", before)] if before else given)}
        if before:
            links["first"] = _url(path, given)
        if more:
            links["next"] = _url(path, [*given, ("before", cursor.text)])
        about = derived_id(["feed", request.scope["path"], sorted(map(list, given))])
        body = self._written(f"urn:uuid:{about}", title, site, links, found)
        return _cached(request, body)

    def _written(
        self, about: str, title: str, site: str, links: dict[str, str], found: Sequence[News]
    ) -> bytes:
        feed = etree.Element("feed", nsmap={None: _NS})
        _put(feed, "id", about)
        _put(feed, "title", title)
        latest = max((one.told.change.recorded for one in found), default=None)
        _put(feed, "updated", _EMPTY if latest is None else show(latest))
        _put(etree.SubElement(feed, "author"), "name", "standing")
        _put(feed, "generator", "standing")
        _put(feed, "rights", "Not legal advice. The 50 % and affiliates rules are not evaluated.")
        for rel, url in links.items():
            etree.SubElement(feed, "link", rel=rel, href=url, type=ATOM)
        etree.SubElement(feed, "link", rel="alternate", href=f"{site}/", type="text/html")
        registry = self._service.standing.registry

        def named(list_id: str) -> str | None:
            listed = registry.find(list_id)
            return None if listed is None else listed.name

        teller = Teller(site, named, self._service.standing.amiss)
        for one in found:
            self._entry(feed, one, teller)
        written: bytes = etree.tostring(feed, xml_declaration=True, encoding="UTF-8")
        return written

    def _entry(self, feed: Any, one: News, teller: Teller) -> None:
        change = one.told.change
        said = self._told(one, teller)
        entry = etree.SubElement(feed, "entry")
        recorded = show(change.recorded)
        _put(entry, "id", f"urn:uuid:{change.id}")
        _put(entry, "title", said.title)
        _put(entry, "updated", recorded)
        _put(entry, "published", recorded)
        etree.SubElement(entry, "link", rel="alternate", href=said.page or "", type="text/html")
        for term in (change.kind, change.list, change.after.status):
            if term:
                etree.SubElement(entry, "category", term=term)
        _put(entry, "summary", said.lead)
        html = self._entries.render(told=said)
        content = etree.SubElement(entry, "content", type="html")
        content.text = html

    def _told(self, one: News, teller: Teller) -> Telling:
        change = one.told.change
        data, at = told(one, self._service), show(change.recorded)
        return teller.tell({"type": TYPE_PREFIX + change.kind, "timestamp": at, "data": data})


def _put(parent: Any, tag: str, text: str) -> None:
    etree.SubElement(parent, tag).text = text


def _url(path: str, given: Sequence[tuple[str, str]]) -> str:
    query = urlencode(given, safe=":/,")
    return f"{path}?{query}" if query else path


def _cached(request: Request, body: bytes) -> Response:
    """304 where the reader has it already."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    given = request.headers.get("if-none-match", "")
    if tag in (part.strip().removeprefix("W/") for part in given.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=ATOM)
