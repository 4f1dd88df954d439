"""What digests are made of: all changes again, over every partition, behind where one stopped."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple, Protocol

from alerts.matching import Who
from alerts.messages import UNKNOWN, About
from alerts.places import Place
from alerts.roll import Reader
from alerts.source import ChangeSource
from alerts.subscriptions import Start, Subscription
from projections.rows import Told

Marks = Mapping[str, Any]
"""By partition, as text, up to where it was read; as JSON, of use to its `History` alone."""
_PAGE = 500


class Item(NamedTuple):
    """A change where it stands."""

    partition: int
    mark: Any
    """Up to and with it."""
    told: Told
    who: Who
    about: About = UNKNOWN


class History(Protocol):
    """The changes of all partitions."""

    async def begin(self, reader: Reader) -> Marks:
        """Where a subscription begins that was told of nothing yet."""
        ...

    async def ends(self) -> Marks | None:
        """Up to where everything stands that was recorded by now, as far as that can be known;
        None while some of it was not told yet."""
        ...

    def read(self, after: Marks, upto: Marks) -> AsyncIterator[Item]:
        """What stands between, in order; of several partitions, by when it was recorded."""
        ...

    def lowest(self, some: list[Marks]) -> Marks:
        """Of each partition, the first of these marks."""
        ...

    def behind(self, item: Item, after: Marks) -> bool:
        """Whether one stands behind a mark."""
        ...

    def start(self, one: Subscription, item: Item) -> Start:
        """What of a subscription's start counts for a change."""
        ...


class OnePartition:
    """See `History`. Of a log of one partition, whose changes are told where they are read."""

    def __init__(self, source: ChangeSource) -> None:
        self._source = source
        self._goal: Place | None = None

    async def begin(self, reader: Reader) -> Marks:
        """See `History`."""
        return {"0": list(reader.subscription.start.after)}

    async def ends(self) -> Marks | None:
        """See `History`."""
        goal = self._goal = self._goal or self._source.head()
        if self._source.position() < goal[0]:
            return None
        self._goal = None
        return {"0": list(goal)}

    async def read(self, after: Marks, upto: Marks) -> AsyncIterator[Item]:
        """See `History`."""
        here, last, source = _place(after), _place(upto), self._source
        while here < last and (page := await source.changes(here, _PAGE)):
            for told in page:
                here = source.place(told)
                if here > last:
                    return
                yield Item(0, list(here), told, source.who(told), source.about(told))

    def lowest(self, some: list[Marks]) -> Marks:
        """See `History`."""
        return {"0": list(min(map(_place, some)))}

    def behind(self, item: Item, after: Marks) -> bool:
        """See `History`."""
        return tuple(item.mark) > _place(after)

    def start(self, one: Subscription, item: Item) -> Start:  # noqa: ARG002 - there is but one
        """See `History`."""
        return one.start


def _place(marks: Marks) -> Place:
    position, moment, company, sequence = marks["0"]
    return position, moment, company, sequence
