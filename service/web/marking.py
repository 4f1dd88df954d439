"""The marks that stand on pages by the hundred, made without a template: an order of magnitude
quicker. The macros of the same names are for all others.

What begins with `_` makes text in which all that others wrote is escaped; the others make `Markup`
of that.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from service.web import wording
from service.web.timeline import Row

Json = Mapping[str, Any]


def bdi(text: object) -> Markup:
    """What others wrote: as text, its direction kept to itself, and its script said."""
    return Markup(_bdi(str(text)))


def _bdi(text: str) -> str:
    tongue = wording.tongue(text)
    said = f' lang="{tongue}"' if tongue else ""
    return f"<bdi{said}>{escape(text)}</bdi>"


def badge(status: str, big: bool = False) -> Markup:
    """A status: a word, a shape and a colour."""
    return Markup(_badge(status, big))


def _badge(status: str, big: bool = False) -> str:
    words = wording.STATUS[status][0] if status in wording.STATUS else status
    name = escape(status)
    return (
        f'<span class="status {name}{" big" if big else ""}"><svg class="mark" aria-hidden="true" '
        f'focusable="false"><use href="#mark-{name}"></use></svg>{escape(words)}</span>'
    )


def moment(text: str | None, zone: ZoneInfo | None, missing: str = "—") -> Markup:
    """A moment as the answer has it, in the zone of its list, and in the reader's."""
    return Markup(_moment(text, zone) if text else escape(missing))


def _moment(text: str, zone: ZoneInfo | None) -> str:
    theirs = wording.theirs(text, zone)
    more = f' <span class="theirs">{theirs}</span>' if theirs else ""
    return f'<time datetime="{escape(text)}">{escape(wording.at(text))}</time>{more}'


def origin(source: Json) -> Markup:
    """A source in a line; only a web address is a link."""
    return Markup(_origin(source))


def _origin(source: Json) -> str:
    url = wording.link(source.get("url"))
    title = _bdi(source.get("title") or source.get("url") or "a source without a title")
    told = f'<a href="{escape(url)}" rel="noreferrer">{title}</a>' if url else title
    publisher = f", {_bdi(source['publisher'])}" if source.get("publisher") else ""
    when = f", {escape(wording.day(source['published']))}" if source.get("published") else ""
    return f"{told}{publisher}{when}"


def sources(some: Iterable[Json]) -> Markup:
    """Sources as a list, with what they say."""
    return Markup(_sources(some))


def _sources(some: Iterable[Json]) -> str:
    told = "".join(f"<li>{_origin(one)}{_quote(one)}</li>" for one in some)
    return f'<ul class="sources">{told}</ul>' if told else ""


def _quote(source: Json) -> str:
    quote = source.get("quote")
    return f"<blockquote>{_bdi(quote)}</blockquote>" if quote else ""


# --- a company's log ------------------------------------------------------------------------------


def logged(event: Json) -> Markup:
    """An event of `telling.events` in the log of a company."""
    id_ = escape(event["id"])
    count = event["sources_count"]
    listed = f" <code>{escape(event['list'])}</code>" if event["list"] else ""
    announced = escape(event["announced_words"])
    told = f"announced {announced}<br>" if announced else ""
    void = "" if event["counts"] else ' class="void"'
    return Markup(
        f'<li{void}><div class="when">{escape(event["effective_words"]) or announced}</div>'
        f'<div class="what"><b>{escape(event["words"])}</b>{listed}{_said(event)}'
        f"<details><summary>{count or 'No'} source{'' if count == 1 else 's'}</summary>"
        f'<div id="{id_}">{_sources(event["sources"])}'
        f'<p class="aside">Event <code>{id_}</code></p></div></details></div>'
        f'<div class="told">{told}recorded {escape(wording.when(event["recorded"]))} '
        f"<code>{escape(event['position'])}</code></div></li>\n"
    )


def _said(event: Json) -> str:
    told = f"<div>{_bdi(', '.join(event['facts']))}</div>" if event["facts"] else ""
    if not event["counts"]:
        by = escape(event["retracted_by"] or "")
        told += f'<div>taken back by <a href="#{by}">another event</a></div>'
    if event["anomaly"]:
        told += f'<div class="notice">{escape(event["anomaly"])}</div>'
    return f"{told}<div>{_bdi(event['text'])}</div>" if event["text"] else told


def reason(step: Json, zone: ZoneInfo | None) -> Markup:
    """A step of `telling.lists` in why a status is."""
    event = step["event"]
    by = ""
    if event:
        by = f' <a href="#{escape(event["id"])}">{escape(event["words"])}</a>'
        if event["facts"]:
            by += f' <span class="aside">{_bdi(", ".join(event["facts"]))}</span>'
    aside = [f"Rule {step['rule']}"] if step["rule"] else []
    aside += ["later than asked"] if step["later"] else []
    later = ' class="later"' if step["later"] else ""
    return Markup(
        f'<li{later}><span class="when">{_moment(step["at"], zone)}</span> '
        f'{_badge(step["status"])} <span class="did">{escape(step["words"])}{by}</span> '
        f'<span class="aside">{", ".join(aside)}</span></li>\n'
    )


def odd(one: Json, zone: ZoneInfo | None) -> Markup:
    """A correction of `telling.odd`, or an event of it that was taken back or fits nowhere."""
    told = _corrected(one["change"], one["causes"], zone) if one["change"] else _misfit(one)
    return Markup(f"<li>{told}</li>\n")


def _corrected(change: Json, causes: Iterable[Json], zone: ZoneInfo | None) -> str:
    listed = f" <code>{escape(change['list'])}</code>" if change["list"] else ""
    start = f" from {_moment(change['effective'], zone)} on" if change["effective"] else ""
    by = "".join(f", {_by(event)}" for event in causes)
    since = _moment(change["recorded"], zone)
    return f"<b>Corrected.</b> Since {since}{listed} reads otherwise{start}{by}."


def _misfit(one: Json) -> str:
    event, by = one["event"], one["by"]
    start = f", {escape(event['effective_words'])}" if event["effective_words"] else ""
    told = f'<a href="#{escape(event["id"])}">{escape(event["words"])}{start}</a>'
    if not event["counts"]:
        why = f": {_bdi(by['text'])}" if by and by["text"] else ""
        told += f" was <b>taken back</b>{f' {_by(by)}{why}' if by else ''}."
    return f"{told} <b>does not fit</b>: {escape(one['anomaly'])}." if one["anomaly"] else told


def _by(event: Json) -> str:
    return f'by <a href="#{escape(event["id"])}">{escape(event["words"].lower())}</a>'


# --- a row of a timeline --------------------------------------------------------------------------


def bands(row: Row) -> Markup:
    """How it stood, and when something was forbidden."""
    drawn = [
        f'<rect class="{one.status}" x="{one.x}%" width="{one.width}%" y="6" height="22" '
        f'fill="url(#band-{one.status})"><title>{escape(one.title)}</title></rect>'
        for one in row.bands
        if one.status != "not_listed"
    ]
    drawn += [
        f'<text class="{one.status}" x="{one.x}%" dx="8" y="21" aria-hidden="true">'
        f"{one.words}</text>"
        for one in row.bands
        if one.words and one.status != "not_listed"
    ]
    drawn += [
        f'<rect class="forbids" x="{one.x}%" width="{one.width}%" y="30" height="4">'
        f"<title>In force: {escape(one.title)}</title></rect>"
        for one in row.forbids
    ]
    return Markup("".join(drawn))


def marks(row: Row, page: str) -> Markup:
    """What happened: links to events, on that page or on this one."""
    drawn = []
    for one in row.marks:
        title = escape(one.title)
        several = one.number > 1
        number = f'<text x="{one.x}%" y="50">{one.number}</text>' if several else ""
        sort = "act" if one.legal else "note"
        drawn.append(
            f'<a href="{escape(page)}#{escape(one.event)}" class="{sort}" '
            f'aria-label="{title}"><rect class="reach" x="{one.x}%" y="34" width="24" height="24" '
            f'transform="translate(-12)"></rect><circle cx="{one.x}%" cy="46" '
            f'r="{9 if several else 5}"></circle>{number}<title>{title}</title></a>'
        )
    return Markup("".join(drawn))
