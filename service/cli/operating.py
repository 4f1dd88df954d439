"""`rebuild`, `verify`, `doctor`, `token` and `audit`: keeping it running."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from service.cli.common import (
    OPERATE,
    AsJson,
    cleaned,
    console,
    echo_json,
    fail,
    noted,
    plain,
    progress,
    run,
    say,
    using,
)
from service.settings import load_settings

if TYPE_CHECKING:
    from events.kafka.connection import Connection
    from service.settings import Settings

Act = Literal["create", "list", "revoke"]


def add_to(app: typer.Typer) -> None:
    """Make these commands of `standing`."""
    for command in (rebuild, verify, doctor, token, audit):
        app.command(rich_help_panel=OPERATE)(command)


def rebuild(
    replica: Annotated[
        bool,
        typer.Option(
            "--replica", help="Over Kafka: the files of this replica, not what is published."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fold the whole log again, and take the result into use at once. Over Kafka that is what
    projection workers publish, which may go on meanwhile: what should read otherwise is published
    anew, partition by partition, and what was told stays told. Interrupted, it begins anew."""
    settings = load_settings()
    if settings.kafka is not None and not replica:
        _rebuild_published(settings, settings.kafka, as_json=as_json)
        return
    with using() as standing:
        total = sum(offset + 1 for offset in standing.end().values())
        with progress("rebuild", total) as advance:
            told = standing.rebuild(advance)
    if as_json:
        echo_json(told)
    else:
        counts = ", ".join(f"{value:,} {key}" for key, value in told.items() if key != "position")
        typer.echo(f"rebuilt up to {told['position']}: {counts}")


def _rebuild_published(settings: "Settings", connection: "Connection", *, as_json: bool) -> None:
    from service.cli.logs import quietly
    from service.rebuilding import Rebuilding

    with quietly():
        rebuilding = Rebuilding(settings, connection, say)
        with progress("rebuild", rebuilding.total()) as advance:
            told = rebuilding.rebuild(advance)
    if as_json:
        echo_json(told)
        return
    for partition in told["unpublished"]:
        say(f"partition {partition}: nothing was published yet; that is for a worker to begin")
    typer.echo(
        f"rebuilt up to {told['position'] or 'nothing'}: {told['events']:,} events of "
        f"{told['companies']:,} companies; {told['statuses']:,} statuses published anew, "
        f"{told['changes']:,} changes"
    )


def verify(
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="[OTHER]",
            help="Another home folder, or an export as .jsonl: compare with that instead.",
            exists=True,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fold the log a second time and compare it with what is in use; or compare ids, origin times
    and statuses with another house. Exits 1 on a difference."""
    if other is not None:
        _compare(other, as_json=as_json)
        return
    from service.cli.verifying import verified

    with using() as standing:
        found = run(verified(standing))
    if as_json:
        echo_json(found)
    else:
        for one in found["differences"]:
            typer.echo(one)
        for one in found["left_out"]:
            say(one)
        typer.echo(
            f"{found['compared']:,} rows compared up to {found['position']}, "
            f"{found['count']:,} differences"
        )
    if found["count"]:
        fail()


def _compare(other: Path, *, as_json: bool) -> None:
    from service.cli.comparing import compared

    with using() as standing:
        found = compared(standing, other)
    if as_json:
        echo_json(found)
    else:
        for one in found["differences"]:
            typer.echo(plain(one))
        typer.echo(
            f"{found['events']:,} events and {found['companies']:,} companies compared, "
            f"{found['count']:,} differences"
        )
    if found["count"]:
        fail()


def doctor(as_json: AsJson = False) -> None:
    """Show the settings and where each came from, and check what can be checked. Exits 1 where
    something is wrong."""
    from service.cli.checking import examined

    found = examined()
    if as_json:
        echo_json(found)
    else:
        _show(found)
    if not all(check["ok"] for check in found["checks"]):
        fail()


def _show(found: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    found = cleaned(found)
    settings = Table("setting", "value", "from", box=None, padding=(0, 2, 0, 0))
    for one in found["settings"]:
        settings.add_row(one["setting"], one["value"] or "-", one["from"])
    checks = Table("check", "", "what was found", box=None, padding=(0, 2, 0, 0))
    for one in found["checks"]:
        mark = Text("ok", "green") if one["ok"] else Text("WRONG", "bold red")
        checks.add_row(one["check"], mark, one["found"])
    out = console()
    out.print(settings)
    out.print()
    out.print(checks)


def token(
    do: Annotated[Act, typer.Argument(help="What to do.")] = "list",
    token_id: Annotated[str | None, typer.Argument(help="Which to revoke.")] = None,
    role: Annotated[
        Literal["read", "record", "admin"], typer.Option(help="What the new one may do.")
    ] = "read",
    label: Annotated[str, typer.Option(help="A name for people.")] = "",
    owner: Annotated[
        str,
        typer.Option(help="Whose it is, who sees his own subscriptions; by default the label."),
    ] = "",
    expires: Annotated[
        str | None, typer.Option(help="Good through this date, in UTC; by default for ever.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make, list and revoke the tokens of the HTTP API. A new one is shown this once."""
    from events.dates import BadDate, last
    from events.errors import Refused
    from service.compose import made, system_clock
    from service.tokens import Tokens

    if (token_id is None) == (do == "revoke"):
        raise typer.BadParameter(f"{do} takes {'the' if do == 'revoke' else 'no'} id of a token")
    try:
        until = None if expires is None else last(expires)
    except BadDate as error:
        raise Refused.field("--expires", str(error)) from None
    told: dict[str, Any]
    tokens = Tokens(made(load_settings().home), system_clock)
    if do == "create":
        text, new = tokens.create(role, label, until, owner)
        told = {**new.shown(), "token": text}
        noted("token made", new.id, f"{new.role}, of {new.whose}")
    elif do == "list":
        told = {"tokens": [one.shown() for one in tokens.all()]}
    else:
        told = {**tokens.revoke(token_id or "").shown(), "revoked": True}
        noted("token revoked", told["id"])
    if as_json:
        echo_json(told)
    elif do == "list":
        _list_tokens(told["tokens"])
    else:
        for key, value in told.items():
            typer.echo(f"{key:8} {'-' if value in (None, '') else plain(value)}")


def _list_tokens(tokens: list[dict[str, Any]]) -> None:
    from rich.table import Table

    columns = ("id", "label", "owner", "role", "created", "expires")
    table = Table(*columns, box=None, padding=(0, 2, 0, 0))
    for one in cleaned(tokens):
        table.add_row(*(one[key] for key in columns))
    console().print(table)


def audit(
    on: Annotated[
        str | None,
        typer.Option("--object", help="Only what was done to this: a subscription, a token."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, latest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Who did what: with subscriptions, tokens and reviews. Of what was asked of this machine."""
    from rich.table import Table

    from service.audit import Audit
    from service.cli.standings import moment
    from service.compose import made, system_clock

    found = Audit(made(load_settings().home), system_clock).acts(limit, object_=on)
    if as_json:
        echo_json({"acts": found})
        return
    columns = ("when", "who", "token", "did", "to", "what")
    table = Table(*columns, box=None, padding=(0, 2, 0, 0))
    for one in cleaned(found):
        act = (one["action"], one["object"], one["detail"])
        table.add_row(moment(one["at"]), one["owner"], one["token"], *act)
    if found:
        console().print(table)
    else:
        say("nothing was done yet")
