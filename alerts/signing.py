"""Signatures after Standard Webhooks (https://www.standardwebhooks.com), symmetric scheme v1.

Signed is `id.timestamp.body` with HMAC-SHA256; the timestamp is that of the attempt, in seconds,
so that a receiver can drop what somebody plays back later.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final

from events.dates import SECOND, Instant

PREFIX: Final = "whsec_"
_BYTES: Final = 32
"""Standard Webhooks asks for 24 to 64."""


def new_secret() -> str:
    """A secret for one subscription."""
    return PREFIX + b64encode(secrets.token_bytes(_BYTES)).decode()


def headers(message: str, at: Instant, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The three headers; with one signature for each secret, so that a receiver that knows one
    of them is content while secrets are changed."""
    timestamp = str(at // SECOND)
    return {
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(sign(message, timestamp, body, key) for key in keys),
    }


def sign(message: str, timestamp: str, body: bytes, key: str) -> str:
    """One signature, with its version."""
    signed = f"{message}.{timestamp}.".encode() + body
    digest = hmac.digest(b64decode(key.removeprefix(PREFIX)), signed, "sha256")
    return "v1," + b64encode(digest).decode()
