"""`subscribe`: who is told, of what and where."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from service.cli.common import ALERTS, AsJson, Lists, echo_json, fail, noted, run, say
from service.cli.desks import desk
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
from service.cli.timing import (
    DigestAt,
    Empty,
    Heartbeat,
    Notify,
    Quiet,
    Remind,
    TimeZone,
    When,
    told_of,
)

if TYPE_CHECKING:
    from service.watchlist import Report

_FIRST: Final = 20
Cadence = Literal["immediate", "hourly", "daily", "weekly"]


def add_to(app: typer.Typer) -> None:
    """Make this a command of `standing`."""
    app.command(rich_help_panel=ALERTS)(subscribe)


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
    signature: Annotated[
        Literal["hmac", "ed25519"] | None,
        typer.Option(help="Of a webhook: by a secret of both sides, or by a key of ours alone."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Of a webhook: at most so many messages a second.")
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
    digest_at: DigestAt = None,
    empty: Empty = None,
    time_zone: TimeZone = None,
    quiet: Quiet = None,
    remind: Remind = None,
    notify: Notify = None,
    heartbeat: Heartbeat = None,
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
    channel |= _signed(webhook, signature, rate)
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
        "cadence": cadence,
        **told_of(remind, heartbeat, notify, None),
        **When(digest_at, empty, time_zone, quiet).wish({"cadence": cadence}),
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


def _channel(given: dict[str, str | None], *, needed: bool) -> dict[str, Any]:
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


def _signed(webhook: str | None, signature: str | None, rate: float | None) -> dict[str, Any]:
    """What is asked for of a webhook alone."""
    given = {"signature": signature, "rate": rate}
    found = {key: value for key, value in given.items() if value is not None}
    if found and webhook is None:
        raise typer.BadParameter("is of a --webhook", param_hint=f"--{next(iter(found))}")
    return found


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
