"""The port through which a message leaves, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from typing_extensions import TypeVar

from events.dates import Instant

TargetT_contra = TypeVar("TargetT_contra", contravariant=True, default=Any)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message on its way: the same `id` and `body` at every attempt, `at` is this attempt's."""

    id: str
    at: Instant
    body: bytes
    secrets: tuple[str, ...]
    subscription: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `status` is the receiver's (HTTP) code where it gave one;
    `retry_after` how long it asked to be left alone, in microseconds."""

    delivered: bool
    status: int | None = None
    error: str | None = None
    gone: bool = False
    """The receiver wants no more, ever."""
    retry_after: Instant | None = None
    throttled: bool = False
    """The receiver has too much to do: nothing at all goes to it for that long."""
    details: Mapping[str, Any] | None = None
    """What was sent and what came back, as JSON, to be kept with the attempt; no secrets."""


class Channel(Protocol[TargetT_contra]):
    """A way to reach subscribers, for targets of its own types."""

    async def check(self, target: TargetT_contra) -> None:
        """Raise `Refused` for a target that nothing may be sent to; sends nothing."""
        ...

    async def send(self, target: TargetT_contra, parcel: Parcel) -> Outcome:
        """Try once, within a bounded time. Whatever goes wrong out there is an outcome, never an
        exception. Safe to call many times at once, and again with the same parcel."""
        ...

    async def close(self) -> None:
        """Let go of connections; afterwards `send` may open new ones."""
        ...
