"""What came in one body: events, each with where it stood, and what became of it, told in kind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from starlette.responses import Response

from events.admitted import MAX_EVENT_BYTES, Admitted
from events.errors import Problem, Refused
from events.log import Outcome, Receipt
from service.api.answers import JSON_LINES, answer, lines
from service.api.problems import problem, told

Shape = Literal["one", "array", "lines"]

_LINES: Final = ("ndjson", "jsonl", "jsonlines", "json-seq")
_UTF8_MARK: Final = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Sent:
    """One event of a body. `number` is its index in an array (from 0), its line else (from 1)."""

    number: int
    raw: Any
    problems: tuple[Problem, ...] = ()
    admitted: Admitted | None = None
    receipt: Receipt | None = None

    @property
    def id(self) -> str | None:
        """Its id, where it has one so far."""
        if self.admitted is not None:
            return self.receipt.id if self.receipt else self.admitted.id
        given = self.raw.get("id") if isinstance(self.raw, dict) else None
        return given if isinstance(given, str) else None

    @property
    def outcome(self) -> Outcome:
        """What became of it."""
        return self.receipt.outcome if self.receipt and not self.problems else "rejected"


@dataclass(slots=True)
class Parcel:
    """All of a body."""

    shape: Shape
    sent: list[Sent]

    @property
    def good(self) -> list[Sent]:
        """What has passed so far."""
        return [one for one in self.sent if not one.problems]


def unpacked(content: bytes, content_type: str) -> Parcel:
    """Read a body as one event, an array, or JSON Lines. Raises `Refused` where it is none."""
    content = content.removeprefix(_UTF8_MARK)
    if any(word in content_type.lower() for word in _LINES):
        return _lines(content)
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        first, *rest = content.strip().split(b"\n", 1)
        if rest and _is_an_object(first):
            return _lines(content)
        raise Refused.field("", f"the body is no JSON: {error}") from None
    if isinstance(found, list):
        return Parcel("array", [Sent(number, raw) for number, raw in enumerate(found)])
    return Parcel("one", [Sent(0, found)])


def _is_an_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _lines(content: bytes) -> Parcel:
    sent = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line or line.isspace():
            continue
        try:
            sent.append(Sent(number, orjson.loads(line)))
        except orjson.JSONDecodeError as error:
            sent.append(Sent(number, None, (Problem("", f"no JSON: {error}"),)))
    return Parcel("lines", sent)


def check(sent: Sent, admit: Callable[[object], Admitted], *, backfill: bool) -> None:
    """See one event through the door; what is wrong with it is kept with it."""
    if sent.problems:
        return
    if backfill and isinstance(sent.raw, dict):
        sent.raw["backfill"] = True
    try:
        admitted = admit(sent.raw)
        size = len(admitted.body)
    except Refused as error:
        sent.problems = error.problems
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        sent.problems = (Problem("", f"cannot be kept as JSON: {error}"),)
    else:
        sent.admitted = admitted
        if size > MAX_EVENT_BYTES:
            sent.problems = (Problem("", f"{size} bytes; at most {MAX_EVENT_BYTES} are taken"),)


def settle(sent: Sent, receipt: Receipt) -> None:
    """What the log said of it."""
    sent.receipt = receipt
    if receipt.outcome == "rejected":
        sent.problems = (receipt.problem or Problem("", "not taken"),)


def reply(parcel: Parcel) -> Response:
    """The answer in kind; a problem where none of it was taken."""
    refused = [one for one in parcel.sent if one.problems]
    if refused and len(refused) == len(parcel.sent):
        return _nothing_taken(parcel)
    if parcel.shape == "one":
        return answer(_outcome(parcel, parcel.sent[0]))
    if parcel.shape == "array":
        return answer(list(_outcomes(parcel)))
    return Response(b"".join(lines(_outcomes(parcel))), media_type=JSON_LINES)


def _nothing_taken(parcel: Parcel) -> Response:
    first = parcel.sent[0]
    if parcel.shape == "one":
        conflict = first.receipt is not None and first.problems[0].field == "id"
        status, kind = (409, "conflict") if conflict else (422, "refused")
        detail = "; ".join(map(str, first.problems))
        return problem(status, kind, detail, told(first.problems))
    word = "index" if parcel.shape == "array" else "line"
    errors = [{word: one.number, **error} for one in parcel.sent for error in told(one.problems)]
    detail = f"none of {len(parcel.sent)} events was taken; {word} {first.number}: " + "; ".join(
        map(str, first.problems)
    )
    return problem(422, "refused", detail, errors, results=list(_outcomes(parcel)))


def _outcomes(parcel: Parcel) -> Iterator[dict[str, Any]]:
    for one in parcel.sent:
        yield _outcome(parcel, one)


def _outcome(parcel: Parcel, sent: Sent) -> dict[str, Any]:
    if not sent.problems and sent.receipt is not None:
        return sent.receipt.shown()
    where = {"array": {"index": sent.number}, "lines": {"line": sent.number}, "one": {}}
    return {
        "id": sent.id,
        "position": None,
        "outcome": "rejected",
        **where[parcel.shape],
        "error": "; ".join(map(str, sent.problems)),
        "errors": told(sent.problems),
    }
