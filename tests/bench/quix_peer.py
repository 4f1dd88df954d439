"""Quix Streams with the smallest fold that there is: the last word on each company, in its store.

A program of its own, as it has an environment of its own: `.venv/quix/bin/python -P
tests/bench/quix_peer.py SERVERS TOPIC COUNT FOLDER`. Prints what it measured as JSON, from its
first event to its last.
"""

import json
import sys
from resource import RUSAGE_SELF, getrusage
from time import perf_counter
from uuid import uuid4

from quixstreams import Application


def main(servers: str, topic: str, count: int, folder: str) -> None:
    """Read so many events."""
    app = Application(
        servers,
        consumer_group=f"quix-{uuid4().hex}",
        auto_offset_reset="earliest",
        state_dir=folder,
        loglevel="WARNING",
    )
    seen = 0
    begun = used = 0.0

    def fold(event, state):  # type: ignore[no-untyped-def]  # its types are not here
        nonlocal seen, begun, used
        if not seen:
            begun, used = perf_counter(), _cpu()
        seen += 1
        state.set("last", event["type"])
        return event

    frame = app.dataframe(app.topic(topic, value_deserializer="json"))
    frame.apply(fold, stateful=True)
    app.run(count=count, collect=False)
    seconds = perf_counter() - begun
    figures = {"rate": seen / seconds, "seconds": seconds, "cpu": seen / (_cpu() - used)}
    print(json.dumps(figures))


def _cpu() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
