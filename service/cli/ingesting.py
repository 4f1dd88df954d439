"""`ingest`: official files, from what a government publishes to what changed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.common import RECORD, AsJson, echo_json, fail, progress, run, say
from service.cli.logs import quietly
from service.compose import log_in_use, made, system_clock
from service.settings import Settings, load_settings

if TYPE_CHECKING:
    from events.sources.source import Source
    from service.ingesting import Asked, Publication, Report


def add_to(app: typer.Typer) -> None:
    """Make this a command of `standing`."""
    app.command(rich_help_panel=RECORD)(ingest)


def ingest(
    source: Annotated[str, typer.Argument(help="Which source, such as ofac-sdn-csv.")],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Its files; several publications are read in the order of their times.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ],
    retrieved_at: Annotated[
        str | None,
        typer.Option(
            "--retrieved-at",
            help="When the file was taken, where neither it nor its name says so.",
        ),
    ] = None,
    kinds: Annotated[
        str, typer.Option(help="company,unknown; or all, also persons, vessels and aircraft.")
    ] = "company,unknown",
    backfill: Annotated[
        bool, typer.Option("--backfill", help="This is history: tell nobody of it.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Apply also what would be held.")
    ] = False,
    most_removed: Annotated[
        float,
        typer.Option(min=0, max=1, help="The share of a list that one publication may remove."),
    ] = 0.2,
    as_json: AsJson = False,
) -> None:
    """Read a list's official files: what was listed, amended and delisted since the last. A file
    that cannot be believed is held, and nothing of it is applied."""
    from events.sources.catalogue import named
    from service.ingesting import Asked, publications

    asked = Asked(_kinds(kinds), backfill, accept, most_removed)
    found = named(source)
    some = publications(found, files, retrieved_at)
    reports = run(_ingest(load_settings(), found, some, asked, plainly=not as_json))
    if as_json:
        echo_json([one.shown() for one in reports])
    if any(one.outcome == "held" or one.problems for one in reports):
        fail()


def _kinds(text: str) -> frozenset[str] | None:
    from typing import get_args

    from events.vocabulary import CompanyKind

    if text == "all":
        return None
    asked = frozenset(part.strip() for part in text.split(",") if part.strip())
    if unknown := asked.difference(get_args(CompanyKind)):
        raise typer.BadParameter(
            f"{', '.join(sorted(unknown))}: known are all, {', '.join(get_args(CompanyKind))}",
            param_hint="--kinds",
        )
    return asked


async def _ingest(
    settings: Settings,
    source: "Source",
    some: "list[Publication]",
    asked: "Asked",
    *,
    plainly: bool,
) -> "list[Report]":
    from events.lists import load_registry
    from service.evidence import Evidence
    from service.ingesting import Ingest
    from service.proposals import Proposals

    evidence = Evidence(made(settings.home) / "evidence")
    reports = []
    with quietly(), progress("ingest", len(some), "publications") as advance:
        async with log_in_use(settings, say) as log:
            reading = Ingest(log, load_registry(settings.lists), evidence, source, asked)
            async for report in reading.read(some):
                advance(1)
                reports.append(report)
                if report.brought is not None and report.outcome != "held":
                    with Proposals(settings.home / "proposals.db", system_clock) as proposals:
                        for one in proposals.take(report.brought, report.at):
                            say(f"{report.file}: {one}")
                _tell(report, plainly=plainly)
    return reports


def _tell(report: "Report", *, plainly: bool) -> None:
    for problem in report.problems:
        say(str(problem))
    for reason in report.why:
        what = "held" if report.outcome == "held" else "accepted all the same"
        say(f"{report.file}: {what}: {reason}")
    if plainly:
        typer.echo(_line(report))


def _line(report: "Report") -> str:
    found: Any = report.found
    if report.outcome == "held":
        return f"{report.at}  {report.file}: held, nothing applied; --accept applies it"
    removed = sum(found.removed.values())
    told = (
        f"{report.at}  {report.file}: {found.entries:,} entries; {found.added:,} new, "
        f"{found.amended:,} amended, {removed:,} removed; {report.recorded:,} events"
    )
    beside = [f"{count:,} of kind {kind} left out" for kind, count in sorted(found.skipped.items())]
    beside += [
        f"{count:,} under {name}, which is on none of the lists"
        for name, count in sorted(found.elsewhere.items())
    ]
    if report.brought is not None:
        beside.append(f"{len(report.brought.proposals):,} proposed, for a person to decide")
    return "; ".join([told, *beside])
