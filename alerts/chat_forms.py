"""How each chat service wants to be told: the JSON that is posted, within its limits. Pure.

Text that came from elsewhere never becomes a mention, a link or a format: it stands in a field
that is plain, or what the service would read as its own signs is escaped. The limits are those of
the services' documentation: https://docs.slack.dev/reference/block-kit,
https://adaptivecards.io/explorer, https://discord.com/developers/docs/resources/message#embed-limits,
https://docs.ntfy.sh/publish/#publish-as-json.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import orjson

from alerts.telling import Telling, cut
from events.errors import Refused

_TEAMS_BYTES: Final = 28_000
_NTFY_BYTES: Final = 4_000
"""Of a message of 4,096 bytes or more, ntfy makes a file."""
_DISCORD_MOST: Final = 6_000
_COLOURS: Final = {"gained": 0xB3261E, "other": 0x1B5E9B}
_MARKDOWN: Final = re.compile(r"([\\*_~`|>\[\]()#:<@!-])")


class Form(NamedTuple):
    """Where to post, and what."""

    url: str
    body: Any


def slack(url: str, told: Telling) -> Form:
    """Block Kit, with a text for notifications."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(told.title, 150)},
        {"type": "section", "text": _plain(told.lead, 3_000)},
    ]
    fields = [_plain(f"{label}: {value}", 2_000) for label, value in told.facts]
    blocks += [
        {"type": "section", "fields": fields[start : start + 10]}
        for start in range(0, len(fields), 10)
    ]
    more = "\n".join(_more(told))
    if more:
        blocks.append({"type": "section", "text": _plain(more, 3_000)})
    if told.page:
        button = {"type": "button", "text": _plain("Open in standing", 75), "url": told.page}
        blocks.append({"type": "actions", "elements": [button]})
    # In the text alone <, > and & are signs of Slack's own.
    text = cut(f"{told.title}. {told.lead}", 1_000)
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, name)
    return Form(url, {"text": text, "blocks": blocks, "unfurl_links": False})


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _shortened(text, most) or "-", "emoji": False}


def teams(url: str, told: Telling) -> Form:
    """An Adaptive Card, as the workflow «When a Teams webhook request is received» takes it. Runs
    of a rich text block are not read as Markdown."""
    facts = [_runs((f"{label}: ", True), (value, False)) for label, value in told.facts]
    more = [_runs((line, False)) for line in _more(told)]
    while True:
        card: dict[str, Any] = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": {"width": "Full"},
            "body": [_runs((told.title, True)), _runs((told.lead, False)), *facts, *more],
        }
        if told.page:
            open_ = {"type": "Action.OpenUrl", "title": "Open in standing", "url": told.page}
            card["actions"] = [open_]
        body = {
            "type": "message",
            "attachments": [
                {
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": None,
                    "content": card,
                }
            ],
        }
        if len(orjson.dumps(body)) <= _TEAMS_BYTES or not more:
            return Form(url, body)
        more = more[: len(more) // 2]


def _runs(*texts: tuple[str, bool]) -> dict[str, Any]:
    return {
        "type": "RichTextBlock",
        "inlines": [
            {"type": "TextRun", "text": text, **({"weight": "Bolder"} if bold else {})}
            for text, bold in texts
        ],
    }


def discord(url: str, told: Telling) -> Form:
    """An embed; nobody is mentioned, whatever it says."""
    fields: list[dict[str, Any]] = [
        {"name": label, "value": _shortened(_unmarked(value), 1_024), "inline": len(value) < 40}
        for label, value in told.facts
    ][:25]
    embed: dict[str, Any] = {
        "title": _shortened(_unmarked(told.title), 256),
        "description": "",
        "color": _COLOURS["gained" if told.urgent else "other"],
        "fields": fields,
        "footer": {"text": "standing. Not legal advice."},
    }
    room = _DISCORD_MOST - 300 - sum(len(one["name"]) + len(one["value"]) for one in fields)
    lines = [_unmarked(told.lead), *map(_unmarked, _more(told))]
    embed["description"] = _shortened("\n".join(lines), max(min(4_096, room - 256), 1))
    if told.page:
        embed["url"] = told.page
    return Form(url, {"embeds": [embed], "allowed_mentions": {"parse": []}})


def _unmarked(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def ntfy(url: str, told: Telling) -> Form:
    """A message in JSON, which goes to the server itself, with the topic in it. Raises `Refused`
    for a URL without a topic."""
    root, topic = topic_of(url)
    lines = [told.lead, "", *(f"{label}: {value}" for label, value in told.facts), *_more(told)]
    body: dict[str, Any] = {
        "topic": topic,
        "title": _shortened(told.title, 250),
        "message": _fitting(lines, _NTFY_BYTES),
        "priority": 4 if told.urgent else 3,
        "tags": ["warning" if told.urgent else "scroll"],
    }
    if told.page:
        body["click"] = told.page
    return Form(root, body)


def topic_of(url: str) -> tuple[str, str]:
    """The server of a topic's URL, and the topic. Raises `Refused`."""
    read = urlsplit(url)
    base, _, topic = read.path.rstrip("/").rpartition("/")
    if not re.fullmatch(r"[-_A-Za-z0-9]{1,64}", topic):
        raise Refused.field(
            "channel.url", f"{url!r} should end with a topic: https://ntfy.sh/topic"
        )
    return urlunsplit((read.scheme, read.netloc, f"{base}/", read.query, "")), topic


def _fitting(lines: Iterable[str], most: int) -> str:
    kept: list[str] = []
    room = most - len("…".encode())
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            return "\n".join([*kept, "…"])
        kept.append(line)
    return "\n".join(kept)


def _more(told: Telling) -> list[str]:
    """What is told beside the facts, line by line."""
    lines = list(told.lines)
    for one in told.why:
        named = "; ".join(
            f"{source.title} ({source.url})" if source.url else source.title
            for source in one.sources
        )
        lines.append(f"Why: {one.text}{f': {named}' if named else ''}")
    return lines


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


FORMS: Final[dict[str, Callable[[str, Telling], Form]]] = {
    "slack": slack,
    "teams": teams,
    "discord": discord,
    "ntfy": ntfy,
}
