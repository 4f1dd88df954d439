"""Whether a webhook is from who it says: `verify.py KEY ID TIMESTAMP SIGNATURES < body`, with the
key `whsec_…` or `whpk_…` and the three headers. Only ed25519 needs a package: cryptography."""

import hmac
import sys
import time
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TOLERANCE_S = 300


def verify(key: str, ident: str, timestamp: str, signatures: str, body: bytes) -> bool:
    """`body` as it came, byte for byte: JSON that was read and written again is another."""
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_S:
        return False  # it was played back, or one of the clocks is wrong
    kind, _, encoded = key.partition("_")
    secret = b64decode(encoded)
    signed = f"{ident}.{timestamp}.".encode() + body
    given = [one.partition(",") for one in signatures.split()]
    if kind == "whsec":
        right = b64encode(hmac.digest(secret, signed, "sha256"))
        return any(
            version == "v1" and hmac.compare_digest(right, text.encode())
            for version, _, text in given
        )
    return any(version == "v1a" and _ed25519(secret, text, signed) for version, _, text in given)


def _ed25519(key: bytes, signature: str, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(b64decode(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(0 if verify(*sys.argv[1:5], sys.stdin.buffer.read()) else 1)
