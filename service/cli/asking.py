"""`status`, `history` and `search`: questions about one company."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.common import (
    ASK,
    AnnouncedBy,
    AsJson,
    AsOf,
    KnownAt,
    Lists,
    console,
    echo_json,
    fail,
    plain,
    run,
    say,
    using,
)

if TYPE_CHECKING:
    from projections.reader import Question
    from service.compose import Standing

Company = Annotated[str, typer.Argument(help="A company's id; `standing search` finds it.")]


def add_to(app: typer.Typer) -> None:
    """Make these commands of `standing`."""
    for command in (status, history, search):
        app.command(rich_help_panel=ASK)(command)


def status(
    company: Company,
    lists: Lists = None,
    as_of: AsOf = None,
    announced_by: AnnouncedBy = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """What a company's standing is or was, and why."""
    from projections.reader import Question

    question = Question(tuple(lists or ()), as_of, announced_by, known_at)
    with using() as standing:
        answer = standing.reader.status(company, question)
        if as_json:
            echo_json(answer)
            return
        from service.cli.standings import show_status

        entries = standing.reader.known(answer["company"]).history.entries
        if answer["company"] != company:
            say(f"{company} was merged into {answer['company']}")
        show_status(console(), answer, {key: one.record.event for key, one in entries.items()})


def history(
    company: Company,
    lists: Lists = None,
    as_of: AsOf = None,
    announced_by: AnnouncedBy = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Every event and episode of a company, and a drawing of its standing over time."""
    from projections.reader import Question

    told, now = run(_history(company, Question(tuple(lists or ()), as_of, announced_by, known_at)))
    if as_json:
        echo_json(told)
        return
    from service.cli.drawing import show_history

    show_history(console(), told, now)


async def _history(company: str, question: "Question") -> tuple[dict[str, Any], int]:
    from projections.chronicle import history as chronicle

    with using() as standing:
        standing.reader.known(standing.reader.resolve(company, question))
        async with standing.caught_up() as store:
            changes = store.told(standing.reader.resolve(company, question))
            told = (one.told for one in changes)
            return chronicle(standing.reader, told, company, question), standing.clock()


def search(
    text: Annotated[str, typer.Argument(help="A name, alias or identifier, in any script.")],
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Find companies by what people call them. Exits 1 where none is found, or of one
    that is found nothing can be said."""
    if not text.strip():
        raise typer.BadParameter("is empty; a name, alias or identifier is needed")
    found = run(_search(text, limit))
    if as_json:
        echo_json({"companies": found})
    elif found:
        from rich.table import Table

        table = Table(
            "company", "name", "country", "status", "also known as", box=None, padding=(0, 2, 0, 0)
        )
        for one in found:
            also = "; ".join(one["aliases"])
            said = one["status"] or "parked"
            table.add_row(*map(plain, (one["company"], one["name"], one["country"], said, also)))
        console().print(table)
    for one in found:
        if one["parked"]:
            say(f"{one['company']} is parked: an event of it cannot be folded ({one['parked']})")
    if not found:
        say(f"no company is known by {text!r}")
    if not found or any(one["parked"] for one in found):
        fail()


async def _search(text: str, limit: int) -> list[dict[str, Any]]:
    from projections.search import normalise

    found = []
    with using() as standing:
        async with standing.caught_up() as store:
            for company, _ in store.search(normalise(text), limit):
                described = store.described(company) or {}
                row = store.row(company)
                merged = row.merged_into if row else None
                now, parked = _now(standing, merged or company)
                found.append(
                    {
                        "company": company,
                        **described,
                        "merged_into": merged,
                        "status": now,
                        "parked": parked,
                    }
                )
    return found


def _now(standing: "Standing", company: str) -> tuple[str | None, str | None]:
    """The status of a company, or why nothing can be said of it."""
    from projections.reader import Parked

    try:
        return standing.reader.status(company)["status"], None
    except Parked as parked:
        return None, parked.why
