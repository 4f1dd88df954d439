"""Statuses in which a flip is known, as far as reminders look at them."""

from typing import Any

import orjson

from events.dates import Instant, show
from events.kafka.partitioner import partition_of
from projections.messages import CURRENT, Message, attributes
from tests.kafka.alerting import PARTITIONS, now


def standing(company: str, at: Instant | None) -> Message:
    """As the projection says it."""
    following: Any = None
    if at is not None:
        following = {"at": show(at), "status": "designated", "restrictions": ["export.denied"]}
    lists = [{"list": "us-bis-dpl", "status": "scheduled", "restrictions": [], "next": following}]
    position = f"{partition_of(company, PARTITIONS)}:0"
    value = orjson.dumps({"company": company, "position": position, "lists": lists})
    return Message(company.encode(), value, attributes(f"s-{company}", CURRENT, company, now()))
