"""How subscriptions are listed for people."""

from typing import Any, Final

from service.cli.common import cleaned, console, echo_json, say
from service.cli.desks import desk

_FEW: Final = 5


def print_list(found: list[dict[str, Any]], *, as_json: bool) -> None:
    """With where they go to, and what they ask for."""
    from rich.table import Table
    from rich.text import Text

    if as_json:
        echo_json({"subscriptions": found})
        return
    columns = ("id", "label", "owner", "state", "waiting", "to", "asks for")
    table = Table(*columns, box=None, padding=(0, 2, 0, 0))
    colours = {"active": "green", "failing": "yellow", "disabled": "red", "expired": "red"}
    for one in cleaned(found):
        asks = "; ".join(f"{key}: {_short(value)}" for key, value in one["filter"].items())
        channel = one["channel"]
        where = channel.get("url") or channel.get("name") or f"mailto:{channel.get('to')}"
        state = Text(one["state"], colours.get(one["state"], "cyan"))
        waiting = str(one["backlog"]["waiting"] or "")
        who = (one["id"], one["label"], one["owner"])
        table.add_row(*who, state, waiting, where, asks or "everything")
    if found:
        console().print(table)
    else:
        say("nobody has subscribed; `standing subscribe --help` says how")


def _short(values: list[str]) -> str:
    few = ", ".join(values[:_FEW]) or "none"
    return f"{few} and {len(values) - _FEW:,} more" if len(values) > _FEW else few


async def everybody(owner: str | None) -> list[dict[str, Any]]:
    """Those of an owner, or of all."""
    found: list[dict[str, Any]] = []
    async with desk() as alerts:
        while page := await alerts.page(owner, found[-1]["id"] if found else None):
            found += page
    return found
