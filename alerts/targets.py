"""Where alerts go to: a form for each `type` of a channel."""

from typing import Annotated, Any, Final, Literal, Self

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from events.models import Short, Strict

_LONGEST_ADDRESS: Final = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 characters, less the brackets around it."""

Url = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


def mailbox(text: str) -> str:
    """An address that mail may be sent to, as servers write it. Raises `ValueError` for whatever
    else: a name before it, a second address, an end of line."""
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise ValueError(f"no address for mail: {error}") from None
    if found.ascii_email is None:
        raise ValueError("no address for mail: servers cannot write it")
    return found.ascii_email


class WebhookTarget(Strict):
    """A receiver of signed HTTP POSTs, after Standard Webhooks."""

    type: Literal["webhook"]
    url: Url
    signature: Literal["hmac", "ed25519"] = "hmac"
    """How it is signed: with a secret that both sides hold, or so that a public key verifies."""
    rate: Annotated[float, Field(gt=0, le=10_000)] | None = None
    """At most so many messages a second; None: as many as it takes."""


class EmailTarget(Strict):
    """A mailbox. Nothing but a question goes there until its owner has confirmed."""

    type: Literal["email"]
    to: Annotated[
        str,
        StringConstraints(min_length=3, max_length=_LONGEST_ADDRESS),
        AfterValidator(mailbox),
    ]


class _Chat(Strict):
    """A hook, by its address or by the name that the operator has given it."""

    url: Url | None = None
    name: Short | None = None
    """As the operator's settings have it, under `[chat]`: whoever subscribes need not know the
    address, which is a password."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.url is None) == (self.name is None):
            raise ValueError("give either url or name")
        return self

    @model_serializer(mode="wrap")
    def _what_was_given(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in plain(self).items() if value is not None}


class SlackTarget(_Chat):
    """An incoming webhook of Slack."""

    type: Literal["slack"]


class TeamsTarget(_Chat):
    """A workflow of Microsoft Teams, begun by a webhook."""

    type: Literal["teams"]


class DiscordTarget(_Chat):
    """A webhook of Discord."""

    type: Literal["discord"]


class NtfyTarget(_Chat):
    """A topic of ntfy, at ntfy.sh or a server of one's own: `https://ntfy.sh/topic`."""

    type: Literal["ntfy"]


ChatTarget = SlackTarget | TeamsTarget | DiscordTarget | NtfyTarget
Target = Annotated[
    WebhookTarget | EmailTarget | SlackTarget | TeamsTarget | DiscordTarget | NtfyTarget,
    Field(discriminator="type"),
]
"""Any of them."""
CHATS: Final = ("slack", "teams", "discord", "ntfy")
