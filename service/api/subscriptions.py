"""Subscriptions: who is told of changes, whether it arrived, and sending it again."""

import io
from typing import Any, Final

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from alerts.desk import Desk
from alerts.opened import UnknownSubscription
from alerts.outbox import UnknownDelivery
from alerts.preview import YEAR
from alerts.targets import WebhookTarget
from events.errors import Refused
from service import delivered
from service.api import operations
from service.api.answers import accepted, answer
from service.api.audited import acted
from service.api.body import read_body, read_json
from service.api.gate import who_asks
from service.api.query import Query
from service.formats import MEDIA_TYPES
from service.holdings import Sheet, read_csv
from service.screening import Companies
from service.standing import Service
from service.watchlist import (
    Report,
    by_reference,
    companies,
    once_more,
    packed,
    read_watchlist,
    resolved,
    unpacked,
)

_PAGE: Final = 100
_MOST: Final = 1_000
_MOST_LISTED: Final = 10_000
_EVERY: Final = 2**62
_SERVED: Final = {"application/json": "json", "text/csv": "csv"}
_NOTHING: Final = frozenset[str]()
_LIKELY: Final = "accept_likely"
_PREVIEW: Final = frozenset({"filter", "since", "backfill", "limit"})
_AT: Final = "/v1/subscriptions"
_ONE: Final = "/v1/subscriptions/{subscription}"


class Subscriptions:
    """`/v1/subscriptions`. Everybody sees their own: of another's, every route under its id says
    that there is none."""

    def __init__(self, service: Service, companies: Companies) -> None:
        self._at = service.desk
        self._service = service
        self._companies = companies
        self.router = APIRouter(dependencies=[Depends(self._own)])
        add = self.router.add_api_route
        add(_AT, self.subscribe, methods=["POST"], **operations.SUBSCRIBE)
        add(_AT, self.all, **operations.SUBSCRIPTIONS)
        add(f"{_AT}/preview", self.preview, methods=["POST"], **operations.PREVIEW)
        add(f"{_AT}/examples", self.examples, **operations.MESSAGES)
        add(_ONE, self.one, **operations.SUBSCRIPTION)
        add(_ONE, self.change, methods=["PATCH"], **operations.CHANGE_SUBSCRIPTION)
        add(_ONE, self.unsubscribe, methods=["DELETE"], **operations.UNSUBSCRIBE)
        add(f"{_ONE}/test", self.test, methods=["POST"], **operations.TEST)
        add(f"{_ONE}/preview", self.preview_one, **operations.PREVIEW_ONE)
        add(f"{_ONE}/confirmation", self.ask, methods=["POST"], **operations.CONFIRMATION)
        add(f"{_ONE}/rotate", self.rotate, methods=["POST"], **operations.ROTATE)
        add(f"{_ONE}/deliveries", self.deliveries, **operations.DELIVERIES)
        add(f"{_ONE}/enable", self.enable, methods=["POST"], **operations.ENABLE)
        add(f"{_ONE}/recover", self.recover, methods=["POST"], **operations.RECOVER)
        add(f"{_ONE}/deliveries.csv", self.as_csv, include_in_schema=False)
        add(f"{_ONE}/redeliver", self.redeliver, methods=["POST"], **operations.REDELIVER)
        add(f"{_ONE}/watchlist", self.watchlist, **operations.WATCHLIST)
        add(f"{_ONE}/watchlist", self.set_watchlist, methods=["PUT"], **operations.SET_WATCHLIST)

    @property
    def _desk(self) -> Desk:
        return self._at()

    async def _own(self, request: Request) -> None:
        """Raises `UnknownSubscription` where the one of the address is not the caller's."""
        ident, sees = request.path_params.get("subscription"), who_asks(request).sees
        if ident is not None and sees is not None and await self._desk.owner(ident) != sees:
            raise UnknownSubscription(ident)

    async def subscribe(self, request: Request) -> Response:
        """Have somebody told of changes. The answer has the `id` and, of a webhook, this once,
        the `secret` that the messages are signed with, after Standard Webhooks. A mailbox is asked
        first, and `unconfirmed` until it has agreed. Companies may be sent as a `watchlist`; who
        they are is then in the answer, row by row."""
        raw, report = await read_json(request), None
        if isinstance(raw, dict) and "watchlist" in raw:
            likely = _likely(raw)
            report = await self._resolved(read_watchlist(raw["watchlist"]), likely=likely)
            raw = _with(raw, companies(report))
        owner, kept = who_asks(request).owner, packed(report) if report else None
        made, secret = await self._desk.subscribe(raw, owner=owner, watchlist=kept)
        acted(request, made.id)
        told = made.shown()
        if isinstance(made.request.channel, WebhookTarget):
            told["secret"] = secret
        return answer(told if report is None else {**told, "watchlist": report}, 201)

    async def all(self, request: Request) -> Response:
        """One's own subscriptions, an operator's everybody's, oldest first, without secrets. Go on
        with the `next` as `after`."""
        query = Query(request, frozenset({"limit", "after"}))
        limit = query.number("limit", _MOST, _MOST_LISTED)
        found = await self._desk.page(who_asks(request).sees, query.one("after"), limit)
        after = found[-1]["id"] if len(found) == limit else None
        return answer({"subscriptions": found, "next": after})

    async def one(self, request: Request) -> Response:
        """One subscription, with how many of its deliveries are in each state."""
        return answer(await self._desk.subscription(_id(request)))

    async def change(self, request: Request) -> Response:
        """Have it otherwise from now on: `filter` (whole), `label`, `backfill`, `expires`, or
        `paused`. Paused, it keeps its place; resumed, it is sent what it missed, unless `missed`
        says `skip`."""
        raw = await read_json(request)
        await self._desk.change(_id(request), raw)
        paused = raw.get("paused")
        detail = ", ".join(sorted(raw))
        acted(request, _id(request), {True: "pause", False: "resume"}.get(paused, "change"), detail)
        return answer(await self._desk.subscription(_id(request)))

    async def unsubscribe(self, request: Request) -> Response:
        """Forget a subscription, its secret and its deliveries; nothing more is sent."""
        await self._desk.unsubscribe(_id(request))
        return Response(status_code=204)

    async def watchlist(self, request: Request) -> Response:
        """The report of the watchlist that its companies are from: each row, and whom it was taken
        for."""
        return answer(await self._kept(request))

    async def _kept(self, request: Request) -> Report:
        kept = await self._desk.watchlist(_id(request))
        if kept is None:
            raise Refused.field("watchlist", "its companies are not from a watchlist")
        return unpacked(kept)

    async def set_watchlist(self, request: Request) -> Response:
        """Put another watchlist in place of its companies, as CSV or as JSON; changes from now on
        are matched with it. With `{"again": true}`, the rows of the one that is there are looked
        for again: whom nobody knew then may be known by now."""
        query = Query(request, frozenset({"accept_likely"}))
        likely = query.flag("accept_likely")
        if request.headers.get("content-type", "").partition(";")[0].strip() == "text/csv":
            sheet = read_csv(io.BytesIO(await read_body(request)), "body")
        else:
            raw = await read_json(request)
            if isinstance(raw, dict):
                likely = _likely(raw) or likely
                raw = {key: value for key, value in raw.items() if key != _LIKELY}
            again = raw == {"again": True}
            sheet = once_more(await self._kept(request)) if again else read_watchlist(raw, "")
        report = await self._resolved(sheet, likely=likely)
        known = await self._desk.subscription(_id(request))
        wish = {"filter": {**known["filter"], "companies": companies(report)}}
        await self._desk.change(_id(request), wish, watchlist=packed(report))
        return answer(report)

    async def _resolved(self, sheet: Sheet, *, likely: bool) -> Report:
        """Who the rows are, of the companies that are known now."""

        def resolve() -> Report:
            store = self._service.standing.store()
            try:
                with self._companies.lock:
                    index = self._companies.index(store, references=by_reference(sheet))
                    return resolved(sheet, index, self._service.standing.clock(), likely=likely)
            finally:
                store.close()

        self._service.answers()
        return await run_in_threadpool(resolve)

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

    async def examples(self, request: Request) -> Response:
        """A message of each kind, as a receiver of webhooks gets it."""
        Query(request, _NOTHING)
        return answer({"messages": self._desk.examples()})

    async def enable(self, request: Request) -> Response:
        """Send again to one that was disabled: from where it stopped, or with `skip` only what is
        told from now on."""
        query = Query(request, frozenset({"skip"}))
        await self._desk.enable(_id(request), skip=query.flag("skip"))
        return answer(await self._subscription(_id(request)))

    async def recover(self, request: Request) -> Response:
        """Send everything again that was recorded `since` a time: the same ids, numbers and
        bodies, in order per company."""
        given = await read_json(request)
        since = given.get("since") if isinstance(given, dict) else None
        if not isinstance(since, str):
            raise Refused.field("since", "a time is needed: 2026-01-31 or 2026-01-31T12:00:00Z")
        acted(request, _id(request), detail=since)
        return answer({"count": await self._desk.recover(_id(request), since)}, 202)

    async def preview(self, request: Request) -> Response:
        """What a subscription with this `filter` would have been sent `since` a moment: how many
        messages, and the first of them. Nothing is sent or kept."""
        given = await read_json(request)
        if not isinstance(given, dict):
            raise Refused.field("", "a JSON object with a filter is needed")
        if unknown := sorted(given.keys() - _PREVIEW):
            raise Refused.field(unknown[0], f"unknown; known are {', '.join(sorted(_PREVIEW))}")
        since, backfill = given.get("since", YEAR), given.get("backfill", False)
        limit = given.get("limit", _PAGE)
        if not isinstance(since, str):
            raise Refused.field("since", "text is needed: P1Y, beginning, a position or a date")
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
            query.one("since") or YEAR,
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
        if await self._desk.whose(delivery) != _id(request):
            raise UnknownDelivery(delivery)
        acted(request, _id(request), detail=delivery)
        return answer(await self._desk.redeliver(delivery), 202)

    async def _subscription(self, subscription: str) -> dict[str, Any]:
        return await self._desk.subscription(subscription)


def _id(request: Request) -> str:
    return str(request.path_params["subscription"])


def _likely(raw: dict[str, Any]) -> bool:
    likely = raw.get(_LIKELY, False)
    if not isinstance(likely, bool):
        raise Refused.field(_LIKELY, "true or false is needed")
    return likely


def _with(raw: dict[str, Any], listed: list[str]) -> dict[str, Any]:
    """What is asked for, with the companies of a watchlist among those of the filter."""
    filter_ = raw.get("filter", {})
    if not isinstance(filter_, dict) or not isinstance(filter_.get("companies") or [], list):
        raise Refused.field("filter", "a JSON object is needed")
    named = dict.fromkeys([*(filter_.get("companies") or ()), *listed])
    rest = {key: value for key, value in raw.items() if key not in ("watchlist", _LIKELY)}
    return {**rest, "filter": {**filter_, "companies": list(named)}}
