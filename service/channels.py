"""The ways by which people are told, as the settings have them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from alerts.channel import Channel
from alerts.chat import ChatChannel
from alerts.egress import Egress
from alerts.email import EmailChannel
from alerts.links import Links
from alerts.targets import CHATS
from alerts.telling import Amiss, Teller
from alerts.webhook import WebhookChannel
from events.dates import Instant
from events.lists import Registry
from service.settings import Settings


@asynccontextmanager
async def channels_of(
    settings: Settings,
    registry: Registry,
    clock: Callable[[], Instant],
    sign: Callable[[str], str],
    amiss: Amiss = lambda _, __: (),
) -> AsyncIterator[dict[str, Channel]]:
    """All of them by the type of a subscription's channel, closed when the block ends. `sign` is
    that of the vault, for the links in mails; `amiss` is told to people."""

    def named(list_id: str) -> str | None:
        found = registry.find(list_id)
        return None if found is None else found.name

    egress = Egress(settings.allow_networks)
    teller = Teller(settings.public_url, named, amiss)
    links = Links(settings.public_url, sign) if settings.public_url else None
    chat = ChatChannel(egress, teller, clock, named=settings.chat)
    found: dict[str, Channel] = {
        "webhook": WebhookChannel(egress, clock),
        "email": EmailChannel(settings.mail, links, teller, clock),
        **dict.fromkeys(CHATS, chat),
    }
    try:
        yield found
    finally:
        for one in {id(channel): channel for channel in found.values()}.values():
            await one.close()
