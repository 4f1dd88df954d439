"""`deliveries`, `redeliver`: whether it arrived, and sending it again."""

from collections.abc import Generator
from typing import Annotated, Any, Literal

import typer

from service.cli.common import (
    ALERTS,
    AsJson,
    Out,
    cleaned,
    console,
    echo_json,
    noted,
    plain,
    run,
    say,
    write_out,
)
from service.cli.desks import desk

Id = Annotated[str, typer.Argument(help="The id of a subscription.")]


def add_to(app: typer.Typer) -> None:
    """Make these commands of `standing`."""
    for command in (deliveries, redeliver):
        app.command(rich_help_panel=ALERTS)(command)


def deliveries(
    subscription: Id,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help="How many, latest first: 20; as CSV all."),
    ] = None,
    form: Annotated[
        Literal["csv"] | None, typer.Option("--format", help="csv: a row for each attempt.")
    ] = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """What was sent to a subscription, latest first, with every attempt."""
    if form is not None:
        write_out(_csv_of(subscription, limit), out)
        return

    async def work() -> list[dict[str, Any]]:
        async with desk() as alerts:
            return await alerts.deliveries(subscription, limit=limit or 20)

    found = run(work())
    if as_json:
        echo_json({"deliveries": found})
        return
    from rich.table import Table

    columns = ("delivery", "company", "n", "type", "state", "attempts")
    table = Table(*columns, box=None, padding=(0, 2, 0, 0))
    for one in cleaned(found):
        row = [str(one[key]) if one[key] is not None else "" for key in columns[:-1]]
        table.add_row(*row, _attempts(one["attempts"]))
    if found:
        console().print(table)
    else:
        say("nothing was sent to it yet")


def _csv_of(subscription: str, limit: int | None) -> Generator[bytes, None, None]:
    """The pieces of a CSV."""

    async def work() -> list[bytes]:
        from service.delivered import as_csv

        async with desk() as alerts:
            return [piece async for piece in as_csv(alerts, subscription, limit)]

    yield from run(work())


def redeliver(
    delivery: Annotated[str, typer.Argument(help="The id of a delivery, msg_….")],
    as_json: AsJson = False,
) -> None:
    """Send a message again, with the same id, number and body, when the service next looks."""

    async def work() -> dict[str, Any]:
        async with desk() as alerts:
            again = await alerts.redeliver(delivery)
            noted("redeliver", again["subscription"], delivery)
            return again

    told = run(work())
    if as_json:
        echo_json(told)
    else:
        print_record(told)


def _attempts(attempts: list[dict[str, Any]]) -> str:
    """A line for each attempt: when, and what came of it."""
    from service.cli.standings import moment

    told = []
    for one in attempts:
        said = " ".join(str(one[key]) for key in ("outcome", "status", "error") if one.get(key))
        told.append(f"{moment(one['at'])} {said}")
    return "\n".join(told) or "none yet"


def print_record(told: dict[str, Any]) -> None:
    """A record as lines of name and value; what is nested, as JSON."""
    import orjson

    wide = max(map(len, told))
    for key, value in told.items():
        if key == "attempts":
            text = _attempts(cleaned(value)).replace("\n", f"\n{'':{wide}}  ")
            typer.echo(f"{key:{wide}}  {text}")
            continue
        text = orjson.dumps(value).decode() if isinstance(value, dict | list) else value
        typer.echo(f"{key:{wide}}  {'-' if text is None else plain(text)}")
