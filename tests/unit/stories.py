"""A company to which things happen, for tests of what is told of them."""

from typing import Any

from projections.changes import Change
from projections.company import Company
from tests.unit.making import REGISTRY, at, record

Json = dict[str, Any]


class Story:
    """A company to which things happen, and what was told of them."""

    def __init__(self) -> None:
        self.company = Company("acme", REGISTRY)
        self.offset = -1
        self.changes: list[Change] = []

    def record(self, when: str, sent: Json) -> list[Change]:
        """Take an event in, after what was due by then; what the event itself changed."""
        self.offset += 1
        self.wait(when)
        found = self.company.apply(record(sent, self.offset, when))
        self.changes += found
        return found

    def wait(self, when: str) -> list[Change]:
        """Let time pass; what was due."""
        found = self.company.pass_time(at(when))
        self.changes += found
        return found
