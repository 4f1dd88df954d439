"""`review`: what nothing here decides by itself, decided by a person."""

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from events.errors import Refused, StandingError
from service.cli.common import RECORD, AsJson, console, echo_json, noted, plain, run, say, using
from service.cli.logs import quietly
from service.compose import log_in_use
from service.settings import load_settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from service.review import Review, Ruling

Id = Annotated[str, typer.Argument(metavar="ID", help="A question's id; `standing review` lists.")]
By = Annotated[
    str | None, typer.Option("--by", help="Who decides; by default the user's name here.")
]
Why = Annotated[str, typer.Option("--why", help="Why: it is recorded with the decision.")]


def add_to(app: typer.Typer) -> None:
    """Make this a command of `standing`."""
    review = typer.Typer(help="Decide what ingest would not decide alone.")
    review.callback(invoke_without_command=True)(_list)
    for name, command in (("show", show), ("accept", accept), ("refuse", refuse), ("undo", undo)):
        review.command(name)(command)
    app.add_typer(review, name="review", rich_help_panel=RECORD)


def _list(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Decide what ingest would not decide alone. Without a command: the open questions, the most
    pressing first."""
    if context.invoked_subcommand is not None:
        return
    from service.review import in_short

    def look(review: "Review") -> list[dict[str, Any]]:
        return [in_short(one) for one in review.open()]

    found = run(_with(look))
    if as_json:
        echo_json({"count": len(found), "questions": found[:limit]})
        return
    if found:
        from rich.table import Table

        table = Table(
            "id", "kind", "score", "one", "other", "why it is asked", box=None, padding=(0, 2, 0, 0)
        )
        for one in found[:limit]:
            sides = [*one["sides"], "", ""][:2]
            told = (one["id"], one["kind"], f"{one['score']:.2f}", *sides, one["text"])
            table.add_row(*map(plain, told))
        console().print(table)
    more = f"; --limit shows more than {limit:,}" if len(found) > limit else ""
    say(f"{len(found):,} open {'question' if len(found) == 1 else 'questions'}{more}")


def show(key: Id, as_json: AsJson = False) -> None:
    """A question with both sides next to each other, and what was decided."""
    found = run(_with(lambda review: review.shown(key)))
    if as_json:
        echo_json(found)
        return
    console().print(plain(found["text"]))
    console().print(_beside(found["sides"]))
    if decision := found["decision"]:
        say(f"{decision['verdict']} by {decision['by']}: {decision['why']}")


def accept(
    key: Id,
    why: Why,
    by: By = None,
    into: Annotated[
        str | None,
        typer.Option(help="Which of the two the other counts for; by default the older."),
    ] = None,
    company: Annotated[
        list[str] | None,
        typer.Option(help="Of a proposal: whom it is about, by id or name; may be given again."),
    ] = None,
    new_company: Annotated[
        list[str] | None,
        typer.Option(help="And a company that is not known yet, by its name; likewise."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """They are one: the other's events count for the older from now on. Or a document's proposal is
    right, of each --company and --new-company."""
    from service.review import Ruling

    ruling = Ruling("accepted", _who(by), why, into, company or (), new_company or ())
    _decide(key, ruling, as_json=as_json)


def refuse(key: Id, why: Why, by: By = None, as_json: AsJson = False) -> None:
    """They are two: a note says so, and it is not asked again. Or a proposal is laid aside."""
    from service.review import Ruling

    _decide(key, Ruling("refused", _who(by), why), as_json=as_json)


def undo(key: Id, why: Why, by: By = None, as_json: AsJson = False) -> None:
    """Take a decision back: the question is open again."""
    events = run(_with(lambda review: review.undo(key, _who(by), why)))
    _record(events, key, None, as_json=as_json)


def _decide(key: str, ruling: "Ruling", *, as_json: bool) -> None:
    events = run(_with(lambda review: review.decide(key, ruling)))
    _record(events, key, ruling, as_json=as_json)


async def _with(work: Any) -> Any:
    from service.reviewing import reviewing

    with using() as standing:
        async with standing.caught_up() as store:
            with reviewing(standing) as review:
                review.refresh(store)
                return work(review)


def _record(
    events: list[dict[str, Any]], key: str, ruling: "Ruling | None", *, as_json: bool
) -> None:
    receipts = run(_append(events)) if events else []
    if problems := [one.problem for one in receipts if one.problem is not None]:
        raise Refused(*problems)
    run(_with(lambda review: review.done(key, ruling)))
    noted("review", key, ruling.verdict if ruling else "undone")
    if as_json:
        echo_json({"recorded": [one.shown() for one in receipts]})
        return
    places = ", ".join(str(one.position) for one in receipts)
    what = ruling.verdict if ruling else "undone"
    typer.echo(f"{key}: {what}, {f'recorded at {places}' if places else 'nothing recorded'}")


async def _append(events: list[dict[str, Any]]) -> Any:
    from events.door import admit
    from events.lists import load_registry

    settings = load_settings()
    registry = load_registry(settings.lists)
    admitted = [admit(one, registry) for one in events]
    with quietly():
        async with log_in_use(settings, say) as log:
            return await log.append(admitted, atomic=True)


def _who(by: str | None) -> str:
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise StandingError("this system has no name for its user; say --by who decides") from None


def _beside(sides: list[dict[str, Any]]) -> "RenderableType":
    from rich.table import Table

    table = Table("", *(plain(one["company"]) for one in sides), box=None, padding=(0, 2, 0, 0))
    for label in ("name", "aliases", "country", "kind", "identifiers", "website", "status"):
        table.add_row(label, *(plain(_text(one[label])) for one in sides))
    table.add_row(
        "lists", *("\n".join(plain(_listing(of)) for of in one["lists"]) for one in sides)
    )
    return table


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(
            f"{one['scheme']} {one['value']}" if isinstance(one, dict) else str(one)
            for one in value
        )
    return "" if value is None else str(value)


def _listing(one: dict[str, Any]) -> str:
    named = ", ".join(f"{ref['scheme']} {ref['id']}" for ref in one["references"])
    return " ".join(filter(None, (one["list"], one["status"], f"since {one['since']}", named)))
