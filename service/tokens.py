"""Who may ask and who may write: tokens, of which only a hash is kept.

The file is read again whenever it has changed, so that a token made or revoked by a command counts
at once for a service that runs.
"""

import fcntl
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import orjson

from events.dates import Instant, show
from events.errors import Refused, StoreError

Role = Literal["read", "record", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""Each may also do what those before it may."""

_PREFIX: Final = "standing_"
_ONLY_OWNER: Final = 0o600


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: never the token itself."""

    id: str
    label: str
    role: Role
    hash: str
    """SHA-256 of the token, in hex. The token has 256 random bits, so it needs no salt."""
    created: Instant
    expires: Instant | None
    owner: str = ""
    """Whose it is; of a token from before there were owners, see `whose`."""

    @property
    def whose(self) -> str:
        """Its owner; where nobody has said, its name."""
        return self.owner or self.label or self.id

    def may(self, role: Role) -> bool:
        """Whether it is good enough for what `role` is needed for."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def shown(self) -> dict[str, Any]:
        """As it is listed."""
        return {
            "id": self.id,
            "label": self.label,
            "owner": self.whose,
            "role": self.role,
            "created": show(self.created),
            "expires": None if self.expires is None else show(self.expires),
        }


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `token` is the id of the token that was shown, if one was; an `operator` sees and
    changes also what is others'."""

    owner: str
    token: str | None = None
    operator: bool = False

    @property
    def sees(self) -> str | None:
        """Whose things are shown; None: everybody's."""
        return None if self.operator else self.owner


OPERATOR: Final = Caller("local", operator=True)
"""Whoever is on this machine, where nobody is asked for a token."""


def caller(token: Token) -> Caller:
    """Who shows this token."""
    return Caller(token.whose, token.id, operator=token.may("admin"))


class Tokens:
    """The tokens of one home folder. Raises `StoreError` where the file cannot serve."""

    def __init__(self, home: Path, clock: Callable[[], Instant]) -> None:
        self.path = home / "tokens.json"
        self._clock = clock
        self._read: tuple[int, ...] = ()
        self._tokens: tuple[Token, ...] = ()

    def create(
        self, role: str, label: str, expires: Instant | None = None, owner: str = ""
    ) -> tuple[str, Token]:
        """Make a token. The text comes back this once; raises `Refused` for an unknown role."""
        if role not in ROLES:
            raise Refused.field("role", f"unknown role {role!r}; one of {', '.join(ROLES)}")
        now = self._clock()
        if expires is not None and expires <= now:
            raise Refused.field("expires", f"{show(expires)} has passed")
        text = _PREFIX + secrets.token_urlsafe(32)
        token = Token(secrets.token_hex(4), label, role, _hash(text), now, expires, owner)
        with self._alone():
            self._write((*self.all(), token))
        return text, token

    def revoke(self, token_id: str) -> Token:
        """Take a token back, by its id. Raises `Refused` where there is none."""
        with self._alone():
            known = self.all()
            found = next((one for one in known if one.id == token_id), None)
            if found is None:
                raise Refused.field("id", f"no token has the id {token_id!r}")
            self._write(tuple(one for one in known if one is not found))
        return found

    def all(self) -> tuple[Token, ...]:
        """Every token, also those that have expired, oldest first."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._read, self._tokens = (), ()
            return ()
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}") from error
        # A new file is put in place by every change, so its inode tells as well as its time.
        state = (found.st_ino, found.st_mtime_ns, found.st_size)
        if state != self._read:
            if stat.S_IMODE(found.st_mode) & 0o077:
                raise StoreError(f"{self.path}: others may read or write it; chmod 600 it")
            self._tokens, self._read = _parsed(self.path), state
        return self._tokens

    def usable(self) -> tuple[Token, ...]:
        """The tokens that have not expired."""
        now = self._clock()
        return tuple(one for one in self.all() if one.expires is None or one.expires > now)

    def verify(self, text: str) -> Token | None:
        """The token that this text is, if it is one and still good. Every hash is compared, each
        in constant time, so that nothing is learnt from how long it takes."""
        given = _hash(text)
        found = None
        for token in self.usable():
            if hmac.compare_digest(token.hash, given):
                found = token
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the file for a change, against other processes."""
        try:
            handle = os.open(
                self.path.with_name("tokens.lock"), os.O_RDWR | os.O_CREAT, _ONLY_OWNER
            )
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}; make its folder writable") from error
        with os.fdopen(handle):
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _write(self, tokens: tuple[Token, ...]) -> None:
        draft = self.path.with_name(f"tokens.{os.getpid()}.draft")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _ONLY_OWNER)
            with os.fdopen(handle, "wb") as file:
                kept = {"tokens": [asdict(token) for token in tokens]}
                file.write(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}; nothing was changed") from error


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _parsed(path: Path) -> tuple[Token, ...]:
    try:
        kept = orjson.loads(path.read_bytes())
        return tuple(Token(**one) for one in kept["tokens"])
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: no file of tokens: {error}; restore it, or remove it") from error
