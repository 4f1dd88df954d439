"""What was sent to a receiver, what it answered, and sending it again."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from alerts.desk import Desk
from alerts.outbox import UnknownDelivery
from events.errors import Refused
from service import delivered
from service.api.answers import answer
from service.api.audited import acted
from service.api.query import Query
from service.formats import MEDIA_TYPES
from service.web import alert_words
from service.web.owning import ident, owned
from service.web.site import Site, onward

_PAGE: Final = 50
_EVERY: Final = 2**62
_AT: Final = "/subscriptions/{subscription}"
_QUERY: Final = frozenset({"before", "show", "again"})


class Deliveries:
    """`/subscriptions/{id}/deliveries`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        site.add(f"{_AT}/deliveries", self.deliveries)
        site.add(f"{_AT}/deliveries.csv", self.as_csv)
        site.add(f"{_AT}/deliveries.json", self.deliveries)
        site.add(f"{_AT}/redeliver", self.redeliver, method="POST")
        site.add(f"{_AT}/recover", self.recover, method="POST")

    @property
    def _desk(self) -> Desk:
        return self._site.service.desk()

    async def deliveries(self, request: Request) -> Response:
        """Latest first, each with every attempt."""
        query = Query(request, _QUERY)
        found = await owned(self._desk, request)
        kind = self._site.kind(request)
        if kind == "csv":
            return await self.as_csv(request)
        before = query.number("before", _EVERY, _EVERY)
        some = await self._desk.deliveries(found["id"], limit=_PAGE + 1, before=before)
        rows, last = some[:_PAGE], some[_PAGE - 1]["seq"] if len(some) > _PAGE else None
        if kind == "json":
            return answer({"deliveries": rows, "next": last})
        return self._site.page(
            request,
            "deliveries.html",
            one=found,
            rows=rows,
            next=last,
            first=before == _EVERY,
            show=query.one("show"),
            again=query.number("again", -1, _EVERY, 0),
            words=alert_words,
        )

    async def as_csv(self, request: Request) -> Response:
        """All that are kept, a row for each attempt."""
        found = await owned(self._desk, request)
        name = f'attachment; filename="{found["id"]}.csv"'
        return StreamingResponse(
            delivered.as_csv(self._desk, found["id"]),
            headers={"content-disposition": name},
            media_type=MEDIA_TYPES["csv"],
        )

    async def redeliver(self, request: Request) -> Response:
        """Send one again, with the same id, number and body."""
        found, fields = await self._asked(request)
        delivery = str(fields.get("delivery", ""))
        if await self._desk.whose(delivery) != found["id"]:
            raise UnknownDelivery(delivery)
        acted(request, found["id"], detail=delivery)
        await self._desk.redeliver(delivery)
        return onward(f"/subscriptions/{found['id']}/deliveries?show={delivery}")

    async def recover(self, request: Request) -> Response:
        """Send everything again that was recorded since a time."""
        found, fields = await self._asked(request)
        since = str(fields.get("since", "")).strip()
        if not since:
            raise Refused.field("since", "a time is needed: 2026-01-31 or 2026-01-31T12:00:00Z")
        acted(request, found["id"], detail=since)
        count = await self._desk.recover(found["id"], since)
        return onward(f"/subscriptions/{ident(request)}/deliveries?again={count}")

    async def _asked(self, request: Request) -> tuple[dict[str, Any], Any]:
        return await owned(self._desk, request), await self._site.form(request)
