"""The marks that stand on pages by the hundred, made without a template: an order of magnitude
quicker. The macros of the same names are for all others."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from service.web import wording

Source = Mapping[str, Any]
_NOTHING = Markup()
_VOID = ' class="void"'
_LATER = ' class="later"'


def bdi(text: object) -> Markup:
    """What others wrote: as text, its direction kept to itself, and its script said."""
    tongue = wording.tongue(str(text))
    said = f' lang="{tongue}"' if tongue else ""
    return Markup(f"<bdi{said}>{escape(text)}</bdi>")  # noqa: S704 - escaped


def code(text: object) -> Markup:
    """An id."""
    return Markup(f"<code>{escape(text)}</code>")  # noqa: S704 - escaped


def badge(status: str, big: bool = False) -> Markup:
    """A status: a word, a shape and a colour."""
    words = wording.STATUS[status][0] if status in wording.STATUS else status
    name = escape(status)
    return Markup(  # noqa: S704 - escaped
        f'<span class="status {name}{" big" if big else ""}"><svg class="mark" aria-hidden="true" '
        f'focusable="false"><use href="#mark-{name}"></use></svg>{escape(words)}</span>'
    )


def moment(text: str | None, zone: ZoneInfo | None, missing: str = "—") -> Markup:
    """A moment as the answer has it, in the zone of its list, and in the reader's."""
    if not text:
        return escape(missing)
    theirs = wording.theirs(text, zone)
    more = f' <span class="theirs">{escape(theirs)}</span>' if theirs else ""
    return Markup(  # noqa: S704 - escaped
        f'<time datetime="{escape(text)}">{escape(wording.at(text))}</time>{more}'
    )


def origin(source: Source) -> Markup:
    """A source in a line; only a web address is a link."""
    url = wording.link(source.get("url"))
    title = bdi(source.get("title") or source.get("url") or "a source without a title")
    told = f'<a href="{escape(url)}" rel="noreferrer">{title}</a>' if url else title
    publisher = f", {bdi(source['publisher'])}" if source.get("publisher") else ""
    when = f", {escape(wording.day(source['published']))}" if source.get("published") else ""
    return Markup(f"{told}{publisher}{when}")  # noqa: S704 - escaped


def sources(some: Iterable[Source]) -> Markup:
    """Sources as a list, with what they say."""
    told = "".join(f"<li>{origin(one)}{_quote(one)}</li>" for one in some)
    return Markup(f'<ul class="sources">{told}</ul>') if told else _NOTHING  # noqa: S704 - escaped


def _quote(source: Source) -> str:
    quote = source.get("quote")
    return f"<blockquote>{bdi(quote)}</blockquote>" if quote else ""


def logged(event: Mapping[str, Any]) -> Markup:
    """An event of `telling.events` in the log of a company."""
    id_ = escape(event["id"])
    count = event["sources_count"]
    listed = f" {code(event['list'])}" if event["list"] else ""
    announced = event["announced_words"]
    told = f"announced {escape(announced)}<br>" if announced else ""
    return Markup(  # noqa: S704 - escaped
        f"<li{'' if event['counts'] else _VOID}>"
        f'<div class="when">{escape(event["effective_words"] or announced)}</div>'
        f'<div class="what"><b>{escape(event["words"])}</b>{listed}{_said(event)}'
        f"<details><summary>{count or 'No'} source{'' if count == 1 else 's'}</summary>"
        f'<div id="{id_}">{sources(event["sources"])}'
        f'<p class="aside">Event <code>{id_}</code></p></div></details></div>'
        f'<div class="told">{told}recorded {escape(wording.when(event["recorded"]))} '
        f"{code(event['position'])}</div></li>\n"
    )


def _said(event: Mapping[str, Any]) -> str:
    facts = f"<div>{bdi(', '.join(event['facts']))}</div>" if event["facts"] else ""
    by = f'<a href="#{escape(event["retracted_by"])}">another event</a>'
    taken_back = "" if event["counts"] else f"<div>taken back by {by}</div>"
    odd = f'<div class="notice">{escape(event["anomaly"])}</div>' if event["anomaly"] else ""
    text = f"<div>{bdi(event['text'])}</div>" if event["text"] else ""
    return f"{facts}{taken_back}{odd}{text}"


def reason(step: Mapping[str, Any], zone: ZoneInfo | None) -> Markup:
    """A step of `telling.lists` in why a status is."""
    event = step["event"]
    by = ""
    if event:
        facts = f' <span class="aside">{bdi(", ".join(event["facts"]))}</span>'
        by = f' <a href="#{escape(event["id"])}">{escape(event["words"])}</a>'
        by += facts if event["facts"] else ""
    aside = [f"Rule {step['rule']}"] if step["rule"] else []
    aside += ["later than asked"] if step["later"] else []
    return Markup(  # noqa: S704 - escaped
        f"<li{_LATER if step['later'] else ''}>"
        f'<span class="when">{moment(step["at"], zone)}</span> {badge(step["status"])} '
        f'<span class="did">{escape(step["words"])}{by}</span> '
        f'<span class="aside">{", ".join(aside)}</span></li>\n'
    )
