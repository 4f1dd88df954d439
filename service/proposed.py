"""What documents propose, as questions to a person: whom are they about?

An accepted proposal is in the log as the designations and removals that it brought; that it was
decided, and a refusal, which changes nothing, are kept beside the proposals themselves.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from events.errors import Refused
from events.log import Position
from events.sources.ledger import Ledger
from projections.stores import Stores
from service.doubles import told_of
from service.proposals import Kept, Proposals, recorded
from service.review import ACCEPTED, Asks, Decision, Question, Ruling, decided_in
from service.standing import Standing

FILE: Final = "proposals.db"
_KIND: Final = "proposal"


class Proposed(Asks):
    """The proposals of a standing. Close it to let go of its file. One thread at a time."""

    def __init__(self, standing: Standing, path: Path | None = None) -> None:
        self._standing = standing
        self._kept = Proposals(path or standing.settings.home / FILE, standing.clock)

    def close(self) -> None:
        """Let go of the file."""
        self._kept.close()

    def refresh(self, store: Stores) -> None:
        """See `Asks`: what is read of documents is kept as it is read."""

    def open(self) -> Iterator[Question]:
        """See `Asks`: the earliest document first."""
        return map(_question, self._kept.listed("open"))

    def question(self, key: str) -> Question | None:
        """See `Asks`."""
        found = self._kept.kept(key)
        return _question(found) if found else None

    def side(self, company: str) -> dict[str, Any]:
        """See `Asks`."""
        return told_of(self._standing.readers(), company)

    def decisions(self) -> list[Decision]:
        """See `Asks`."""
        return [
            Decision(
                one.proposal.id,
                "accepted" if one.state == ACCEPTED else "refused",
                None,
                "",
                one.who or "",
                one.why or "",
            )
            for one in self._kept.listed("accepted", "refused")
        ]

    def decide(self, question: Question, ruling: Ruling) -> list[dict[str, Any]]:
        """See `Asks`: what the document brings, of each company that a person names."""
        proposal = self._kept.open(question.id)
        if ruling.into is not None:
            raise Refused.field("into", "only of two companies that are one")
        if ruling.verdict != ACCEPTED:
            return []
        ledger = Ledger()
        for records in self._standing.whole.records(Position()):
            ledger.take(records)
        events = recorded(proposal, ruling.companies, ruling.fresh, ledger)
        for one in events:
            one["data"]["sources"] = [*one["data"]["sources"], decided_in(question.id, ruling)]
        return events

    def undo(
        self,
        decision: Decision,
        by: str,  # noqa: ARG002 - a proposal that is open again says nothing of before
        why: str,  # noqa: ARG002
    ) -> list[dict[str, Any]]:
        """See `Asks`: a refusal is taken back; what was recorded is retracted one by one."""
        if decision.verdict == ACCEPTED:
            raise Refused.field(
                "id", "was accepted: retract what that recorded, each event by itself"
            )
        return []

    def done(self, key: str, ruling: Ruling | None) -> None:
        """See `Asks`."""
        if self._kept.kept(key) is None:
            return
        if ruling is None:
            self._kept.decided(key, "open", None, None)
        else:
            self._kept.decided(key, ruling.verdict, ruling.by, ruling.why)


def _question(kept: Kept) -> Question:
    one = kept.proposal
    text = f"{one.action} on {one.list}: {one.text} (document {one.document})"
    return Question(one.id, _KIND, 1.0, text, one.named)
