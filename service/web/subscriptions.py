"""One's subscriptions: how each does, and what may be done with it."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from alerts.desk import Desk
from events.errors import Refused
from service.api.answers import answer
from service.api.audited import acted
from service.api.gate import who_asks
from service.api.query import Query
from service.resolving import Resolving
from service.watchlist import Report, companies, once_more, packed, unpacked
from service.web import alert_words
from service.web.owning import ident, owned
from service.web.site import Site, onward

_PAGE: Final = 50
_LATEST: Final = 8
_AT: Final = "/subscriptions"
_ONE: Final = f"{_AT}/{{subscription}}"
_MISSED: Final = ("send", "skip")


class Subscriptions:
    """`/subscriptions` and `/subscriptions/{id}`."""

    def __init__(self, site: Site, resolving: Resolving) -> None:
        self._site = site
        self._resolving = resolving
        site.add(_AT, self.all)
        site.add(_ONE, self.one)
        site.add(f"{_ONE}/watchlist", self.watchlist)
        site.add(f"{_ONE}/watchlist", self.look_again, method="POST", name="set_watchlist")
        site.add(f"{_ONE}/pause", self.pause, method="POST")
        site.add(f"{_ONE}/resume", self.resume, method="POST")
        site.add(f"{_ONE}/test", self.test, method="POST")
        site.add(f"{_ONE}/rotate", self.rotate, method="POST")
        site.add(f"{_ONE}/enable", self.enable, method="POST")
        site.add(f"{_ONE}/confirmation", self.ask, method="POST")
        site.add(f"{_ONE}/end", self.unsubscribe, method="POST", name="unsubscribe")

    @property
    def _desk(self) -> Desk:
        return self._site.service.desk()

    async def all(self, request: Request) -> Response:
        """One's own, an operator's everybody's, oldest first."""
        query = Query(request, frozenset({"after"}))
        sees = who_asks(request).sees
        desk = self._desk
        found = await desk.page(sees, query.one("after"), _PAGE + 1)
        more = len(found) > _PAGE
        some = found[:_PAGE]
        after = some[-1]["id"] if more else None
        if self._site.kind(request) == "json":
            whole = [await desk.subscription(one["id"]) for one in some]
            return answer({"subscriptions": whole, "next": after})
        return self._page(request, "subscriptions.html", some=some, next=after, all=sees is None)

    async def one(self, request: Request) -> Response:
        """One of them."""
        Query(request, frozenset())
        found = await owned(self._desk, request)
        if self._site.kind(request) == "json":
            return answer(found)
        latest = await self._desk.deliveries(found["id"], limit=_LATEST)
        return self._page(
            request,
            "subscription.html",
            one=found,
            latest=latest,
            listed=await self._desk.watchlist(found["id"]) is not None,
        )

    async def watchlist(self, request: Request) -> Response:
        """Whom its watchlist means, row by row."""
        Query(request, frozenset())
        found = await owned(self._desk, request)
        return self._page(request, "watchlist.html", one=found, report=await self._kept(request))

    async def look_again(self, request: Request) -> Response:
        """Look for the rows of its watchlist again: whom nobody knew then may be known by now."""
        found, fields = await self._asked(request)
        likely = bool(fields.get("likely"))
        report = await self._resolving.resolved(once_more(await self._kept(request)), likely=likely)
        wish = {"filter": {**found["filter"], "companies": companies(report)}}
        await self._desk.change(found["id"], wish, watchlist=packed(report))
        return onward(f"{_AT}/{found['id']}/watchlist")

    async def pause(self, request: Request) -> Response:
        """Send nothing until it is resumed."""
        found, _ = await self._asked(request)
        await self._desk.change(found["id"], {"paused": True})
        return self._back(found)

    async def resume(self, request: Request) -> Response:
        """Go on; what it missed is sent, or left out."""
        found, fields = await self._asked(request)
        missed = fields.get("missed", _MISSED[0])
        await self._desk.change(found["id"], {"paused": False, "missed": missed})
        return self._back(found)

    async def test(self, request: Request) -> Response:
        """Send a test message, and show what became of it."""
        found, _ = await self._asked(request)
        sent = await self._desk.test(found["id"])
        return onward(f"{_AT}/{found['id']}/deliveries?show={sent['delivery']}")

    async def rotate(self, request: Request) -> Response:
        """A new secret, shown this once."""
        found, _ = await self._asked(request)
        if found["channel"]["type"] != "webhook":
            raise Refused.field("subscription", "only webhooks are signed")
        secret = await self._desk.rotate(found["id"])
        shown = {"cache-control": "no-store"}
        return self._page(
            request, "secret.html", headers=shown, one=found, secret=secret, new=False
        )

    async def enable(self, request: Request) -> Response:
        """Send to one again that was disabled."""
        found, fields = await self._asked(request)
        await self._desk.enable(found["id"], skip=fields.get("missed") == _MISSED[1])
        return self._back(found)

    async def ask(self, request: Request) -> Response:
        """Ask its mailbox once more."""
        found, _ = await self._asked(request)
        await self._desk.ask_again(found["id"])
        return self._back(found)

    async def unsubscribe(self, request: Request) -> Response:
        """End it."""
        found, fields = await self._asked(request)
        if not fields.get("sure"):
            raise Refused.field("sure", "tick that you are: what is ended does not come back")
        await self._desk.unsubscribe(found["id"])
        return onward(_AT)

    async def _asked(self, request: Request) -> tuple[dict[str, Any], Any]:
        """The caller's own subscription, and the fields of a form of ours."""
        found = await owned(self._desk, request)
        fields = await self._site.form(request)
        acted(request, found["id"])
        return found, fields

    async def _kept(self, request: Request) -> Report:
        kept = await self._desk.watchlist(ident(request))
        if kept is None:
            raise Refused.field("watchlist", "its companies are not from a watchlist")
        return unpacked(kept)

    def _back(self, found: dict[str, Any]) -> Response:
        return onward(f"{_AT}/{found['id']}")

    def _page(self, request: Request, template: str, **values: Any) -> Response:
        names = {info.id: info.name for info in self._site.service.standing.registry}
        return self._site.page(request, template, words=alert_words, names=names, **values)
