"""Working on many events at once: when Python looks for cycles."""

import gc
import sys
from collections.abc import Iterator
from math import prod

import pytest

from events.bulk import keep_much, no_collection


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)


def test_nothing_is_collected_for_a_while() -> None:
    with no_collection():
        assert not gc.isenabled()
        with no_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_process_that_keeps_much_seldom_looks_through_all_of_it() -> None:
    before, interval = gc.get_threshold(), sys.getswitchinterval()
    keep_much()
    assert gc.isenabled()
    assert prod(gc.get_threshold()) > prod(before)
    assert sys.getswitchinterval() < interval
