"""POSTs to where egress allows, for channels that speak HTTP."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson
from aiohttp import (
    BytesPayload,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
)
from yarl import URL

from alerts.channel import Outcome
from alerts.egress import Egress, parts
from events.errors import Refused

TIMEOUT: Final = ClientTimeout(total=15, sock_connect=5)
MOST: Final = 64 * 1024
"""How many bytes of an answer are read: enough to use the connection again, mostly."""
EXCERPT: Final = 200
_JSON: Final = "application/json"
_BODY_S: Final = 2.0
"""How long a body may take that comes after the status, which is all that counts."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Mapping[str, Any]:
        """The body, where it is an object in JSON; else nothing."""
        with suppress(orjson.JSONDecodeError):
            if isinstance(found := orjson.loads(self.body), dict):
                return found
        return {}

    @property
    def text(self) -> str:
        """The beginning of the body."""
        return self.body[:EXCERPT].decode(errors="replace").strip()


class Poster:
    """One pool of connections, each to an address that was checked. Belongs to one event loop."""

    def __init__(self, egress: Egress, timeout: ClientTimeout = TIMEOUT) -> None:
        self._egress = egress
        self._timeout = timeout
        self._session: ClientSession | None = None

    async def check(self, url: str) -> None:
        """Raise `Refused` for a URL that nothing may be sent to."""
        await self._egress.check(url, "channel.url")

    async def post(self, url: str, body: bytes, said: Mapping[str, str]) -> Answer | Outcome:
        """POST a body of JSON with these headers besides. What goes wrong on the way is an outcome.
        Redirects are not followed; any address is asked for anew."""
        try:
            async with self._open().post(
                _address(url),
                data=BytesPayload(body, content_type=_JSON),
                headers={"content-type": _JSON, **said},
                allow_redirects=False,
            ) as response:
                reason, heads = response.reason or "", response.headers
                return Answer(response.status, reason, heads, await _beginning(response))
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
        """Let go of connections."""
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
                # What is not unpacked cannot blow up, and need not be packed.
                auto_decompress=False,
                headers={"user-agent": "standing", "accept-encoding": "identity"},
            )
        return self._session


@lru_cache(maxsize=4_096)
def _address(url: str) -> URL:
    """Raises `Refused` for a URL that has not the form of a receiver's."""
    parts(url, "channel.url")
    return URL(url)


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
