"""`export`: the whole log, to be recorded elsewhere."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import typer

from events.dates import show
from events.log import Position, Record
from service.cli.common import RECORD, Out, draft, progress, run, say, using
from service.compose import Standing


def add_to(app: typer.Typer) -> None:
    """Make this a command of `standing`."""
    app.command(rich_help_panel=RECORD)(export)


def export(output: Out = None) -> None:
    """Write the whole log as JSON Lines. Recorded elsewhere, ids, origin times and statuses are
    as they were."""
    with using() as standing:
        count = run(_export(standing, output))
    if output is not None:
        say(f"exported {count:,} events to {output}")


async def _export(standing: Standing, output: Path | None) -> int:
    count = 0
    with (
        draft(output) as file,
        progress("export", standing.log.end() + 1) as advance,
    ):
        async for records in _all(standing):
            file.write(b"".join(map(_line, records)))
            count += len(records)
            advance(len(records))
    return count


async def _all(standing: Standing) -> AsyncIterator[list[Record]]:
    async for records in standing.log.read(Position({0: -1}), await standing.log.ends()):
        yield records


def _line(record: Record) -> bytes:
    """An event with the time at which a log first took it in."""
    event = {**record.event, "origintime": record.event.get("origintime") or show(record.recorded)}
    return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
