"""The options by which a filter is asked for, and watchlists from files."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from service.cli.common import cleaned, console, say, using

if TYPE_CHECKING:
    from service.holdings import Sheet
    from service.watchlist import Report

Many = list[str] | None
_STDIN: Final = Path("-")

Companies = Annotated[
    Many, typer.Option("--company", help="Only this company; may be given again.")
]
Countries = Annotated[Many, typer.Option("--country", help="Only companies of this country: CN.")]
From = Annotated[Many, typer.Option("--from", help="Only from this status.")]
To = Annotated[Many, typer.Option("--to", help="Only to this status.")]
Kinds = Annotated[
    Many,
    typer.Option("--kind", help="changed, corrected, scheduled, noted; by default all but noted."),
]
Restrictions = Annotated[
    Many, typer.Option("--restriction", help="Only what brings or takes away this restriction.")
]
Gained = Annotated[Many, typer.Option("--gained", help="Only what brings this restriction.")]
Lost = Annotated[Many, typer.Option("--lost", help="Only what takes this restriction away.")]
Label = Annotated[str | None, typer.Option(help="A name for people.")]
Expires = Annotated[
    str | None, typer.Option(help="The last day, month or year, in UTC, or a time.")
]
Watchlist = Annotated[
    Path | None,
    typer.Option(
        "--watchlist",
        help="CSV of the companies, by names or identifiers, as screen reads it; - for standard "
        "input.",
        exists=True,
        dir_okay=False,
        allow_dash=True,
    ),
]
AcceptLikely = Annotated[
    bool,
    typer.Option("--accept-likely", help="Of a watchlist, take also who is like one by name."),
]
Since = Annotated[
    str, typer.Option(help="Of a preview: how far back (P1Y, P90D), a date, or a position.")
]


def filtered(**named: Many) -> dict[str, list[str]]:
    """A filter of the options that were given; those that are Python's words end in _."""
    return {key.rstrip("_"): value for key, value in named.items() if value}


async def resolved_file(path: Path, *, likely: bool) -> "Report":
    """Who the rows of a file are, of the companies that are known now."""
    from service.holdings import read_csv

    with sys.stdin.buffer if path == _STDIN else path.open("rb") as file:
        sheet = read_csv(file, "standard input" if path == _STDIN else path.name)
        return await resolved_now(sheet, likely=likely)


async def resolved_now(sheet: "Sheet", *, likely: bool) -> "Report":
    """Who the rows of a sheet are."""
    from service.screening import Companies as Known
    from service.watchlist import by_reference, resolved

    with using() as standing:
        async with standing.caught_up() as store:
            index = Known(standing).index(store, references=by_reference(sheet))
            return resolved(sheet, index, standing.clock(), likely=likely)


def print_report(report: "Report") -> None:
    """Whom each row was taken for: those that were taken last, as they need nobody's eye."""
    from rich.table import Table

    table = Table("row", "asked for", "outcome", "company", box=None, padding=(0, 2, 0, 0))
    for one in sorted(cleaned(report["rows"]), key=lambda row: row["taken"]):
        said = ", ".join(one["input"].values())
        may_be = [each["company"] for each in one.get("candidates", ())]
        company = one["company"] if one["taken"] else " or ".join(may_be)
        outcome = one["outcome"].replace("_", " ")
        table.add_row(str(one["row"]), said, outcome, company)
    console().print(table)
    counts = report["counts"]
    left = counts["rows"] - sum(one["taken"] for one in report["rows"])
    say(
        f"{counts['rows']:,} rows: {counts['matched']:,} matched, {counts['likely']:,} likely, "
        f"{counts['several']:,} of several, {counts['not_found']:,} not found, which clears nobody;"
        f" {report['companies']:,} companies taken, {left:,} rows left to you"
    )


def print_preview(found: dict[str, Any], since: str) -> None:
    """How much it would have been, and the first of it."""
    from rich.table import Table

    typer.echo(f"{found['count']:,} messages about {found['companies']:,} companies since {since}")
    for what, counts in found["by"].items():
        told = ", ".join(f"{name} {count:,}" for name, count in cleaned(counts).items())
        if told:
            typer.echo(f"  by {what}: {told}")
    if found["loaded"]:
        say(f"and {found['loaded']:,} more with --backfill: history that was loaded is not news")
    columns = ("recorded", "company", "list", "kind", "from", "to")
    table = Table(*columns, box=None, padding=(0, 2, 0, 0))
    for one in cleaned(found["messages"]):
        told = one["data"]
        statuses = told["from"]["status"], told["to"]["status"]
        table.add_row(told["recorded"][:16], told["company"], told["list"], told["kind"], *statuses)
    if found["messages"]:
        console().print(table)
