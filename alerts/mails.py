"""Mails: what is told, as text and as HTML, with the headers that mail systems act on.

The same message makes the same mail at every attempt, but for its `Date`. Header values are set
through `email.message`, which refuses an end of line in any of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from hashlib import sha256
from textwrap import fill
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import jinja2

from alerts.telling import Telling, cut
from events.dates import SECOND, Instant

_WIDE: Final = 76
_NAME: Final = "standing"
_READ_BY_PROGRAMS: Final = frozenset({"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"})
_NO_ADVICE: Final = "The 50 % and affiliates rules are not evaluated. This is not legal advice."


class _Policy(EmailPolicy):
    """That of SMTP, but that what programs read stays as it is. What is longer than a line and has
    no blank would be written as encoded words, and no mail program finds an address in those."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        """A header as it goes over the wire."""
        if name in _READ_BY_PROGRAMS:
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_POLICY: Final = _Policy(**{key: getattr(SMTP, key) for key in ("linesep", "max_line_length")})


class Button(NamedTuple):
    """What a mail asks to be clicked on."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who writes to whom, and as which message of what."""

    sender: str
    to: str
    id: str
    """The message's, the same at every attempt."""
    subscription: str
    at: Instant
    """When this attempt was made."""
    site: str
    unsubscribe: str | None = None
    """The link by which one wants no more."""


class Mails:
    """Writes them."""

    def __init__(self) -> None:
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("alerts", "mail_templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )

    def write(self, envelope: Envelope, told: Telling, button: Button | None = None) -> bytes:
        """A mail as it goes over the wire."""
        mail = EmailMessage(policy=_POLICY)
        for name, value in _headers(envelope, told).items():
            mail[name] = value
        small = _small(envelope)
        mail.set_content(_text(envelope, told, button, small), cte="quoted-printable")
        page = self._templates.get_template("mail.html").render(
            told=told, button=button, small=small, unsubscribe=envelope.unsubscribe
        )
        mail.add_alternative(page, subtype="html", cte="quoted-printable")
        mail.set_boundary(f"=_{sha256(envelope.id.encode()).hexdigest()[:32]}")
        return mail.as_bytes()


def _headers(envelope: Envelope, told: Telling) -> dict[str, object]:
    host = urlsplit(envelope.site).hostname or "localhost"
    found: dict[str, object] = {
        "From": Address(_NAME, addr_spec=envelope.sender),
        "To": Address(addr_spec=envelope.to),
        "Subject": cut(told.title, 150),
        "Date": format_datetime(datetime.fromtimestamp(envelope.at // SECOND, UTC)),
        "Message-ID": f"<{envelope.id}@{host}>",
        # Holidays' answers and other machines keep silent: RFC 3834.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if envelope.unsubscribe is not None:
        found["List-Id"] = f"standing <{envelope.subscription}.{host}>"  # RFC 2919
        found["List-Unsubscribe"] = f"<{envelope.unsubscribe}>"  # RFC 2369
        found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    return found


def _small(envelope: Envelope) -> list[str]:
    """What stands below everything."""
    if envelope.unsubscribe is None:
        return [f"From standing at {envelope.site}."]
    return [
        _NO_ADVICE,
        f"{envelope.to} subscribed at {envelope.site}: {envelope.subscription}.",
    ]


def _text(envelope: Envelope, told: Telling, button: Button | None, small: list[str]) -> str:
    parts = [_filled(told.title), _filled(told.lead)]
    if button is not None:
        parts.append(f"{button.text}:\n{button.url}")
    wide = max((len(label) for label, _ in told.facts), default=0) + 2
    facts = [_filled(f"{label + ':':{wide}}{value}", " " * wide) for label, value in told.facts]
    parts.append("\n".join(facts))
    parts.append("\n".join(_filled(f"- {line}", "  ") for line in told.lines))
    if told.why:
        parts.append("Why\n" + "\n".join(_because(told)))
    if told.page:
        parts.append(told.page)
    parts.append("\n".join(["-- ", *small]))
    if envelope.unsubscribe is not None:
        parts[-1] += f"\nUnsubscribe: {envelope.unsubscribe}"
    return "\n\n".join(part for part in parts if part) + "\n"


def _because(told: Telling) -> list[str]:
    lines = []
    for one in told.why:
        lines.append(_filled(f"- {one.text}", "  "))
        for source in one.sources:
            lines.append(f"  {source.title}")
            if source.url and source.url != source.title:
                lines.append(f"  {source.url}")
    return lines


def _filled(text: str, indent: str = "") -> str:
    return fill(text, _WIDE, subsequent_indent=indent, break_on_hyphens=False)
