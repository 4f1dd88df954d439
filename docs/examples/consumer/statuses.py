"""Keep the current status of every company, out of the topic standing.status.v1.

    pip install aiokafka
    python statuses.py --bootstrap 127.0.0.1:9092

It reads the topic from its beginning to what was its end at the start, prints a table, and then
each status that changes. With --until-caught-up it ends after the table.
"""

import argparse
import asyncio
import json
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer


class Statuses:
    """What the topic said last of each company."""

    def __init__(self) -> None:
        self.latest: dict[str, dict[str, Any]] = {}

    def take(self, key: bytes, value: bytes | None) -> str | None:
        """Keep what a message says; in words, what changed, or None where nothing did."""
        company = key.decode()
        before = said(self.latest.get(company))
        if value is None:
            self.latest.pop(company, None)
        else:
            self.latest[company] = json.loads(value)
        after = said(self.latest.get(company))
        return None if after == before else f"{company}: {before} -> {after}"

    def present(self, company: str) -> str:
        """The id that a company goes by now. A merged id may lead to another merged one."""
        passed = {company}
        while (told := self.latest.get(company)) and "merged_into" in told:
            company = told["merged_into"]
            if company in passed:
                break
            passed.add(company)
        return company

    def table(self) -> list[str]:
        """A line for each id, also for those that now count for another."""
        lines = []
        for company in sorted(self.latest):
            present = self.present(company)
            name = company if present == company else f"{company} = {present}"
            lines.append(f"{name:<32} {said(self.latest.get(present))}")
        return lines


def said(told: dict[str, Any] | None) -> str:
    """What a message says, in short. Neither "unknown" nor "parked" means: not listed."""
    if told is None:
        return "unknown"
    if "merged_into" in told:
        return f"counts for {told['merged_into']}"
    if "parked" in told:
        return "parked"
    kinds = ", ".join(one["kind"] for one in told["restrictions"])
    return f"{told['status']} [{kinds}]"


async def main() -> None:
    options = argparse.ArgumentParser(description="Print the status of every company.")
    options.add_argument("--bootstrap", default="127.0.0.1:9092", metavar="HOST:PORT,…")
    options.add_argument("--topic", default="standing.status.v1")
    options.add_argument("--until-caught-up", action="store_true")
    asked = options.parse_args()

    statuses = Statuses()
    # Without a group, every partition is this consumer's, and it begins anew at each start.
    async with AIOKafkaConsumer(
        asked.topic,
        bootstrap_servers=asked.bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        # What was written in a transaction that did not end well never was.
        isolation_level="read_committed",
    ) as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        # Offsets have gaps, where messages were compacted away and where transactions ended: it is
        # the position that says how far one has come, not the offset of the last message.
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for messages in (await consumer.getmany(timeout_ms=200)).values():
                for message in messages:
                    statuses.take(message.key, message.value)
        for line in statuses.table():
            print(line)
        print(f"caught up: {len(statuses.latest)}", flush=True)
        if asked.until_caught_up:
            return
        async for message in consumer:
            if changed := statuses.take(message.key, message.value):
                print(changed, flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
