"""A made-up history of many companies, drawn from a seed: what the benchmarks record.

Companies differ as they do in the field: half have a handful of events, one in twenty has many.
Their events are told turn by turn, so that a log of them is as mixed as one that grew over years,
and what is kept meanwhile is a few bytes per company.
"""

import json
from array import array
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from events import vocabulary as words
from events.ids import fact_id

Event = dict[str, Any]

FIRST: Final = date(2018, 1, 1)
DAYS: Final = 2_800

_SHARES: Final = (4,) * 10 + (10,) * 6 + (20,) * 3 + (40,)
_LISTS: Final = (
    ("us-ofac-sdn",) * 5
    + ("us-bis-entity-list",) * 5
    + ("us-ofac-ns-cmic", "us-ofac-ns-cmic", "us-dod-1260h", "us-dod-1260h", "us-dod-ccmc")
    + ("us-bis-uvl", "us-bis-meu", "us-ofac-ssi", "us-ofac-capta", "us-bis-dpl")
)
_LISTED: Final = "described issued note amended issued:b note described note renewed note"
_SUED: Final = "described issued note granted announced removed note issued:b granted ended"
_AGAIN: Final = "described issued removed issued note removed note issued:b amended note"
_KEYED: Final = "described issued:1 issued:2 removed:1 granted ended removed:2 note issued:3 note"
_MENDED: Final = "described issued retracted issued replaced granted:b note issued:b removed note"
_STORIES: Final = tuple(
    story.split()
    for story in (_LISTED,) * 9 + (_SUED,) * 4 + (_AGAIN,) * 4 + (_KEYED,) * 2 + (_MENDED,)
)
_SOUNDS: Final = "an bei chi dong fu gu hai jin ke lan min nor ping qi ros sheng"
_SYLLABLES: Final = tuple(_SOUNDS.split())
_PUBLISHERS: Final = ("Federal Register", "Treasury", "Commerce", "Defense", "D.D.C.")


def events(number: int, companies: int, *, seed: int = 1) -> Iterator[Event]:
    """`number` events of `companies` companies, as a caller would send them, without ids."""
    yield from _Telling(number, companies, Random(seed)).tell()


def even(length: int, companies: int = 100) -> list[Event]:
    """Companies with `length` events each, told by turns."""
    told: dict[str, list[Event]] = {}
    # two in ten of the companies drawn have at least twice the mean
    for one in events(5 * companies * length, 5 * companies):
        mine = told.setdefault(one["subject"], [])
        if len(mine) < length:
            mine.append(one)
    full = [mine for mine in told.values() if len(mine) == length][:companies]
    return [mine[turn] for turn in range(length) for mine in full]


def company_id(company: int) -> str:
    """The id of a company, by its number from 0."""
    return f"company-{company:07d}"


def write_lines(path: Path, number: int, companies: int, *, seed: int = 1) -> None:
    """The events as JSON Lines."""
    with path.open("w") as file:
        for event in events(number, companies, seed=seed):
            file.write(json.dumps(event, separators=(",", ":")) + "\n")


class _Telling:
    def __init__(self, number: int, companies: int, random: Random) -> None:
        self._number = number
        self._companies = companies
        self._random = random
        self._told = 0
        self._latest = array("i", [0]) * companies
        self._mended: dict[int, Event] = {}

    def tell(self) -> Iterator[Event]:
        # of few companies, the shares are not those of many
        drawn = sum(_SHARES[company % len(_SHARES)] for company in range(self._companies))
        scale = self._number / drawn
        quotas = [max(1, -int(-share * scale // 1)) for share in _SHARES]
        for turn in range(max(quotas)):
            for place in range(self._companies):
                # neighbours in the log should not be neighbours by id
                company = place * 7_919 % self._companies if self._companies % 7_919 else place
                if turn < quotas[company % len(quotas)]:
                    yield self._event(company, turn)
                    self._told += 1
                    if self._told == self._number:
                        return

    def _event(self, company: int, turn: int) -> Event:
        random = self._random
        story = _STORIES[(company // len(_SHARES)) % len(_STORIES)]
        kind, _, detail = story[turn % len(story)].partition(":")
        today = DAYS * self._told // self._number
        day = today + random.randint(-30, 30)
        late = random.random() < 0.1  # about a time before what is known already
        if not late:
            day = max(day, self._latest[company] + 1)
        self._latest[company] = max(day, self._latest[company])
        data = self._data(kind, detail, company, turn, day)
        if late:
            # to the second, so that it is no other event of the same day again
            hour, rest = divmod(turn % 86_400, 3_600)
            moment = f"{_day(day)}T{hour:02d}:{rest // 60:02d}:{rest % 60:02d}Z"
            data |= {key: moment for key in ("effective", "announced") if key in data}
        if kind not in ("described", "note", "retracted", "announced") and random.random() < 0.5:
            data["announced"] = _day(day - random.randint(-3, 20))
        event = {"type": _TYPES[kind], "subject": company_id(company), "data": data}
        if story is _STORIES[-1]:
            self._mended[company] = event
        return event

    def _data(self, kind: str, detail: str, company: int, turn: int, day: int) -> Event:
        if kind in ("described", "note"):
            return self._said(kind, company, turn, day)
        if kind == "retracted":
            return {"event": self._last_id(company), "reason": f"Misread, see {_day(day)}"}
        primary = _LISTS[company % 97 % len(_LISTS)]
        second = _LISTS[(company % 89 + 7) % len(_LISTS)]
        data: Event = {"list": second if detail == "b" else primary}
        data |= _dated(kind, day)
        if detail.isdigit():
            data["reference"] = {"scheme": "uid", "id": f"{company}-{detail}"}
        data |= self._terms(kind, company, turn, day)
        if kind == "replaced":
            data["replaces"] = self._last_id(company)
        return data

    def _said(self, kind: str, company: int, turn: int, day: int) -> Event:
        name = " ".join(_SYLLABLES[company * 31 // 16**n % 16].title() for n in range(3))
        if kind == "described":
            return {
                "name": f"{name} {company} Corporation",
                "aliases": [f"{name} {company}", f"{name} Group {turn}"],
                "country": ("CN", "RU", "IR", "AE")[company % 4],
                "kind": "company",
                "identifiers": [{"scheme": "isin", "value": f"CNE{company:08d}{turn % 10}"}],
            }
        text = f"On {_day(day)} {name} said, for the {turn}th time, that it would appeal."
        return {"kind": "statement", "text": text, "sources": [self._source(day)]}

    def _terms(self, kind: str, company: int, turn: int, day: int) -> Event:
        random = self._random
        if kind in ("issued", "renewed", "replaced"):
            terms: Event = {
                "name_as_listed": f"COMPANY {company}",
                "basis": "E.O. 13959",
                "sources": [self._source(day) for _ in range(random.choice((1, 1, 2)))],
            }
            if random.random() < 0.1:
                terms["expires"] = _day(day + random.randint(200, 900))
            return terms
        if kind == "amended":
            until = _day(day + 400)
            return {"restrictions": [{"kind": "investment.purchase", "until": until}]}
        if kind == "granted":
            docket = f"1:{20 + turn % 5}-cv-{company % 100_000:05d}"
            terms = {"form": "preliminary", "scope": "all", "court": "D.D.C.", "docket": docket}
            if random.random() < 0.3:
                terms |= {"scope": ["investment.purchase"], "expires": _day(day + 90)}
            return terms
        if kind == "ended":
            return {"how": "dissolved"}
        if kind == "removed":
            return {"how": random.choice(("delisted", "vacated", "revoked"))}
        return {"sources": [self._source(day)]}

    def _source(self, day: int) -> Event:
        number = self._random.randrange(100_000)
        return {
            "url": f"https://register.example/documents/{_day(day)}/{number}",
            "title": f"Notice {number}",
            "publisher": _PUBLISHERS[number % len(_PUBLISHERS)],
        }

    def _last_id(self, company: int) -> str:
        last = self._mended[company]
        return fact_id(last["type"], last["subject"], last["data"])


_TYPES: Final = {
    "described": words.DESCRIBED,
    "issued": words.DESIGNATION_ISSUED,
    "renewed": words.DESIGNATION_ISSUED,
    "replaced": words.DESIGNATION_ISSUED,
    "amended": words.DESIGNATION_AMENDED,
    "granted": words.INJUNCTION_GRANTED,
    "ended": words.INJUNCTION_ENDED,
    "announced": words.REMOVAL_ANNOUNCED,
    "removed": words.REMOVAL_ISSUED,
    "note": words.NOTE_RECORDED,
    "retracted": words.EVENT_RETRACTED,
}


def _day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def _dated(kind: str, day: int) -> Event:
    if kind == "announced":
        return {"announced": _day(day), "expected": _day(day + 20)}
    return {"effective": _day(day)}
