"""The list registry: which government lists there are, and what being on one forbids, and when.

It is data with a version, not code: `shipped/lists.toml` ships, a user's TOML file of the same
shape adds to it. A rule cites its instrument there.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from events.dates import ALWAYS, NEVER, BadDate, Instant, local_wall
from events.errors import Refused
from events.vocabulary import RESTRICTION_KINDS

_RULE_KEYS: Final = frozenset(
    {"kind", "basis", "citation", "url", "note", "after", "at", "not_before", "until"}
)
_LIST_KEYS: Final = frozenset(
    {"id", "name", "authority", "jurisdiction", "zone", "ended", "basis", "note", "rules"}
)
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_HOUR: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_WALL: Final = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}(T{_HOUR.pattern})?", re.ASCII)
_MOST_DAYS: Final = 36_525


@dataclass(frozen=True, slots=True)
class Rule:
    """What a listing forbids by the list's own law.

    In force from the latest of the listing, `not_before` and `after` days after the listing (in
    the list's zone, at `minutes` after midnight), to `until` (exclusive).
    """

    kind: str
    basis: str
    after: int | None
    minutes: int
    not_before: Instant
    until: Instant


@dataclass(frozen=True, slots=True, eq=False)
class ListInfo:
    """One government list: who keeps it, by what law, in what time zone, with which rules."""

    id: str
    name: str
    authority: str
    jurisdiction: str
    zone: ZoneInfo
    version: str
    rules: tuple[Rule, ...]
    ended: str | None
    """The day on which the list itself ended; nothing can appear on it after that."""
    described: Mapping[str, Any]
    """The entry as the file has it, with its citations."""


class Registry:
    """The lists that this standing knows. Immutable; equal data has an equal `digest`."""

    def __init__(self, lists: Mapping[str, ListInfo], digest: str) -> None:
        self._lists = dict(lists)
        self.digest = digest

    def __iter__(self) -> Iterator[ListInfo]:
        return iter(self._lists.values())

    def __contains__(self, list_id: object) -> bool:
        return list_id in self._lists

    def __getitem__(self, list_id: str) -> ListInfo:
        return self._lists[list_id]

    def find(self, list_id: str) -> ListInfo | None:
        """The list, or None where a later version or another user's file defined it."""
        return self._lists.get(list_id)

    def require(self, list_id: str, field: str) -> ListInfo:
        """The list, or a refusal of `field` that names what may have been meant."""
        if found := self._lists.get(list_id):
            return found
        near = get_close_matches(list_id, self._lists, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(self._lists)}"
        raise Refused.field(field, f"unknown list {list_id!r}; {hint}")


def load_registry(extra: Path | None = None) -> Registry:
    """The shipped lists and those of the user's file. Raises `Refused` naming file and field."""
    content = _shipped()
    found = dict(_parsed(content))
    digest = hashlib.sha256(content)
    if extra is not None:
        try:
            more = extra.read_bytes()
        except OSError as error:
            raise Refused.field("STANDING_LISTS", f"cannot read {extra}: {error}") from error
        digest.update(more)
        for info in _parse(more, str(extra)).values():
            if info.id in found:
                raise Refused.field(f"{extra}: list {info.id}.id", "a shipped list has this id")
            found[info.id] = info
    return Registry(found, digest.hexdigest())


def _shipped() -> bytes:
    return files("events").joinpath("shipped/lists.toml").read_bytes()


@lru_cache(maxsize=1)
def _parsed(shipped: bytes) -> Mapping[str, ListInfo]:
    return _parse(shipped, "lists.toml")


def _parse(content: bytes, name: str) -> dict[str, ListInfo]:
    try:
        table = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused.field(name, str(error)) from error
    version = table.get("version")
    if not isinstance(version, str) or not version:
        raise Refused.field(f"{name}: version", 'a text such as "1" is needed')
    lists: dict[str, ListInfo] = {}
    for number, entry in enumerate(_tables(table, "list", name), 1):
        info = _list(entry, version, f"{name}: list {entry.get('id', number)}")
        if info.id in lists:
            raise Refused.field(f"{name}: list {info.id}.id", "stands twice in the file")
        lists[info.id] = info
    return lists


def _tables(table: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Refused.field(f"{where}.{key}", f"tables are needed, each under [[{key}]]")
    return found


def _list(entry: dict[str, Any], version: str, where: str) -> ListInfo:
    _only(entry, _LIST_KEYS, where)
    for key in ("id", "name", "authority", "zone"):
        if not _text(entry, key, where):
            raise Refused.field(f"{where}.{key}", "a text is needed")
    if not _ID.fullmatch(entry["id"]):
        raise Refused.field(f"{where}.id", "lower-case letters, digits and hyphens, at most 64")
    try:
        zone = ZoneInfo(entry["zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused.field(f"{where}.zone", f"unknown time zone: {error}") from error
    ended = _text(entry, "ended", where)
    if ended is not None:
        _wall(ended, zone, f"{where}.ended")
    rules = [
        _rule(rule, zone, f"{where}.rules[{number}]")
        for number, rule in enumerate(_tables(entry, "rules", where))
    ]
    return ListInfo(
        entry["id"],
        entry["name"],
        entry["authority"],
        _text(entry, "jurisdiction", where) or "",
        zone,
        version,
        tuple(rules),
        ended,
        entry,
    )


def _rule(rule: dict[str, Any], zone: ZoneInfo, where: str) -> Rule:
    _only(rule, _RULE_KEYS, where)
    if rule.get("kind") not in RESTRICTION_KINDS:
        raise Refused.field(f"{where}.kind", f"one of {', '.join(RESTRICTION_KINDS)} is needed")
    after = rule.get("after")
    if after is not None and not (type(after) is int and 0 <= after <= _MOST_DAYS):
        raise Refused.field(f"{where}.after", f"a count of days is needed, at most {_MOST_DAYS}")
    hour = _text(rule, "at", where) or "00:00"
    if not _HOUR.fullmatch(hour):
        raise Refused.field(f"{where}.at", f"{hour!r} is no time of day; write 09:30")
    not_before, until = _text(rule, "not_before", where), _text(rule, "until", where)
    return Rule(
        rule["kind"],
        _text(rule, "basis", where) or "",
        after,
        int(hour[:2]) * 60 + int(hour[3:]),
        _wall(not_before, zone, f"{where}.not_before") if not_before else ALWAYS,
        _wall(until, zone, f"{where}.until") if until else NEVER,
    )


def _wall(text: str, zone: ZoneInfo, where: str) -> Instant:
    try:
        if _WALL.fullmatch(text):
            return local_wall(text, zone)
    except BadDate as error:
        raise Refused.field(where, str(error)) from error
    raise Refused.field(where, f"{text!r} is no local time; write 2021-08-02 or 2021-08-02T09:30")


def _text(table: dict[str, Any], key: str, where: str) -> str | None:
    """A text, or None where it is left out. In TOML a date without quotes is no text."""
    found = table.get(key)
    if found is not None and not isinstance(found, str):
        raise Refused.field(f"{where}.{key}", f"a text is needed, not {found}; put it in quotes")
    return found


def _only(table: dict[str, Any], known: frozenset[str], where: str) -> None:
    if unknown := sorted(table.keys() - known):
        raise Refused.field(
            f"{where}.{unknown[0]}", f"unknown; known are {', '.join(sorted(known))}"
        )
