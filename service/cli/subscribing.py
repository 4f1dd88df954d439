"""`subscribe`, `deliveries`, `redeliver`: who is told, and whether it arrived."""

from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

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
    noted,
    plain,
    run,
    say,
    using_embedded,
    write_out,
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
Many = list[str] | None
Cadence = Literal["immediate", "hourly", "daily", "weekly"]


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
    webhook: Annotated[
        str | None, typer.Option(help="The URL that is to be told.", show_default=False)
    ] = None,
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
    notify: Annotated[
        str | None,
        typer.Option(help="The subscription that is told when this one's receiver fails."),
    ] = None,
    heartbeat: Annotated[
        str | None, typer.Option(help="How often to be told that all is well: PT1H.")
    ] = None,
    owner: Annotated[str, typer.Option(help="Whose it is to be.")] = "local",
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show what would have been sent.")
    ] = False,
    since: Since = "P1Y",
    as_json: AsJson = False,
) -> None:
    """Have a webhook, a mailbox or a chat told of changes. Prints the id, and of a webhook the
    secret, this once."""
    filter_ = filtered(
        **{"companies": company, "lists": lists, "countries": country, "from": from_, "to": to},
        kinds=kind,
        restrictions=restriction,
        gained=gained,
        lost=lost,
    )
    ways = {"webhook": webhook, "email": email, "slack": slack, "teams": teams}
    channel = _channel({**ways, "discord": discord, "ntfy": ntfy}, needed=not preview)
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
        "channel": channel,
        "start": start,
        "backfill": backfill,
        "label": label,
        "expires": expires,
        "notify": notify,
        "cadence": cadence,
        "remind": remind or [],
        "heartbeat": heartbeat,
        **_timing(cadence, digest_at, time_zone, quiet),
    }
    told = run(_subscribe(request, owner, report))
    if as_json:
        echo_json(told if report is None else {**told, "watchlist": report})
        return
    if report is not None:
        print_report(report)
    _print_made(told)


def _print_made(told: dict[str, Any]) -> None:
    typer.echo(f"id      {told['id']}")
    if "secret" in told:
        typer.echo(f"secret  {told['secret']}")
        say("The secret is shown this once; `standing serve` sends the alerts while it runs.")
    elif told["state"] == "unconfirmed":
        mailbox = told["channel"]["to"]
        say(f"{mailbox} is asked by mail, and told of changes once somebody there has agreed.")
    elif told["disabled"]:
        say(f"Nothing is sent: {told['disabled']}")
        fail()


def _channel(given: dict[str, str | None], *, needed: bool) -> dict[str, str]:
    """Where to, out of the options, of which one is to be given."""
    some = [(name, where) for name, where in given.items() if where is not None]
    if not some and not needed:
        return {}
    if len(some) != 1:
        raise typer.BadParameter(f"give one of {', '.join(f'--{name}' for name in given)}")
    ((name, where),) = some
    if name in {"webhook", "email"}:
        return {"type": name, ("to" if name == "email" else "url"): where}
    return {"type": name, ("url" if "://" in where else "name"): where}


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
        signed = {"secret": secret} if made.request.channel.type == "webhook" else {}
        return {**made.shown(), **signed}


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
