"""Signatures after Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 (`v1`), for
which both sides hold the secret `whsec_…`, and ed25519 (`v1a`), for which a receiver needs the
public key `whpk_…` alone.

Signed is `id.timestamp.body`; the timestamp is that of the attempt, in seconds, so that a receiver
can drop what somebody plays back later.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from events.dates import SECOND, Instant

Scheme = Literal["hmac", "ed25519"]

PREFIX: Final = "whsec_"
PRIVATE: Final = "whsk_"
PUBLIC: Final = "whpk_"
_BYTES: Final = 32
"""Standard Webhooks asks for 24 to 64; a private key of ed25519 has as many."""


def new_secret(scheme: Scheme = "hmac") -> str:
    """A secret for one subscription; of ed25519 the private key, which nobody is shown."""
    kept = b64encode(secrets.token_bytes(_BYTES)).decode()
    return (PRIVATE if scheme == "ed25519" else PREFIX) + kept


def is_secret(text: str) -> bool:
    """Whether something can be signed with it."""
    try:
        sign("id", "0", b"", text)
    except ValueError:
        return False
    return text.startswith((PREFIX, PRIVATE))


def told_of(secret: str) -> str:
    """What its receiver is told of a secret, to verify with: the secret itself, or its public
    key."""
    return public_key(secret) or secret


def public_key(secret: str) -> str | None:
    """The public key of a private one; None of what both sides hold."""
    if not secret.startswith(PRIVATE):
        return None
    return PUBLIC + b64encode(_private(secret).public_key().public_bytes_raw()).decode()


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
    if key.startswith(PRIVATE):
        return "v1a," + b64encode(_private(key).sign(signed)).decode()
    return "v1," + b64encode(hmac.digest(_shared(key), signed, "sha256")).decode()


@lru_cache(maxsize=4_096)
def _private(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(b64decode(key.removeprefix(PRIVATE))[:_BYTES])


@lru_cache(maxsize=4_096)
def _shared(key: str) -> bytes:
    return b64decode(key.removeprefix(PREFIX))
