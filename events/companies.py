"""Who a company is: its description, folded from what was recorded about it, and its merges."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from events import vocabulary as words
from events.admitted import takes_back
from events.counted import Verdict, verdict
from events.ids import legal
from events.log import Record

_FIELDS: Final = ("name", "country", "kind", "website")


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of a company's identity at some position of the log."""

    name: str | None = None
    aliases: tuple[str, ...] = ()
    country: str | None = None
    kind: str | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    website: str | None = None
    former_ids: tuple[str, ...] = field(default=())
    """Ids that were merged into this company."""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "aliases": list(self.aliases),
            "country": self.country,
            "kind": self.kind or "unknown",
            "identifiers": [{"scheme": key, "value": value} for key, value in self.identifiers],
            "website": self.website,
            "former_ids": list(self.former_ids),
        }


def takings_back(records: Sequence[Record]) -> Verdict:
    """Who counts among `records` of one subject each, whatever the public was told and when.

    An event takes back only one of its own subject, and one that is there.
    """
    takers = [record for record in records if takes_back(record.event["data"])]
    subjects = {record.id: record.subject for record in records}
    return verdict(
        (taker.id, target)
        for taker in takers
        for target in targets(taker.event)
        if subjects.get(target) == taker.subject
    )


def targets(event: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids that an event takes back."""
    data = event["data"]
    named = (
        data.get("event") if event["type"] == words.EVENT_RETRACTED else None,
        data.get("replaces"),
    )
    return tuple(target for target in named if target)


def describe(records: Sequence[Record], company: str) -> Description:
    """Fold the descriptions: the latest recorded wins, field by field.

    Of companies merged into this one, the names and identifiers are kept as its aliases, and a
    field counts only where the company itself has none.
    """
    told: dict[str, Mapping[str, Any]] = {}
    former: set[str] = set()
    meant: list[str] = []
    for _, _, event, _ in records:
        if event["subject"] != company:
            former.add(event["subject"])
        if event["type"] == words.DESCRIBED:
            told[event["id"]] = event
        if takes_back(event["data"]):
            meant += targets(event)
    if former:
        told = {one.id: one.event for one in as_first_held(records) if one.id in told}
    # Only where a description is taken back at all is it judged who counts: a company may have
    # thousands of corrections of its standing.
    void = takings_back(records).taken_back if any(one in told for one in meant) else ()
    given: dict[str, Any] = {}
    others = Description()
    for key, event in told.items():
        if key not in void:
            if event["subject"] == company:
                given.update(_given(event["data"]))
            else:
                others = _gathered(others, event["data"])
    mine = Description(**given)
    if not former:
        return mine
    names = (*mine.aliases, *((others.name,) if others.name else ()), *others.aliases)
    name = mine.name or others.name
    return replace(
        mine,
        **{key: getattr(mine, key) or getattr(others, key) for key in _FIELDS},
        aliases=tuple(dict.fromkeys(one for one in names if one != name)),
        identifiers=tuple(dict.fromkeys((*mine.identifiers, *others.identifiers))),
        former_ids=tuple(sorted(former)),
    )


def plain_name(records: Iterable[Record]) -> str | None:
    """The name that `describe` comes to, of records of one subject that take nothing back."""
    given: dict[str, Any] = {}
    for _, _, event, _ in records:
        if event["type"] == words.DESCRIBED:
            given.update(_given(event["data"]))
    return given.get("name")


def overlaid(known: Description, data: Mapping[str, Any]) -> Description:
    """A description with the fields that `data` gives."""
    return replace(known, **_given(data))


def _given(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a description that `data` gives."""
    given = {key: data[key] for key in _FIELDS if key in data}
    if "aliases" in data:
        given["aliases"] = tuple(data["aliases"])
    if "identifiers" in data:
        given["identifiers"] = tuple((one["scheme"], one["value"]) for one in data["identifiers"])
    return given


def says_nothing_new(known: Description, data: Mapping[str, Any]) -> bool:
    """Whether `data` repeats what is known already, field by field, sets without their order."""
    shown = known.shown()
    given = {key: value for key, value in legal(data).items() if key in shown}
    return given == legal({key: shown[key] for key in given})


def _gathered(known: Description, data: Mapping[str, Any]) -> Description:
    new = overlaid(known, data)
    names = (*known.aliases, *((known.name,) if known.name else ()), *new.aliases)
    return replace(
        new,
        aliases=tuple(dict.fromkeys(names)),
        identifiers=tuple(dict.fromkeys((*known.identifiers, *new.identifiers))),
    )


def merges(records: Iterable[Record]) -> dict[str, str]:
    """Which company counts for which, from the merge events and retractions of all companies.

    The latest recorded merge of a company wins; one that would close a circle has no effect.
    """
    records = as_first_held(records)
    void = takings_back(records).taken_back
    into: dict[str, str] = {}
    for record in records:
        if record.type == words.MERGED and record.id not in void:
            target = named(record)
            if target is None:
                continue
            without = {old: new for old, new in into.items() if old != record.subject}
            if root(without, target) != record.subject:
                into = {**without, record.subject: target}
    return into


def named(merge: Record) -> str | None:
    """The company into which a merge is; None where nobody held it against a model, and it names
    none: its own is parked then, and others go on."""
    into = merge.event["data"].get("into")
    return into if isinstance(into, str) else None


def as_first_held(records: Iterable[Record]) -> list[Record]:
    """In the order in which they were first taken in: among partitions that have copies of each
    other's events, the one order that is the same to all."""
    return sorted(records, key=lambda one: (one.held, *one.origin))


def root(into: Mapping[str, str], company: str) -> str:
    """The company that `company` now counts for, at the end of its chain."""
    while company in into:
        company = into[company]
    return company


def members(into: Mapping[str, str], company: str) -> list[str]:
    """Every id whose events count for `company`, itself first."""
    return [company, *sorted(old for old in into if old != company and root(into, old) == company)]
