"""Chat services: one POST per message, in the form that each of them takes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

import orjson
from aiohttp import ClientTimeout

from alerts.channel import Outcome, Parcel
from alerts.chat_forms import FORMS
from alerts.egress import Egress
from alerts.posting import TIMEOUT, Answer, Poster
from alerts.retry import retry_after
from alerts.targets import ChatTarget
from alerts.telling import Teller
from events.dates import DAY, SECOND, Instant
from events.errors import Refused

# What the services say of a hook that is no more, beside 410: that an address was not found may
# as well be somebody's slip on the way, so that alone is not enough.
_NO_MORE: Final = {
    "slack": (b"no_service", b"no_team", b"channel_not_found", b"channel_is_archived"),
    "teams": (b"WorkflowNotFound",),
    "discord": (b"10015",),  # Unknown Webhook
    "ntfy": (),
}
_GONE: Final = 410
_TOO_MANY: Final = 429
_LONGEST: Final[Instant] = DAY


class ChatChannel:
    """See `Channel`, of Slack, Teams, Discord and ntfy. `clock` is for dates in `Retry-After`,
    `named` has the addresses that the operator has given names."""

    def __init__(
        self,
        egress: Egress,
        teller: Teller,
        clock: Callable[[], Instant],
        *,
        named: Mapping[str, str] | None = None,
        timeout: ClientTimeout = TIMEOUT,
    ) -> None:
        self._poster = Poster(egress, timeout)
        self._teller = teller
        self._clock = clock
        self._named = named or {}

    async def check(self, target: ChatTarget) -> None:
        """See `Channel`."""
        url = self._url(target)
        await self._poster.check(url)
        FORMS[target.type](url, self._teller.tell({}))

    async def send(self, target: ChatTarget, parcel: Parcel) -> Outcome:
        """See `Channel`. Any 2xx is delivered."""
        try:
            told = self._teller.tell(orjson.loads(parcel.body))
            form = FORMS[target.type](self._url(target), told)
        except Refused as refused:
            return Outcome(delivered=False, error=str(refused))
        body = orjson.dumps(form.body)
        found = await self._poster.post(form.url, body, {})
        outcome = found if isinstance(found, Outcome) else self._outcome(target, found)
        request = {
            "method": "POST",
            "host": urlsplit(form.url).hostname,  # the rest is a password
            "body_bytes": len(body),
            "body_sha256": sha256(body).hexdigest(),
        }
        return replace(outcome, details={"request": request, **(outcome.details or {})})

    def _url(self, target: ChatTarget) -> str:
        if target.url is not None:
            return target.url
        found = self._named.get(target.name or "")
        if found is None:
            known = ", ".join(sorted(self._named)) or "none"
            raise Refused.field("channel.name", f"unknown {target.name!r}; known are {known}")
        return found

    async def close(self) -> None:
        """See `Channel`."""
        await self._poster.close()

    def _outcome(self, target: ChatTarget, answer: Answer) -> Outcome:
        status, details = answer.status, {"answer": {"body": answer.text}}
        if 200 <= status < 300:
            return Outcome(delivered=True, status=status, details=details)
        gone = status == _GONE or (
            400 <= status < 500 and any(word in answer.body for word in _NO_MORE[target.type])
        )
        return Outcome(
            delivered=False,
            status=status,
            error=f"answered {status}: {answer.text}".rstrip(": "),
            gone=gone,
            throttled=status == _TOO_MANY,
            retry_after=self._wait(answer),
            details=details,
        )

    def _wait(self, answer: Answer) -> Instant | None:
        """What the header asks for, or, as Discord has it to the millisecond, the body."""
        said = answer.json.get("retry_after")
        if isinstance(said, int | float) and not isinstance(said, bool) and said >= 0:
            return min(int(said * SECOND) + 1, _LONGEST)
        return retry_after(answer.headers.get("retry-after"), self._clock())
