"""Links that do something for whoever has them: signed, so that nobody can make one up. Pure.

A link is a path below `/mail/`, which is answered without a token: the link is the proof.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from events.dates import DAY, SECOND, Instant
from events.errors import Refused

Purpose = Literal["confirm", "unsubscribe"]
Sign = Callable[[str], str]
"""From a text to its signature, which may stand in a URL."""

EXPIRES: Final[Instant] = 3 * DAY
"""How long somebody has to confirm; after it one asks for another mail."""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads them. `site` is the address under which people reach the service."""

    site: str
    sign: Sign

    def confirm(self, subscription: str, to: str, now: Instant) -> str:
        """By which a mailbox agrees."""
        expires = str((now + EXPIRES) // SECOND)
        proof = self.sign(f"confirm {subscription} {expires} {to}")
        return f"{self.site}/mail/confirm/{subscription}.{expires}.{proof}"

    def unsubscribe(self, subscription: str) -> str:
        """By which a mailbox wants no more. It does not expire: old mails are unsubscribed from,
        too."""
        proof = self.sign(f"unsubscribe {subscription}")
        return f"{self.site}/mail/unsubscribe/{subscription}.{proof}"


def whose(token: str) -> str:
    """The subscription that a token names, for what that is worth."""
    return token.partition(".")[0]


def confirms(token: str, sign: Sign, to: str, now: Instant) -> None:
    """Raises `Refused` where this is no valid token of that mailbox."""
    subscription, _, rest = token.partition(".")
    expires, _, proof = rest.partition(".")
    good = sign(f"confirm {subscription} {expires} {to}")
    if not hmac.compare_digest(proof.encode(), good.encode()):
        raise Refused.field("token", "this link is not one of ours; copy it whole from the mail")
    if int(expires) * SECOND <= now:
        raise Refused.field("token", "this link has expired; have another mail sent")


def unsubscribes(token: str, sign: Sign) -> None:
    """Raises `Refused` where this is no valid token."""
    subscription, _, proof = token.partition(".")
    good = sign(f"unsubscribe {subscription}")
    if not hmac.compare_digest(proof.encode(), good.encode()):
        raise Refused.field("token", "this link is not one of ours; copy it whole from the mail")
