"""`export`: the whole log, to be recorded elsewhere."""

from pathlib import Path

import orjson
import typer

from events.dates import show
from events.log import Position, Record
from service.cli.common import RECORD, Out, draft, progress, run, say
from service.cli.logs import quietly
from service.compose import log_in_use
from service.settings import Settings, load_settings


def add_to(app: typer.Typer) -> None:
    """Make this a command of `standing`."""
    app.command(rich_help_panel=RECORD)(export)


def export(output: Out = None) -> None:
    """Write the whole log as JSON Lines. Recorded elsewhere, ids, origin times and statuses are
    as they were."""
    count = run(_export(load_settings(), output))
    if output is not None:
        say(f"exported {count:,} events to {output}")


async def _export(settings: Settings, output: Path | None) -> int:
    count = 0
    with quietly():
        async with log_in_use(settings, say) as log:
            ends = await log.ends()
            total = sum(offset + 1 for offset in ends.values())
            with draft(output) as file, progress("export", total) as advance:
                async for records in log.read(Position(), ends):
                    file.write(b"".join(map(_line, records)))
                    count += len(records)
                    advance(len(records))
    return count


def _line(record: Record) -> bytes:
    """An event with the time at which a log first took it in."""
    event = {**record.event, "origintime": record.event.get("origintime") or show(record.recorded)}
    return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
