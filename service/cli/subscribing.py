"""`subscribe`, `subscriptions`, `deliveries`, `redeliver`: who is told, and whether it arrived."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from service.cli.common import (
    ALERTS,
    AsJson,
    Lists,
    cleaned,
    console,
    echo_json,
    plain,
    run,
    say,
    using_embedded,
)
from service.settings import load_settings

if TYPE_CHECKING:
    from alerts.desk import Desk
    from service.embedded import Embedded

Many = list[str] | None
Id = Annotated[str, typer.Argument(help="The id of a subscription.")]
Cadence = Literal["immediate", "hourly", "daily", "weekly"]
What = Literal["list", "show", "test", "rotate", "disable", "delete"]


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
    from alerts.egress import Egress
    from alerts.source import Projected
    from alerts.store import AlertStore
    from alerts.webhook import WebhookChannel

    (projected,) = standing.store().stores
    store = AlertStore(standing.settings.home / "alerts.db")
    channel = WebhookChannel(Egress(standing.settings.allow_networks), standing.clock)
    source = Projected(projected, standing.log.end)
    channels = {"webhook": channel}
    try:
        yield AlertDesk(store, source, standing.registry, channels, standing.clock)
    finally:
        await channel.close()
        store.close()
        projected.close()


def subscribe(
    webhook: Annotated[str, typer.Option(help="The URL that is to be told.")],
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
    cadence: Annotated[
        Cadence, typer.Option(help="At once, or in digests of what an hour, day or week brought.")
    ] = "immediate",
    digest_at: Annotated[
        str | None, typer.Option(help="When digests come: 08:00, or mon 08:00 for weekly ones.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Of digests and quiet hours: Europe/Berlin; else UTC.")
    ] = None,
    quiet: Annotated[
        str | None, typer.Option(help="When nothing is sent, and waits: 22:00-07:00.")
    ] = None,
    remind: Annotated[
        Many, typer.Option(help="So long before the next known flip: P30D; may be given again.")
    ] = None,
    heartbeat: Annotated[
        str | None, typer.Option(help="How often to be told that all is well: PT1H.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have a webhook told of changes. Prints the id, and the secret this once."""
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
        "channel": {"type": "webhook", "url": webhook},
        "start": start,
        "backfill": backfill,
        "cadence": cadence,
        "remind": remind or [],
        **_timing(cadence, digest_at, time_zone, quiet),
    }
    if label is not None:
        request["label"] = label
    if heartbeat is not None:
        request["heartbeat"] = heartbeat

    async def work() -> dict[str, Any]:
        async with desk() as alerts:
            made, secret = await alerts.subscribe(request)
            return {**made.shown(), "secret": secret}

    made = run(work())
    if as_json:
        echo_json(made)
        return
    typer.echo(f"id      {made['id']}")
    typer.echo(f"secret  {made['secret']}")
    say("The secret is shown this once; `standing serve` sends the alerts while it runs.")


def _timing(
    cadence: str, digest_at: str | None, time_zone: str | None, quiet: str | None
) -> dict[str, Any]:
    """What is asked of digests and quiet hours, as the API has it."""
    if time_zone and cadence == "immediate" and quiet is None:
        raise typer.BadParameter("--time-zone is of digests (--cadence) and quiet hours (--quiet)")
    zone = {"time_zone": time_zone} if time_zone else {}
    found: dict[str, Any] = {}
    if digest_at is not None or (zone and cadence != "immediate"):
        day, _, clock = (digest_at or "").rpartition(" ")
        found["digest"] = {
            **zone,
            **({"at": clock} if clock else {}),
            **({"weekday": day.strip().lower()} if day else {}),
        }
    if quiet is not None:
        begins, _, ends = quiet.partition("-")
        found["quiet"] = {**zone, "from": begins.strip(), "to": ends.strip()}
    return found


def subscriptions(
    do: Annotated[What, typer.Argument(help="What to do.")] = "list",
    subscription: Annotated[str | None, typer.Argument(help="With which; not for list.")] = None,
    as_json: AsJson = False,
) -> None:
    """List subscriptions; show, test, disable or delete one, or rotate its secret."""
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
            url = one["channel"]["url"]
            table.add_row(one["id"], one["label"], one["state"], url, asks or "everything")
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
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, latest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """What was sent to a subscription, latest first, with every attempt."""

    async def work() -> list[dict[str, Any]]:
        async with desk() as alerts:
            return await alerts.deliveries(subscription, limit=limit)

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
