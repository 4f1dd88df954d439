"""Companies folded by themselves, all at once, come out as they do record by record."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from events.dates import Instant
from events.kafka.mirror import Mirror
from events.kafka.packing import Outgoing
from events.kafka.partitioner import partition_of
from events.log import Record
from projections import messages
from projections.messages import Message, Place
from projections.outgoing import copied
from projections.partition import fold
from projections.population import Population
from projections.share import Share, Stretch, fold_group, fold_share, groups
from tests.unit import crowds
from tests.unit.making import ENTITY, REGISTRY, issued, tries
from tests.unit.test_population import POISON, Shelf, merged

Json = dict[str, Any]
Log = list[tuple[Instant, Json]]


def _written(log: Log) -> list[Record]:
    """As a partition has them, with gaps."""
    return [
        Record(2 * number + 1, now, {"id": f"x{number}", "source": "urn:test", **sent}, 0)
        for number, (now, sent) in enumerate(log)
    ]


@contextmanager
def _mirrored(records: list[Record]) -> Iterator[tuple[Mirror, list[Record]]]:
    with TemporaryDirectory() as home:
        mirror = Mirror(Path(home) / "0.db", 0)
        yield mirror, [one.record for one in mirror.take(records).standing]
        mirror.close()


def _at_once(mirror: Mirror, last: Record, partitions: int) -> Json:
    """In two stretches, and the rest group by group."""
    together = groups(mirror, last.offset)
    bound_up = frozenset(company for group in together for company in group)
    whole = Stretch(mirror.path, 0, partitions, last.offset, last.recorded, bound_up)
    shares = [
        fold_share(REGISTRY, whole._replace(last="b")),
        fold_share(REGISTRY, whole._replace(first="b")),
        *(fold_group(mirror, group, REGISTRY, whole) for group in together),
    ]
    return _content(shares, partitions)


def _one_by_one(standing: list[Record], partitions: int) -> Json:
    shelf = Shelf()
    population = Population(
        REGISTRY, shelf, owns=lambda company: partition_of(company, partitions) == 0
    )
    share = Share(0, [], [], copies := [])
    companies: set[str] = set()
    sequences: dict[str, int] = {}
    for record in standing:
        shelf.records.append(record)
        brought = fold(population, [record])
        companies.update(brought.companies)
        copies += brought.copies
        for told in brought.told:
            sequences[told.change.company] = told.change.sequence
            share.changes.append(messages.change(told, REGISTRY, 0))
    place = Place(f"0:{standing[-1].offset}", standing[-1].recorded)
    share.statuses.extend(
        messages.status(population, company, place, sequences.get(company, 0))
        for company in companies
    )
    return _content([share], partitions)


def _content(shares: list[Share], partitions: int) -> Json:
    """The statuses by company, the changes of each in order, and the copies."""
    statuses = [one for share in shares for one in share.statuses]
    changes: dict[bytes, list[Any]] = {}
    for one in (one for share in shares for one in share.changes):
        changes.setdefault(one.key, []).append((one.headers, _whosever(one)))
    assert len({one.key for one in statuses}) == len(statuses)
    copies = [copied(one, partitions) for share in shares for one in share.copies]
    return {
        "statuses": {one.key: one for one in statuses},
        "changes": changes,
        "copies": sorted(copies, key=_key),
    }


def _whosever(one: Message) -> Json:
    """A change without who the company is, and its events: those are told as they are known by the
    end of a batch."""
    value = orjson.loads(one.value or b"")
    return {key: told for key, told in value.items() if key not in _BESIDE}


_BESIDE = {"country", "former_ids", "name", "causes"}


def _key(one: Outgoing) -> tuple[int, bytes]:
    return one.partition, one.value or b""


@tries(150)
@given(crowds.logs(), st.integers(1, 3))
def test_all_at_once_is_the_same_as_record_by_record(log: Log, partitions: int) -> None:
    """Flips, corrections, merges and their retractions, companies of other partitions too."""
    with _mirrored(_written(log)) as (mirror, standing):
        told = _at_once(mirror, standing[-1], partitions)
        assert told == _one_by_one(standing, partitions)


def test_a_poison_event_parks_its_company_and_keeps_what_was_told() -> None:
    """Also one that names no company to merge into."""
    begun = 1_600_000_000_000_000
    bad = {**merged("c", "d", "m"), "data": {}}
    log = [
        (begun, issued("2021-01-14", "i", ENTITY) | {"subject": "a"}),
        (begun + 1, {**POISON, "subject": "a"}),
        (begun + 2, issued("2021-01-14", "j", ENTITY) | {"subject": "b"}),
        (begun + 3, bad),
    ]
    with _mirrored(_written(log)) as (mirror, standing):
        told = _at_once(mirror, standing[-1], 1)
        assert told == _one_by_one(standing, 1)
    parked = [
        key for key, one in told["statuses"].items() if "parked" in orjson.loads(one.value or b"")
    ]
    assert sorted(parked) == [b"a", b"c"]
    assert [*told["changes"]] == [b"a", b"b"]
