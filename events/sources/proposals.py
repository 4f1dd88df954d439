"""What a document says of a list without saying of whom: a person decides. Pure."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

from events import vocabulary as words
from events.ids import derived_id

Proposed = Literal["designation", "removal"]

TYPES: Final[dict[Proposed, str]] = {
    "designation": words.DESIGNATION_ISSUED,
    "removal": words.REMOVAL_ISSUED,
}


@dataclass(frozen=True)
class Proposal:
    """That a document puts somebody on a list, or takes them off."""

    list: str
    action: Proposed
    document: str
    """The document's number and its date: numbers were given out again."""
    text: str
    """What it is, for whoever decides."""
    effective: str | None = None
    """Where the document says so."""
    announced: str | None = None
    """When the public could first know of it."""
    inspected: bool = False
    """Whether it is only on public inspection: it can still be withdrawn."""
    named: tuple[str, ...] = ()
    """Companies of the log that it names: a hint, no more."""
    sources: tuple[dict[str, Any], ...] = field(default=(), compare=False)

    @cached_property
    def id(self) -> str:
        """The same for the same document, list and action, whenever it is read."""
        return derived_id({"list": self.list, "action": self.action, "document": self.document})

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {"id": self.id, **asdict(self)}

    def event(self, company: str, name: str | None = None) -> dict[str, Any]:
        """What is recorded of a company that a person named."""
        said: dict[str, Any] = {
            "list": self.list,
            "effective": self.effective or self.announced or self.document.rpartition(" ")[2],
            "effective_basis": "stated" if self.effective else "observed",
            "announced": self.announced,
            "sources": list(self.sources),
        }
        if self.action == "designation":
            said["name_as_listed"] = name
        else:
            said["how"] = "delisted"
        return {
            "type": TYPES[self.action],
            "subject": company,
            "data": {key: value for key, value in said.items() if value is not None},
        }
