"""Working on many events at once."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep Python from looking for cycles for a while: events and folds make none, and with many
    of them in hand the looking takes half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def keep_much() -> None:
    """For a process that keeps much in memory, and works on it in threads beside its event loop.
    Cycles are looked for among what is new, a little at a time, and seldom among all that is kept:
    that takes a good part of a second, in which nothing else is done. And a thread lets the loop
    have its turn sooner."""
    gc.freeze()
    gc.set_threshold(10_000, 2, 5_000)
    sys.setswitchinterval(0.001)
