"""Webhooks: one signed HTTP POST per message, after Standard Webhooks."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
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
_BODY_S: Final = 2.0
"""How long a body may take that comes after the status, which is all that counts."""
_GONE: Final = 410
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
_SHOWN: Final = (
    "content-type",
    "content-length",
    "date",
    "location",
    "retry-after",
    "server",
    "x-request-id",
)
"""What is kept of an answer's headers: of use to whoever looks for what went wrong."""
_SECRET: Final = frozenset({"webhook-signature"})
_USER_AGENT: Final = "standing"


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
        said = {
            "content-type": "application/json",
            **headers(parcel.id, parcel.at, parcel.body, parcel.secrets),
        }
        if not parcel.secrets:  # an operator's own, who gave none
            del said["webhook-signature"]
        outcome = await self._posted(target.url, parcel.body, said)
        request = {
            "method": "POST",
            "url": target.url,
            "headers": {key: value for key, value in said.items() if key not in _SECRET},
            "body_bytes": len(parcel.body),
            "body_sha256": sha256(parcel.body).hexdigest(),
        }
        return replace(outcome, details={"request": request, **(outcome.details or {})})

    async def _posted(self, url: str, body: bytes, said: Mapping[str, str]) -> Outcome:
        try:
            parts(url, "channel.url")
            async with self._open().post(
                url, data=body, headers=said, allow_redirects=False
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
                headers={"user-agent": _USER_AGENT},
            )
        return self._session

    async def _outcome(self, response: ClientResponse) -> Outcome:
        """The status line decides; what a receiver does to its own body after that does not."""
        excerpt = (await _beginning(response))[:_EXCERPT].decode(errors="replace").strip()
        heads = {
            key: _printable(value[:_EXCERPT])
            for key in _SHOWN
            if (value := response.headers.get(key)) is not None
        }
        answer = {"headers": heads, "body": excerpt}
        details = {"answer": answer}
        if 200 <= response.status < 300:
            return Outcome(delivered=True, status=response.status, details=details)
        wait = retry_after(response.headers.get("retry-after"), self._clock())
        return Outcome(
            delivered=False,
            status=response.status,
            error=f"answered {response.status} {_reason(response)}: {excerpt}".rstrip(": "),
            gone=response.status == _GONE,
            retry_after=wait,
            throttled=response.status == _TOO_MANY
            or (response.status == _UNAVAILABLE and wait is not None),
            details=details,
        )


def _reason(response: ClientResponse) -> str:
    return _printable((response.reason or "")[:_EXCERPT])


def _printable(text: str) -> str:
    """Without the halves of characters that stand for bytes that are none."""
    return text.encode(errors="replace").decode()


async def _beginning(response: ClientResponse) -> bytes:
    """The first bytes of an answer's body; what it does after them is its own affair."""
    body = b""
    if response.content.at_eof():  # nothing, as most answer
        return body
    with suppress(ClientError, TimeoutError, OSError):
        async with asyncio.timeout(_BODY_S):
            while len(body) < MOST and (piece := await response.content.read(MOST - len(body))):
                body += piece
    return body
