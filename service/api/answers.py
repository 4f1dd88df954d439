"""Answers: JSON as bytes, streams that let go of what they hold, and the way to a new id."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from typing import Any, Final, TypeVar

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from service.formats import MEDIA_TYPES

JSON: Final = "application/json"
JSON_LINES: Final = MEDIA_TYPES["jsonl"]

KindT = TypeVar("KindT")


class NotAcceptable(Exception):
    """Nothing that `Accept` names is served here."""


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(value), status, headers, media_type=JSON)


def lines(values: Iterator[Any]) -> Iterator[bytes]:
    """JSON Lines, one value each."""
    for value in values:
        yield orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def accepted(request: Request, served: Mapping[str, KindT], default: KindT) -> KindT:
    """What of `served` the `Accept` header wants most (RFC 9110, 12.5.1).

    Raises `NotAcceptable`."""
    header = request.headers.get("accept")
    if not header:
        return default
    found: KindT | None = None
    best = 0.0
    for part in header.split(","):
        name, *parameters = (text.strip().lower() for text in part.split(";"))
        weight = _weight(parameters)
        kind = default if name in ("*/*", "application/*") else served.get(name)
        if kind is not None and weight > best:
            found, best = kind, weight
    if found is None:
        raise NotAcceptable(f"{header!r} names none of {', '.join(served)}")
    return found


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


async def streamed(
    pieces: Generator[bytes, None, None],
    media_type: str,
    let_go: Callable[[], None] = lambda: None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An answer whose pieces are made one by one on another thread, as they are read.

    The first is made before anything is sent, so that a question that is refused is refused with
    its status. When the last is sent, or nobody reads any more, `pieces` is closed, then `let_go`
    is called.
    """

    def end() -> None:
        pieces.close()
        let_go()

    try:
        first = await run_in_threadpool(next, pieces, b"")
    except BaseException:
        end()
        raise

    async def rest() -> AsyncIterator[bytes]:
        try:
            piece = first
            while piece:
                yield piece
                piece = await run_in_threadpool(next, pieces, b"")
        finally:
            end()

    return StreamingResponse(rest(), headers=headers, media_type=media_type)


def moved(request: Request, company: str, present: str) -> Response:
    """A merged id answers with the way to the one that it now counts for, the question kept."""
    path = str(request.scope["path"]).replace(f"/companies/{company}", f"/companies/{present}", 1)
    query = request.scope["query_string"].decode("latin-1")
    root = request.scope.get("root_path", "")
    location = f"{root if not path.startswith(root) else ''}{path}{'?' * bool(query)}{query}"
    return Response(
        orjson.dumps({"company": company, "merged_into": present}),
        308,
        {"location": location},
        JSON,
    )
