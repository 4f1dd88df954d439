"""What the commands share: opening a standing, printing for people and for programs, progress."""

import asyncio
import io
import os
import re
import sys
import time
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final, TypeVar, cast

import orjson
import typer

from events.errors import Refused, StandingError, UnknownCompany
from service.compose import Embedded, Standing, opened, opened_embedded
from service.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

ASK: Final = "Ask"
RECORD: Final = "Record"
ALERTS: Final = "Be told"
OPERATE: Final = "Operate"

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Lists = Annotated[
    list[str] | None, typer.Option("--list", help="Only this list; may be given again.")
]


def not_empty(text: str | None) -> str | None:
    """An option's value; one that is empty, of a variable that is not set, say, is bad usage."""
    if text is not None and not text.strip():
        raise typer.BadParameter("is empty; give a date, or leave it out")
    return text


AsOf = Annotated[
    str | None,
    typer.Option(
        callback=not_empty, help="As of this date (2021, 2021-02, 2021-02-03 or a full time)."
    ),
]
AnnouncedBy = Annotated[
    str | None,
    typer.Option(callback=not_empty, help="Only what the public could know by this date."),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        callback=not_empty, help="Only what the log held by this date, or position such as 0:41."
    ),
]
Out = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write to this file instead.", dir_okay=False)
]

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters, ends of lines, and what turns the direction of writing."""
_OFTEN_S: Final = 2.0
"""Where nobody sees a bar, progress is told in lines, no more than one in this time."""


command: Final[ContextVar[str]] = ContextVar("command", default="")
"""The name of the command that runs."""


def embedded() -> Settings:
    """The settings, for a command that works on the store in the home folder. Raises `Refused`
    where the log is on Kafka: that store would silently be another."""
    settings = load_settings()
    if settings.kafka is not None:
        raise Refused.field(
            "STANDING_KAFKA",
            f"`standing {command.get()}` works on the store in STANDING_HOME, and this says that "
            "the log is on Kafka",
        )
    return settings


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do asynchronous work to its end."""
    return asyncio.run(work)


@contextmanager
def using_embedded() -> Iterator[Embedded]:
    """The standing in the home folder. Raises `Refused` where the log is on Kafka."""
    with opened_embedded(embedded()) as standing:
        yield standing


@contextmanager
def using() -> Iterator[Standing]:
    """The standing that the settings name. A company that is not known is told with those that
    may have been meant."""
    from service.cli.logs import quietly

    with quietly(), opened(load_settings(), tell=say) as standing:
        try:
            yield standing
        except UnknownCompany as unknown:
            from service.cli.suggest import near

            hint = ""
            if max(standing.end().values()) < 0:
                hint = "; the log is empty: `standing demo` or `standing record` fills it"
            elif _is_known(standing, unknown.company):
                raise StandingError(
                    f"{unknown.company!r} was not known yet at that cut: its first event was "
                    "recorded later; ask with a later --known-at, or without"
                ) from None
            elif meant := near(standing, unknown.company):
                hint = f"; did you mean {' or '.join(meant)}?"
            raise StandingError(f"{unknown}{hint}") from None


def _is_known(standing: Standing, company: str) -> bool:
    try:
        standing.reader.known(standing.reader.resolve(company))
    except StandingError:
        return False
    return True


def console() -> "Console":
    """Where people read; without colours, and as wide as a page, where it is no terminal."""
    from rich.console import Console

    at_a_terminal = sys.stdout.isatty()
    wide = None if at_a_terminal or "COLUMNS" in os.environ else 120
    file = None if at_a_terminal else cast("IO[str]", _Trimmed())
    return Console(file=file, width=wide, highlight=False, emoji=False, markup=False)


class _Trimmed(io.TextIOBase):
    """Standard output, without the blanks with which tables fill their last column."""

    def write(self, text: str) -> int:
        sys.stdout.write("\n".join(line.rstrip(" ") for line in text.split("\n")))
        return len(text)

    def flush(self) -> None:
        sys.stdout.flush()


def plain(text: object) -> str:
    """Data as it may stand on a terminal: what would move its cursor or colour it, escaped.
    Nothing of None."""
    return "" if text is None else _CONTROL.sub(_escaped, str(text))


def cleaned(value: Any) -> Any:
    """An answer, with every text in it as it may stand on a terminal."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {key: cleaned(one) for key, one in value.items()}
    return [cleaned(one) for one in value] if isinstance(value, list | tuple) else value


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def echo_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))


def say(text: str) -> None:
    """Tell a person something that is no result."""
    typer.echo(plain(text), err=True)


def noted(action: str, object_: str, detail: str | None = None) -> None:
    """Keep on record what the operator did."""
    from service.audit import Audit
    from service.compose import made, system_clock
    from service.tokens import OPERATOR

    Audit(made(load_settings().home), system_clock).note(OPERATOR, action, object_, detail)


def fail() -> None:
    """End with 1: refused data, or a check that failed, of which the details were told."""
    raise typer.Exit(1)


def write_out(pieces: Generator[bytes, None, None], path: Path | None) -> None:
    """Write to a file, or to standard output. A file takes its name when it is complete, so that
    half of one is never taken for all."""
    with closing(pieces), draft(path) as file:
        for piece in pieces:
            file.write(piece)


@contextmanager
def draft(path: Path | None) -> Iterator[IO[bytes]]:
    """A file that takes its name when it is complete; standard output where there is none."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            yield file
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def progress(what: str, total: int | None, unit: str = "events") -> Iterator[Callable[[int], None]]:
    """Show how far work has come, on standard error: a bar on a terminal, else now and then a
    line. Call what is yielded with how much more was done."""
    if sys.stderr.isatty():
        with _bar(what, total) as advance:
            yield advance
        return
    done, told = 0, time.monotonic()

    def advance_plainly(more: int) -> None:
        nonlocal done, told
        done += more
        if time.monotonic() - told >= _OFTEN_S:
            told = time.monotonic()
            say(f"{what}: {done:,}{f' of {total:,}' if total else ''} {unit}")

    yield advance_plainly


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda more: shown.advance(task, more)
