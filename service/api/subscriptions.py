"""Subscriptions: who is told of changes, of which, and whether at all."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from alerts.opened import UnknownSubscription
from alerts.preview import YEAR
from alerts.targets import WebhookTarget
from events.errors import Refused
from service.api import subscribing
from service.api.answers import answer
from service.api.audited import acted
from service.api.body import read_json
from service.api.gate import who_asks
from service.api.owned import AT, ONE, Owned, bare, ident, read_object
from service.api.query import Query
from service.api.watchlists import Watchlists
from service.standing import Service
from service.watchlist import packed

_PAGE: Final = 100
_MOST: Final = 1_000
_MOST_LISTED: Final = 10_000
_PREVIEW: Final = frozenset({"filter", "since", "backfill", "limit"})
_BY_HAND: Final = "disabled by its owner"


class Subscriptions(Owned):
    """`/v1/subscriptions`."""

    def __init__(self, service: Service, watchlists: Watchlists) -> None:
        super().__init__(service.desk)
        self._watchlists = watchlists
        add = self.router.add_api_route
        add(AT, self.subscribe, methods=["POST"], **subscribing.SUBSCRIBE)
        add(AT, self.all, **subscribing.SUBSCRIPTIONS)
        add(f"{AT}/preview", self.preview, methods=["POST"], **subscribing.PREVIEW)
        add(f"{AT}/examples", self.examples, **subscribing.MESSAGES)
        add(ONE, self.one, **subscribing.SUBSCRIPTION)
        add(ONE, self.change, methods=["PATCH"], **subscribing.CHANGE_SUBSCRIPTION)
        add(ONE, self.unsubscribe, methods=["DELETE"], **subscribing.UNSUBSCRIBE)
        add(f"{ONE}/test", self.test, methods=["POST"], **subscribing.TEST)
        add(f"{ONE}/preview", self.preview_one, **subscribing.PREVIEW_ONE)
        add(f"{ONE}/confirmation", self.ask, methods=["POST"], **subscribing.CONFIRMATION)
        add(f"{ONE}/rotate", self.rotate, methods=["POST"], **subscribing.ROTATE)
        add(f"{ONE}/disable", self.disable, methods=["POST"], **subscribing.DISABLE)
        add(f"{ONE}/enable", self.enable, methods=["POST"], **subscribing.ENABLE)

    async def subscribe(self, request: Request) -> Response:
        """Have somebody told of changes. The answer has the `id` and, of a webhook, this once,
        the `secret` that the messages are signed with, after Standard Webhooks. A mailbox is asked
        first, and `unconfirmed` until it has agreed. Companies may be sent as a `watchlist`; who
        they are is then in the answer, row by row."""
        bare(request)
        raw, report = await read_json(request), None
        if isinstance(raw, dict) and "watchlist" in raw:
            raw, report = await self._watchlists.asked(raw)
        owner, kept = who_asks(request).owner, packed(report) if report else None
        made, secret = await self._desk.subscribe(raw, owner=owner, watchlist=kept)
        acted(request, made.id)
        told = made.shown()
        if isinstance(made.request.channel, WebhookTarget):
            told["secret"] = secret
        told = told if report is None else {**told, "watchlist": report}
        return answer(told, 201, {"location": f"{AT}/{made.id}"})

    async def all(self, request: Request) -> Response:
        """One's own subscriptions, an operator's everybody's, oldest first, without secrets, each
        with what waits for it. Go on with the `next` as `after`."""
        query = Query(request, frozenset({"limit", "after"}))
        limit = query.number("limit", _MOST, _MOST_LISTED)
        sees, after = who_asks(request).sees, query.one("after")
        if after is not None:
            await self._known(after, sees)
        found = await self._desk.page(sees, after, limit)
        last = found[-1]["id"] if len(found) == limit else None
        return answer({"subscriptions": found, "next": last})

    async def _known(self, after: str, sees: str | None) -> None:
        """Raises `Refused` where nobody can go on from there: one begun anew would go in rounds."""
        try:
            owner = await self._desk.owner(after)
        except UnknownSubscription:
            owner = ""
        if not owner or sees not in (None, owner):
            raise Refused.field("after", f"unknown subscription {after!r}; take it from `next`")

    async def one(self, request: Request) -> Response:
        """One subscription, with how many of its deliveries are in each state."""
        bare(request)
        return answer(await self._subscription(request))

    async def change(self, request: Request) -> Response:
        """Have it otherwise from now on: `filter` (whole), `label`, `backfill`, `expires`, `quiet`
        and so on, or `paused`. Paused, it keeps its place; resumed, it is sent what it missed,
        unless `missed` says `skip`."""
        bare(request)
        raw = await read_json(request)
        await self._desk.change(ident(request), raw)
        action = {True: "pause", False: "resume"}.get(raw.get("paused"), "change")
        acted(request, ident(request), action, ", ".join(sorted(raw)))
        return answer(await self._subscription(request))

    async def unsubscribe(self, request: Request) -> Response:
        """Forget a subscription, its secret and its deliveries; nothing more is sent."""
        bare(request)
        await self._desk.unsubscribe(ident(request))
        return Response(status_code=204)

    async def test(self, request: Request) -> Response:
        """Send one test message now; the delivery says what the receiver answered."""
        bare(request)
        return answer(await self._desk.test(ident(request)))

    async def ask(self, request: Request) -> Response:
        """Send the mail again that asks whether its mailbox agrees: five times a day at most, a
        minute apart."""
        bare(request)
        return answer((await self._desk.ask_again(ident(request))).shown(), 202)

    async def rotate(self, request: Request) -> Response:
        """A new secret, told this once. For a day, messages are signed with the old one as well,
        so that the receiver can change over."""
        bare(request)
        return answer({"secret": await self._desk.rotate(ident(request))})

    async def examples(self, request: Request) -> Response:
        """A message of each kind, as a receiver of webhooks gets it."""
        bare(request)
        return answer({"messages": self._desk.examples()})

    async def disable(self, request: Request) -> Response:
        """Send nothing more to it, until it is enabled again; what waits is kept."""
        bare(request)
        await self._desk.disable(ident(request), _BY_HAND)
        return answer(await self._subscription(request))

    async def enable(self, request: Request) -> Response:
        """Send again to one that was disabled: from where it stopped, or with `skip` only what is
        told from now on."""
        query = Query(request, frozenset({"skip"}))
        await self._desk.enable(ident(request), skip=query.flag("skip"))
        return answer(await self._subscription(request))

    async def preview(self, request: Request) -> Response:
        """What a subscription with this `filter` would have been sent `since` a moment: how many
        messages, and the first of them. Nothing is sent or kept."""
        bare(request)
        given = await read_object(request, _PREVIEW)
        since, backfill = given.get("since", YEAR), given.get("backfill", False)
        limit = given.get("limit", _PAGE)
        if not isinstance(since, str):
            raise Refused.field("since", "text is needed: P1Y, beginning, a position or a date")
        if not isinstance(backfill, bool):
            raise Refused.field("backfill", "true or false is needed")
        if not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit <= _MOST:
            raise Refused.field("limit", f"a number from 0 to {_MOST} is needed")
        filter_: Any = given.get("filter", {})
        found = await self._desk.preview(filter_, since, backfill=backfill, limit=limit)
        return answer(found)

    async def preview_one(self, request: Request) -> Response:
        """What this subscription would have been sent `since` a moment. Nothing is sent."""
        query = Query(request, frozenset({"since", "limit"}))
        asked = await self._subscription(request)
        found = await self._desk.preview(
            asked["filter"],
            query.one("since") or YEAR,
            backfill=asked["backfill"],
            limit=query.number("limit", _PAGE, _MOST, 0),
        )
        return answer(found)
