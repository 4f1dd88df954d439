"""What those who fold publish: statuses in which a flip is known, as far as reminders look at them,
and that an hour was folded, which heartbeats wait for."""

from typing import Any

import orjson

from events.dates import Instant, show
from events.kafka.packing import Outgoing
from events.kafka.partitioner import partition_of
from projections import messages
from projections.messages import CURRENT, Message, Place, attributes
from tests.kafka.alerting import PARTITIONS, Line, now


def standing(company: str, at: Instant | None) -> Message:
    """As the projection says it."""
    following: Any = None
    if at is not None:
        following = {"at": show(at), "status": "designated", "restrictions": ["export.denied"]}
    lists = [{"list": "us-bis-dpl", "status": "scheduled", "restrictions": [], "next": following}]
    position = f"{partition_of(company, PARTITIONS)}:0"
    value = orjson.dumps({"company": company, "position": position, "lists": lists})
    return Message(company.encode(), value, attributes(f"s-{company}", CURRENT, company, now()))


async def folded(on: Line, at: Instant) -> None:
    """Every partition, up to a record of then."""
    places = [Place(f"{partition}:0", at) for partition in range(PARTITIONS)]
    told = [Outgoing(on.names.status, one, *messages.passed(at)) for one, at in enumerate(places)]
    await on.publisher.write(told)
