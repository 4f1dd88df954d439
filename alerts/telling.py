"""What a message says, in words: for those channels that people read. Pure.

It is made of the message's body alone, so that every attempt says the same. Whatever comes from
elsewhere (names, reasons, sources) is text here, on one line and not too long; each channel writes
it so that it stays text.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from alerts.words import EVENT, HOW, RESTRICTION, STATUS, link, when
from projections.messages import TYPE_PREFIX

MOST: Final = 10
"""How many intervals, flips or events are told of; the page has all."""
_MANY: Final = 50
"""Of the changes of a digest, and as many of its corrections."""
_LONGEST: Final = 300
_TITLE: Final = 150
# Control characters, ends of lines, what turns the direction of writing, what is not there to be
# seen, and halves of characters, which are none.
_UNSEEN: Final = re.compile(
    "[\x00-\x20\x7f-\xa0\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]+"
)

Named = Callable[[str], str | None]
"""From a list's id to its name."""
Amiss = Callable[[str, str], Sequence[str]]
"""From a company and a list to what fits nowhere there."""


class Source(NamedTuple):
    """Where something is said."""

    title: str
    url: str | None


class Why(NamedTuple):
    """An event that a change comes from."""

    text: str
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Telling:
    """What people read. Plain text everywhere."""

    kind: str
    """`changed`, `corrected`, `scheduled`, `noted`, or the type of another message."""
    title: str
    lead: str
    facts: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    why: tuple[Why, ...] = ()
    page: str | None = None
    """Where there is more."""
    company: str = ""
    urgent: bool = field(default=False)
    """Whether a restriction was gained."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells messages. `site` is the address under which people reach the service, if they do;
    `named` knows the lists, `amiss` what does not fit, as of now."""

    site: str | None = None
    named: Named = lambda _: None
    amiss: Amiss = lambda _, __: ()

    def tell(self, message: Mapping[str, Any]) -> Telling:
        """A message's body. One of a type that is not known here is told as far as it goes."""
        data = message.get("data")
        told: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        kind = str(message.get("type", ""))
        if kind.startswith(TYPE_PREFIX) and {"company", "from", "to", "kind"} <= told.keys():
            return self._change(told, message.get("timestamp"))
        if kind == "standing.reminder" and {"company", "from", "to", "at"} <= told.keys():
            return self._reminder(told)
        return self._digest(told) if kind == "standing.digest" else self._other(kind, told)

    # --- changes --------------------------------------------------------------------------------

    def _change(self, told: Mapping[str, Any], at: Any) -> Telling:
        name, where = self._name(told), self._list(told)
        before, after = _reading(told["from"]), _reading(told["to"])
        gained, lost = _moved(told)
        return Telling(
            told["kind"],
            cut(f"{name}: {self._headline(told)}{f' ({where})' if where else ''}", _TITLE),
            self._lead(told, name, where),
            tuple(
                (label, value)
                for label, value in (
                    ("Company", name if name == told["company"] else f"{name} [{told['company']}]"),
                    ("List", where),
                    ("Before", before),
                    ("After", after),
                    ("Gained", _restrictions(gained)),
                    ("Lost", _restrictions(lost)),
                    ("Overall", _overall(told.get("overall"))),
                    ("Effective", _date(told.get("effective"))),
                    ("Announced", _date(told.get("announced"))),
                    ("Told", _date(at)),
                )
                if value
            ),
            (*_lines(told), *self._amiss(told)),
            tuple(map(_why, (told.get("causes") or ())[:MOST])),
            self.page(told["company"]),
            told["company"],
            urgent=bool(gained),
        )

    def _amiss(self, told: Mapping[str, Any]) -> Iterable[str]:
        if told.get("list"):
            for one in self.amiss(told["company"], told["list"])[:MOST]:
                yield f"Does not fit: {cut(one)}"

    def page(self, company: str) -> str | None:
        """The page of a company."""
        return f"{self.site}/companies/{quote(company)}" if self.site else None

    def _name(self, told: Mapping[str, Any]) -> str:
        return cut(told.get("name") or told["company"], 100)

    def _list(self, told: Mapping[str, Any]) -> str:
        listed = told.get("list")
        if not listed:
            return ""
        name = self.named(listed)
        return cut(f"{name}, {listed}" if name else listed)

    def _headline(self, told: Mapping[str, Any]) -> str:
        before, after = (STATUS.get(told[key]["status"], told[key]["status"]) for key in _SIDES)
        match told["kind"]:
            case "corrected":
                return "a correction of what stood before"
            case "scheduled":
                return "what is to come has changed"
            case "noted":
                return "a note"
            case _ if before != after:
                return f"{before} → {after}"
            case _:
                return f"{after}, with other restrictions"

    def _lead(self, told: Mapping[str, Any], name: str, where: str) -> str:
        on = f" on {where}" if where else ""
        before, after = (STATUS.get(told[key]["status"], told[key]["status"]) for key in _SIDES)
        match told["kind"]:
            case "corrected":
                said = f"What was said of {name}{on} reads differently now. It is {after}."
            case "scheduled":
                said = f"A change to come for {name}{on} became known, moved or was called off."
            case "noted":
                said = f"Something was noted of {name}{on}. It changes no status."
            case _ if before != after:
                said = f"{name} was {before}{on} and is now {after}."
            case _:
                said = f"{name} is {after}{on}, as before; its restrictions have changed."
        if told.get("backfill"):
            said += " This is history that was loaded, not news."
        return said

    # --- whatever else --------------------------------------------------------------------------

    def _reminder(self, told: Mapping[str, Any]) -> Telling:
        """Of a flip that is known to come."""
        name, where, at = self._name(told), self._list(told), _date(told["at"])
        before, after = _reading(told["from"]), _reading(told["to"])
        gained, lost = _moved(told)
        facts = (
            ("Company", name),
            ("List", where),
            ("When", at),
            ("Now", before),
            ("Then", after),
            ("Gained", _restrictions(gained)),
            ("Lost", _restrictions(lost)),
        )
        return Telling(
            "standing.reminder",
            cut(f"{name}: {after} from {at} ({where})", _TITLE),
            f"A reminder: {name} will be {after} on {where} from {at}, as far as is known now.",
            tuple((label, value) for label, value in facts if value),
            page=self.page(told["company"]),
            company=told["company"],
            urgent=bool(gained),
        )

    def _digest(self, told: Mapping[str, Any]) -> Telling:
        """Of a window; corrections apart from changes."""
        counts, window = told.get("counts") or {}, told.get("window") or {}
        count, companies = counts.get("all", 0), counts.get("companies", 0)
        changes, corrections = (told.get(key) or () for key in ("changes", "corrections"))
        lines = [self._line(one) for one in changes[:_MANY]]
        lines += [f"Correction: {self._line(one)}" for one in corrections[:_MANY]]
        if count > len(lines):
            lines.append(f"and {count - len(lines)} more")
        span = f"from {_date(window.get('from')) or 'the beginning'} to {_date(window.get('to'))}"
        said = f"{count} changes of {companies} companies" if count else "nothing changed"
        return Telling(
            "standing.digest",
            cut(f"standing: {said}", _TITLE),
            f"{said[:1].upper()}{said[1:]} {span}.",
            lines=tuple(lines),
            page=self.site,
        )

    def _other(self, kind: str, told: Mapping[str, Any]) -> Telling:
        """Of a type that is not known here: what it says in single values, too."""
        text = told.get("text")
        title = told.get("title") or kind.removeprefix("standing.").replace(".", " ")
        return Telling(
            kind,
            cut(f"standing: {title}", _TITLE),
            cut(text, 2_000) if isinstance(text, str) else cut(title, _TITLE),
            tuple(
                (cut(key.replace("_", " ").capitalize(), 40), cut(value))
                for key, value in told.items()
                if key not in _SAID and isinstance(value, str | int | float)
            )[:20],
            page=self.page(told["company"]) if isinstance(told.get("company"), str) else self.site,
        )

    def _line(self, told: Mapping[str, Any]) -> str:
        if not {"company", "from", "to", "kind"} <= told.keys():
            return cut(told.get("text") or told.get("company") or "", _LONGEST)
        where = self._list(told)
        return cut(f"{self._name(told)}: {self._headline(told)}{f' ({where})' if where else ''}")


_SIDES: Final = ("from", "to")
_SAID: Final = frozenset({"title", "text", "subscription"})


def cut(text: object, most: int = _LONGEST) -> str:
    """Foreign text on one line, with nothing unseen in it, and an end."""
    line = _UNSEEN.sub(" ", str(text)).strip()
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _reading(said: Mapping[str, Any]) -> str:
    status = STATUS.get(said["status"], cut(said["status"]))
    how = HOW.get(said.get("how") or "", "")
    kinds = ", ".join(said.get("restrictions") or ())
    return status + (f", {how}" if how else "") + (f"; {kinds}" if kinds else "")


def _overall(said: Any) -> str:
    if not isinstance(said, Mapping):
        return ""
    before, after = _reading(said["before"]), _reading(said["after"])
    return after if before == after else f"{before} → {after}"


def _moved(told: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    before, after = (set(told[key].get("restrictions") or ()) for key in _SIDES)
    return sorted(after - before), sorted(before - after)


def _restrictions(kinds: Iterable[str]) -> str:
    return "; ".join(f"{RESTRICTION.get(kind, kind)} ({kind})" for kind in kinds)


def _date(text: Any) -> str:
    try:
        return when(text) if isinstance(text, str) else ""
    except ValueError:
        return cut(text)


def _lines(told: Mapping[str, Any]) -> Iterable[str]:
    intervals = told.get("intervals") or ()
    for one in intervals[:MOST]:
        span = f"{_date(one['from']) or 'the beginning'} to {_date(one['until']) or 'now'}"
        yield f"{span}: was {_reading(one['before'])}; is {_reading(one['after'])}"
    if told.get("intervals_count", 0) > MOST:
        yield f"and {told['intervals_count'] - MOST} more intervals"
    flips = told.get("flips") or {}
    for words, key in (("was expected", "before"), ("is expected", "after")):
        for one in (flips.get(key) or ())[:MOST]:
            yield f"{_date(one['at'])}: {words}: {_reading(one)}"


def _why(cause: Mapping[str, Any]) -> Why:
    kind = cause.get("type", "")
    said = cut(cause.get("text") or "", 200)
    text = EVENT.get(kind, cut(kind)) + (f": {said}" if said else "")
    found = []
    for one in (cause.get("sources") or ())[:MOST]:
        url = link(one.get("url"))
        title = cut(one.get("title") or one.get("publisher") or url or "", 200)
        if title:
            found.append(Source(title, url if url is None or len(url) <= 500 else None))
    return Why(text or "An event", tuple(found))
