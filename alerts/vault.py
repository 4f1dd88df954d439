"""The key that secrets are kept under, in a file of its own beside the store.

Whoever gets hold of the store alone (a backup, a copy for support) has no secret with it.
"""

import hmac
import os
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson
from cryptography.fernet import Fernet, InvalidToken

from events.errors import Refused, StoreError

_ONLY_OWNER: Final = 0o600
_SETTING: Final = "STANDING_SECRET_KEY"
_SHORTEST: Final = 32


class Vault:
    """Locks and unlocks texts. Raises `StoreError` where the key file cannot serve."""

    def __init__(self, path: Path, *, create: bool) -> None:
        """Read the key; with `create`, make one where there is none."""
        self.path = path
        try:
            if create and not path.exists():
                _create(path)
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                raise StoreError(f"{path}: others may read this key (mode {mode:o}); chmod 600 it")
            key = path.read_bytes().strip()
            self._fernet, self._key = Fernet(key), urlsafe_b64decode(key)
        except FileNotFoundError as error:
            raise StoreError(
                f"{path}: the key of the subscriptions' secrets is missing; restore it from the "
                "backup that the store beside it came from"
            ) from error
        except OSError as error:
            raise StoreError(f"{path}: {error}; it must be readable for this user") from error
        except ValueError as error:
            raise StoreError(f"{path}: this is no key: {error}; restore it") from error

    def lock(self, secrets: tuple[str, ...]) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(orjson.dumps(secrets))

    def sign(self, text: str) -> str:
        """A signature of 24 bytes that only who has the key can make; it may stand in a URL."""
        key = hmac.digest(self._key, b"standing signs links", "sha256")
        return urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")[:24]).decode()

    def unlock(self, locked: bytes) -> tuple[str, ...]:
        """Decrypt."""
        try:
            return tuple(orjson.loads(self._fernet.decrypt(locked)))
        except InvalidToken as error:
            raise StoreError(
                f"{self.path}: not the key that this store's secrets were kept under; restore it"
            ) from error


class SharedVault(Vault):
    """With a key that a setting gives, so that every machine opens what one of them has locked."""

    def __init__(self, key: str) -> None:
        """Raises `Refused` where it is missing or too short."""
        if len(key) < _SHORTEST:
            raise Refused.field(
                _SETTING,
                "is missing or too short; give all workers and replicas the same "
                f"{_SHORTEST} random characters or more, such as `openssl rand -base64 32` makes",
            )
        self.path = Path(_SETTING)
        self._key = sha256(key.encode()).digest()
        self._fernet = Fernet(urlsafe_b64encode(self._key))


def _create(path: Path) -> None:
    """All of it or nothing, whoever else does the same at this moment: the first link wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _ONLY_OWNER)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)
