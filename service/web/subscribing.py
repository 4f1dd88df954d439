"""Subscribing: the form, what it would have brought, and changing it later."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import available_timezones

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from alerts.desk import Desk
from alerts.preview import YEAR
from alerts.targets import CHATS, WebhookTarget
from events.errors import Problem, Refused
from events.vocabulary import RESTRICTION_KINDS, STATUSES
from service.api.audited import acted
from service.api.gate import who_asks
from service.api.query import Query
from service.holdings import Sheet, meaning, read_csv, read_json
from service.resolving import Resolving
from service.watchlist import MOST, Report, companies, packed
from service.web import alert_words, wishes
from service.web.owning import ident, owned
from service.web.site import Site, onward
from service.web.wishes import Entered

_SINCE: Final = {YEAR: "the past year", "P5Y": "the past five years", "beginning": "all there is"}
_SHOWN: Final = 20
_LARGEST: Final = 900_000
"""Bytes of a watchlist that comes back in the form; larger ones go to the API."""
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_APART: Final = re.compile(r"[,;\t|]")
_OTHERS: Final = 200
_PULL: Final = "pull"
_ONE: Final = "/subscriptions/{subscription}/change"


class Draft:
    """What the form asks for: read, with whom a watchlist means. `waits`: it changes what has a
    watchlist of whom nobody is known yet."""

    def __init__(
        self, entered: Entered, report: Report | None = None, *, waits: bool = False
    ) -> None:
        self.entered = entered
        self.report = report
        self.waits = waits

    def read(self, entered: Entered, report: Report | None) -> "Draft":
        """With the rows of a watchlist, and whom they mean."""
        return Draft(entered, report, waits=self.waits)

    def meant(self) -> dict[str, list[str]]:
        """The filter, with the companies of the watchlist among its own."""
        filter_ = wishes.filter_of(self.entered)
        if self.waits:  # no company is nobody, and not everybody
            filter_.setdefault("companies", [])
        if self.report is not None:
            named = [*filter_.get("companies", ()), *companies(self.report)]
            filter_["companies"] = list(dict.fromkeys(named))
        return filter_


class Subscribing:
    """`/subscriptions/new` and `/subscriptions/{id}/change`."""

    def __init__(self, site: Site, resolving: Resolving) -> None:
        self._site = site
        self._resolving = resolving
        site.add(wishes.FORM, self.new)
        site.add("/subscriptions/preview", self.preview, method="POST")
        site.add("/subscriptions", self.subscribe, method="POST")
        site.add(_ONE, self.as_it_is)
        site.add(f"{_ONE}/preview", self.preview, method="POST", name="preview")
        site.add(_ONE, self.change, method="POST")

    @property
    def _desk(self) -> Desk:
        return self._site.service.desk()

    async def new(self, request: Request) -> Response:
        """The empty form, with what the address says filled in."""
        query = Query(request, wishes.NEW, wishes.REPEATED)
        del query  # it was read for what is unknown in it
        return await self._drawn(
            request, Draft(wishes.from_address(request.query_params.multi_items()))
        )

    async def as_it_is(self, request: Request) -> Response:
        """The form of a subscription that is there."""
        known = await owned(self._desk, request)
        draft = Draft(wishes.of_subscription(known), waits=_waits(known))
        return await self._drawn(request, draft, known=known)

    async def preview(self, request: Request) -> Response:
        """What it would have sent. Nothing is kept."""
        known = await self._known(request)
        draft, file = await self._sent(request, known)
        try:
            draft = await self._read(draft, file)
            found = await self._previewed(draft)
        except Refused as refused:
            return await self._refused(request, draft, refused, known)
        return await self._drawn(request, draft, known=known, preview=found)

    async def subscribe(self, request: Request) -> Response:
        """Keep it. The secret of a webhook is shown this once."""
        draft, file = await self._sent(request)
        owner = who_asks(request).owner
        try:
            draft = await self._read(draft, file)
            if draft.entered.one("type") == _PULL:
                raise Refused.field("channel", "nothing is to be kept: see the addresses below")
            raw = {**wishes.asked(draft.entered), "filter": draft.meant()}
            kept = packed(draft.report) if draft.report else None
            made, secret = await self._desk.subscribe(raw, owner=owner, watchlist=kept)
        except Refused as refused:
            return await self._refused(request, draft, refused, None)
        acted(request, made.id)
        if not isinstance(made.request.channel, WebhookTarget):
            return onward(f"/subscriptions/{made.id}")
        told = made.shown()
        return self._site.page(
            request,
            "secret.html",
            201,
            {"cache-control": "no-store"},
            one=told,
            secret=secret,
            new=True,
        )

    async def change(self, request: Request) -> Response:
        """Have it otherwise from now on."""
        known = await owned(self._desk, request)
        draft, file = await self._sent(request, known)
        try:
            draft = await self._read(draft, file)
            wish = {**wishes.wish(draft.entered, known), "filter": draft.meant()}
            kept = packed(draft.report) if draft.report else None
            await self._desk.change(ident(request), wish, watchlist=kept)
        except Refused as refused:
            return await self._refused(request, draft, refused, known)
        acted(request, ident(request), "change", ", ".join(sorted(wish)))
        return onward(f"/subscriptions/{ident(request)}")

    async def _known(self, request: Request) -> Mapping[str, Any] | None:
        if "subscription" not in request.path_params:
            return None
        return await owned(self._desk, request)

    async def _sent(
        self, request: Request, known: Mapping[str, Any] | None = None
    ) -> tuple[Draft, bytes]:
        """What was entered, and the file that came with it."""
        fields = await self._site.form(request)
        file = fields.get("file")
        body = await file.read(_LARGEST + 1) if isinstance(file, UploadFile) else b""
        await fields.close()
        entered = Entered.of(fields.multi_items())
        return Draft(entered, waits=known is not None and _waits(known)), body

    async def _read(self, draft: Draft, file: bytes) -> Draft:
        """With its watchlist. Raises `Refused` where nobody can be made of that."""
        entered = draft.entered.with_rows(_text(file)) if file else draft.entered
        rows = entered.one("rows")
        if not rows:
            return draft.read(entered, None)
        likely = bool(entered.one("likely"))
        return draft.read(entered, await self._resolving.resolved(_sheet(rows), likely=likely))

    async def _previewed(self, draft: Draft) -> dict[str, Any]:
        since = draft.entered.one("since", YEAR)
        return await self._desk.preview(
            draft.meant(), since, backfill=bool(draft.entered.one("backfill")), limit=_SHOWN
        )

    async def _refused(
        self,
        request: Request,
        draft: Draft,
        refused: Refused,
        known: Mapping[str, Any] | None,
    ) -> Response:
        return await self._drawn(request, draft, known=known, code=422, problems=refused.problems)

    async def _drawn(
        self,
        request: Request,
        draft: Draft,
        *,
        code: int = 200,
        known: Mapping[str, Any] | None = None,
        preview: Mapping[str, Any] | None = None,
        problems: Sequence[Problem] = (),
    ) -> Response:
        settings = self._site.service.standing.settings
        owner = known["owner"] if known else who_asks(request).owner
        others = await self._desk.page(owner, limit=_OTHERS)
        backfill = bool(draft.entered.one("backfill"))
        return self._site.page(
            request,
            "subscribe.html",
            code,
            {"cache-control": "no-store"},
            entered=draft.entered,
            report=draft.report,
            waits=draft.waits,
            known=known,
            preview=preview,
            problems=[(wishes.field_of(one), one) for one in problems],
            pulled=wishes.pulled(draft.meant(), backfill=backfill),
            since=_SINCE,
            words=alert_words,
            lists=list(self._site.service.standing.registry),
            status_names=STATUSES,
            kinds_of_restriction=RESTRICTION_KINDS,
            chats=CHATS,
            named=sorted(settings.chat),
            mails=settings.mail is not None and settings.public_url is not None,
            zones=sorted(available_timezones()),
            others=[one for one in others if known is None or one["id"] != known["id"]],
        )


def _text(body: bytes) -> str:
    if len(body) > _LARGEST:
        raise Refused.field(
            "watchlist", f"is more than {_LARGEST:,} bytes; send it to the API, or in pieces"
        )
    encoding = "utf-16" if body[:2] in _UTF_16 else "utf-8-sig"
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        raise Refused.field("watchlist", "is no text in UTF-8") from None


def _sheet(text: str) -> Sheet:
    """Rows under a heading; without one that is known, a name on each line."""
    names = [line.strip() for line in text.splitlines() if line.strip()]
    heads = _APART.split(names[0]) if names else []
    if names and not any(meaning(one.strip('" ')) for one in heads):
        return read_json({"names": names}, MOST)
    return read_csv(io.BytesIO(text.encode()), "watchlist")


def _waits(known: Mapping[str, Any]) -> bool:
    return bool(known["filter"].get("companies") == [])
