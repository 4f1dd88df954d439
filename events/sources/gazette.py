"""What documents of a gazette bring: of which lists they are, what they do to them, and which
companies of the log they name. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from events import vocabulary as words
from events.dates import start
from events.ids import fact_id
from events.lists import Registry
from events.sources.document import Document
from events.sources.ledger import written_by
from events.sources.proposals import Proposal, Proposed

_LISTS: Final = {
    "us-bis-dpl": r"denied persons list|(?<=denying )(?:all )?export privileges"
    r"|temporary denial order",
    "us-bis-entity-list": r"entity list",
    "us-bis-meu": r"military[ -]end[ -]?user (?:\(meu\) )?list|meu list",
    "us-bis-uvl": r"unverified list|\buvl\b",
    "us-dod-1260h": r"section 1260h|(?<!communist )chinese military compan(?:y|ies)",
    "us-dod-ccmc": r"section 1237",
    "us-ofac-capta": r"capta list|correspondent account or payable-through account",
    "us-ofac-fse": r"foreign sanctions evaders?",
    "us-ofac-mbs": r"menu-based sanctions",
    "us-ofac-ns-ccmc": r"communist chinese military compan(?:y|ies)",
    "us-ofac-ns-cmic": r"chinese military[ -]industrial complex|\b(?:ns-)?cmic\b",
    "us-ofac-plc": r"palestinian legislative council",
    "us-ofac-sdn": r"specially designated nationals|sdn list",
    "us-ofac-ssi": r"sectoral sanctions identifications?",
    "us-state-dtc": r"statutor(?:y|ily) debar\w*|debarred under the arms export control act",
    "us-state-isn": r"nonproliferation measures",
}
"""How documents speak of the lists."""
_DONE: Final[dict[str, str]] = {
    "designation": r"(?<!in )\badd(?:s|ed|ing|itions?)?\b|\bdesignat(?:e|es|ed|ing|ions?)\b"
    r"|\bplaced on\b|\bimposing\b|\bimposition of\b|\bdenying\b",
    "removal": r"\bremov(?:e|es|ed|ing|als?)\b|\bdelist(?:s|ed|ing)?\b"
    r"|\b(?:rescission|termination|lifting) of\b",
    "revision": r"\brevis(?:e|es|ed|ing|ions?)\b|\bmodif(?:y|ies|ied|ying|ications?)\b"
    r"|\bcorrect(?:s|ed|ing|ions?)\b|\bclarif(?:y|ies|ied|ying|ications?)\b",
}
_WORDS: Final = re.compile(
    "|".join(
        f"(?P<{key.replace('-', '_')}>{pattern})" for key, pattern in {**_LISTS, **_DONE}.items()
    ),
    re.IGNORECASE,
)
_LIST_OF: Final = {key.replace("-", "_"): key for key in _LISTS}
_SENTENCE: Final = re.compile(r"(?<=[.;!?])\s+")
_WORD: Final = re.compile(r"\w+")
_SHORTEST: Final = 5
"""Letters of a name of one word: shorter ones stand in too many texts."""
_PROPOSES: Final = frozenset({"", "Rule", "Notice", "Presidential Document"})
_FOLLOWS: Final[dict[str, Proposed]] = {"designation": "designation", "removal": "removal"}


def about(document: Document) -> dict[str, set[str]]:
    """The lists that a document is about, and what it does to each: `designation`, `removal`,
    `revision`. What is done belongs to the next list that is named in the sentence, or to the last
    before it."""
    found: dict[str, set[str]] = {}
    for sentence in _SENTENCE.split(f"{document.title}. {document.abstract}"):
        waiting: set[str] = set()
        latest: str | None = None
        for match in _WORDS.finditer(sentence):
            what = str(match.lastgroup)
            if what in _LIST_OF:
                latest = _LIST_OF[what]
                found.setdefault(latest, set()).update(waiting)
                waiting = set()
            else:
                waiting.add(what)
        if latest is not None:
            found[latest].update(waiting)
    return found


class Names:
    """The companies of a log by their full names and aliases, to be found in texts."""

    def __init__(self, described: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for company, said in described:
            for one in [said.get("name", ""), *(said.get("aliases") or ())]:
                parts = tuple(_WORD.findall(one.casefold()))
                if len(parts) > 1 or (parts and len(parts[0]) >= _SHORTEST):
                    self._by_first.setdefault(parts[0], []).append((parts, company))

    def of(self, text: str) -> list[str]:
        """The companies that a text names in full."""
        parts = tuple(_WORD.findall(text.casefold()))
        found: dict[str, None] = {}
        for place, word in enumerate(parts):
            for written, company in self._by_first.get(word, ()):
                if parts[place : place + len(written)] == written:
                    found[company] = None
        return list(found)


@dataclass(slots=True)
class Brought:
    """What the documents of a file bring."""

    notes: list[dict[str, Any]] = field(default_factory=list)
    """Events, one for each document and company that it names."""
    proposals: list[Proposal] = field(default_factory=list)
    inspected: set[str] = field(default_factory=set)
    """The documents that are on public inspection."""
    withdrawn: set[str] = field(default_factory=set)
    """Those that are said to be withdrawn."""
    documents: int = 0
    off_topic: int = 0
    """Documents that are about none of the lists."""

    def take(
        self, document: Document, names: Names, registry: Registry, source: str, backfill: bool
    ) -> None:
        """What one document brings. Nothing is proposed on a list that had ended by then."""
        self.documents += 1
        if document.withdrawn:
            self.withdrawn.add(document.key)
            return
        if document.filed:
            self.inspected.add(document.key)
        lists = about(document)
        if not lists:
            self.off_topic += 1
            return
        named = names.of(f"{document.title} {document.abstract}")
        going_on = {one: done for one, done in lists.items() if _goes_on(one, document, registry)}
        self.proposals += _proposals(document, going_on, tuple(named))
        if not document.filed:  # what can still be withdrawn is no fact yet
            marks = {"source": written_by(source), **({"backfill": True} if backfill else {})}
            self.notes += _notes(document, lists, named, marks)


def _goes_on(list_id: str, document: Document, registry: Registry) -> bool:
    """Whether a list is known, and had not ended before the day of a document."""
    if list_id not in registry:
        return False
    info = registry[list_id]
    return info.ended is None or start(document.date, info.zone) <= start(info.ended, info.zone)


def _proposals(
    document: Document, lists: Mapping[str, set[str]], named: tuple[str, ...]
) -> Iterator[Proposal]:
    if document.corrects or document.kind not in _PROPOSES:
        return
    for list_id, done in sorted(lists.items()):
        for what in sorted(done & _FOLLOWS.keys()):
            yield Proposal(
                list_id,
                _FOLLOWS[what],
                document.key,
                f"{document.title} ({document.named})",
                document.effective,
                document.filed or document.date,
                document.filed is not None,
                named,
                (document.source(),),
            )


def _notes(
    document: Document,
    lists: Mapping[str, set[str]],
    named: Iterable[str],
    marks: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    said: dict[str, Any] = {
        "kind": "filing",
        "text": f"{document.title} ({document.named})",
        "announced": document.date,
        "sources": [document.source()],
    }
    if len(lists) == 1:
        said["list"] = next(iter(lists))
    if document.effective:
        said["effective"] = document.effective
    for company in named:
        yield {
            "id": fact_id(words.NOTE_RECORDED, company, said),
            "type": words.NOTE_RECORDED,
            "subject": company,
            **marks,
            "data": said,
        }
