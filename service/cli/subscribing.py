"""`subscribe`, `subscriptions`, `deliveries`, `redeliver`: who is told, and whether it arrived."""

from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from service.cli.common import (
    ALERTS,
    AsJson,
    Lists,
    Out,
    cleaned,
    console,
    echo_json,
    fail,
    plain,
    run,
    say,
    using_embedded,
    write_out,
)
from service.settings import load_settings

if TYPE_CHECKING:
    from alerts.desk import Desk
    from service.embedded import Embedded

Many = list[str] | None
Id = Annotated[str, typer.Argument(help="The id of a subscription.")]
What = Literal["list", "show", "test", "ask", "rotate", "disable", "delete"]


def add_to(app: typer.Typer) -> None:
    """Make these commands of `standing`."""
    for command in (subscribe, subscriptions, deliveries, redeliver):
        app.command(rich_help_panel=ALERTS)(command)


@asynccontextmanager
async def desk() -> AsyncIterator["Desk"]:
    """The alert desk of this standing, whether or not a service runs on it."""
    settings = load_settings()
    if settings.kafka is None:
        with using_embedded() as standing:
            async with desk_on_files(standing) as found:
                yield found
        return
    from events.lists import load_registry
    from service.compose import system_clock
    from service.desks import desk_once

    registry = load_registry(settings.lists)
    async with desk_once(settings, settings.kafka, registry, system_clock) as found:
        yield found


@asynccontextmanager
async def desk_on_files(standing: "Embedded") -> AsyncIterator["Desk"]:
    """Over the files of the home."""
    from alerts.desk import AlertDesk
    from alerts.source import Projected
    from alerts.store import AlertStore
    from service.channels import channels_of

    (projected,) = standing.store().stores
    store = AlertStore(standing.settings.home / "alerts.db")
    source = Projected(projected, standing.log.end, events=standing.log.of_ids)
    about = standing.settings, standing.registry, standing.clock, store.vault.sign
    try:
        async with channels_of(*about) as channels:
            yield AlertDesk(store, source, standing.registry, channels, standing.clock)
    finally:
        store.close()
        projected.close()


def subscribe(
    webhook: Annotated[str | None, typer.Option(help="The URL that is to be told.")] = None,
    email: Annotated[
        str | None, typer.Option(help="The mailbox that is to be told; it is asked first.")
    ] = None,
    slack: Annotated[
        str | None, typer.Option(help="An incoming webhook of Slack, or a name under \\[chat].")
    ] = None,
    teams: Annotated[str | None, typer.Option(help="A workflow's webhook of Teams.")] = None,
    discord: Annotated[str | None, typer.Option(help="A webhook of Discord.")] = None,
    ntfy: Annotated[
        str | None, typer.Option(help="A topic of ntfy: https://ntfy.sh/topic.")
    ] = None,
    company: Annotated[Many, typer.Option(help="Only this company; may be given again.")] = None,
    lists: Lists = None,
    country: Annotated[Many, typer.Option(help="Only companies of this country: CN.")] = None,
    from_: Annotated[Many, typer.Option("--from", help="Only from this status.")] = None,
    to: Annotated[Many, typer.Option(help="Only to this status.")] = None,
    kind: Annotated[
        Many, typer.Option(help="changed, corrected, scheduled, noted; by default all but noted.")
    ] = None,
    restriction: Annotated[
        Many, typer.Option(help="Only what brings or takes away this restriction.")
    ] = None,
    start: Annotated[
        str, typer.Option(help="now, beginning, a position such as 0:41, or a date.")
    ] = "now",
    label: Annotated[str | None, typer.Option(help="A name for people.")] = None,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Also history that is loaded.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Have a webhook, a mailbox or a chat told of changes. Prints the id, and of a webhook the
    secret, this once."""
    channel = _channel(
        webhook=webhook, email=email, slack=slack, teams=teams, discord=discord, ntfy=ntfy
    )
    asked = {
        "companies": company,
        "lists": lists,
        "countries": country,
        "from": from_,
        "to": to,
        "kinds": kind,
        "restrictions": restriction,
    }
    request: dict[str, Any] = {
        "filter": {key: value for key, value in asked.items() if value},
        "channel": channel,
        "start": start,
        "backfill": backfill,
    }
    if label is not None:
        request["label"] = label

    async def work() -> dict[str, Any]:
        async with desk() as alerts:
            made, secret = await alerts.subscribe(request)
            return {**made.shown(), **({"secret": secret} if webhook else {})}

    made = run(work())
    if as_json:
        echo_json(made)
        return
    typer.echo(f"id      {made['id']}")
    if webhook:
        typer.echo(f"secret  {made['secret']}")
        say("The secret is shown this once; `standing serve` sends the alerts while it runs.")
    elif made["state"] == "unconfirmed":
        say(f"{email} is asked by mail, and told of changes once somebody there has agreed.")
    elif made["disabled"]:
        say(f"Nothing is sent: {made['disabled']}")
        fail()


def _channel(**given: str | None) -> dict[str, str]:
    """Where to, out of the options, of which one is to be given."""
    some = [(name, where) for name, where in given.items() if where is not None]
    if len(some) != 1:
        raise typer.BadParameter(f"give one of {', '.join(f'--{name}' for name in given)}")
    ((name, where),) = some
    if name in {"webhook", "email"}:
        return {"type": name, ("to" if name == "email" else "url"): where}
    return {"type": name, ("url" if "://" in where else "name"): where}


def subscriptions(
    do: Annotated[What, typer.Argument(help="What to do.")] = "list",
    subscription: Annotated[str | None, typer.Argument(help="With which; not for list.")] = None,
    as_json: AsJson = False,
) -> None:
    """List subscriptions; show, test, disable or delete one, rotate its secret, or ask its
    mailbox again whether it agrees."""
    if (subscription is None) != (do == "list"):
        raise typer.BadParameter(f"{do} takes {'no' if do == 'list' else 'the'} id")
    told = run(_do(do, subscription or ""))
    if as_json:
        echo_json(told)
    elif do == "list":
        from rich.table import Table

        table = Table("id", "label", "state", "to", "asks for", box=None, padding=(0, 2, 0, 0))
        for one in cleaned(told["subscriptions"]):
            asks = "; ".join(f"{key}: {', '.join(value)}" for key, value in one["filter"].items())
            channel = one["channel"]
            where = channel.get("url") or channel.get("name") or f"mailto:{channel.get('to')}"
            table.add_row(one["id"], one["label"], one["state"], where, asks or "everything")
        console().print(table)
    else:
        _print(told)


async def _do(do: What, subscription: str) -> dict[str, Any]:
    async with desk() as alerts:
        match do:
            case "list":
                return {"subscriptions": [one.shown() for one in await alerts.subscriptions()]}
            case "show":
                return await alerts.subscription(subscription)
            case "test":
                return await alerts.test(subscription)
            case "ask":
                return (await alerts.ask_again(subscription)).shown()
            case "rotate":
                return {"id": subscription, "secret": await alerts.rotate(subscription)}
            case "disable":
                await alerts.disable(subscription, "disabled from the command line")
                return await alerts.subscription(subscription)
            case "delete":
                await alerts.unsubscribe(subscription)
                return {"id": subscription, "state": "deleted"}


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
            return await alerts.redeliver(delivery)

    told = run(work())
    if as_json:
        echo_json(told)
    else:
        _print(told)


def _attempts(attempts: list[dict[str, Any]]) -> str:
    """A line for each attempt: when, and what came of it."""
    from service.cli.standings import moment

    told = []
    for one in attempts:
        said = " ".join(str(one[key]) for key in ("outcome", "status", "error") if one.get(key))
        told.append(f"{moment(one['at'])} {said}")
    return "\n".join(told) or "none yet"


def _print(told: dict[str, Any]) -> None:
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
