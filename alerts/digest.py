"""A digest: what one window brought to one subscriber, in one message. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from alerts.memory import DIGESTS
from alerts.messages import UNKNOWN, About, Draft, data
from events.dates import Instant, show
from events.lists import Registry
from projections.changes import Change
from projections.rows import Told

TYPE: Final = "standing.digest"
MOST: Final = 200
"""How many changes a digest tells of whole; it counts the others, and says where they are read."""
MOST_BYTES: Final = 256 * 1024
"""And of how many bytes, so that no receiver, and no broker, takes offence."""


@dataclass(slots=True)
class Basket:
    """Collects, in the order in which it was told, what belongs to the earliest of the windows that
    closed at `ends` and had anything; it is `full` at the first change of a later one."""

    ends: Sequence[Instant]
    to: Instant | None = None
    """Where the window ends; None where none of them had anything."""
    full: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    lists: Counter[str] = field(default_factory=Counter)
    companies: set[str] = field(default_factory=set)
    told: list[tuple[Change, bytes]] = field(default_factory=list)
    cursors: dict[int, str] = field(default_factory=dict)
    """By partition, the last change that is told of whole."""
    _bytes: int = 0
    _cut: bool = False

    def put(self, partition: int, told: Told, registry: Registry, about: About = UNKNOWN) -> bool:
        """Take the next change that is wanted; False where it belongs to a later window."""
        change = told.change
        last = self.ends[-1] if self.to is None else self.to
        if change.recorded >= last:
            self.full = True
            return False
        if self.to is None:
            self.to = next(end for end in self.ends if end > change.recorded)
        self.counts[change.kind] += 1
        self.lists[change.list or ""] += 1
        self.companies.add(change.company)
        if not self._cut:
            self._tell(partition, told, data(change, registry, about))
        return True

    def _tell(self, partition: int, told: Told, shown: bytes) -> None:
        if len(self.told) == MOST or (self.told and self._bytes + len(shown) > MOST_BYTES):
            self._cut = True  # so that what is told whole is a beginning of it all
            return
        self._bytes += len(shown)
        self.told.append((told.change, shown))
        self.cursors[partition] = told.cursor

    @property
    def window(self) -> Instant:
        """Where the window ends that is told of; the last one, if nothing happened in any."""
        return self.ends[-1] if self.to is None else self.to


def made(subscription: str, basket: Basket, begins: Instant | None, late: bool) -> Draft:
    """The message of a window from `begins` on; None: from the beginning. `late`: it could not be
    sent when its window closed. Grouped by list, then company; corrections apart from changes."""
    ends, count = basket.window, basket.counts.total()
    groups = sorted(
        basket.told, key=lambda one: (one[0].list or "", one[0].company, one[0].sequence)
    )
    body = {
        "subscription": subscription,
        "window": {"from": None if begins is None else show(begins), "to": show(ends)},
        "late": late,
        "counts": {
            "all": count,
            "companies": len(basket.companies),
            "kinds": dict(sorted(basket.counts.items())),
            "lists": dict(sorted(basket.lists.items())),
        },
        "changes": [_raw(shown) for one, shown in groups if one.kind != "corrected"],
        "corrections": [_raw(shown) for one, shown in groups if one.kind == "corrected"],
        "more": _more(basket, count),
    }
    key = f"digest-{show(ends)}"
    return Draft(subscription, DIGESTS, key, TYPE, ends, orjson.dumps(body))


def _more(basket: Basket, count: int) -> dict[str, Any] | None:
    """How many are not told of whole, and behind which they are found in `GET /v1/changes`."""
    left = count - len(basket.told)
    after = ",".join(text for _, text in sorted(basket.cursors.items()))
    return {"count": left, "after": after} if left else None


def _raw(shown: bytes) -> orjson.Fragment:
    return orjson.Fragment(shown)
