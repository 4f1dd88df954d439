"""Which companies may be one: found, never decided. Pure.

Two entries of one source are two companies until a person says otherwise, and so are two companies
of nearly one name. What speaks for their being one is kept as a pair, to be asked about once.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from events import vocabulary as words
from events.ids import derived_id
from projections.screening import Holding, Index, plain

Kind = Literal["relisted", "identifier", "name"]

LIKE: Final = 0.85
"""How like names must be to be asked about, where nothing else speaks for it."""
RELISTED: Final = 0.80
"""How like, where one was taken off as the other was put on."""
_MOST_SHARING: Final = 5
"""What more companies than so many have as an identifier names none of them."""
_SHORTEST: Final = 4
"""Letters and digits of an identifier: what is shorter is the beginning of one, or none."""
_OF_ITS_OWN: Final = frozenset({"person", "vessel", "aircraft"})
"""Kinds that are never one with another."""


class Pair(NamedTuple):
    """Two companies that may be one, by id."""

    first: str
    second: str
    kind: Kind
    score: float
    because: str
    """What speaks for it, for a person."""


class Turn(NamedTuple):
    """A listing that a publication began or ended."""

    list: str
    announced: str
    """As written: the same for all that one publication shows."""
    company: str
    ended: bool
    event: str


MADE_OF: Final = "same-"
"""The beginning of the ids of these questions."""


def question_id(one: str, other: str) -> str:
    """The id of the question whether two companies are one: the same in whatever order."""
    return f"{MADE_OF}{derived_id(['same', *sorted((one, other))])[:13]}"


def pairs(index: Index, company: str) -> Iterator[Pair]:
    """The companies that one may be the same as, by identifiers and names."""
    described = index.described(company)
    best: dict[str, Pair] = {}
    for one in described["identifiers"]:
        found = index.find(Holding(identifier=one["value"]))
        sharing = [match for match in found if match.by in ("isin", "lei", "identifier")]
        if len(plain(one["value"])) >= _SHORTEST and len(sharing) <= _MOST_SHARING:
            for match in sharing:
                because = f"both have {one['scheme']} {one['value']}"
                pair = _pair(company, match.company, "identifier", match.score, because)
                best.setdefault(match.company, pair)
    for text in (described["name"], *described["aliases"]):
        for match in index.by_name(text, LIKE) if text else ():
            known = best.get(match.company)
            if known is None or (known.kind == "name" and known.score < match.score):
                because = f"{text!r} is like {match.matched!r}"
                best[match.company] = _pair(company, match.company, "name", match.score, because)
    for other, pair in best.items():
        if other != company and _may_be_one(described, index.described(other)):
            yield pair


def relisted(index: Index, turns: Collection[Turn]) -> Iterator[Pair]:
    """Of what one publication did to one list: who was taken off, and who was put on under another
    id and a like name. Each company is asked about once."""
    began = {one.company for one in turns if not one.ended and index.present(one.company)}
    for gone in sorted({one.company for one in turns if one.ended} - began):
        if index.present(gone) != gone:
            continue
        described = index.described(gone)
        found = [
            match
            for text in (described["name"], *described["aliases"])
            if text
            for match in index.by_name(text, RELISTED)
            if match.company in began
        ]
        if best := max(found, key=lambda one: one.score, default=None):
            began.discard(best.company)
            turn = next(iter(turns))
            because = f"one taken off {turn.list}, the other put on it, at {turn.announced}"
            yield _pair(gone, best.company, "relisted", best.score, because)


def turn(event: Mapping[str, Any]) -> Turn | None:
    """What an event does to a listing with an id of its own, where it does. What was seen on the
    first publication did not begin then."""
    data = event["data"]
    ended = event["type"] == words.REMOVAL_ISSUED
    if not (ended or event["type"] == words.DESIGNATION_ISSUED) or "reference" not in data:
        return None
    if data.get("effective_basis") == "baseline":
        return None
    announced = data.get("announced") or data["effective"]
    return Turn(data["list"], announced, event["subject"], ended, event["id"])


def _pair(company: str, other: str, kind: Kind, score: float, because: str) -> Pair:
    first, second = sorted((company, other))
    return Pair(first, second, kind, score, because)


def _may_be_one(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    kinds = {one["kind"], other["kind"]}
    return len(kinds) == 1 or not kinds & _OF_ITS_OWN
