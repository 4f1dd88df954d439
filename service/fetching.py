"""Fetching what a source publishes: only what is new since it was last fetched, within bounds."""

from collections.abc import AsyncIterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

TIMEOUT: Final = ClientTimeout(total=1_800, sock_connect=30, sock_read=60)
MOST: Final = 2_000_000_000
"""Bytes of a file; no source publishes so many."""
_PIECE: Final = 1 << 18
_AS_IT_WAS: Final = 304


class Tag(NamedTuple):
    """What a server told of a file, so that it can say whether that is new."""

    etag: str | None = None
    modified: str | None = None

    @property
    def asking(self) -> Mapping[str, str]:
        """The headers that ask for it only where it is new."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: text for name, text in named.items() if text}


NO_TAG: Final = Tag()


class Unfetched(Exception):
    """What could not be fetched, and why."""


class Fetcher:
    """One connection pool. Use it as a context, in one event loop."""

    def __init__(self, timeout: ClientTimeout = TIMEOUT, most: int = MOST) -> None:
        self._timeout = timeout
        self._most = most
        self._session: ClientSession | None = None

    async def __aenter__(self) -> "Fetcher":
        self._session = ClientSession(
            timeout=self._timeout,
            cookie_jar=DummyCookieJar(),
            headers={"User-Agent": "standing (reads official lists)"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, url: str, to: Path, known: Tag = NO_TAG) -> Tag | None:
        """Fetch a file to a path; None where the server says that it is as it was. Raises
        `Unfetched`, also where less came than was announced."""
        if self._session is None:
            raise RuntimeError("a fetcher is used as a context")
        try:
            async with self._session.get(url, headers=known.asking) as answer:
                if answer.status == _AS_IT_WAS:
                    return None
                if not answer.ok:
                    raise Unfetched(f"{url}: {answer.status} {answer.reason}")
                await self._keep(answer.content.iter_chunked(_PIECE), to, url)
                return Tag(answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        except (ClientError, TimeoutError) as error:
            raise Unfetched(f"{url}: {str(error) or type(error).__name__}") from error

    async def _keep(self, pieces: AsyncIterable[bytes], to: Path, url: str) -> None:
        count = 0
        with to.open("wb") as file:
            async for piece in pieces:
                count += len(piece)
                if count > self._most:
                    raise Unfetched(f"{url}: more than {self._most:,} bytes")
                file.write(piece)
