"""Double opt-in: whoever subscribes a mailbox, its owner says whether it is written to.

The links in mails are signed, and do what they say for whoever has them. They are opened by
scanners, too; so opening one only asks, and pressing the button does it.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Final

from alerts import links
from alerts.channel import Channel, Parcel
from alerts.links import Purpose
from alerts.messages import CONFIRMATION, Draft, confirmation
from alerts.opened import UnknownSubscription
from alerts.outbox import Ended
from alerts.retry import Verdict
from alerts.store import AlertStore
from alerts.subscriptions import Subscription
from alerts.targets import EmailTarget
from events.dates import DAY, SECOND, Instant, show
from events.errors import Refused

A_DAY: Final = 5
"""How many times one address is asked in a day, whoever wants it to be."""
APART: Final[Instant] = 60 * SECOND
UNSUBSCRIBED: Final = "unsubscribed by a link in a mail"


class Confirming(ABC):
    """The part of a desk that asks mailboxes."""

    _store: AlertStore
    _channels: Mapping[str, Channel]
    _clock: Callable[[], Instant]

    @abstractmethod
    async def disable(self, subscription: str, why: str) -> None:
        """Send nothing more to it."""

    @abstractmethod
    async def _agreed(self, subscription: str, now: Instant) -> None:
        """Begin to tell it."""

    @abstractmethod
    async def _keep_trial(self, message: Draft, began: Instant, ended: Ended) -> None:
        """Keep a message that stands in no queue, and what became of it."""

    # --- asking ---------------------------------------------------------------------------------

    async def may_ask(self, target: object) -> None:
        """Raises `Refused` where a mailbox was asked too often."""
        if not isinstance(target, EmailTarget):
            return
        now = self._clock()
        mailbox, store = target.to.lower(), self._store
        asked = await store.aside(store.asked, mailbox, CONFIRMATION, now - DAY)
        if len(asked) >= A_DAY:
            again = f"{A_DAY} times within a day; the next may be sent at {show(asked[0] + DAY)}"
            raise Refused.field("channel.to", f"{target.to} was asked {again}")
        if asked and asked[-1] > now - APART:
            raise Refused.field("channel.to", f"{target.to} was asked just now; wait a minute")

    async def ask(self, subscription: Subscription) -> Subscription:
        """Ask the mailbox of a subscription, if it is one that nobody has agreed for yet. A
        mailbox that is refused for good disables it. The subscription as it is then."""
        if not subscription.unconfirmed or subscription.disabled is not None:
            return subscription
        now, channel = self._clock(), subscription.request.channel
        message = confirmation(subscription.id, now, secrets.token_hex(12))
        parcel = Parcel(message.id, now, message.body(0), (), subscription.id)
        outcome = await self._channels[channel.type].send(channel, parcel)
        over = self._clock()
        ended = Ended(message.id, now, max(over - now, 0), outcome, Verdict("delivered"))
        await self._keep_trial(message, now, ended)
        if outcome.gone:
            await self.disable(subscription.id, f"the mailbox is refused: {outcome.error}")
        return await self._store.aside(self._store.get, subscription.id)

    async def ask_again(self, subscription: str) -> Subscription:
        """Send the question again. Raises `UnknownSubscription`, or `Refused` where there is
        nothing to ask, or it was asked too often."""
        found = await self._store.aside(self._store.get, subscription)
        if not found.unconfirmed:
            raise Refused.field("subscription", "there is nothing to confirm")
        if found.disabled is not None:
            raise Refused.field("subscription", f"it is disabled: {found.disabled}")
        await self.may_ask(found.request.channel)
        return await self.ask(found)

    # --- being answered -------------------------------------------------------------------------

    async def meant(self, token: str, purpose: Purpose) -> Subscription:
        """The subscription of a link; nothing is done. Raises `Refused` where the link is none of
        ours, has expired, or its subscription has gone."""
        try:
            found = await self._store.aside(self._store.get, links.whose(token))
        except UnknownSubscription:
            raise Refused.field("token", "there is no such subscription, or no more") from None
        channel, sign = found.request.channel, self._store.vault.sign
        if not isinstance(channel, EmailTarget):
            raise Refused.field("token", "this subscription goes to no mailbox")
        if purpose == "confirm":
            links.confirms(token, sign, channel.to, self._clock())
        else:
            links.unsubscribes(token, sign)
        return found

    async def follow(self, token: str, purpose: Purpose) -> Subscription:
        """Do what a link is for; a second time changes nothing. Raises as `meant`."""
        found = await self.meant(token, purpose)
        if purpose == "unsubscribe":
            if found.disabled is None:
                await self.disable(found.id, UNSUBSCRIBED)
        elif found.disabled is not None:
            raise Refused.field("token", f"the subscription is disabled: {found.disabled}")
        elif found.unconfirmed:
            await self._agreed(found.id, self._clock())
        return await self._store.aside(self._store.get, found.id)
