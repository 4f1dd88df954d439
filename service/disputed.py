"""Questions whether somebody still stands on a list that one source took them off, while another
one shows them there as of its last reading.

The removal is a fact and counts; that another official file says otherwise is for a person to know
of. A question is gone by itself once the other source shows it no longer, or both show it again.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from events import vocabulary as words
from events.errors import Refused
from events.ids import derived_id
from events.log import Position
from events.sources.ledger import Ledger, is_of_a_source
from events.sources.shown import Dispute
from projections.stores import Stores
from service.doubles import told_of
from service.review import (
    ACCEPTED,
    Asks,
    Decision,
    Question,
    Ruling,
    decided,
    decided_in,
    taken_back,
)
from service.standing import Standing

_KIND: Final = "still-shown"
_MADE_OF: Final = "off-"
_CONCERNS: Final = frozenset(
    {words.DESIGNATION_ISSUED, words.REMOVAL_ISSUED, words.EVENT_RETRACTED, words.NOTE_RECORDED}
)


class Heard:
    """What a log says that its sources show, and what was decided: as far as it was read."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.decisions: dict[str, Decision] = {}
        """Those that stand, by their events."""
        self.made: Counter[str] = Counter()
        """How many there ever were of a question."""
        self._upto = Position()

    def go_on(self, standing: Standing) -> None:
        """Read on to the end of the log."""
        for records in standing.whole.records(self._upto):
            for record in records:
                self._upto[record.partition] = record.offset
                event = record.event
                if event["type"] in _CONCERNS or is_of_a_source(event):
                    self._take({**event, "id": record.id})

    def _take(self, event: dict[str, Any]) -> None:
        self.ledger.learn(event)
        if event["type"] == words.EVENT_RETRACTED:
            self.decisions.pop(event["data"]["event"], None)
        decision = decided(event)
        if decision and decision.question.startswith(_MADE_OF):
            self.decisions[event["id"]] = decision
            self.made[decision.question] += 1


class Disputed(Asks):
    """The disputed removals of a standing. One thread at a time."""

    def __init__(self, standing: Standing, heard: Heard) -> None:
        self._standing = standing
        self._heard = heard

    def close(self) -> None:
        """See `Asks`: nothing is held."""

    def refresh(self, store: Stores) -> None:  # noqa: ARG002 - the log says it all
        """See `Asks`."""
        self._heard.go_on(self._standing)

    def open(self) -> Iterator[Question]:
        """See `Asks`: the latest removal first."""
        ledger = self._heard.ledger
        done = {one.question for one in self._heard.decisions.values()}
        some = [one for one in ledger.disputes() if ledger.disputing(one)]
        some.sort(key=lambda one: one.data["announced"], reverse=True)
        return (one for one in map(self._question, some) if one.id not in done)

    def question(self, key: str) -> Question | None:
        """See `Asks`."""
        found = (one for one in self._heard.ledger.disputes() if _id(one) == key)
        return next(map(self._question, found), None)

    def _question(self, dispute: Dispute) -> Question:
        ledger, (list_id, scheme, entry) = self._heard.ledger, dispute.key
        told = dispute.data["sources"][0]["title"]
        others = [
            f"{one}, as last read ({read.taken}),"
            for one in ledger.disputing(dispute)
            if (read := ledger.read(one, [list_id]))
        ]
        text = (
            f"{dispute.by} took {scheme} {entry} off {list_id} in its publication of "
            f"{dispute.data['announced']} ({told}); {' and '.join(others) or 'nobody else'} still "
            "shows it: accept that it stands, or refuse"
        )
        return Question(_id(dispute), _KIND, 1.0, text, (dispute.opened.company,))

    def side(self, company: str) -> dict[str, Any]:
        """See `Asks`."""
        return told_of(self._standing.readers(), company)

    def decisions(self) -> list[Decision]:
        """See `Asks`."""
        return list(self._heard.decisions.values())

    def decide(self, question: Question, ruling: Ruling) -> list[dict[str, Any]]:
        """See `Asks`: the removal is retracted, or a note says that it is right."""
        if ruling.into or ruling.companies or ruling.fresh:
            raise Refused.field("into", "is not asked here, nor companies: it is about one")
        dispute = next(one for one in self._heard.ledger.disputes() if _id(one) == question.id)
        data: dict[str, Any] = {"sources": [decided_in(question.id, ruling)]}
        told = f"{ruling.why} ({ruling.by})"
        if ruling.verdict == ACCEPTED:
            if not self._heard.ledger.disputing(dispute):
                raise Refused.field("id", "no source shows it any more: nothing is left to decide")
            kind = words.EVENT_RETRACTED
            data.update(event=dispute.event, reason=told)
        else:
            kind = words.NOTE_RECORDED
            text = f"Off {dispute.key[0]}, as {dispute.by} says: {told}"
            data.update(kind="other", text=text, about=dispute.event)
        # A decision that was undone may be made again, which is another one.
        made = self._heard.made[question.id]
        key = derived_id([question.id, ruling.verdict, made])
        return [{"id": key, "type": kind, "subject": dispute.opened.company, "data": data}]

    def undo(self, decision: Decision, by: str, why: str) -> list[dict[str, Any]]:
        """See `Asks`."""
        return [taken_back(decision, by, why)]

    def done(self, key: str, ruling: Ruling | None) -> None:
        """See `Asks`: it is read from the log."""


def _id(dispute: Dispute) -> str:
    return f"{_MADE_OF}{derived_id(['off', dispute.event])[:13]}"
