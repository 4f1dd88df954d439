"""`screen`: a file of holdings, matched and answered as of a date."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from events.errors import Refused
from service.cli.common import (
    ASK,
    AnnouncedBy,
    AsJson,
    AsOf,
    KnownAt,
    Lists,
    Out,
    progress,
    run,
    say,
    using,
    write_out,
)
from service.formats import Format, encoded

if TYPE_CHECKING:
    from projections.reader import Question
    from service.holdings import Line
    from service.screening import Screening

_STDIN: Final = Path("-")
_PAGE: Final = 500

Form = Annotated[Format, typer.Option("--format", help="What to write.")]


def add_to(app: typer.Typer) -> None:
    """Make this a command of `standing`."""
    app.command(rich_help_panel=ASK)(screen)


def screen(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV with a heading: name, company, isin, lei, ticker, identifier, id, country; "
            "other columns are carried through. - for standard input.",
            exists=True,
            dir_okay=False,
            readable=True,
            allow_dash=True,
        ),
    ],
    lists: Lists = None,
    as_of: AsOf = None,
    announced_by: AnnouncedBy = None,
    known_at: KnownAt = None,
    min_score: Annotated[
        float, typer.Option(min=0.5, max=1, help="How like a name must be at least.")
    ] = 0.7,
    form: Form = "jsonl",
    as_json: AsJson = False,
    output: Out = None,
) -> None:
    """Match a file of names or identifiers, and say how each match stood. Each says how sure it
    is; that none is found clears nobody."""
    from projections.reader import Question

    question = Question(tuple(lists or ()), as_of, announced_by, known_at)
    run(_screen(file, question, min_score, "jsonl" if as_json else form, output))


async def _screen(file: Path, question: "Question", least: float, form: Format, out: Out) -> None:
    from service.holdings import meaning, read_csv
    from service.screening import Companies, Screening, table

    with using() as standing, _opened(file) as (text, source):
        try:
            sheet = read_csv(text, source)
        except Refused as refused:
            raise typer.BadParameter(str(refused), param_hint="FILE") from None
        async with standing.caught_up() as store:
            companies = Companies(standing)
            ids = any(meaning(one) == "identifier" for one in sheet.headings)
            index = companies.index(store, references=ids)
            screening = Screening(index, standing.reader, question, least, store.parked())
            with progress("screen", None, "rows") as advance:
                rows = screening.rows(_counted(sheet.lines, advance))
                write_out(encoded(rows, table(sheet.headings), form), out)
            say(_summary(screening, len(index), str(store.position)))


@contextmanager
def _opened(file: Path) -> Iterator[tuple[IO[bytes], str]]:
    if file == _STDIN:
        yield sys.stdin.buffer, "standard input"
        return
    with file.open("rb") as opened:
        yield opened, file.name


def _counted(lines: "Iterator[Line]", advance: Any) -> "Iterator[Line]":
    for number, line in enumerate(lines, 1):
        yield line
        if not number % _PAGE:
            advance(_PAGE)


def _summary(screening: "Screening", companies: int, position: str) -> str:
    counts = screening.counts
    return (
        f"screened {counts['rows']:,} rows against {companies:,} companies at {position}: "
        f"{counts['exact']:,} with an exact match, {counts['strong']:,} strong, "
        f"{counts['possible']:,} possible; {counts['none']:,} with no match found, which clears "
        "nobody"
    )
