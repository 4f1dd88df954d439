"""Whoever comes next goes on from what was published, as if nobody had stopped."""

from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from events.dates import Instant, start
from events.kafka.first import Kept, sift
from events.lists import Registry, load_registry
from events.log import Record
from projections.changes import Change
from projections.messages import Place, status
from projections.partition import Brought, fold
from projections.population import Population
from projections.published import Restored, Statement, forgotten, outcome, restored
from projections.revision import republished
from tests.unit import crowds
from tests.unit.making import ENTITY, REGISTRY, issued, record, retracted, tries
from tests.unit.test_population import POISON, Shelf, merged
from tests.unit.test_revised_rules import RULES

Json = dict[str, Any]


class Worker:
    """Folds batches, publishes what follows, and may be replaced."""

    def __init__(self, registry: Registry = REGISTRY) -> None:
        self.shelf = Shelf()
        self.statuses: dict[bytes, Statement] = {}
        self.changes: list[Change] = []
        self._begin(Restored(), registry)

    def _begin(self, found: Restored, registry: Registry) -> None:
        self.sequences = {
            **found.sequences,
            **forgotten(self.shelf, registry, lambda _: True, found),
        }
        self.population = Population(
            registry,
            self.shelf,
            position=found.position,
            clock=found.clock,
            sequence_of=lambda company: self.sequences.get(company, 0),
            dues=found.dues,
            parked=found.parked,
        )

    def replaced(self, registry: Registry = REGISTRY) -> Restored:
        """Another one, who knows what was published and has the log."""
        found = restored(self.statuses.values(), registry)
        self._begin(found, registry)
        return found

    def fold(self, *batch: Record) -> None:
        """What stands of the log follows, or comes again after a stop."""
        self.shelf.records += [one for one in batch if one.offset > self.shelf.end()]
        self.publish(fold(self.population, batch))

    def publish(self, brought: Brought) -> None:
        out = outcome(self.population, brought, self.place, self.sequences)
        self.changes += [one.change for one in brought.told]
        for one in out.statuses:
            self.statuses.pop(one.key, None)
            if one.value is not None:
                self.statuses[one.key] = Statement(one.value, one.headers)

    @property
    def place(self) -> Place:
        return Place(f"0:{self.population.position}", self.population.clock)

    def said(self, company: str) -> Json:
        return self.statuses[company.encode()].told


def _standing(log: list[tuple[Instant, Json]]) -> list[Record]:
    """What stands, with gaps between the offsets."""
    sent = [
        Record(2 * number, now, {"id": f"x{number}", "source": "urn:test", **one})
        for number, (now, one) in enumerate(log)
    ]
    return [one.record for one in sift(sent, Kept()).standing]


@tries(200)
@given(crowds.logs(), st.data())
def test_a_stop_anywhere_changes_nothing(
    log: list[tuple[Instant, Json]], data: st.DataObject
) -> None:
    """Not a status, not a change, not a sequence; what is told again has the same id."""
    records = _standing(log)
    cut = data.draw(st.integers(0, len(records)))
    whole, stopped = Worker(), Worker()
    for one in records:
        whole.fold(one)
    stopped.fold(*records[:cut])
    found = stopped.replaced()
    for one in records:
        if one.offset > found.position:
            stopped.fold(one)
    told = {one.id: one for one in stopped.changes}
    assert told == {one.id: one for one in whole.changes}
    assert stopped.statuses.keys() == whole.statuses.keys()
    for key, one in stopped.statuses.items():
        company = key.decode()
        place = Place(one.told["position"], start(dict(one.headers)["ce_time"].decode()))
        said = status(whole.population, company, place, whole.sequences.get(company, 0))
        assert one.value == said.value


def test_of_nothing_nothing_is_known() -> None:
    assert restored([], REGISTRY) == Restored()


def test_one_who_is_published_no_more_keeps_its_sequence() -> None:
    """Merged into, and not any more: a tombstone tells nothing."""
    worker = Worker()
    worker.fold(record(issued("2021", "i", ENTITY) | {"subject": "old"}, 0, "2021-01-02"))
    worker.fold(record(merged("old", "new"), 2, "2021-02-01"))
    worker.fold(record(retracted("merge") | {"subject": "old"}, 4, "2021-03-01"))
    assert b"new" not in worker.statuses
    reached = worker.sequences["new"]
    assert reached > 0
    assert "new" not in worker.replaced().sequences
    assert worker.sequences["new"] == reached


def test_who_was_parked_stays_parked_until_it_can_be_folded() -> None:
    worker = Worker()
    worker.fold(
        record(issued("2021", "i", ENTITY) | {"subject": "acme"}, 0, "2021-01-02"),
        record(POISON | {"subject": "acme"}, 2, "2021-01-03"),
    )
    assert worker.said("acme")["parked"] == "KeyError: 'how'"
    assert worker.replaced().parked == {"acme": "KeyError: 'how'"}
    assert worker.population.free() == []
    assert worker.population.parked == {"acme": "KeyError: 'how'"}
    worker.shelf.records.pop()  # a version that understands it
    assert worker.population.free() == ["acme"]
    worker.publish(Brought([], ["acme"], []))
    assert worker.said("acme")["status"] == "designated"


def _rules(tmp_path: Path, version: str, after: int) -> Registry:
    path = tmp_path / "lists.toml"
    path.write_text(RULES.format(version=version, after=after))
    return load_registry(path)


def test_other_rules_are_published_with_their_version_as_the_cause(tmp_path: Path) -> None:
    """Of who stays as he was, too: the next one must not take it for the old rules' word."""
    worker = Worker(_rules(tmp_path, "1", after=0))
    mine = issued("2021-01-01", "i", "xx-test") | {"subject": "acme"}
    worker.fold(record(mine, 0, "2021-01-02"))
    worker.fold(record(issued("2021-01-14", "j", ENTITY) | {"subject": "same"}, 2, "2021-01-14"))
    worker.fold(record(merged("older", "acme"), 4, "2021-02-01"))
    worker.fold(record(POISON | {"subject": "poisoned"}, 6, "2021-02-01"))
    statements = list(worker.statuses.values())
    other = _rules(tmp_path, "2", after=60)
    assert worker.replaced(other).other_rules
    out = republished(worker.population, statements, worker.place, worker.sequences)
    changes = [orjson.loads(one.value or b"") for one in out.changes]
    assert [(one["sequence"], one["kind"], one["cause"][0]) for one in changes] == [
        (2, "changed", "list:xx-test@2"),
        (3, "scheduled", "list:xx-test@2"),
    ]
    assert {one.key for one in out.statuses} == {b"acme", b"older", b"poisoned", b"same"}
    worker.statuses = {one.key: Statement(one.value or b"", one.headers) for one in out.statuses}
    assert worker.said("acme")["restrictions"] == []
    found = worker.replaced(other)
    assert (found.other_rules, found.position, found.sequences["acme"]) == (False, 6, 3)
