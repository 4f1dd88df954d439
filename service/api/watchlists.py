"""Watchlists of subscriptions: the rows that were sent, and the companies that they are."""

import io
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from events.errors import Refused
from service.api import subscribing
from service.api.answers import answer
from service.api.body import read_body, read_json
from service.api.owned import ONE, Owned, bare, ident
from service.api.query import Query
from service.holdings import read_csv
from service.resolving import Resolving
from service.standing import Service
from service.watchlist import (
    Report,
    companies,
    once_more,
    packed,
    read_watchlist,
    unpacked,
)

_LIKELY: Final = "accept_likely"


class Watchlists(Owned):
    """`/v1/subscriptions/{id}/watchlist`."""

    def __init__(self, service: Service) -> None:
        super().__init__(service.desk)
        self.resolving = Resolving(service)
        add = self.router.add_api_route
        add(f"{ONE}/watchlist", self.watchlist, **subscribing.WATCHLIST)
        add(f"{ONE}/watchlist", self.set_watchlist, methods=["PUT"], **subscribing.SET_WATCHLIST)

    async def watchlist(self, request: Request) -> Response:
        """The report of the watchlist that its companies are from: each row, and whom it was taken
        for."""
        bare(request)
        return answer(await self._kept(request))

    async def _kept(self, request: Request) -> Report:
        kept = await self._desk.watchlist(ident(request))
        if kept is None:
            raise Refused.field("watchlist", "its companies are not from a watchlist")
        return unpacked(kept)

    async def set_watchlist(self, request: Request) -> Response:
        """Put another watchlist in place of its companies, as CSV or as JSON; changes from now on
        are matched with it. With `{"again": true}`, the rows of the one that is there are looked
        for again."""
        query = Query(request, frozenset({_LIKELY}))
        likely = query.flag(_LIKELY)
        if request.headers.get("content-type", "").partition(";")[0].strip() == "text/csv":
            sheet = read_csv(io.BytesIO(await read_body(request)), "body")
        else:
            raw = await read_json(request)
            if isinstance(raw, dict):
                likely = accepts_likely(raw) or likely
                raw = {key: value for key, value in raw.items() if key != _LIKELY}
            again = raw == {"again": True}
            sheet = once_more(await self._kept(request)) if again else read_watchlist(raw, "")
        report = await self.resolving.resolved(sheet, likely=likely)
        known = await self._subscription(request)
        wish = {"filter": {**known["filter"], "companies": companies(report)}}
        await self._desk.change(ident(request), wish, watchlist=packed(report))
        return answer(report)

    async def asked(self, raw: dict[str, Any]) -> tuple[dict[str, Any], Report]:
        """What is asked for, with the companies of its watchlist among those of the filter; and
        the watchlist's report."""
        sheet = read_watchlist(raw["watchlist"])
        report = await self.resolving.resolved(sheet, likely=accepts_likely(raw))
        return _with(raw, companies(report)), report


def accepts_likely(raw: dict[str, Any]) -> bool:
    """Whether what is likely is taken as well. Raises `Refused`."""
    likely = raw.get(_LIKELY, False)
    if not isinstance(likely, bool):
        raise Refused.field(_LIKELY, "true or false is needed")
    return likely


def _with(raw: dict[str, Any], listed: list[str]) -> dict[str, Any]:
    filter_ = raw.get("filter", {})
    if not isinstance(filter_, dict) or not isinstance(filter_.get("companies") or [], list):
        raise Refused.field("filter", "a JSON object is needed")
    named = dict.fromkeys([*(filter_.get("companies") or ()), *listed])
    rest = {key: value for key, value in raw.items() if key not in ("watchlist", _LIKELY)}
    return {**rest, "filter": {**filter_, "companies": list(named)}}
