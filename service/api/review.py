"""Review: open questions, and deciding them."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from events.errors import Refused
from service.api import operations
from service.api.answers import answer
from service.api.asking import Asking
from service.api.audited import acted
from service.api.body import read_json
from service.api.query import Query
from service.deciding import Queue
from service.review import Ruling, Verdict, in_short

_PAGE: Final = 100
_MOST: Final = 10_000
_QUERY: Final = frozenset({"limit", "at_least"})
_BODY: Final = frozenset({"verdict", "by", "why", "into", "companies", "new_companies"})
_SEVERAL: Final = frozenset({"companies", "new_companies"})
_VERDICTS: Final = ("accepted", "refused", "undone")


class Reviewing:
    """`/v1/review`."""

    def __init__(self, queue: Queue, asking: Asking) -> None:
        self._queue = queue
        self._asking = asking
        self.router = APIRouter()
        add = self.router.add_api_route
        add("/v1/review", self.open, **operations.REVIEW)
        add("/v1/review/{question}", self.question, **operations.QUESTION)
        add("/v1/review/{question}", self.decide, methods=["POST"], **operations.DECIDE)

    async def open(self, request: Request) -> Response:
        """What nothing here decides by itself: whether two companies are one. Those that one
        publication took off and put on under another id come first, as one question each."""
        query = Query(request, _QUERY)
        await self._asking.until(query)
        limit = query.number("limit", _PAGE, _MOST)
        found = await self._queue.ask(lambda review: review.open())
        return answer({"count": len(found), "questions": [in_short(one) for one in found[:limit]]})

    async def question(self, request: Request) -> Response:
        """A question with both sides next to each other, and what was decided, where it was."""
        Query(request, frozenset())
        key = request.path_params["question"]
        return answer(await self._queue.ask(lambda review: review.shown(key)))

    async def decide(self, request: Request) -> Response:
        """Accept a question (one company is merged into the other), refuse it (a note says so), or
        undo what was decided. Who decides, and why, is recorded."""
        Query(request, frozenset())
        key, said = request.path_params["question"], _said(await read_json(request))
        ruling = _ruling(said)
        if ruling is None:
            receipts = await self._queue.undo(key, said["by"], said["why"])
        else:
            receipts = await self._queue.decide(key, ruling)
        acted(request, key, detail=said["verdict"])
        return answer({"recorded": [one.shown() for one in receipts]})


def _ruling(said: Mapping[str, Any]) -> Ruling | None:
    if said["verdict"] == "undone":
        return None
    verdict: Verdict = "accepted" if said["verdict"] == "accepted" else "refused"
    both = said.get("companies", ()), said.get("new_companies", ())
    return Ruling(verdict, said["by"], said["why"], said.get("into"), *both)


def _said(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused.field("", "the body is no object with verdict, by and why")
    for name, value in body.items():
        if name not in _BODY:
            raise Refused.field(name[:100], f"unknown; known are {', '.join(sorted(_BODY))}")
        if name in _SEVERAL:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise Refused.field(name, f"{value!r} is no list of ids or names")
        elif not isinstance(value, str):
            raise Refused.field(name, f"{value!r} is no text")
    if body.get("verdict") not in _VERDICTS:
        raise Refused.field("verdict", f"is none of {', '.join(_VERDICTS)}")
    return {"by": "", "why": "", **body}
