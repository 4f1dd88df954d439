"""An event that passed the door: what a log takes in. Apart from the door, so that reading a log
does not wait for the models that check what comes in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

MAX_EVENT_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event that passed the door.

    `fingerprint` is the id that its content alone would give it; where the caller gave no `id`,
    they are the same. `body` is the whole envelope as it will be kept.
    """

    id: str
    type: str
    subject: str
    fingerprint: str
    event: Mapping[str, Any]

    @property
    def named_by_caller(self) -> bool:
        """Whether the id is the caller's own."""
        return self.id != self.fingerprint

    def body(self) -> bytes:
        """The envelope as JSON."""
        return orjson.dumps(self.event)
