"""Webhooks: one signed HTTP POST per message, after Standard Webhooks."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from aiohttp import ClientTimeout

from alerts.channel import Outcome, Parcel
from alerts.egress import Egress
from alerts.posting import EXCERPT, Answer, Poster
from alerts.retry import retry_after
from alerts.signing import headers
from alerts.targets import WebhookTarget
from events.dates import Instant

TIMEOUT: Final = ClientTimeout(total=10, sock_connect=5)
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
        self._poster = Poster(egress, timeout)
        self._clock = clock

    async def check(self, target: WebhookTarget) -> None:
        """See `Channel`."""
        await self._poster.check(target.url)

    async def send(self, target: WebhookTarget, parcel: Parcel) -> Outcome:
        """See `Channel`. Any 2xx is delivered; redirects are not followed."""
        said = {
            "content-type": "application/json",
            **headers(parcel.id, parcel.at, parcel.body, parcel.secrets),
        }
        if not parcel.secrets:  # an operator's own, who gave none
            del said["webhook-signature"]
        found = await self._poster.post(target.url, parcel.body, said)
        request = {
            "method": "POST",
            "url": target.url,
            "headers": {key: value for key, value in said.items() if key not in _SECRET},
            "body_bytes": len(parcel.body),
            "body_sha256": sha256(parcel.body).hexdigest(),
        }
        if isinstance(found, Outcome):
            return replace(found, details={"request": request, **(found.details or {})})
        return self._outcome(found, request)

    async def close(self) -> None:
        """See `Channel`."""
        await self._poster.close()

    def _outcome(self, found: Answer, request: Mapping[str, Any]) -> Outcome:
        """The status line decides; what a receiver does to its own body after that does not."""
        heads = {
            key: _printable(value[:EXCERPT])
            for key in _SHOWN
            if (value := found.headers.get(key)) is not None
        }
        details = {"request": request, "answer": {"headers": heads, "body": found.text}}
        if 200 <= found.status < 300:
            return Outcome(delivered=True, status=found.status, details=details)
        reason = _printable(found.reason[:EXCERPT])
        wait = retry_after(found.headers.get("retry-after"), self._clock())
        return Outcome(
            delivered=False,
            status=found.status,
            error=f"answered {found.status} {reason}: {found.text}".rstrip(": "),
            gone=found.status == _GONE,
            retry_after=wait,
            throttled=found.status == _TOO_MANY
            or (found.status == _UNAVAILABLE and wait is not None),
            details=details,
        )


def _printable(text: str) -> str:
    """Without the halves of characters that stand for bytes that are none."""
    return text.encode(errors="replace").decode()
