"""`record`, `demo` and `serve`: how events get in, and where they are served."""

import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from events.codec import SUFFIXES
from service.cli.common import (
    ASK,
    RECORD,
    AsJson,
    echo_json,
    embedded,
    fail,
    progress,
    run,
    say,
)
from service.cli.logs import quietly
from service.compose import (
    Embedded,
    Standing,
    log_in_use,
    opened,
    opened_embedded,
    shipped_history,
)
from service.settings import Settings, load_settings

if TYPE_CHECKING:
    from service.recording import Tally

_STDIN: Final = Path("-")

Host = Annotated[str | None, typer.Option(help="The address to serve on.")]
Port = Annotated[int | None, typer.Option(help="The port to serve on.", min=0, max=65_535)]


def add_to(app: typer.Typer) -> None:
    """Make these commands of `standing`."""
    app.command(rich_help_panel=ASK)(demo)
    app.command(rich_help_panel=RECORD)(record)
    app.command(rich_help_panel=RECORD)(serve)


def record(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Events as .jsonl, .ndjson, .json, .yaml or .yml; - for JSON Lines on standard "
            "input.",
            exists=True,
            dir_okay=False,
            readable=True,
            allow_dash=True,
        ),
    ],
    backfill: Annotated[
        bool, typer.Option("--backfill", help="This is history: tell nobody of it.")
    ] = False,
    atomic: Annotated[
        bool, typer.Option("--atomic", help="All of them or none; at most 10,000.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Append events. A bad one is named with file, line and field, and the rest go in."""
    for path in files:
        if path != _STDIN and path.suffix not in SUFFIXES:
            raise typer.BadParameter(
                f"{path}: {path.suffix or 'a file without a suffix'} is none of "
                f"{', '.join(SUFFIXES)}",
                param_hint="FILE...",
            )
    sizes = [path.stat().st_size for path in files if path != _STDIN]
    total = sum(sizes) if len(sizes) == len(files) else None
    work = _record(load_settings(), files, total, backfill=backfill, atomic=atomic)
    tally, position = run(work)
    counts = {
        "recorded": tally.recorded,
        "duplicate": tally.duplicate,
        "rejected": tally.rejected,
        **({"withheld": tally.withheld} if atomic else {}),
        "position": position,
    }
    if as_json:
        echo_json(counts)
    else:
        withheld = f", withheld {tally.withheld:,}" if tally.withheld else ""
        typer.echo(
            f"recorded {tally.recorded:,}, duplicate {tally.duplicate:,}, "
            f"rejected {tally.rejected:,}{withheld}; the log is at {position}"
        )
    if tally.rejected:
        fail()


async def _record(
    settings: Settings, files: list[Path], total: int | None, *, backfill: bool, atomic: bool
) -> tuple["Tally", str]:
    from service.recording import record as record_files

    seen = 0
    with quietly(), progress("record", total, "bytes") as advance:

        def show(tally: "Tally") -> None:
            nonlocal seen
            advance(tally.read - seen)
            seen = tally.read

        async with log_in_use(settings, say) as log:
            tally = await record_files(
                log,
                files,
                settings.lists,
                backfill=backfill,
                atomic=atomic,
                tell=lambda complaint: say(str(complaint)),
                progress=show,
            )
            return tally, str(await log.ends())


def demo(
    host: Host = None,
    port: Port = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser, where there is one.")
    ] = True,
    serve_it: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve it, or only load it.")
    ] = True,
) -> None:
    """Load the shipped history into an empty store, and serve it."""
    settings = embedded()
    with opened_embedded(settings) as standing:
        run(_load(standing))
        if serve_it:
            _serve(standing, settings, host, port, browser=browser and _has_display())


async def _load(standing: Embedded) -> None:
    end = standing.log.end()
    if end >= 0:
        say(f"{standing.settings.home} has {end + 1:,} events already; nothing was loaded")
    else:
        history = [standing.admit({**sent.raw, "backfill": True}) for sent in shipped_history()]
        receipts = await standing.log.append(history, atomic=True)
        say(f"loaded {len(receipts):,} events of shipped history into {standing.settings.home}")
    async with standing.caught_up() as store:
        count, first = (
            store.counts()["companies"],
            store.row("xiaomi") or next(iter(store.rows(limit=1)), None),
        )
        hint = f"; try: standing status {first.company}" if first else ""
        say(f"{count:,} companies{hint}")


def serve(host: Host = None, port: Port = None) -> None:
    """Serve the API and the pages, project, alert and keep the clock, in one process. With
    STANDING_KAFKA set, serve them from a replica of the log there."""
    settings = load_settings()
    with opened(settings, serving=True, tell=say) as standing:
        _serve(standing, settings, host, port, browser=False)


def _serve(
    standing: Standing, settings: Settings, host: str | None, port: int | None, *, browser: bool
) -> None:
    from service.cli.logs import begin_logging
    from service.server import serve as serve_standing

    begin_logging(settings)

    def ready(address: str) -> None:
        typer.echo(f"standing is served at {address}")
        if browser:
            webbrowser.open(address)

    run(
        serve_standing(
            standing,
            settings.host if host is None else host,
            settings.port if port is None else port,
            ready=ready,
        )
    )


def _has_display() -> bool:
    """Whether somebody sits in front of this who has a screen, and it is no script. A browser in
    the terminal itself would take it over."""
    screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return screen and sys.stdout.isatty()
