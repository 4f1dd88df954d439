"""The port of an official format: from a publication to its entries, piece by piece.

A format reads; it decides nothing. What an entry becomes in the log, and whether a publication is
to be believed, is decided for all formats alike in `difference` and `guards`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Literal, NamedTuple

from events.errors import Problem
from events.sources.document import Document
from events.sources.entity import Entity

MOST_FAULTS: Final = 100
"""So many faults of a file are named; the others are counted."""

Action = Literal["add", "modify", "remove"]


class Part(NamedTuple):
    """A file of a publication: some come in several."""

    name: str
    open: Callable[[], BinaryIO]


class Piece(NamedTuple):
    """An entry as the source writes it: it is read only where it is not as it was."""

    key: str
    raw: object
    """Equal where the source says the same."""
    line: int
    action: Action | None = None
    """What a delta says became of it; a snapshot says nothing of that."""


@dataclass(slots=True)
class Head:
    """What a publication says of itself, and what was found while it was read."""

    published: str | None = None
    """Its date, as it writes it."""
    lists: frozenset[str] | None = None
    """The lists that it has everything of, where that is not always all of the source's: known
    before the first entry."""
    having: frozenset[str] | None = None
    """Of a file that cannot say which lists it should have: those that it has entries of. A list
    that it had before, and has nothing of any more, has lost everything; of one that it never had
    nothing is said. Known before the first entry; not beside `lists`."""
    lacks: frozenset[str] = frozenset()
    """What it cannot tell of who a company is, as a file of it is missing: `aliases`."""
    records: int | None = None
    """How many entries it says that it has."""
    cut: str | None = None
    """Why it cannot be all of what was published."""
    faults: list[Problem] = field(default_factory=list)
    """What could not be read, by file, line and field."""
    faulty: int = 0
    """How many faults there were."""
    kept_back: set[str] = field(default_factory=set)
    """The keys of entries that are there and could not be read."""

    def fault(self, name: str, line: int, what: str, detail: str, key: str | None = None) -> None:
        """Note that something cannot be read; of the entry `key`, where that is known."""
        self.faulty += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Problem(f"{name}:{line}: {what}", detail))
        if key:
            self.kept_back.add(key)


class Unreadable(Exception):
    """An entry that cannot be read: the field, and why."""

    def __init__(self, what: str, detail: str) -> None:
        super().__init__(f"{what}: {detail}" if what else detail)
        self.what = what
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Source:
    """An official source: which lists it tells of, and how its files are read."""

    name: str
    title: str
    publisher: str
    url: str
    """Where it is published; of several files, the one with the entries."""
    scheme: str
    """Under which its own ids are references: sources that number alike share one. An entry may
    say another for itself; no two entries of a source have one key, whatever their schemes."""
    lists: frozenset[str]
    pieces: Callable[[Sequence[Part], Head], Iterator[Piece]]
    """The entries of a publication. What it says of itself goes to the head as it is found."""
    entity: Callable[[Piece], Entity]
    """One of them, read. Raises `Unreadable`."""
    also: tuple[str, ...] = ()
    """Where its other files are."""
    dated: Callable[[Part], str | None] = lambda _: None
    """When a file says that it was published. Raises `Unreadable`."""
    role: Callable[[Part], int] | None = None
    """Of a publication in several files: 0 for the one with the entries, then the others."""
    every: bool = True
    """Whether each publication has everything that stands, so that what is missing was removed."""
    continues: str | None = None
    """Of a delta: the source whose entries it changes, under whose name it is read."""
    changed: Callable[[Piece, Entity | None], Entity | None] | None = None
    """Of a delta that tells of a `modify` only what is different: the entry as it leaves it, from
    what is known of it. None where that is not enough. Raises `Unreadable`."""

    documents: Callable[[Part, Head], Iterator[Document]] | None = None
    """Of a gazette, which has documents about lists instead of entries: those of a file."""

    @property
    def known_as(self) -> str:
        """Under which name what it showed is remembered."""
        return self.continues or self.name


Sources = Mapping[str, Source]
