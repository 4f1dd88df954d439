"""What was sent to a subscription, and sending it again."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from alerts.outbox import UnknownDelivery
from events.errors import Refused
from service import delivered
from service.api import subscribing
from service.api.answers import accepted, answer
from service.api.audited import acted
from service.api.owned import ONE, Owned, bare, ident, read_object
from service.api.query import Query
from service.formats import MEDIA_TYPES
from service.standing import Service

_PAGE: Final = 100
_MOST: Final = 1_000
_EVERY: Final = 2**62
_SERVED: Final = {"application/json": "json", "text/csv": "csv"}


class Deliveries(Owned):
    """`/v1/subscriptions/{id}/deliveries`, and beside it what sends again."""

    def __init__(self, service: Service) -> None:
        super().__init__(service.desk)
        add = self.router.add_api_route
        add(f"{ONE}/deliveries", self.deliveries, **subscribing.DELIVERIES)
        add(f"{ONE}/deliveries.csv", self.as_csv, include_in_schema=False)
        add(f"{ONE}/deliveries/{{delivery}}", self.one, **subscribing.DELIVERY)
        add(f"{ONE}/recover", self.recover, methods=["POST"], **subscribing.RECOVER)
        add(f"{ONE}/redeliver", self.redeliver, methods=["POST"], **subscribing.REDELIVER)

    async def deliveries(self, request: Request) -> Response:
        """Its messages, latest first, each with every attempt and what the receiver answered. Go
        on with the `next` as `before`. As CSV (by `Accept`, or with `.csv` behind the path), all
        that are kept, or as many as `limit` says, a row for each attempt."""
        if accepted(request, _SERVED, "json") == "csv":
            return await self.as_csv(request)
        query = Query(request, frozenset({"limit", "before"}))
        limit = query.number("limit", _PAGE, _MOST)
        before = query.number("before", _EVERY, _EVERY)
        found = await self._desk.deliveries(ident(request), limit=limit, before=before)
        last = found[-1]["seq"] if len(found) == limit else None
        return answer({"deliveries": found, "next": last})

    async def one(self, request: Request) -> Response:
        """One message, with every attempt, and with what it said: the JSON that was signed. Over
        Kafka, `message` is null: a replica keeps what became of messages, and not their text."""
        bare(request)
        delivery = str(request.path_params["delivery"])
        found = await self._desk.delivery(delivery)
        if found["subscription"] != ident(request):
            raise UnknownDelivery(delivery)
        return answer(found)

    async def as_csv(self, request: Request) -> Response:
        """Its messages as CSV, a row for each attempt."""
        query = Query(request, frozenset({"limit"}))
        limit = query.number("limit", _EVERY, _EVERY)
        subscription = ident(request)
        await self._subscription(request)
        name = f'attachment; filename="{subscription}.csv"'
        return StreamingResponse(
            delivered.as_csv(self._desk, subscription, limit),
            headers={"content-disposition": name},
            media_type=MEDIA_TYPES["csv"],
        )

    async def recover(self, request: Request) -> Response:
        """Send everything again that was recorded `since` a time: the same ids, numbers and
        bodies, in order per company."""
        bare(request)
        since = (await read_object(request, frozenset({"since"}))).get("since")
        if not isinstance(since, str):
            raise Refused.field("since", "a time is needed: 2026-01-31 or 2026-01-31T12:00:00Z")
        acted(request, ident(request), detail=since)
        return answer({"count": await self._desk.recover(ident(request), since)}, 202)

    async def redeliver(self, request: Request) -> Response:
        """Send one message again, with the same id, number and body."""
        bare(request)
        delivery = (await read_object(request, frozenset({"delivery"}))).get("delivery")
        if not isinstance(delivery, str):
            raise Refused.field("delivery", "the id of a delivery is needed: msg_…")
        await self._subscription(request)
        if await self._desk.whose(delivery) != ident(request):
            raise UnknownDelivery(delivery)
        acted(request, ident(request), detail=delivery)
        return answer(await self._desk.redeliver(delivery), 202)
