"""One partition of a log elsewhere, as it is held on this machine: what stands of it, and what
follows from that. Both may be thrown away."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from events.dates import Instant
from events.kafka.first import Sifted
from events.kafka.mirror import Mirror
from events.lists import Registry
from events.log import Record
from events.sqlite_archive import SqliteArchive
from projections.projector import Folder
from projections.rows import Told, change_row
from projections.store import ProjectionStore

LOG: Final = "log.db"
PROJECTIONS: Final = "projections.db"
_RULES: Final = "registry"
_PIECE: Final = 5_000


class Held:
    """For whoever fills it: one process, and one thread at a time. `owns` tells which companies
    belong to the partition."""

    def __init__(
        self, folder: Path, partition: int, registry: Registry, owns: Callable[[str], bool]
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.partition = partition
        self.mirror = Mirror(folder / LOG, partition)
        self.store = _store(folder / PROJECTIONS, registry)
        self._folder = Folder(self.mirror, self.store, registry, owns=owns, keeps_told=False)
        self.read = self.mirror.end()
        """The last offset that was read. What stands behind the last one that counts was a repeat,
        a conflict or no event, and is read again after a start."""
        self.due: Instant = self._folder.due
        """When the next flip comes that needs no event."""
        self.parked = dict(self._folder.parked)

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()
        self.mirror.close()

    @property
    def skipped(self) -> int:
        """How many events since the start this version did not understand."""
        return self._folder.skipped

    def settle(self) -> Iterator[int]:
        """Fold what is in the mirror, and was not folded when this ended last; how many events,
        piece by piece."""
        while batch := self.mirror.between(self._folder.position, self.read, _PIECE):
            self._fold(batch)
            yield len(batch)
        self.store.put_meta("read", self.read)

    def take(self, records: Sequence[Record], last: int) -> Sifted:
        """Keep and fold what follows in the partition, up to an offset."""
        sifted = self.mirror.take(records)
        # A power cut may take of the mirror what was folded; then it is only read again.
        folded = self._folder.position
        if batch := [one.record for one in sifted.standing if one.record.offset > folded]:
            self._fold(batch)
        self.read = last
        self.store.put_meta("read", last)
        return sifted

    @property
    def heard(self) -> int:
        """The last offset of the changes that was read."""
        heard = self.store.meta("changes")
        return -1 if heard is None else int(heard)

    def hear(self, told: Sequence[Told], last: int) -> None:
        """Keep changes of the partition as they were told, up to an offset."""
        self.store.take_changes(map(change_row, told), last)

    def _fold(self, batch: Sequence[Record]) -> None:
        self._folder.apply(batch)
        self.due, self.parked = self._folder.due, dict(self._folder.parked)


def _store(path: Path, registry: Registry) -> ProjectionStore:
    """The projection, begun anew where it was folded by other rules."""
    store = ProjectionStore(path)
    if store.meta(_RULES) not in (None, registry.digest):
        store.close()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        store = ProjectionStore(path)
    store.put_meta(_RULES, registry.digest)
    return store


def archive(folder: Path, partition: int) -> SqliteArchive:
    """What stands of a partition, to be read beside whoever fills it."""
    return SqliteArchive(folder / LOG, partition)


def projection(folder: Path) -> ProjectionStore:
    """What was projected of a partition, to be read beside whoever fills it."""
    return ProjectionStore(folder / PROJECTIONS)
