"""The projection is a function of the log: live, restarted or rebuilt, it comes out the same."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from events.log import Record
from projections.changes import Change
from projections.projector import Projector
from projections.rebuild import rebuild
from projections.store import ProjectionStore
from projections.timeline import UNLISTED
from tests.unit import crowds
from tests.unit.making import REGISTRY, tries
from tests.unit.projecting import Arrivals, content, projected, rebuilt, whole, written

sizes = st.lists(st.integers(1, 6), min_size=1, max_size=4)


def cut(items: Sequence[Record], sizes: Sequence[int]) -> list[Sequence[Record]]:
    """Cut into pieces of these sizes, over and over."""
    pieces: list[Sequence[Record]] = []
    place = 0
    while place < len(items):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(items[place : place + size])
        place += size
    return pieces


@tries(50)
@given(crowds.logs(), sizes)
def test_live_and_rebuilt_are_the_same(arrivals: Arrivals, sizes: list[int]) -> None:
    with written(arrivals) as (log, home):
        one_by_one = projected(log, home / "live.db", [[one] for one in whole(log)])
        assert projected(log, home / "batches.db", cut(whole(log), sizes)) == one_by_one
        assert rebuilt(log, home / "rebuilt.db") == one_by_one


@tries(50)
@given(crowds.logs(), sizes)
def test_a_restart_between_any_two_batches_changes_nothing(
    arrivals: Arrivals, sizes: list[int]
) -> None:
    with written(arrivals) as (log, home):
        batches = cut(whole(log), sizes)
        without = projected(log, home / "live.db", batches)
        assert projected(log, home / "restarts.db", batches, restarts=True) == without


@tries(50)
@given(crowds.logs())
def test_the_changes_of_a_company_are_one_story(arrivals: Arrivals) -> None:
    """Numbered without a gap, each beginning where the one before it ended."""
    with written(arrivals) as (log, home):
        found = projected(log, home / "live.db", [whole(log)])["changes"]
    by_company: dict[str, list[Change]] = defaultdict(list)
    for one in found:
        by_company[one.change.company].append(one.change)
    for changes in by_company.values():
        assert [one.sequence for one in changes] == list(range(1, len(changes) + 1))
        by_list: dict[str | None, list[Change]] = defaultdict(list)
        for change in changes:
            by_list[change.list].append(change)
        for some in by_list.values():
            assert some[0].before == UNLISTED
            for one, following in pairwise(some):
                if (one.cause, one.moment) == (following.cause, following.moment):
                    assert (one.before, one.after) == (following.before, following.after)
                else:
                    # How it was removed may become another without a flip; that is no change.
                    assert one.after._replace(how=None) == following.before._replace(how=None)
    ids = [one.change.id for one in found]
    assert len(set(ids)) == len(ids)


@tries(50)
@given(crowds.logs())
def test_a_cause_has_at_most_one_change_of_each_kind_for_each_list(arrivals: Arrivals) -> None:
    with written(arrivals) as (log, home):
        found = [one.change for one in projected(log, home / "live.db", [whole(log)])["changes"]]
    told = Counter((one.company, one.list, one.kind, one.cause, one.moment) for one in found)
    assert all(count == 1 for count in told.values())


@tries(40)
@given(crowds.logs(), st.integers(0, 14))
def test_a_rebuild_on_the_way_changes_nothing(arrivals: Arrivals, at: int) -> None:
    with written(arrivals) as (log, home):
        records = whole(log)
        straight = projected(log, home / "live.db", [[one] for one in records])
        path = home / "rebuilt-on-the-way.db"
        before = projected(log, path, [records[:at]])
        store = ProjectionStore(path)
        rebuild(log, store, REGISTRY)
        if at:  # into an empty one it folds the whole log
            assert content(store) == before
        projector = Projector(log, store, REGISTRY)
        projector.apply([one for one in records if one.offset > store.mark.position])
        assert content(store) == straight
        store.close()
