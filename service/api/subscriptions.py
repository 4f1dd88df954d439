"""Subscriptions: who is told of changes, whether it arrived, and sending it again."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from alerts.desk import Desk
from alerts.targets import WebhookTarget
from events.errors import Refused
from service import delivered
from service.api import operations
from service.api.answers import accepted, answer
from service.api.body import read_json
from service.api.query import Query
from service.formats import MEDIA_TYPES

_PAGE: Final = 100
_MOST: Final = 1_000
_EVERY: Final = 2**62
_SERVED: Final = {"application/json": "json", "text/csv": "csv"}
_NOTHING: Final = frozenset[str]()
_PREVIEW: Final = frozenset({"filter", "since", "backfill", "limit"})
_AT: Final = "/v1/subscriptions"
_ONE: Final = "/v1/subscriptions/{subscription}"


class Subscriptions:
    """`/v1/subscriptions`. `desk` raises `StoreError` where there is none now."""

    def __init__(self, desk: Callable[[], Desk]) -> None:
        self._at = desk
        self.router = APIRouter()
        add = self.router.add_api_route
        add(_AT, self.subscribe, methods=["POST"], **operations.SUBSCRIBE)
        add(_AT, self.all, **operations.SUBSCRIPTIONS)
        add(f"{_AT}/preview", self.preview, methods=["POST"], **operations.PREVIEW)
        add(_ONE, self.one, **operations.SUBSCRIPTION)
        add(_ONE, self.unsubscribe, methods=["DELETE"], **operations.UNSUBSCRIBE)
        add(f"{_ONE}/test", self.test, methods=["POST"], **operations.TEST)
        add(f"{_ONE}/preview", self.preview_one, **operations.PREVIEW_ONE)
        add(f"{_ONE}/confirmation", self.ask, methods=["POST"], **operations.CONFIRMATION)
        add(f"{_ONE}/rotate", self.rotate, methods=["POST"], **operations.ROTATE)
        add(f"{_ONE}/deliveries", self.deliveries, **operations.DELIVERIES)
        add(f"{_ONE}/deliveries.csv", self.as_csv, include_in_schema=False)
        add(f"{_ONE}/redeliver", self.redeliver, methods=["POST"], **operations.REDELIVER)

    @property
    def _desk(self) -> Desk:
        return self._at()

    async def subscribe(self, request: Request) -> Response:
        """Have somebody told of changes. The answer has the `id` and, of a webhook, this once,
        the `secret` that the messages are signed with, after Standard Webhooks. A mailbox is asked
        first, and `unconfirmed` until it has agreed."""
        made, secret = await self._desk.subscribe(await read_json(request))
        signed = isinstance(made.request.channel, WebhookTarget)
        return answer({**made.shown(), **({"secret": secret} if signed else {})}, 201)

    async def all(self, request: Request) -> Response:
        """Every subscription, oldest first, without secrets."""
        Query(request, _NOTHING)
        found = await self._desk.subscriptions()
        return answer({"subscriptions": [one.shown() for one in found]})

    async def one(self, request: Request) -> Response:
        """One subscription, with how many of its deliveries are in each state."""
        return answer(await self._desk.subscription(_id(request)))

    async def unsubscribe(self, request: Request) -> Response:
        """Forget a subscription, its secret and its deliveries; nothing more is sent."""
        await self._desk.unsubscribe(_id(request))
        return Response(status_code=204)

    async def test(self, request: Request) -> Response:
        """Send one test message now; the delivery says what the receiver answered."""
        return answer(await self._desk.test(_id(request)))

    async def ask(self, request: Request) -> Response:
        """Send the mail again that asks whether its mailbox agrees: five times a day at most, a
        minute apart."""
        return answer((await self._desk.ask_again(_id(request))).shown(), 202)

    async def rotate(self, request: Request) -> Response:
        """A new secret, told this once. For a day, messages are signed with the old one as well,
        so that the receiver can change over."""
        return answer({"secret": await self._desk.rotate(_id(request))})

    async def preview(self, request: Request) -> Response:
        """What a subscription with this `filter` would have been sent `since` a moment: how many
        messages, and the first of them. Nothing is sent or kept."""
        given = await read_json(request)
        if not isinstance(given, dict):
            raise Refused.field("", "a JSON object with a filter is needed")
        if unknown := sorted(given.keys() - _PREVIEW):
            raise Refused.field(unknown[0], f"unknown; known are {', '.join(sorted(_PREVIEW))}")
        since, backfill = given.get("since", "beginning"), given.get("backfill", False)
        limit = given.get("limit", _PAGE)
        if not isinstance(since, str):
            raise Refused.field("since", "text is needed: beginning, now, a position or a date")
        if not isinstance(backfill, bool):
            raise Refused.field("backfill", "true or false is needed")
        if not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit <= _MOST:
            raise Refused.field("limit", f"a number from 0 to {_MOST} is needed")
        filter_ = given.get("filter", {})
        found = await self._desk.preview(filter_, since, backfill=backfill, limit=limit)
        return answer(found)

    async def preview_one(self, request: Request) -> Response:
        """What this subscription would have been sent `since` a moment. Nothing is sent."""
        query = Query(request, frozenset({"since", "limit"}))
        asked = await self._subscription(_id(request))
        found = await self._desk.preview(
            asked["filter"],
            query.one("since") or "beginning",
            backfill=asked["backfill"],
            limit=query.number("limit", _PAGE, _MOST, 0),
        )
        return answer(found)

    async def deliveries(self, request: Request) -> Response:
        """Its messages, latest first, each with every attempt and what the receiver answered. Go
        on with the `next` as `before`. As CSV (by `Accept`, or with `.csv` behind the path), all
        that are kept, or as many as `limit` says, a row for each attempt."""
        if accepted(request, _SERVED, "json") == "csv":
            return await self._as_csv(request)
        query = Query(request, frozenset({"limit", "before"}))
        limit = query.number("limit", _PAGE, _MOST)
        before = query.number("before", 2**62, 2**62)
        found = await self._desk.deliveries(_id(request), limit=limit, before=before)
        last = found[-1]["seq"] if len(found) == limit else None
        return answer({"deliveries": found, "next": last})

    async def as_csv(self, request: Request) -> Response:
        """Its messages as CSV, a row for each attempt."""
        return await self._as_csv(request)

    async def _as_csv(self, request: Request) -> Response:
        query = Query(request, frozenset({"limit"}))
        limit = query.number("limit", _EVERY, _EVERY)
        subscription = _id(request)
        await self._subscription(subscription)
        name = f'attachment; filename="{subscription}.csv"'
        return StreamingResponse(
            delivered.as_csv(self._desk, subscription, limit),
            headers={"content-disposition": name},
            media_type=MEDIA_TYPES["csv"],
        )

    async def redeliver(self, request: Request) -> Response:
        """Send one message again, with the same id, number and body."""
        given = await read_json(request)
        delivery = given.get("delivery") if isinstance(given, dict) else None
        if not isinstance(delivery, str):
            raise Refused.field("delivery", "the id of a delivery is needed: msg_…")
        await self._subscription(_id(request))
        return answer(await self._desk.redeliver(delivery), 202)

    async def _subscription(self, subscription: str) -> dict[str, Any]:
        return await self._desk.subscription(subscription)


def _id(request: Request) -> str:
    return str(request.path_params["subscription"])
