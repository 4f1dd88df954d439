"""Webhooks: one signed HTTP POST per message, after Standard Webhooks."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
)

from alerts.channel import Outcome, Parcel
from alerts.egress import Egress, parts
from alerts.retry import retry_after
from alerts.signing import headers
from alerts.targets import WebhookTarget
from events.dates import Instant
from events.errors import Refused

TIMEOUT: Final = ClientTimeout(total=10, sock_connect=5)
MOST: Final = 64 * 1024
"""How many bytes of an answer are read: enough to use the connection again, mostly."""
_EXCERPT: Final = 200
_GONE: Final = 410


class WebhookChannel:
    """See `Channel`. One connection pool, as large as its callers need. `egress` says where it may
    lead, `clock` is for dates in `Retry-After`. Belongs to one event loop; `close` it there."""

    def __init__(
        self,
        egress: Egress,
        clock: Callable[[], Instant],
        *,
        timeout: ClientTimeout = TIMEOUT,
    ) -> None:
        self._egress = egress
        self._clock = clock
        self._timeout = timeout
        self._session: ClientSession | None = None

    async def check(self, target: WebhookTarget) -> None:
        """See `Channel`."""
        await self._egress.check(target.url, "channel.url")

    async def send(self, target: WebhookTarget, parcel: Parcel) -> Outcome:
        """See `Channel`. Any 2xx is delivered; redirects are not followed."""
        try:
            parts(target.url, "channel.url")
            async with self._open().post(
                target.url,
                data=parcel.body,
                headers={
                    "content-type": "application/json",
                    **headers(parcel.id, parcel.at, parcel.body, parcel.secrets),
                },
                allow_redirects=False,
            ) as response:
                return await self._outcome(response)
        except Refused as refused:
            return Outcome(delivered=False, error=str(refused))
        except TimeoutError:
            return Outcome(delivered=False, error=f"no answer within {self._timeout.total} s")
        except ClientConnectorError as error:
            text = error.os_error.strerror or str(error.os_error)
            return Outcome(delivered=False, error=f"cannot connect: {text}")
        except (ClientError, OSError, ValueError) as error:
            return Outcome(delivered=False, error=f"{type(error).__name__}: {error}"[:500])

    async def close(self) -> None:
        """See `Channel`."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(
                connector=self._egress.connector(),
                cookie_jar=DummyCookieJar(),
                timeout=self._timeout,
                trust_env=False,
                # What is not unpacked cannot blow up.
                auto_decompress=False,
                headers={"user-agent": "standing"},
            )
        return self._session

    async def _outcome(self, response: ClientResponse) -> Outcome:
        """The status line decides; what a receiver does to its own body after that does not."""
        body = b""
        with suppress(ClientError, TimeoutError, OSError):
            while len(body) < MOST and (piece := await response.content.read(MOST - len(body))):
                body += piece
        if 200 <= response.status < 300:
            return Outcome(delivered=True, status=response.status)
        excerpt = body[:_EXCERPT].decode(errors="replace").strip()
        wait = retry_after(response.headers.get("retry-after"), self._clock())
        return Outcome(
            delivered=False,
            status=response.status,
            error=f"answered {response.status} {response.reason or ''}: {excerpt}".rstrip(": "),
            gone=response.status == _GONE,
            retry_after=wait,
        )
