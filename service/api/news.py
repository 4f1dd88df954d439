"""Changes as HTTP tells them: what webhooks say of each, with where it stands."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

from alerts.messages import whole
from alerts.source import known
from events.log import Record
from projections.changes import MOST
from projections.stores import News
from service.standing import Service

_AT_ONCE: Final = 1_000
"""So many events are looked up with one question."""


def told(one: News, service: Service) -> dict[str, Any]:
    """As webhooks have it in `data`: with the company's name, and the causes with their sources."""
    (found,) = _told([one], service)
    return found


def shown(some: Sequence[News], service: Service) -> list[dict[str, Any]]:
    """As pages and streams have them: with the cursor behind each."""
    return [
        {"cursor": one.told.cursor, "position": one.position, **said}
        for one, said in zip(some, _told(some, service), strict=True)
    ]


def _told(some: Sequence[News], service: Service) -> list[dict[str, Any]]:
    standing, store = service.standing, service.store
    causes = _causes(some, service)
    found = []
    for one in some:
        change = one.told.change
        events = [causes[key] for id_ in change.cause if (key := (one.partition, id_)) in causes]
        about = known(change, store.described(change.company), events)
        found.append(whole(change, standing.registry, about))
    return found


def _causes(some: Sequence[News], service: Service) -> dict[tuple[int, str], Record]:
    """The events that changes come from, by the partition of the change and their id."""
    asked: dict[int, dict[str, None]] = defaultdict(dict)
    for one in some:
        asked[one.partition].update(dict.fromkeys(one.told.change.cause[:MOST]))
    found = {}
    for partition, ids in asked.items():
        left = iter(ids)
        while part := list(islice(left, _AT_ONCE)):
            for record in service.standing.whole.parts[partition].of_ids(part):
                found[partition, record.id] = record
    return found
