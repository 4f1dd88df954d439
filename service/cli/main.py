"""`standing`: the command line. Exit 0 done, 1 refused data or a failed check, 2 usage.

Commands import what only they need within themselves, so that an answer comes at once.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from importlib.metadata import version
from types import FrameType
from typing import Annotated, NoReturn

import typer

from events.errors import Conflict, Refused, StandingError
from service.cli import (
    asking,
    broker,
    delivering,
    exporting,
    ingesting,
    operating,
    recording,
    reviewing,
    screening,
    subscribing,
    subscriptions,
    tables,
    topics,
    working,
)
from service.cli.common import command, say

app = typer.Typer(
    help="Which companies stand on which government lists, as of any date, and what that forbids.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for part in (
    asking,
    tables,
    screening,
    recording,
    ingesting,
    reviewing,
    exporting,
    subscribing,
    subscriptions,
    delivering,
    operating,
    broker,
    topics,
    working,
):
    part.add_to(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"standing {version('standing')}")
        raise typer.Exit


@app.callback()
def standing(
    context: typer.Context,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Ask, record, be told, operate. `standing COMMAND --help` tells of each."""
    command.set(context.invoked_subcommand or "")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code. What goes wrong is one line on standard error."""
    try:
        with _ended_by_ctrl_c():
            app(sys.argv[1:] if arguments is None else arguments, prog_name="standing")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return 130
    except Refused as refused:
        what = "conflict" if isinstance(refused, Conflict) else "refused"
        for problem in refused.problems:
            _complain(f"{what}: {problem}")
    except StandingError as error:
        _complain(str(error))
    except TimeoutError:
        _complain(
            "the standing service that projects in this folder has not caught up in time; "
            "look at its log, or try again"
        )
    except BrokenExecutor:
        _complain("a helper process was ended from outside (out of memory?); nothing after it ran")
    except OSError as error:
        _complain(f"{error.filename or 'standing'}: {error.strerror or error}")
    return 1


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """Ctrl-C ends a command wherever it is, also where it waits for its input: asyncio's own
    handler would wait for the input, too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, _interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupted(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _complain(text: str) -> None:
    say(f"standing: {' '.join(text.splitlines())}")


if __name__ == "__main__":
    sys.exit(main())
