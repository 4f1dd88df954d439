"""What stands of one partition, in a file: to be looked up by company, as Kafka cannot.

The file may be thrown away; it is filled from the topic again. It never holds what a reader of the
topic would not come to by itself, so that it may be cut back to any position.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from events.aside import aside
from events.bulk import no_collection
from events.kafka.first import Sifted, sift
from events.kafka.reading import Entry
from events.log import Record
from events.sqlite_archive import SqliteArchive
from events.sqlite_store import connect, transaction, trouble
from events.sqlite_table import FORMAT, SCHEMA, TableShelf, put


class Mirror(SqliteArchive):
    """The records of a partition that stand. One process writes it, in one thread."""

    def __init__(self, path: Path, partition: int) -> None:
        super().__init__(path, partition)
        # What a power cut takes of it is read again.
        self._writer = connect(path, SCHEMA, FORMAT, synchronous="NORMAL")

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()
        super().close()

    def take(self, records: Sequence[Record]) -> Sifted:
        """Keep what stands of the records that follow in the partition."""
        with trouble(self.path), no_collection(), transaction(self._writer):
            shelf = TableShelf(self._writer, [one.id for one in records], self.partition)
            sifted = sift(records, shelf)
            placed = (
                (one.record.offset, one.record.recorded, one.event) for one in sifted.standing
            )
            put(self._writer, placed)
        return sifted

    def cut(self, after: int) -> None:
        """Forget everything behind an offset."""
        with trouble(self.path), transaction(self._writer):
            self._writer.execute("DELETE FROM events WHERE offset > ?", (after,))

    def count(self) -> int:
        """How many records stand."""
        with self._reading, trouble(self.path):
            return int(self._reader.execute("SELECT count(*) FROM events").fetchone()[0])


async def taken(
    mirror: Mirror, coming: AsyncIterator[list[Entry]]
) -> AsyncIterator[tuple[list[Entry], Sifted]]:
    """Put what comes of a partition into its mirror; each batch, and what became of its records."""
    async for entries in coming:
        records = [one for one in entries if isinstance(one, Record)]
        yield entries, await aside(mirror.take, records)
