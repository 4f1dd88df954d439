"""An event that passed the door: what a log takes in. Apart from the door, so that reading a log
does not wait for the models that check what comes in."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from events.vocabulary import MERGED

MAX_EVENT_BYTES: Final = 1_000_000
DEFAULT_SOURCE: Final = "/standing"


class Admitted(NamedTuple):
    """An event that passed the door.

    `fingerprint` is the id that its content alone would give it; where the caller gave no `id`,
    they are the same. `body` is the whole envelope as JSON, as it will be kept. A `plain` event
    bears on no other: it takes none back and merges no companies.
    """

    id: str
    type: str
    subject: str
    fingerprint: str
    body: bytes
    plain: bool

    @property
    def event(self) -> Mapping[str, Any]:
        """The envelope, read from its JSON."""
        found: Mapping[str, Any] = orjson.loads(self.body)
        return found

    @property
    def named_by_caller(self) -> bool:
        """Whether the id is the caller's own."""
        return self.id != self.fingerprint

    @classmethod
    def of(cls, event: Mapping[str, Any], fingerprint: str) -> "Admitted":
        """An envelope that was checked and has everything."""
        kind = event["type"]
        plain = kind != MERGED and not takes_back(event["data"])
        return cls(event["id"], kind, event["subject"], fingerprint, orjson.dumps(event), plain)


def takes_back(data: Mapping[str, Any]) -> bool:
    """Whether an event's data may name another event that it takes back."""
    return "replaces" in data or "event" in data


def may_take_back(body: bytes) -> bool:
    """The same of an event that was not read yet; only a no is certain."""
    return b'"replaces"' in body or b'"event"' in body
