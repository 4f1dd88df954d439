"""`subscribe`, `deliveries`, `redeliver`: who is told, and whether it arrived."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from service.cli.common import (
    ALERTS,
    AsJson,
    Lists,
    cleaned,
    console,
    echo_json,
    noted,
    plain,
    run,
    say,
    using_embedded,
)
from service.cli.filtering import (
    AcceptLikely,
    Companies,
    Countries,
    Expires,
    From,
    Gained,
    Kinds,
    Label,
    Lost,
    Restrictions,
    Since,
    To,
    Watchlist,
    filtered,
    print_preview,
    print_report,
    resolved_file,
)
from service.settings import load_settings

if TYPE_CHECKING:
    from alerts.desk import Desk
    from service.embedded import Embedded
    from service.watchlist import Report

_FIRST: Final = 20
Id = Annotated[str, typer.Argument(help="The id of a subscription.")]


def add_to(app: typer.Typer) -> None:
    """Make these commands of `standing`."""
    for command in (subscribe, deliveries, redeliver):
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
    webhook: Annotated[
        str | None, typer.Option(help="The URL that is to be told.", show_default=False)
    ] = None,
    company: Companies = None,
    watchlist: Watchlist = None,
    accept_likely: AcceptLikely = False,
    lists: Lists = None,
    country: Countries = None,
    from_: From = None,
    to: To = None,
    kind: Kinds = None,
    restriction: Restrictions = None,
    gained: Gained = None,
    lost: Lost = None,
    start: Annotated[
        str, typer.Option(help="now, beginning, a position such as 0:41, or a date.")
    ] = "now",
    expires: Expires = None,
    label: Label = None,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Also history that is loaded.")
    ] = False,
    owner: Annotated[str, typer.Option(help="Whose it is to be.")] = "local",
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show what would have been sent.")
    ] = False,
    since: Since = "P1Y",
    as_json: AsJson = False,
) -> None:
    """Have a webhook told of changes. Prints the id, and the secret this once."""
    filter_ = filtered(
        **{"companies": company, "lists": lists, "countries": country, "from": from_, "to": to},
        kinds=kind,
        restrictions=restriction,
        gained=gained,
        lost=lost,
    )
    if webhook is None and not preview:
        raise typer.BadParameter("is needed, or --preview", param_hint="--webhook")
    report = None
    if watchlist is not None:
        report = run(resolved_file(watchlist, likely=accept_likely))
        taken = dict.fromkeys([*(company or ()), *_taken(report)])
        filter_["companies"] = list(taken)
    if preview:
        _preview_filter(filter_, since, report, backfill=backfill, as_json=as_json)
        return
    request: dict[str, Any] = {
        "filter": filter_,
        "channel": {"type": "webhook", "url": webhook},
        "start": start,
        "backfill": backfill,
        "label": label,
        "expires": expires,
    }
    told = run(_subscribe(request, owner, report))
    if as_json:
        echo_json(told if report is None else {**told, "watchlist": report})
        return
    if report is not None:
        print_report(report)
    typer.echo(f"id      {told['id']}")
    typer.echo(f"secret  {told['secret']}")
    say("The secret is shown this once; `standing serve` sends the alerts while it runs.")


def _taken(report: "Report") -> list[str]:
    from service.watchlist import companies

    return companies(report)


async def _subscribe(
    request: dict[str, Any], owner: str, report: "Report | None"
) -> dict[str, Any]:
    from service.watchlist import packed

    async with desk() as alerts:
        kept = None if report is None else packed(report)
        made, secret = await alerts.subscribe(request, owner=owner, watchlist=kept)
        noted("subscribe", made.id)
        return {**made.shown(), "secret": secret}


def _preview_filter(
    filter_: dict[str, Any],
    since: str,
    report: "Report | None",
    *,
    backfill: bool,
    as_json: bool,
) -> None:
    async def work() -> dict[str, Any]:
        async with desk() as alerts:
            return await alerts.preview(filter_, since, backfill=backfill, limit=_FIRST)

    found = run(work())
    if as_json:
        echo_json(found if report is None else {**found, "watchlist": report})
        return
    if report is not None:
        print_report(report)
    print_preview(found, since)


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
