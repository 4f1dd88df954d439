"""Faust as its documentation writes it: an agent, bare or with the last word on each company in a
Table. `python -m tests.bench.faust_peer SERVERS TOPIC COUNT FOLDER bare|table` prints what it
measured as JSON, from its first event to its last.
"""

import json
import os
import sys
from resource import RUSAGE_SELF, getrusage
from time import perf_counter
from typing import Any
from uuid import uuid4

import faust


def main(servers: str, topic: str, count: int, folder: str, way: str) -> None:
    """Read so many events."""
    app = faust.App(
        f"faust-{uuid4().hex}",
        broker=[f"kafka://{one}" for one in servers.split(",")],
        datadir=folder,
        topic_partitions=4,
        web_enabled=False,
        value_serializer="json",
    )
    source = app.topic(topic, key_serializer="raw", value_serializer="json")
    last = app.Table("last", default=str) if way == "table" else None
    seen = 0
    begun = used = 0.0

    @app.agent(source)
    async def fold(events: Any) -> None:
        nonlocal seen, begun, used
        async for event in events:
            if not seen:
                begun, used = perf_counter(), _cpu()
            seen += 1
            if last is not None:
                last[event["subject"]] = event["type"]
            if seen == count:
                seconds = perf_counter() - begun
                told = {"rate": count / seconds, "seconds": seconds, "cpu": count / (_cpu() - used)}
                print(json.dumps(told), flush=True)
                os._exit(0)  # its own end takes seconds, and nothing is left to do

    app.finalize()
    faust.Worker(app, loglevel="ERROR", redirect_stdouts=False).execute_from_commandline()


def _cpu() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5])
