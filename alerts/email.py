"""Email: one mail per message, handed in at the operator's mail server."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import aiosmtplib
import orjson
from aiosmtplib import SMTP

from alerts.channel import Outcome, Parcel
from alerts.links import Links
from alerts.mail_server import MailServer
from alerts.mails import Button, Envelope, Mails
from alerts.messages import CONFIRMATION
from alerts.targets import EmailTarget
from alerts.telling import Teller
from events.dates import SECOND, Instant
from events.errors import Refused

AT_ONCE: Final = 4
"""How many connections there are at most: servers count them."""
PATIENCE_S: Final = 30.0
"""How long the server may take for one mail, from the connection on."""
_QUEUE_S: Final = 60.0
_REST_S: Final = 5.0
"""For so long nobody knocks again where nobody answered: a server that is gone must not hold up
those who are told by other ways."""
_SAID: Final = 300
"""Of what the server answers, so many characters are kept."""
_OURS: Final = re.compile(r"5\.[3457]\.\d")
"""What RFC 3463 has for systems, networks, protocols and policy: not the mailbox's fault, and
mostly to be mended by the operator."""


class EmailChannel:
    """See `Channel`. Without a server or an address for links, every target is refused. `clock`
    dates mails. Belongs to one event loop."""

    def __init__(
        self,
        server: MailServer | None,
        links: Links | None,
        teller: Teller,
        clock: Callable[[], Instant],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._configured = (server, links) if server and links else None
        self._teller = teller
        self._clock = clock
        self._patience_s = patience_s
        self._mails = Mails()
        self._idle: list[SMTP] = []
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._down: tuple[float, str] = (0.0, "")

    async def check(self, target: EmailTarget) -> None:  # noqa: ARG002 - its form says all
        """See `Channel`."""
        if self._configured is None:
            raise Refused.field("channel.type", _NOT_HERE)

    async def send(self, target: EmailTarget, parcel: Parcel) -> Outcome:
        """See `Channel`. Delivered is what the server has taken over; a mailbox that it refuses
        for good wants no more."""
        if self._configured is None:
            return Outcome(delivered=False, error=_NOT_HERE)
        server, links = self._configured
        mail = self._written(server, links, target.to, parcel)
        request = {
            "server": f"{server.host}:{server.port}",
            "from": server.sender,
            "to": target.to,
            "body_bytes": len(mail),
            "body_sha256": sha256(mail).hexdigest(),
        }
        outcome = await self._in_turn(server, target.to, mail)
        return replace(outcome, details={"request": request, **(outcome.details or {})})

    async def _in_turn(self, server: MailServer, to: str, mail: bytes) -> Outcome:
        try:
            async with asyncio.timeout(_QUEUE_S):
                await self._slots.acquire()
        except TimeoutError:
            return Outcome(delivered=False, error="too many mails wait for the mail server")
        try:
            return await self._handed_in(server, to, mail)
        finally:
            self._slots.release()

    async def close(self) -> None:
        """See `Channel`."""
        while self._idle:
            client = self._idle.pop()
            try:
                await client.quit(timeout=1)
            except (aiosmtplib.SMTPException, OSError):
                client.close()

    def _written(self, server: MailServer, links: Links, to: str, parcel: Parcel) -> bytes:
        message = orjson.loads(parcel.body)
        button, unsubscribe = None, None
        if message.get("type") == CONFIRMATION:
            url = links.confirm(parcel.subscription, to, self._clock())
            button = Button("Look at it and confirm", url)
        else:
            unsubscribe = links.unsubscribe(parcel.subscription)
        about = (parcel.id, parcel.subscription, parcel.at, links.site)
        envelope = Envelope(server.sender, to, *about, unsubscribe)
        return self._mails.write(envelope, self._teller.tell(message), button)

    async def _handed_in(self, server: MailServer, to: str, mail: bytes) -> Outcome:
        until, why = self._down
        if asyncio.get_running_loop().time() < until:
            return Outcome(delivered=False, error=why, retry_after=int(_REST_S * SECOND))
        try:
            async with asyncio.timeout(self._patience_s):
                try:
                    return await self._once(server, to, mail)
                except _Stale:
                    return await self._once(server, to, mail)
        except TimeoutError:
            return Outcome(delivered=False, error=f"no answer within {self._patience_s:g} s")
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            return _refused(first.code, first.message, lasts=True)
        except aiosmtplib.SMTPDataError as error:
            return _refused(error.code, error.message, lasts=True)
        except aiosmtplib.SMTPResponseException as error:  # of the operator's account, not of `to`
            return _refused(error.code, error.message, lasts=False)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return Outcome(delivered=False, error=f"{type(error).__name__}: {error}"[:500])

    async def _once(self, server: MailServer, to: str, mail: bytes) -> Outcome:
        async with self._client(server) as client:
            _, said = await client.sendmail(server.sender, [to], mail)
            return Outcome(delivered=True, status=250, details=_answered(said))

    @asynccontextmanager
    async def _client(self, server: MailServer) -> AsyncIterator[SMTP]:
        """A connection, which is kept for the next mail where all went well."""
        while self._idle and not self._idle[-1].is_connected:
            self._idle.pop()
        used = bool(self._idle)
        client = self._idle.pop() if used else await self._connected(server)
        try:
            yield client
        except aiosmtplib.SMTPServerDisconnected:
            client.close()
            if used:
                self._idle.clear()
                raise _Stale from None
            raise
        except BaseException:
            client.close()
            raise
        self._idle.append(client)

    async def _connected(self, server: MailServer) -> SMTP:
        client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.tls == "implicit",
            start_tls=server.tls == "starttls",
            tls_context=None if server.tls == "none" else server.trust,
            timeout=self._patience_s,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError) as error:
            client.close()
            why = f"cannot connect to the mail server: {error}"[:500]
            self._down = (asyncio.get_running_loop().time() + _REST_S, why)
            raise
        return client


class _Stale(Exception):
    """The server had closed a connection that was kept."""


_NOT_HERE: Final = (
    "email is not set up here; the operator sets STANDING_SMTP_HOST, STANDING_SMTP_FROM and "
    "STANDING_PUBLIC_URL"
)


def _refused(code: int, said: str, *, lasts: bool) -> Outcome:
    """What a server answered. Only one that speaks of the mailbox, and for good, ends it."""
    text = " ".join(said.split())[:_SAID]
    gone = lasts and 500 <= code < 600 and _OURS.search(text) is None
    error, details = f"answered {code} {text}", _answered(text)
    return Outcome(delivered=False, status=code, error=error, gone=gone, details=details)


def _answered(said: str) -> dict[str, Any]:
    """As attempts have it: mostly the name under which the server has taken a mail over."""
    return {"answer": {"text": " ".join(said.split())[:_SAID]}}
