"""Which company is meant: exact references and global identifiers, never a name. Pure.

Sources reuse and re-key their ids and share tax numbers between different companies, so within one
source two entries are two companies until a person says otherwise.
"""

import re
from collections.abc import Container, Iterable, Mapping
from itertools import chain, count
from typing import Any, Final

from anyascii import anyascii

from events.vocabulary import CLOCK_SUBJECT

GLOBAL: Final = frozenset({"lei", "isin"})
"""Schemes whose values mean one company in the whole world."""

_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9]+")
_LONGEST: Final = 96
"""Characters of an id that is made of a name: there is room for a source's own id behind it."""
_LONGEST_OF_ALL: Final = 120


def slug(text: str) -> str:
    """A name as it may stand in a company's id: in Latin letters and digits, with hyphens."""
    plain = _NOT_IN_SLUG.sub("-", anyascii(text).lower()).strip("-")
    if len(plain) > _LONGEST:
        plain = plain[:_LONGEST].rpartition("-")[0] or plain[:_LONGEST]
    return plain


class Companies:
    """The companies of a log, by what names them beyond doubt."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._references: dict[tuple[str, str], str] = {}
        self._identifiers: dict[tuple[str, str], str] = {}

    def take(self, company: str, data: Mapping[str, Any]) -> None:
        """Learn from an event about a company."""
        self._known.add(company)
        if reference := data.get("reference"):
            self._references.setdefault((reference["scheme"], reference["id"]), company)
        for one in data.get("identifiers") or ():
            if one["scheme"] in GLOBAL:
                self._identifiers.setdefault((one["scheme"], one["value"].upper()), company)

    def __contains__(self, company: str) -> bool:
        """Whether an event is about it."""
        return company in self._known

    def by_reference(self, scheme: str, key: str) -> str | None:
        """The company that a source's entry stands for."""
        return self._references.get((scheme, key))

    def by_identifiers(self, identifiers: Iterable[tuple[str, str]]) -> set[str]:
        """The companies that have one of these global identifiers."""
        found = (self._identifiers.get((scheme, value.upper())) for scheme, value in identifiers)
        return {company for company in found if company}

    def new_id(self, name: str, scheme: str, key: str, also: Container[str] = ()) -> str:
        """An id that no company has, and that is not among `also`: of the name, and of the
        source's own id where that is taken."""
        plain = slug(name)
        full = f"{plain}-{slug(f'{scheme} {key}')}".strip("-")[:_LONGEST_OF_ALL].strip("-")
        numbered = (f"{full}-{number}" for number in count(2))
        tried = chain(filter(None, (plain, full)), numbered)
        return next(
            made
            for made in tried
            if made not in self._known and made not in also and made != CLOCK_SUBJECT
        )
