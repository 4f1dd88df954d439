"""What a form asks of a subscription: from an address into the form, from the form to what the
desk takes, and from a subscription back into the form. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from alerts.targets import CHATS
from events.errors import Problem

FILTERS: Final = (
    *("companies", "lists", "countries", "from", "to", "kinds"),
    *("restrictions", "gained", "lost"),
)
_SINGULAR: Final = {
    "company": "companies",
    "list": "lists",
    "country": "countries",
    "kind": "kinds",
    "restriction": "restrictions",
}
"""As the addresses of changes have them."""
_PLURAL: Final = {plural: one for one, plural in _SINGULAR.items()}
NEW: Final = frozenset({*FILTERS, *_SINGULAR, "label", "backfill"})
"""What the address of the empty form may say."""
REPEATED: Final = frozenset({*FILTERS, *_SINGULAR})
_OF_ONE: Final = {"companies": "company", "lists": "list"}
_FROM_PAGES: Final[Mapping[str, frozenset[str]]] = {
    "changes": REPEATED,
    "companies": frozenset({"list", "lists"}),
    "compare": frozenset({"company", "companies", "list", "lists"}),
    "screen": frozenset({"list", "lists"}),
}
"""What of a page's own address is taken over: elsewhere `from` and `to` are dates."""
FORM: Final = "/subscriptions/new"
_APART: Final = re.compile(r"[\s,;]+")
_SPLIT: Final = ("companies", "countries", "remind")
_OWN_START: Final = "own"
_WHERE: Final[Mapping[str, str]] = {
    "channel.url": "url",
    "channel.to": "address",
    "channel.name": "name",
    "channel.rate": "rate",
    "channel.signature": "signature",
    "channel": "type",
    **{f"filter.{name}": name for name in FILTERS},
    "digest.at": "at",
    "digest.time_zone": "zone",
    "digest": "at",
    "quiet.from": "quiet_from",
    "quiet.to": "quiet_to",
    "quiet.time_zone": "quiet_zone",
    "quiet.days": "quiet_days",
    "quiet": "quiet_from",
    "start": "start_at",
    "watchlist": "rows",
    **{name: name for name in ("remind", "heartbeat", "expires", "label", "notify", "cadence")},
}
"""In which field of the form it stands what a refusal names."""


class Entered:
    """What stands in the fields of a form; each may have several values."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = {
            name: [one.strip() for one in some if one.strip()] for name, some in values.items()
        }

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Any]]) -> "Entered":
        """What was sent; files are no text."""
        found: dict[str, list[str]] = {}
        for name, value in pairs:
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
        return cls(found)

    def one(self, name: str, default: str = "") -> str:
        """The value of a field that has one."""
        found = self._values.get(name)
        return found[0] if found else default

    def all(self, name: str) -> list[str]:
        """The values of a field that has several."""
        found = self._values.get(name, [])
        if name in _SPLIT:
            return [one for text in found for one in _APART.split(text) if one]
        return found

    def has(self, name: str, value: str) -> bool:
        """Whether it is one of them."""
        return value in self.all(name)

    def with_rows(self, text: str) -> "Entered":
        """With the rows of a file that was sent, so that the form has them when it comes again."""
        return Entered({**self._values, "rows": [text]})


def from_address(pairs: Iterable[tuple[str, str]]) -> Entered:
    """The form as an address fills it in."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        values = [one for one in value.split(",") if one]
        found.setdefault(_SINGULAR.get(name, name), []).extend(values)
    return Entered(found)


def subscribe_link(path: str, query: str) -> str:
    """From a page to the form, with what the page is about filled in."""
    place, _, ident = path.strip("/").partition("/")
    known = _FROM_PAGES.get(place, frozenset())
    given = [(name, value) for name, value in parse_qsl(query) if name in known]
    if ident and place in _OF_ONE:
        name = _OF_ONE[place]
        of_page = unquote(ident).removesuffix(".json").partition("/")[0]
        given = [(name, of_page), *(one for one in given if one[0] != name)]
    return f"{FORM}?{urlencode(given, safe=',', quote_via=quote)}" if given else FORM


def pulled(filter_: Mapping[str, Sequence[str]], *, backfill: bool) -> str:
    """A filter as the query of the addresses from which changes are fetched."""
    given = [(_PLURAL.get(name, name), one) for name, some in filter_.items() for one in some]
    return urlencode([*given, *(() if backfill else (("backfill", "false"),))])


def asked(entered: Entered) -> dict[str, Any]:
    """What is asked for, as the desk takes it; a field that was left empty is not said."""
    given: dict[str, Any] = {
        "filter": filter_of(entered),
        "channel": _channel(entered),
        "cadence": entered.one("cadence", "immediate"),
        "start": _start(entered),
        **_the_rest(entered),
    }
    if (digest := _digest(entered)) and given["cadence"] != "immediate":
        given["digest"] = digest
    return {name: value for name, value in given.items() if value is not None}


def wish(entered: Entered, known: Mapping[str, Any]) -> dict[str, Any]:
    """What is wished of a subscription that is there: whatever the form can change, also what is
    to be no more."""
    given: dict[str, Any] = {"filter": filter_of(entered), **_the_rest(entered)}
    if known["cadence"] != "immediate":
        given["digest"] = _digest(entered)
    return given


def filter_of(entered: Entered) -> dict[str, list[str]]:
    """Which changes are meant: of what is left empty, any."""
    found = {name: entered.all(name) for name in FILTERS}
    found["countries"] = [one.upper() for one in found["countries"]]
    return {name: some for name, some in found.items() if some}


def of_subscription(one: Mapping[str, Any]) -> Entered:
    """The form as a subscription fills it in."""
    channel, digest, quiet = one["channel"], one.get("digest") or {}, one.get("quiet") or {}
    usual = one["start"] in ("now", "beginning")
    values: dict[str, Any] = {
        **one["filter"],
        "type": channel["type"],
        "cadence": one["cadence"],
        "at": digest.get("at"),
        "zone": digest.get("time_zone"),
        "weekday": digest.get("weekday"),
        "empty": "on" if digest.get("empty") else None,
        "quiet_from": quiet.get("from"),
        "quiet_to": quiet.get("to"),
        "quiet_zone": quiet.get("time_zone"),
        "quiet_days": quiet.get("days"),
        "start": one["start"] if usual else _OWN_START,
        "backfill": "on" if one["backfill"] else None,
        **{name: one.get(name) for name in ("label", "remind", "heartbeat", "notify", "expires")},
    }
    return Entered({name: _texts(value) for name, value in values.items()})


def field_of(problem: Problem) -> str:
    """The field of the form that a refusal is about; empty where it is about none."""
    parts = problem.field.split(".")
    for length in range(len(parts), 0, -1):
        if (found := _WHERE.get(".".join(parts[:length]))) is not None:
            return found
    return ""


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _channel(entered: Entered) -> dict[str, Any]:
    kind = entered.one("type", "webhook")
    given: dict[str, Any] = {"type": kind}
    if kind == "email":
        given["to"] = entered.one("address")
    elif kind in CHATS:
        name = entered.one("name")
        given |= {"name": name} if name else {"url": entered.one("hook")}
    else:
        given |= {"url": entered.one("url"), "signature": entered.one("signature", "hmac")}
        if rate := entered.one("rate"):
            given["rate"] = _number(rate)
    return given


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _start(entered: Entered) -> str:
    chosen = entered.one("start", "now")
    return entered.one("start_at") if chosen == _OWN_START else chosen


def _digest(entered: Entered) -> dict[str, Any] | None:
    given = {
        "time_zone": entered.one("zone"),
        "at": entered.one("at"),
        "weekday": entered.one("weekday"),
    }
    found: dict[str, Any] = {name: value for name, value in given.items() if value}
    return {**found, "empty": True} if entered.one("empty") else found or None


def _quiet(entered: Entered) -> dict[str, Any] | None:
    given: dict[str, Any] = {
        "from": entered.one("quiet_from"),
        "to": entered.one("quiet_to"),
    }
    if not any(given.values()):
        return None
    given |= {"time_zone": entered.one("quiet_zone"), "days": entered.all("quiet_days")}
    return {name: value for name, value in given.items() if value}


def _the_rest(entered: Entered) -> dict[str, Any]:
    return {
        "quiet": _quiet(entered),
        "remind": list(dict.fromkeys(entered.all("remind"))),
        "heartbeat": entered.one("heartbeat") or None,
        "notify": entered.one("notify") or None,
        "expires": entered.one("expires") or None,
        "label": entered.one("label") or None,
        "backfill": bool(entered.one("backfill")),
    }
