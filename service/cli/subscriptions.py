"""`subscriptions`: looking at them, changing them, and having them wait."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args

import typer

from service.cli.common import (
    ALERTS,
    AsJson,
    Lists,
    echo_json,
    noted,
    run,
)
from service.cli.delivering import print_record
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
    To,
    Watchlist,
    filtered,
    print_preview,
    print_report,
    resolved_file,
    resolved_now,
)
from service.cli.listing import everybody, print_list
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
    from pathlib import Path

    from alerts.desk import Desk

What = Literal[
    "list",
    "show",
    "change",
    "pause",
    "resume",
    "watchlist",
    "preview",
    "test",
    "ask",
    "rotate",
    "disable",
    "enable",
    "recover",
    "remove",
    "delete",
]
Field = Literal[
    "companies",
    "lists",
    "countries",
    "from",
    "to",
    "kinds",
    "restrictions",
    "gained",
    "lost",
]
_FIRST: Final = 20
_YEAR: Final = "P1Y"
_NEVER: Final = "never"


def add_to(app: typer.Typer) -> None:
    """Make this a command of `standing`."""
    app.command(rich_help_panel=ALERTS)(subscriptions)


def subscriptions(
    do: Annotated[What, typer.Argument(help="What to do.")] = "list",
    subscription: Annotated[str | None, typer.Argument(help="With which; not for list.")] = None,
    company: Companies = None,
    watchlist: Watchlist = None,
    accept_likely: AcceptLikely = False,
    again: Annotated[
        bool, typer.Option("--again", help="Look for the rows of its watchlist once more.")
    ] = False,
    lists: Lists = None,
    country: Countries = None,
    from_: From = None,
    to: To = None,
    kind: Kinds = None,
    restriction: Restrictions = None,
    gained: Gained = None,
    lost: Lost = None,
    any_: Annotated[
        list[str] | None,
        typer.Option("--any", help=f"Of a filter, say no more of: {', '.join(get_args(Field))}."),
    ] = None,
    expires: Expires = None,
    label: Label = None,
    backfill: Annotated[
        bool | None,
        typer.Option("--backfill/--no-backfill", help="Also history that is loaded."),
    ] = None,
    digest_at: DigestAt = None,
    empty: Empty = None,
    time_zone: TimeZone = None,
    quiet: Quiet = None,
    remind: Remind = None,
    notify: Notify = None,
    heartbeat: Heartbeat = None,
    skip_missed: Annotated[
        bool,
        typer.Option(
            "--skip-missed", "--skip", help="Resuming or enabling, leave out what was missed."
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            help="Of a preview: how far back (P1Y, P90D), a date, or a position. With recover: all "
            "that was recorded since that date or time is sent again."
        ),
    ] = None,
    owner: Annotated[str | None, typer.Option(help="List only this owner's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List subscriptions; show, change, pause, resume, preview, test, disable, enable or remove
    one, show or replace its watchlist, rotate its secret, recover what its receiver lost, or ask
    its mailbox again whether it agrees. --expires never takes the end away, and none what --quiet,
    --remind, --heartbeat or --notify asked for."""
    _check(do, subscription, since, skip=skip_missed)
    filter_ = filtered(
        **{"companies": company, "lists": lists, "countries": country, "from": from_, "to": to},
        kinds=kind,
        restrictions=restriction,
        gained=gained,
        lost=lost,
    )
    given = {"label": label, "expires": expires}
    wish: dict[str, Any] = {key: one for key, one in given.items() if one is not None}
    if expires == _NEVER:
        wish["expires"] = None
    if label == "":
        wish["label"] = None
    wish |= told_of(remind, heartbeat, notify, backfill)
    when = When(digest_at, empty, time_zone, quiet)
    if unknown := set(any_ or ()) - set(get_args(Field)):
        raise typer.BadParameter(f"{min(unknown)!r} is no field", param_hint="--any")
    if (filter_ or wish or any_ or any(one is not None for one in when)) and do != "change":
        raise typer.BadParameter(f"{do} changes nothing of what is asked for; change does")
    match do:
        case "list":
            print_list(run(everybody(owner)), as_json=as_json)
        case "watchlist":
            report = run(
                _watchlist(subscription or "", watchlist, again=again, likely=accept_likely)
            )
            echo_json(report) if as_json else print_report(report)
        case "preview":
            found = run(_preview(subscription or "", since or _YEAR))
            echo_json(found) if as_json else print_preview(found, since or _YEAR)
        case "change":
            told = run(_change(subscription or "", wish, when, filter_, any_ or ()))
            echo_json(told) if as_json else print_record(told)
        case _:
            told = run(_do(do, subscription or "", since or "", skip=skip_missed))
            echo_json(told) if as_json else print_record(told)


def _check(do: What, subscription: str | None, since: str | None, *, skip: bool) -> None:
    """Raises `BadParameter` where what is given does not go with what is to be done."""
    if (subscription is None) != (do == "list"):
        raise typer.BadParameter(f"{do} takes {'no' if do == 'list' else 'the'} id")
    if since is None and do == "recover":
        raise typer.BadParameter("is needed to recover", param_hint="--since")
    if since is not None and do not in ("recover", "preview"):
        raise typer.BadParameter("is for preview and recover", param_hint="--since")
    if skip and do not in ("resume", "enable"):
        raise typer.BadParameter("is for resume and enable", param_hint="--skip-missed")


async def _change(
    subscription: str,
    wish: dict[str, Any],
    when: When,
    filter_: dict[str, Any],
    any_: list[str] | tuple[()],
) -> dict[str, Any]:
    async with desk() as alerts:
        known = await alerts.subscription(subscription)
        wish = {**wish, **when.wish(known)}
        if filter_ or any_:
            kept = {key: value for key, value in known["filter"].items() if key not in any_}
            wish["filter"] = {**kept, **filter_}
        return await _changed(alerts, subscription, "change", wish)


async def _changed(
    alerts: "Desk", subscription: str, action: str, wish: dict[str, Any]
) -> dict[str, Any]:
    await alerts.change(subscription, wish)
    noted(action, subscription, ", ".join(sorted(wish)))
    return await alerts.subscription(subscription)


async def _watchlist(
    subscription: str, path: "Path | None", *, again: bool, likely: bool
) -> dict[str, Any]:
    from events.errors import Refused
    from service.watchlist import companies, once_more, packed, unpacked

    async with desk() as alerts:
        if path is None:
            kept = await alerts.watchlist(subscription)
            if kept is None:
                raise Refused.field("watchlist", "its companies are not from a watchlist")
            if not again:
                return unpacked(kept)
            report = await resolved_now(once_more(unpacked(kept)), likely=likely)
        else:
            report = await resolved_file(path, likely=likely)
        known = (await alerts.subscription(subscription))["filter"]
        wish = {"filter": {**known, "companies": companies(report)}}
        await alerts.change(subscription, wish, watchlist=packed(report))
        noted("watchlist", subscription)
        return report


async def _preview(subscription: str, since: str) -> dict[str, Any]:
    async with desk() as alerts:
        asked = await alerts.subscription(subscription)
        return await alerts.preview(
            asked["filter"], since, backfill=asked["backfill"], limit=_FIRST
        )


async def _do(do: What, subscription: str, since: str, *, skip: bool) -> dict[str, Any]:
    async with desk() as alerts:
        match do:
            case "pause":
                return await _changed(alerts, subscription, do, {"paused": True})
            case "resume":
                missed = "skip" if skip else "send"
                wish = {"paused": False, "missed": missed}
                return await _changed(alerts, subscription, do, wish)
            case "test":
                told = await alerts.test(subscription)
            case "ask":
                told = (await alerts.ask_again(subscription)).shown()
            case "rotate":
                told = {"id": subscription, "secret": await alerts.rotate(subscription)}
            case "disable":
                await alerts.disable(subscription, "disabled from the command line")
                told = await alerts.subscription(subscription)
            case "enable":
                await alerts.enable(subscription, skip=skip)
                told = await alerts.subscription(subscription)
            case "recover":
                told = {"id": subscription, "count": await alerts.recover(subscription, since)}
            case "remove" | "delete":
                await alerts.unsubscribe(subscription)
                told = {"id": subscription, "state": "removed"}
            case _:
                return await alerts.subscription(subscription)
        noted("remove" if do == "delete" else do, subscription)
        return told
