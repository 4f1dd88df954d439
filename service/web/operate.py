"""For whoever runs it: how far behind, who is parked, what is to come, and what waits."""

from collections.abc import Iterator
from typing import Any, Final

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from alerts.desk import Desk
from events import vocabulary
from events.dates import show
from events.errors import StoreError, UnknownCompany
from events.log import Record
from projections.reader import Parked
from service.api.answers import answer
from service.api.audited import acted
from service.api.gate import who_asks
from service.api.operating import Operating
from service.api.query import Query
from service.api.streams import Streams
from service.freshness import WATCHING, freshness
from service.poison import poison
from service.watching import Notebook
from service.web import alert_words
from service.web.site import Site, onward

_PARKED: Final = 20
_FLIPS: Final = 20
_ENDPOINTS: Final = 500
_SHOWN: Final = 50
_REJECTED: Final = 50
_LONGEST: Final = 4_000


class OperatePage:
    """`/operate`."""

    def __init__(self, site: Site, operating: Operating, streams: Streams) -> None:
        self._site = site
        self._operating = operating
        self._streams = streams
        self._service = site.service
        self._readers = site.service.standing.readers()
        site.add("/operate", self.operate)
        site.add("/operate/rejected", self.rejected)
        site.add("/operate/release", self.release, method="POST")

    async def operate(self, request: Request) -> Response:
        """All of it on one page."""
        query = Query(request, frozenset({"released", "still"}))
        standing = self._service.standing
        trouble, poisons, fresh, troubles = await run_in_threadpool(self._looked_up)
        told: dict[str, Any] = {
            "position": str(self._service.position),
            "partitions": list(self._partitions()),
            "filling": self._service.following.filling,
            "trouble": trouble,
            "parked": poisons,
            "parked_count": len(self._service.following.parked),
            "flips": self._flips(),
            "lists": fresh,
            "sources": troubles,
            "streams": {"open": self._streams.open, "most": self._streams.most},
            "skipped": self._service.following.skipped,
            "unreadable": self._service.following.unreadable,
            **await self._alerts(request),
        }
        if self._site.kind(request) == "json":
            return answer(told)
        names = {info.id: info.name for info in standing.registry}
        return self._site.page(
            request,
            "operate.html",
            told=told,
            now=show(standing.clock()),
            names=names,
            words=alert_words,
            kafka=standing.settings.kafka is not None,
            released=query.one("released"),
            still=query.one("still"),
        )

    async def rejected(self, request: Request) -> Response:
        """The latest records on Kafka that do not count, and why."""
        Query(request, frozenset())
        from service.rejected import rejected  # noqa: PLC0415 - of no use without Kafka

        kafka = self._service.standing.settings.kafka
        found = [] if kafka is None else await rejected(kafka, _REJECTED)
        if self._site.kind(request) == "json":
            return answer({"rejected": found})
        for one in found:
            one["shown"] = _pretty(one["event"] or one["raw"])
        return self._site.page(request, "rejected.html", some=found, kafka=kafka is not None)

    async def release(self, request: Request) -> Response:
        """Try a parked company again; where it is asked for, retract the event first that cannot
        be folded."""
        fields = await self._site.form(request)
        company, event = str(fields.get("company", "")), str(fields.get("event", ""))
        if event:
            await self._retract(request, company, event, str(fields.get("reason", "")).strip())
        why = self._operating.release(request, company)
        acted(request, company, "release", event)
        said = f"still={company}" if why else f"released={company}"
        return onward(f"/operate?{said}")

    async def _retract(self, request: Request, company: str, event: str, reason: str) -> None:
        found = await run_in_threadpool(self._poison, company)
        subject = company if found is None or found.id != event else found.subject
        data = {"event": event, "reason": f"{reason or 'cannot be folded'} ({_who(request)})"}
        raw = {"type": vocabulary.EVENT_RETRACTED, "subject": subject, "data": data}
        self._operating.releasable(company)
        await self._service.record([self._service.standing.admit(raw)])

    def _looked_up(self) -> tuple[str | None, list[dict[str, Any]], list[Any], list[str]]:
        """What takes long."""
        standing = self._service.standing
        parked = sorted(self._service.following.parked.items())[:_PARKED]
        poisons = [
            {"company": company, "why": why, "event": _told(self._poison(company))}
            for company, why in parked
        ]
        fresh = [one._asdict() for one in freshness(standing)]
        troubles = Notebook(standing.settings.home / WATCHING).troubles()
        return standing.trouble(), poisons, fresh, troubles

    def _poison(self, company: str) -> Record | None:
        self._readers.refresh()
        return poison(self._service.standing, self._readers, company)

    def _partitions(self) -> Iterator[dict[str, Any]]:
        following, lags = self._service.following, self._service.lags
        for number, end in sorted(following.ends.items()):
            at = following.position.get(number, -1)
            share = 100 if end < 0 else max(0, min(100, (at + 1) * 100 // (end + 1)))
            yield {"partition": number, "at": at, "end": end, "lag": lags[number], "share": share}

    def _flips(self) -> list[dict[str, Any]]:
        """The next that need no event, each with what it brings."""
        stores = self._service.store.stores
        dues = sorted(due for one in stores for due in one.dues())[:_FLIPS]
        found = []
        for due, company in dues:
            told: dict[str, Any] = {"at": show(due), "company": company, "lists": []}
            try:
                status = self._site.asking.status(company)
            except (Parked, UnknownCompany):
                continue
            told["name"] = status["name"]
            told["lists"] = [
                {"list": one["list"], "now": one["status"], **one["next"]}
                for one in status["lists"]
                if one["next"]
            ]
            found.append(told)
        return found

    async def _alerts(self, request: Request) -> dict[str, Any]:
        """What waits, for the receivers that the caller may see."""
        try:
            desk: Desk = self._service.desk()
            sees = who_asks(request).sees
            some = await desk.page(sees, None, _ENDPOINTS)
            ill = [one["id"] for one in some if one["state"] != "active"]
            behind = [ident for ident, _, _ in await desk.longest(sees)]
            first = list(dict.fromkeys([*behind, *ill]))[:_SHOWN]
            each = [await desk.subscription(ident) for ident in first]
            return {"alerts": await desk.measured(), "endpoints": each, "no_desk": None}
        except StoreError as error:
            return {"alerts": {}, "endpoints": [], "no_desk": str(error)}


def _told(found: Record | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "id": found.id,
        "position": found.position,
        "recorded": show(found.recorded),
        "type": found.event["type"],
        "subject": found.subject,
        "data": _pretty(found.event["data"]),
    }


def _pretty(value: Any) -> str:
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _who(request: Request) -> str:
    return who_asks(request).owner
