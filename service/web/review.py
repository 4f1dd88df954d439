"""The queue of review: what a person decides, both sides next to each other."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from events.errors import Problem, Refused, UnknownCompany
from projections.reader import Parked
from service.api.answers import answer
from service.api.audited import acted
from service.api.query import Query
from service.deciding import Queue
from service.review import Question, Review, Ruling, UnknownQuestion, Verdict, in_short
from service.web.site import Site, onward

_PAGE: Final = 10
_MOST_PAGES: Final = 100_000
_DECIDED: Final = 200
_QUERY: Final = frozenset({"page", "kind", "state", "by", "done"})
KINDS: Final = {
    "still-shown": "Taken off, and still shown elsewhere",
    "relisted": "Taken off and put on again under another id",
    "identifier": "The same identifier",
    "name": "Alike names",
    "proposal": "A document that names nobody for sure",
}
VERDICTS: Final = ("accepted", "refused", "undone")
_RULINGS: Final[Mapping[str, Verdict]] = {"accepted": "accepted", "refused": "refused"}
MEANS: Final = {
    "still-shown": ("It still stands", "It is off"),
    "relisted": ("One and the same", "Two of them"),
    "identifier": ("One and the same", "Two of them"),
    "name": ("One and the same", "Two of them"),
    "proposal": ("Record it of these", "Record nothing"),
}
"""What it means to accept, and to refuse."""


class ReviewPages:
    """`/review` and `/review/{question}`."""

    def __init__(self, site: Site, queue: Queue) -> None:
        self._site = site
        self._queue = queue
        site.add("/review", self.open)
        site.add("/review/{question}", self.one)
        site.add("/review/{question}", self.decide, method="POST", name="decide")

    async def open(self, request: Request) -> Response:
        """Those that are not decided, the most pressing first; or those that are."""
        query = Query(request, _QUERY, frozenset())
        if query.one("state") == "decided":
            return await self._decided(request)
        page, kind = query.number("page", 1, _MOST_PAGES), query.one("kind")
        if kind is not None and kind not in KINDS:
            raise Refused.field("kind", f"unknown {kind!r}; known are {', '.join(KINDS)}")
        first = (page - 1) * _PAGE

        def look(review: Review) -> tuple[dict[str, int], list[dict[str, Any]]]:
            found = review.open()
            counts = {name: sum(one.kind == name for one in found) for name in KINDS}
            some = [one for one in found if kind in (None, one.kind)]
            return counts, [_shown(review, one) for one in some[first : first + _PAGE]]

        counts, some = await self._queue.ask(look)
        if self._site.kind(request) == "json":
            return answer({"count": sum(counts.values()), "questions": some})
        total = sum(counts.values()) if kind is None else counts[kind]
        return self._drawn(
            request,
            some,
            counts=counts,
            kind=kind,
            page=page,
            pages=-(-total // _PAGE),
            done=query.one("done"),
            entered={"by": query.one("by") or ""},
        )

    async def one(self, request: Request) -> Response:
        """A question, and what was decided, where it was."""
        query = Query(request, frozenset({"by"}))
        found = await self._question(request)
        if self._site.kind(request) == "json":
            return answer(found)
        return self._drawn(request, [found], entered={"by": query.one("by") or ""})

    async def decide(self, request: Request) -> Response:
        """Accept, refuse, or undo; with who, and why."""
        fields = await self._site.form(request)
        entered = {name: str(value) for name, value in fields.items()}
        key = str(request.path_params["question"])
        try:
            await self._do(key, entered)
        except Refused as refused:
            problems = refused.problems
            try:
                found = await self._question(request)
            except UnknownQuestion:  # of two that are one by now, nobody asks any more
                raise refused from None
            return self._drawn(request, [found], 422, problems=problems, entered=entered)
        acted(request, key, "review", entered["verdict"])
        kept = {name: entered.get(name, "") for name in ("page", "kind", "by")}
        kept = {name: value for name, value in kept.items() if value not in ("", "1")}
        return onward(f"/review?{urlencode({**kept, 'done': key})}")

    async def _do(self, key: str, entered: Mapping[str, str]) -> None:
        verdict, by, why = (entered.get(name, "").strip() for name in ("verdict", "by", "why"))
        said = _RULINGS.get(verdict)
        if verdict == "undone":
            await self._queue.undo(key, by, why)
        elif said is not None:
            into = entered.get("into", "") or None
            lines = (entered.get(name, "").splitlines() for name in ("companies", "new_companies"))
            known, fresh = ([one.strip() for one in some if one.strip()] for some in lines)
            if said == "refused":
                into, known, fresh = None, [], []
            await self._queue.decide(key, Ruling(said, by, why, into, known, fresh))
        else:
            raise Refused.field("verdict", f"is none of {', '.join(VERDICTS)}")

    async def _question(self, request: Request) -> dict[str, Any]:
        key = str(request.path_params["question"]).removesuffix(".json")
        return await self._queue.ask(lambda review: review.shown(key))

    async def _decided(self, request: Request) -> Response:
        found = await self._queue.ask(lambda review: review.decisions())
        signed = self._site.tokens is not None
        return self._site.page(
            request,
            "decided.html",
            some=found[::-1][:_DECIDED],
            count=len(found),
            by=request.scope["caller"].owner if signed else "",
        )

    def _drawn(
        self,
        request: Request,
        some: Sequence[Mapping[str, Any]],
        code: int = 200,
        *,
        problems: Sequence[Problem] = (),
        entered: Mapping[str, str],
        **more: Any,
    ) -> Response:
        signed = self._site.tokens is not None
        caller = request.scope["caller"].owner if signed else ""
        names = {info.id: info.name for info in self._site.service.standing.registry}
        whole: dict[str, Any] = {"counts": None, "kind": None, "page": 1, "pages": 1, "done": None}
        return self._site.page(
            request,
            "review.html",
            code,
            questions=[{**one, "shared": _shared(one["sides"])} for one in some],
            problems=problems,
            entered={"by": caller, **{name: value for name, value in entered.items() if value}},
            kinds=KINDS,
            means=MEANS,
            names=names,
            **{**whole, **more},
        )


def _shown(review: Review, question: Question) -> dict[str, Any]:
    """With both sides, as far as anything can be said of them."""
    try:
        return review.shown(question.id)
    except (Parked, UnknownCompany) as error:
        return {**in_short(question), "sides": [], "decision": None, "trouble": str(error)}


def _shared(sides: Sequence[Mapping[str, Any]]) -> set[str]:
    """The identifiers that more than one side has."""
    seen: set[str] = set()
    found: set[str] = set()
    for side in sides:
        values = {f"{one['scheme']} {one['value']}" for one in side["identifiers"]}
        found |= seen & values
        seen |= values
    return found
