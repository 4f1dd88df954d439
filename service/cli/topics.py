"""`topics apply` and `topics diff`: the topics of standing on a cluster of Kafka."""

import logging
import os
from typing import Annotated, Any

import typer

from service.cli.common import OPERATE, AsJson, cleaned, console, echo_json, fail, plain, run

Partitions = Annotated[
    int | None,
    typer.Option(
        min=1, help="Of each topic; by default those there are, and 6 of the first that is made."
    ),
]
Replication = Annotated[
    int | None,
    typer.Option(min=1, help="Copies of each; by default at least 3, or as there are brokers."),
]


def add_to(app: typer.Typer) -> None:
    """Make these commands of `standing`."""
    topics = typer.Typer(no_args_is_help=True, help="Make and check the topics on Kafka.")
    for command in (apply, diff):
        topics.command()(command)
    app.add_typer(topics, name="topics", rich_help_panel=OPERATE)


def apply(
    partitions: Partitions = None, replication: Replication = None, as_json: AsJson = False
) -> None:
    """Make the topics that are missing, and set right what can be. Exits 1 where something cannot,
    with why."""
    from events.kafka.administration import apply as set_right
    from events.kafka.topics import Wanted

    done, left = run(set_right(_options(), Wanted(partitions, replication)))
    if as_json:
        echo_json({"done": [_row(one) for one in done], "refused": [_row(one) for one in left]})
    else:
        for one in done:
            typer.echo(plain(f"{one.topic.name}: {_told(one)}"))
        if not done and not left:
            typer.echo("every topic is as declared")
        _show(left)
    if left:
        fail()


def diff(
    partitions: Partitions = None, replication: Replication = None, as_json: AsJson = False
) -> None:
    """Show where the topics differ from what standing declares. Exits 1 where they do."""
    from events.kafka.administration import diff as compared
    from events.kafka.topics import Wanted

    found = run(compared(_options(), Wanted(partitions, replication)))
    if as_json:
        echo_json({"differences": [_row(one) for one in found]})
    elif found:
        _show(found)
    else:
        typer.echo("every topic is as declared")
    if found:
        fail()


def _options() -> dict[str, Any]:
    """How to reach Kafka."""
    from events.errors import Refused

    # It logs every try, and what it ends with is told as an error.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    servers = os.environ.get("STANDING_KAFKA", "").strip()
    if not servers:
        raise Refused.field("STANDING_KAFKA", "is not set; name the brokers: HOST:PORT,HOST:PORT")
    return {"bootstrap_servers": servers, "request_timeout_ms": 10_000}


def _told(one: Any) -> str:
    if one.what == "topic":
        return f"made, {one.wanted}"
    return f"{one.what} {one.found or 'unset'} -> {one.wanted}"


def _row(one: Any) -> dict[str, Any]:
    return {
        "topic": one.topic.name,
        "what": one.what,
        "found": one.found,
        "wanted": one.wanted,
        "hindrance": one.hindrance or None,
    }


def _show(found: list[Any]) -> None:
    from rich.table import Table

    if not found:
        return
    table = Table("topic", "what", "found", "wanted", "apply", box=None, padding=(0, 2, 0, 0))
    for row in (cleaned(_row(one)) for one in found):
        how = f"cannot: {row['hindrance']}" if row["hindrance"] else "sets it right"
        table.add_row(row["topic"], row["what"], row["found"] or "-", row["wanted"], how)
    console().print(table)
