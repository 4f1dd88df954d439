"""Review: what nothing here decides by itself, as questions to a person.

Whoever finds such questions is an `Asks`; `Review` puts them all in one queue. What a decision
changes is written to the log, with who made it and why.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Literal, NamedTuple, Protocol

from events import vocabulary as words
from events.errors import Refused, StandingError
from projections.stores import Stores

Verdict = Literal["accepted", "refused"]
ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
_URN: Final = re.compile(r"urn:standing:review:([!-9;-~]{1,200}):(accepted|refused)")
_LONGEST: Final = 1_000


class UnknownQuestion(StandingError):
    """No question has this id now, decided or not."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no question has the id {key!r}; `standing review` lists those open")
        self.key = key


class Question(NamedTuple):
    """Something to be accepted or refused."""

    id: str
    kind: str
    score: float
    """How much speaks for it, from 0 to 1."""
    text: str
    """What speaks for it."""
    sides: tuple[str, ...]
    """The companies that it is about; of two that may be one, the one known longer is first. Of a
    proposal, those that its document names."""


class Ruling(NamedTuple):
    """How a person decides a question, and why."""

    verdict: Verdict
    by: str
    why: str
    into: str | None = None
    """Of two that are one: which the other counts for; by default the one known longer."""
    companies: Sequence[str] = ()
    """Of a proposal: whom it is about, by id or by a name."""
    fresh: Sequence[str] = ()
    """And which companies that nobody knows yet, by their names."""


class Decision(NamedTuple):
    """What was decided."""

    question: str
    verdict: Verdict
    event: str | None
    """The event that decided it; None where nothing was recorded."""
    subject: str
    by: str
    why: str


class Asks(Protocol):
    """Finds questions, and says what deciding them is as events."""

    def close(self) -> None:
        """Let go of what it holds."""
        ...

    def refresh(self, store: Stores) -> None:
        """Look for questions in what is new."""
        ...

    def open(self) -> Iterator[Question]:
        """Those that are not decided, the most pressing first."""
        ...

    def question(self, key: str) -> Question | None:
        """One of its own, decided or not."""
        ...

    def side(self, company: str) -> dict[str, Any]:
        """What there is to know of one side, to be looked at beside the other."""
        ...

    def decisions(self) -> list[Decision]:
        """Those that stand: what was taken back does not."""
        ...

    def decide(self, question: Question, ruling: Ruling) -> list[dict[str, Any]]:
        """The events that decide a question, as they are to be recorded. Raises `Refused`."""
        ...

    def undo(self, decision: Decision, by: str, why: str) -> list[dict[str, Any]]:
        """The events that take a decision back. Raises `Refused` where that cannot be."""
        ...

    def done(self, key: str, ruling: Ruling | None) -> None:
        """Be told that the events of a ruling are in the log; None: of what took it back."""
        ...


class Review:
    """One queue of all questions."""

    def __init__(self, askers: Sequence[Asks]) -> None:
        self._askers = askers

    def close(self) -> None:
        """Let go of what the askers hold."""
        for one in self._askers:
            one.close()

    def refresh(self, store: Stores) -> None:
        """Look for questions in what is new."""
        for one in self._askers:
            one.refresh(store)

    def open(self, limit: int | None = None) -> list[Question]:
        """Those that are not decided."""
        return list(islice((found for one in self._askers for found in one.open()), limit))

    def decisions(self) -> list[Decision]:
        """Those that stand, of all askers."""
        return [found for one in self._askers for found in one.decisions()]

    def shown(self, key: str) -> dict[str, Any]:
        """A question with both sides, and what was decided. Raises `UnknownQuestion`."""
        asker, question = self._find(key)
        decision = next((one for one in asker.decisions() if one.question == key), None)
        return {
            **in_short(question),
            "sides": [asker.side(one) for one in question.sides],
            "decision": decision._asdict() if decision else None,
        }

    def decide(self, key: str, ruling: Ruling) -> list[dict[str, Any]]:
        """The events that decide a question; `done` once they are recorded. Raises
        `UnknownQuestion`; `Refused` where it is decided already, or nobody says why."""
        _said(ruling.by, ruling.why)
        if found := self._decision(key):
            told = found[1]
            raise Refused.field("id", f"is {told.verdict} already, by {told.by}; undo that")
        asker, question = self._find(key)
        return asker.decide(question, ruling)

    def undo(self, key: str, by: str, why: str) -> list[dict[str, Any]]:
        """The events that take a decision back; `done` once they are recorded. Raises `Refused`
        where none stands."""
        _said(by, why)
        found = self._decision(key)
        if found is None:
            raise Refused.field("id", f"nothing that stands was decided of {key!r}")
        asker, decision = found
        return asker.undo(decision, by, why)

    def done(self, key: str, ruling: Ruling | None) -> None:
        """Say that what was decided, or with None what took it back, is recorded."""
        for one in self._askers:
            one.done(key, ruling)

    def _decision(self, key: str) -> tuple[Asks, Decision] | None:
        return next(
            (
                (asker, found)
                for asker in self._askers
                for found in asker.decisions()
                if found.question == key
            ),
            None,
        )

    def _find(self, key: str) -> tuple[Asks, Question]:
        for one in self._askers:
            if question := one.question(key):
                return one, question
        raise UnknownQuestion(key)


def in_short(question: Question) -> dict[str, Any]:
    """A question as JSON, its sides by id."""
    return {**question._asdict(), "sides": list(question.sides)}


def decided(event: Mapping[str, Any]) -> Decision | None:
    """What an event decided in review, where it did."""
    for source in event["data"].get("sources") or ():
        if found := _URN.fullmatch(source.get("url") or ""):
            question, verdict = found.groups()
            who, why = source.get("publisher") or "", source.get("quote") or ""
            key, subject = str(event["id"]), str(event["subject"])
            said: Verdict = "accepted" if verdict == ACCEPTED else "refused"
            return Decision(question, said, key, subject, who, why)
    return None


def decided_in(question: str, ruling: Ruling) -> dict[str, str]:
    """The source of a decision: which question, how, by whom and why."""
    url = f"urn:standing:review:{question}:{ruling.verdict}"
    return {
        "url": url,
        "title": "Decided in review",
        "publisher": ruling.by,
        "quote": ruling.why,
    }


def taken_back(decision: Decision, by: str, why: str) -> dict[str, Any]:
    """The event that takes a decision back which an event made."""
    data = {"event": decision.event, "reason": f"{why} ({by})"}
    return {"type": words.EVENT_RETRACTED, "subject": decision.subject, "data": data}


def _said(by: str, why: str) -> None:
    """Raises `Refused` where somebody does not say who decides, or why."""
    for field, text in (("by", by), ("why", why)):
        if not text.strip():
            raise Refused.field(field, "is empty; a decision says who made it, and why")
        if len(text) > _LONGEST or not text.isprintable():
            raise Refused.field(field, f"is one line of at most {_LONGEST:,} characters")
