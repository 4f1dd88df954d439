"""What documents propose, until a person decides: in a file of the home folder, as it is work to be
done and no fact."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import orjson
from rapidfuzz.process import extract

from events import vocabulary as words
from events.dates import UTC_ZONE, Instant, last, show, start
from events.errors import Refused
from events.sources.gazette import Brought
from events.sources.ledger import Ledger
from events.sources.proposals import Proposal
from events.sqlite_store import connect, transaction, trouble

State = Literal["open", "accepted", "refused", "withdrawn"]

_LIKE: Final = 80.0
"""How like a name must be, of 100, to be asked about where nobody has the very one."""
_MOST_LIKE: Final = 3
_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE proposal (
    id TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    body BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    who TEXT,
    at INTEGER,
    why TEXT
) STRICT;
"""
_WRITTEN_BY: Final = "/standing/proposals"


@dataclass(frozen=True, slots=True)
class Kept:
    """A proposal and what became of it."""

    proposal: Proposal
    state: State
    who: str | None = None
    """Who decided."""
    at: Instant | None = None
    why: str | None = None

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        at = None if self.at is None else show(self.at)
        decided = {"state": self.state, "who": self.who, "at": at, "why": self.why}
        return {**self.proposal.shown(), **decided}


class Proposals:
    """The proposals of a home folder. Raises `StoreError` where the file cannot serve."""

    def __init__(self, path: Path, clock: Callable[[], Instant]) -> None:
        self._path = path
        self._clock = clock
        self._store = connect(path, _SCHEMA, _VERSION)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._store.close()

    def take(self, brought: Brought, taken: str) -> tuple[int, list[str]]:
        """Keep what was proposed, and withdraw what was withdrawn: said so, or gone from public
        inspection before the day of its publication. Says how many are new, and what a person has
        to know: that the document of an accepted one was withdrawn."""
        with trouble(self._path), transaction(self._store):
            fresh = sum([self._keep(one) for one in brought.proposals])
            gone = set(brought.withdrawn)
            if brought.inspected:
                gone |= self._vanished(brought.inspected, taken)
            return fresh, [told for one in sorted(gone) for told in self._withdraw(one)]

    def _keep(self, one: Proposal) -> bool:
        """Whether it is new. A document that is published takes the place of the one that was on
        inspection; what was announced then stays announced then."""
        known = self.kept(one.id)
        if known is None:
            self._store.execute(
                "INSERT INTO proposal (id, document, body) VALUES (?, ?, ?)",
                (one.id, one.document, _body(one)),
            )
        elif known.state in {"open", "withdrawn"} and not one.inspected:
            announced = known.proposal.announced or one.announced
            self._store.execute(
                "UPDATE proposal SET body = ?, state = 'open', why = NULL WHERE id = ?",
                (_body(one, announced=announced), one.id),
            )
        return known is None

    def _vanished(self, inspected: set[str], taken: str) -> set[str]:
        """The documents that were on inspection, are no longer, and are not yet due."""
        read = last(taken, UTC_ZONE)
        return {
            one.proposal.document
            for one in self.listed("open", "accepted")
            if one.proposal.inspected
            and one.proposal.document not in inspected
            and start(one.proposal.document.rpartition(" ")[2]) > read
            and start(one.proposal.announced or taken) <= read
        }

    def _withdraw(self, document: str) -> list[str]:
        self._store.execute(
            "UPDATE proposal SET state = 'withdrawn', at = ?, why = 'its document was withdrawn' "
            "WHERE document = ? AND state = 'open'",
            (self._clock(), document),
        )
        accepted = self._store.execute(
            "SELECT id FROM proposal WHERE document = ? AND state = 'accepted'", (document,)
        )
        return [
            f"document {document} was withdrawn, and proposal {id_} on it was accepted: "
            "retract what that recorded"
            for (id_,) in accepted
        ]

    def listed(self, *states: State) -> list[Kept]:
        """The proposals in these states, the earliest document first; all where none is given."""
        rows = self._store.execute("SELECT body, state, who, at, why FROM proposal")
        found = [_read(row) for row in rows]
        return sorted(
            (one for one in found if not states or one.state in states),
            key=lambda one: (one.proposal.document.rpartition(" ")[2], one.proposal.id),
        )

    def kept(self, id_: str) -> Kept | None:
        """One of them."""
        rows = self._store.execute(
            "SELECT body, state, who, at, why FROM proposal WHERE id = ?", (id_,)
        )
        return next(map(_read, rows), None)

    def waiting(self, some: Iterable[Proposal]) -> int:
        """How many of these nobody has decided."""
        found = map(self.kept, dict.fromkeys(one.id for one in some))
        return sum(one is not None and one.state == "open" for one in found)

    def open(self, id_: str) -> Proposal:
        """One that nobody has decided. Raises `Refused`."""
        found = self.kept(id_)
        if found is None:
            raise Refused.field("id", f"there is no proposal {id_!r}")
        if found.state != "open":
            raise Refused.field("id", f"proposal {id_} is no longer open: it was {found.state}")
        return found.proposal

    def decided(self, id_: str, state: State, who: str | None, why: str | None) -> None:
        """Keep what was decided; `open` again where that was taken back."""
        with trouble(self._path), transaction(self._store):
            self._store.execute(
                "UPDATE proposal SET state = ?, who = ?, at = ?, why = ? WHERE id = ?",
                (state, who, self._clock(), why, id_),
            )


def recorded(
    proposal: Proposal, companies: Sequence[str], fresh: Sequence[str], ledger: Ledger
) -> list[dict[str, Any]]:
    """What to record of a proposal that is accepted: of companies that the log knows, each by its
    id or a name, and of `fresh` ones that it does not know yet, by their names. The same whenever
    it is asked. Raises `Refused`."""
    if not (companies or fresh):
        raise Refused.field("companies", "missing: whom is it about?")
    if fresh and proposal.action == "removal":
        raise Refused.field("new_companies", "a removal is of companies that the log knows")
    made: set[str] = set()
    events = [_event(proposal, given, ledger) for given in companies]
    return [*events, *(one for name in fresh for one in _new(proposal, name, ledger, made))]


def _body(one: Proposal, **instead: Any) -> bytes:
    shown = {**one.shown(), **instead}
    del shown["id"]
    return orjson.dumps(shown)


def _read(row: tuple[bytes, State, str | None, int | None, str | None]) -> Kept:
    body, state, who, at, why = row
    said: dict[str, Any] = orjson.loads(body)
    told: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in said.items()
    }
    return Kept(Proposal(**told), state, who, at, why)


def _event(proposal: Proposal, given: str, ledger: Ledger) -> dict[str, Any]:
    """What is recorded of a company that a person names. Raises `Refused` where nobody, or more
    than one, is called that."""
    marks = {"source": _WRITTEN_BY}
    if given in ledger.companies:
        name = ledger.described(given).get("name", given)
        return {**proposal.event(given, name), **marks}
    names = {
        (company, one): one.casefold()
        for company, said in ledger.everyone()
        for one in [said.get("name", ""), *(said.get("aliases") or ())]
    }
    wanted = given.casefold()
    found = list(dict.fromkeys(company for (company, _), one in names.items() if one == wanted))
    if len(found) > 1:
        raise Refused.field(
            "companies", f"{given!r} is the name of {', '.join(found)}: give the id"
        )
    if found:
        return {**proposal.event(found[0], given), **marks}
    like = [
        f"{name} ({company})"
        for _, _, (company, name) in extract(wanted, names, score_cutoff=_LIKE, limit=_MOST_LIKE)
    ]
    meant = f", unless one of these is meant: {', '.join(like)}" if like else ""
    raise Refused.field(
        "companies",
        f"{given!r} is no company that the log knows{meant}. One that is new has to be said to be: "
        "--new-company, or new_companies",
    )


def _new(
    proposal: Proposal, name: str, ledger: Ledger, made: set[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is recorded of a company that the log does not know yet; its id is added to `made`."""
    if not name.strip():
        raise Refused.field("new_companies", "a name is empty")
    fresh = ledger.companies.new_id(name, "", "", made)
    made.add(fresh)
    marks = {"source": _WRITTEN_BY}
    described = {"name": name, "kind": "company", "sources": list(proposal.sources)}
    return (
        {"type": words.DESCRIBED, "subject": fresh, "data": described, **marks},
        {**proposal.event(fresh, name), **marks},
    )
