"""The topics between which alerts run, and the group of the workers that see to them."""

from dataclasses import dataclass

from events.kafka.connection import Connection
from events.kafka.topic import alike, counted


@dataclass(frozen=True, slots=True)
class Names:
    """Under which names they are."""

    events: str = "standing.events.v1"
    status: str = "standing.status.v1"
    changes: str = "standing.changes.v1"
    subscriptions: str = "standing.subscriptions.v1"
    deliveries: str = "standing.deliveries.v1"
    progress: str = "standing.progress.v1"
    group: str = "standing.alerts.v1"

    @property
    def by_company(self) -> tuple[str, ...]:
        """Those in which one company has one partition, of the same number in each."""
        return (self.events, self.status, self.changes, self.progress)

    @property
    def topics(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.by_company, self.subscriptions, self.deliveries)


async def sized(connection: Connection, names: Names, patience: float) -> dict[str, int]:
    """How many partitions each of them has. Raises `StoreError` where one is missing, or where a
    company's partition would not have the same number in each."""
    found = await counted(connection, names.topics, patience)
    alike({topic: found[topic] for topic in names.by_company})
    return found
