"""The query of a request, read strictly: a misspelt cut-off that was passed over would be
answered as if it had not been asked for."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

from starlette.requests import Request

from events.errors import Refused
from projections.reader import EVERYTHING, Question

CUTS: Final = ("as_of", "announced_by", "known_at")
STATUS: Final = frozenset({*CUTS, "list", "at_least"})
"""What a question about one company's standing may say."""
REPEATED: Final = frozenset({"list", "kind"})
_STRICT: Final = "/v1/"
_MAY_BE_EMPTY: Final = frozenset({"q", "after"})
_MOST_PARAMETERS: Final = 1_000
_SHORT: Final = 100
_LOST_PLUS: Final = re.compile(r"(T[0-9:.]+) (\d{2}:\d{2})")


class Query:
    """The parameters that were given, out of those that are known here. On a page, one that is
    empty counts as not given, as forms send it; under /v1 it is an error of the caller's, but for
    a search for nothing and a page after nothing. Raises `Refused` by name."""

    def __init__(
        self, request: Request, known: frozenset[str], repeated: frozenset[str] = REPEATED
    ) -> None:
        self._given: Mapping[str, list[str]] = {}
        if query := request.scope["query_string"]:
            self._given = _read(
                query.decode("latin-1"),
                known,
                repeated,
                strict=request.scope["path"].startswith(_STRICT),
            )

    def one(self, name: str) -> str | None:
        """A parameter that stands once, or None."""
        values = self._given.get(name)
        return values[0] if values else None

    def all(self, name: str) -> tuple[str, ...]:
        """A parameter that may stand several times."""
        return tuple(self._given.get(name, ()))

    def number(self, name: str, default: int, most: int, least: int = 1) -> int:
        """A count within bounds."""
        text = self.one(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal() and least <= int(text[:12]) <= most):
            raise Refused.field(name, f"{text!r} is no number from {least} to {most}")
        return int(text)

    def flag(self, name: str) -> bool:
        """`true` or `false`; false where it is not given."""
        text = self.one(name)
        if text not in (None, "true", "false", "1", "0"):
            raise Refused.field(name, f"{text!r} is neither true nor false")
        return text in ("true", "1")

    def question(self) -> Question:
        """Lists and cut-offs."""
        given = self._given
        if not given:
            return EVERYTHING
        as_of, announced_by, known_at = (self._moment(name) for name in CUTS)
        return Question(self.all("list"), as_of, announced_by, known_at)

    def _moment(self, name: str) -> str | None:
        """A date as written. A `+` that was not escaped arrives as a space; as no date has one,
        there is no doubt what was meant."""
        text = self.one(name)
        return _LOST_PLUS.sub(r"\1+\2", text) if text and " " in text else text


def _decoded(piece: str) -> tuple[str, str]:
    name, _, value = piece.partition("=")
    return unquote_plus(name), unquote_plus(value)


_pair: Final = lru_cache(maxsize=8_192)(_decoded)
"""The same days and lists are asked about again and again."""


def _read(
    text: str, known: frozenset[str], repeated: frozenset[str], *, strict: bool
) -> dict[str, list[str]]:
    pieces = text.split("&")
    if len(pieces) > _MOST_PARAMETERS:
        raise Refused.field("", f"more than {_MOST_PARAMETERS} parameters")
    found: dict[str, list[str]] = {}
    for piece in pieces:
        if not piece:
            continue
        name, value = _pair(piece) if len(piece) <= _SHORT else _decoded(piece)
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
            raise Refused.field(name[:100], f"unknown parameter; {hint}")
        if not value:
            if strict and name not in _MAY_BE_EMPTY:
                raise Refused.field(name, "empty; give it a value, or leave it out")
            continue
        if name in found and name not in repeated:
            raise Refused.field(name, "given twice")
        found.setdefault(name, []).append(value)
    return found
