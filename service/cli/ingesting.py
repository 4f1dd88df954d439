"""`ingest`: official files, from what a government publishes to what changed."""

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from service.cli.common import RECORD, AsJson, echo_json, fail, progress, run, say
from service.cli.logs import quietly
from service.compose import log_in_use, made, system_clock
from service.settings import Settings, load_settings

if TYPE_CHECKING:
    from events.sources.gazette import Brought
    from events.sources.source import Source
    from service.ingesting import Asked, Ingest, Learned, Publication, Report
    from service.watching import Watch, Watched


def add_to(app: typer.Typer) -> None:
    """Make this a command of `standing`."""
    app.command(rich_help_panel=RECORD)(ingest)


def ingest(
    source: Annotated[
        str | None, typer.Argument(help="Which source, such as ofac-sdn-csv.")
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            help="Its files; several publications are read in the order of their times.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
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
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Ask SOURCE, or every source of standing.toml, for its files, again and again, "
            "until Ctrl-C.",
        ),
    ] = False,
    every: Annotated[str, typer.Option(help="With --watch: how often, such as 6h.")] = "6h",
    url: Annotated[
        str | None, typer.Option(help="With --watch: where the file is, if not at its usual place.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a list's official files: what was listed, amended and delisted since the last. A file
    that cannot be believed is held, and nothing of it is applied."""
    from service.ingesting import Asked

    asked = Asked(_kinds(kinds), backfill, accept, most_removed)
    if watch:
        if files or retrieved_at:
            raise typer.BadParameter("takes no files: it fetches them", param_hint="--watch")
        settings = load_settings()
        run(_watch(settings, _watched(settings, source, every, url), asked))
        return
    if source is None or not files:
        raise typer.BadParameter("which source, and which files of it?", param_hint="SOURCE FILE")
    _read(source, files, retrieved_at, asked, as_json=as_json)


def _kinds(text: str) -> frozenset[str] | None:
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


def _ingest(settings: Settings, learned: "Learned", source: "Source", asked: "Asked") -> "Ingest":
    from events.lists import load_registry
    from service.evidence import Evidence
    from service.ingesting import Ingest

    evidence = Evidence(made(settings.home) / "evidence")
    registry = load_registry(settings.lists)
    return Ingest(learned, registry, evidence, source, asked, keep=partial(_propose, settings))


def _propose(settings: Settings, brought: "Brought", at: str) -> tuple[int, list[str]]:
    from service.proposals import Proposals
    from service.proposed import FILE

    with Proposals(settings.home / FILE, system_clock) as proposals:
        return proposals.take(brought, at)


def _waiting(settings: Settings, learned: "Learned", report: "Report") -> int:
    """How many questions a publication raised that are open. Whether companies are one is asked by
    `review` itself: it has to read everything for that."""
    found = learned.disputed(report)
    if report.brought is not None and report.brought.proposals:
        from service.proposals import Proposals
        from service.proposed import FILE

        with Proposals(settings.home / FILE, system_clock) as proposals:
            found += proposals.waiting(report.brought.proposals)
    return found


# --- files ------------------------------------------------------------------------------------


def _read(
    name: str, files: list[Path], retrieved_at: str | None, asked: "Asked", *, as_json: bool
) -> None:
    from events.errors import Refused
    from service.ingesting import moment, publications

    source = _named(name)
    try:
        taken = None if retrieved_at is None else moment(retrieved_at)
    except Refused as refused:
        detail = refused.problems[0].detail
        raise typer.BadParameter(detail, param_hint="--retrieved-at") from None
    some = publications(source, files, taken, system_clock())
    reports = run(_read_all(load_settings(), source, some, asked, plainly=not as_json))
    if as_json:
        echo_json([one.shown() for one in reports])
    else:
        _tell_questions(sum(one.questions for one in reports))
    if any(one.outcome == "held" or one.problems for one in reports):
        fail()


def _named(name: str) -> "Source":
    from events.errors import Refused
    from events.sources.catalogue import named

    try:
        return named(name)
    except Refused as refused:
        raise typer.BadParameter(refused.problems[0].detail, param_hint="SOURCE") from None


async def _read_all(
    settings: Settings,
    source: "Source",
    some: "list[Publication]",
    asked: "Asked",
    *,
    plainly: bool,
) -> "list[Report]":
    from service.ingesting import Learned

    reports = []
    with quietly(), progress("ingest", len(some), "publications") as advance:
        async with log_in_use(settings, say) as log:
            learned = Learned(log)
            async for report in _ingest(settings, learned, source, asked).read(some):
                advance(1)
                reports.append(report)
                _tell(report, plainly=plainly)
            for report in reports:  # a later one may have settled what an earlier one raised
                report.questions = _waiting(settings, learned, report)
    return reports


def _tell(report: "Report", *, plainly: bool) -> None:
    for problem in report.problems:
        say(str(problem))
    for reason in report.why:
        what = "held" if report.outcome == "held" else "accepted all the same"
        say(f"{report.file}: {what}: {reason}")
    if plainly:
        typer.echo(_line(report))


def _tell_questions(count: int) -> None:
    if count:
        what = "question waits" if count == 1 else "questions wait"
        typer.echo(f"{count:,} {what}: standing review (which also looks for doubles)")


def _line(report: "Report") -> str:
    found = report.found
    if report.outcome == "held":
        return f"{report.at}  {report.file}: held, nothing applied; --accept applies it"
    if report.outcome == "refused":
        return f"{report.at}  {report.file}: refused, nothing applied"
    if report.outcome == "unchanged":
        return f"{report.at}  {report.file}: nothing new"
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
        beside.append(f"{report.proposed:,} proposed, for a person to decide")
    if found.over:
        beside.append(f"{found.over:,} that have run out, nobody says since when they stood")
    return "; ".join([told, *beside])


# --- again and again --------------------------------------------------------------------------


def _watched(
    settings: Settings, source: str | None, every: str, url: str | None
) -> "list[Watched]":
    from events.dates import SECOND, BadDate, duration
    from events.errors import Refused
    from service.watching import Watched

    said = {source: settings.watch.get(source, {})} if source else settings.watch
    if not said:
        raise typer.BadParameter(
            "no source is named, neither here nor under [watch] in standing.toml",
            param_hint="--watch",
        )
    found = []
    for name, one in said.items():
        known = _named(name)
        place = url or one.get("url")
        urls = (place,) if place else (known.url, *known.also)
        try:
            span = duration(one.get("every", every))
        except BadDate as error:
            raise Refused.field(f"watch.{name}.every", str(error)) from None
        found.append(Watched(known, urls, max(1.0, span / SECOND)))
    return found


async def _watch(settings: Settings, watched: "list[Watched]", asked: "Asked") -> None:
    from service.fetching import Fetcher
    from service.freshness import WATCHING
    from service.ingesting import Learned
    from service.watching import Notebook, Watch, watch

    notebook = Notebook(made(settings.home) / WATCHING)
    alone = asyncio.Lock()

    with quietly():
        async with log_in_use(settings, say) as log, Fetcher() as fetcher:
            learned = Learned(log)

            def told(_: "Watch", report: "Report") -> None:
                _tell(report, plainly=True)
                _tell_questions(_waiting(settings, learned, report))

            watches = [
                Watch(
                    one,
                    _ingest(settings, learned, one.source, asked),
                    notebook,
                    alone,
                    clock=system_clock,
                    tell=say,
                )
                for one in watched
            ]
            for one in watched:
                say(
                    f"watching {one.source.name}: {', '.join(one.urls)}, every {one.every_s:,.0f} s"
                )
            await watch(watches, told, fetcher)
