"""A document of an official gazette: who, when and what, as its metadata say. Pure."""

from dataclasses import dataclass
from typing import Any, Final

_LONGEST_TITLE: Final = 900
"""Characters; with the citation it is a title of a source."""
_LONGEST_QUOTE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Document:
    """What is used of a document."""

    number: str
    date: str
    """The day of its publication; of one on public inspection the planned one."""
    title: str
    abstract: str = ""
    kind: str = ""
    """`Rule`, `Proposed Rule`, `Notice`, `Presidential Document`."""
    action: str = ""
    agencies: tuple[str, ...] = ()
    citation: str | None = None
    url: str | None = None
    effective: str | None = None
    filed: str | None = None
    """Of one on public inspection: since when."""
    corrects: str | None = None
    """The number of the document that it corrects."""
    withdrawn: bool = False

    @property
    def key(self) -> str:
        """Its number and its date."""
        return f"{self.number} {self.date}"

    @property
    def named(self) -> str:
        """How it is named in a note."""
        parts = [f"Federal Register document {self.number} of {self.date}", self.citation]
        parts.append(f"effective {self.effective}" if self.effective else None)
        parts.append(f"corrects document {self.corrects}" if self.corrects else None)
        return ", ".join(filter(None, parts))

    def source(self) -> dict[str, Any]:
        """As the source of an event."""
        told = {
            "url": self.url,
            "title": ", ".join(filter(None, [self.title[:_LONGEST_TITLE], self.citation])),
            "publisher": "Federal Register" + "".join(f"; {one}" for one in self.agencies[:5]),
            "published": self.date,
            "quote": self.abstract[:_LONGEST_QUOTE] or None,
        }
        return {key: value for key, value in told.items() if value}
