"""Which subscriptions want a change, without asking each of them. Pure.

What a filter says beside its companies is its form, and many share one. Of every value that a form
may name, it is kept as one large number which forms let it through, a bit for each form; so a few
of them joined by `and` say which forms let a change through. Subscriptions that name companies are
found by the change's company, and then by their form; the others by their form alone.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, compress
from sys import byteorder
from typing import Final, NamedTuple

from alerts.matching import Who, moved
from alerts.subscriptions import Filter
from projections.changes import Change

_NUMBERS: Final = "I"
_WORDS: Final = "Q"
_WORD: Final = 64
_TOLD_UNASKED: Final = "*"
"""Of a filter that names no kinds: every kind but `noted`, also those of later versions."""

Values = frozenset[str] | None
"""What one field of a filter names; None: any."""


class Form(NamedTuple):
    """What a filter says beside its companies."""

    kinds: frozenset[str]
    loaded: Values
    lists: Values
    countries: Values
    before: Values
    after: Values
    restrictions: Values
    gained: Values
    lost: Values


def form(asked: Filter, *, backfill: bool) -> Form:
    """Of a filter."""
    return Form(
        frozenset([_TOLD_UNASKED]) if asked.kinds is None else frozenset(asked.kinds),
        None if backfill else frozenset(["news"]),
        _values(asked.lists),
        _values(asked.countries),
        _values(asked.from_),
        _values(asked.to),
        _values(asked.restrictions),
        _values(asked.gained),
        _values(asked.lost),
    )


def _values(named: Iterable[str] | None) -> Values:
    return None if named is None else frozenset(named)


@dataclass(slots=True)
class _Facet:
    """Of one field, which forms let which values through."""

    any: int = 0
    by: dict[str, int] = field(default_factory=dict)

    def put(self, bit: int, values: Values) -> None:
        if values is None:
            self.any |= bit
            return
        for value in values:
            self.by[value] = self.by.get(value, 0) | bit

    def drop(self, bit: int, values: Values) -> None:
        if values is None:
            self.any ^= bit
            return
        for value in values:
            self.by[value] ^= bit
            if not self.by[value]:
                del self.by[value]

    def passing(self, values: Iterable[str | None]) -> int:
        """The forms that let one of these through."""
        found = self.any
        for value in values:
            if value is not None:
                found |= self.by.get(value, 0)
        return found


class _Forms:
    """The forms that are in use, by number."""

    def __init__(self) -> None:
        self._numbers: dict[Form, int] = {}
        self._forms: list[Form | None] = []
        self._users: list[int] = []
        self._free: list[int] = []
        self._facets = [_Facet() for _ in Form._fields]

    def take(self, one: Form) -> int:
        """The number of a form that one more uses."""
        number = self._numbers.get(one)
        if number is None:
            number = self._new(one)
        self._users[number] += 1
        return number

    def flags(self, forms: int) -> bytes:
        """As bytes, the lowest numbers first, with room for every form."""
        return forms.to_bytes(len(self._forms) // 8 + 1, "little")

    def _new(self, one: Form) -> int:
        if self._free:
            number = self._free.pop()
            self._forms[number] = one
        else:
            number = len(self._forms)
            self._forms.append(one)
            self._users.append(0)
        self._numbers[one] = number
        for facet, values in zip(self._facets, one, strict=True):
            facet.put(1 << number, values)
        return number

    def leave(self, number: int) -> None:
        """One fewer uses it."""
        self._users[number] -= 1
        one = self._forms[number]
        if self._users[number] or one is None:
            return
        for facet, values in zip(self._facets, one, strict=True):
            facet.drop(1 << number, values)
        del self._numbers[one]
        self._forms[number] = None
        self._free.append(number)

    def passing(self, change: Change, who: Who) -> int:
        """Those that let a change through."""
        kinds, loaded, lists, countries, before, after, *restrictions = self._facets
        told = (change.kind,) if change.kind == "noted" else (change.kind, _TOLD_UNASKED)
        found = kinds.passing(told)
        found &= loaded.passing(() if change.backfill else ("news",))
        found &= lists.passing((change.list,))
        found &= countries.passing((who.country,))
        found &= before.passing((change.before.status,))
        found &= after.passing((change.after.status,))
        either, gained, lost = restrictions
        if found and any(one.by for one in restrictions):
            moves = moved(change)
            found &= either.passing(moves.either)
            found &= gained.passing(moves.gained)
            return found & lost.passing(moves.lost)
        return found & either.any & gained.any & lost.any


class _Naming(NamedTuple):
    """The subscriptions that name a company: place and form of each, side by side in memory, as
    what lies apart is slow to come by."""

    places: "array[int]"
    forms: "array[int]"


class Index:
    """Subscriptions by what they want. It answers as `wants` would of each."""

    def __init__(self) -> None:
        self._forms = _Forms()
        self._places: dict[str, int] = {}
        self._names: list[str] = []
        self._form_of = array(_NUMBERS)
        self._companies: list[bytes | None] = []
        self._free: list[int] = []
        self._numbers: dict[str, int] = {}
        self._naming: list[_Naming] = []
        self._any: dict[int, array[int]] = {}
        self._open = 0
        """The forms of those that name no companies."""

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, ident: object) -> bool:
        return ident in self._places

    def put(self, ident: str, asked: Filter, *, backfill: bool = False) -> None:
        """Have a subscription with this filter, instead of what it asked for before."""
        self.drop(ident)
        number = self._forms.take(form(asked, backfill=backfill))
        place = self._place(ident, number)
        if asked.companies is None:
            self._any.setdefault(number, array(_NUMBERS)).append(place)
            self._open |= 1 << number
            return
        named = array(_NUMBERS, [self._number(one) for one in dict.fromkeys(asked.companies)])
        for company in named:
            self._naming[company].places.append(place)
            self._naming[company].forms.append(number)
        self._companies[place] = named.tobytes()

    def _place(self, ident: str, number: int) -> int:
        if self._free:
            place = self._free.pop()
            self._names[place], self._form_of[place] = ident, number
            self._companies[place] = None
        else:
            place = len(self._names)
            self._names.append(ident)
            self._form_of.append(number)
            self._companies.append(None)
        self._places[ident] = place
        return place

    def _number(self, company: str) -> int:
        number = self._numbers.get(company)
        if number is None:
            number = self._numbers[company] = len(self._naming)
            self._naming.append(_Naming(array(_NUMBERS), array(_NUMBERS)))
        return number

    def drop(self, ident: str) -> None:
        """Forget a subscription, where it is known."""
        place = self._places.pop(ident, None)
        if place is None:
            return
        number, named = self._form_of[place], self._companies[place]
        if named is None:
            alike = self._any[number]
            alike.remove(place)
            if not alike:
                del self._any[number]
                self._open ^= 1 << number
        else:
            for company in array(_NUMBERS, named):
                places, forms = self._naming[company]
                at = places.index(place)
                del places[at], forms[at]
        self._forms.leave(number)
        self._names[place] = ""
        self._companies[place] = None
        self._free.append(place)

    def wanting(self, change: Change, who: Who) -> list[str]:
        """The subscriptions that want a change, each once."""
        forms = self._forms.passing(change, who)
        if not forms:
            return []
        found = [self._passing(one, forms) for one in self._named(change.company, who)]
        places = found[0] if len(found) == 1 else dict.fromkeys(chain(*found))
        alike = (self._any[number] for number in _bits(forms & self._open))
        return list(map(self._names.__getitem__, chain(places, *alike)))

    def _named(self, company: str, who: Who) -> Iterator[_Naming]:
        for one in {company, *who.former}:
            number = self._numbers.get(one)
            if number is not None:
                yield self._naming[number]

    def _passing(self, naming: _Naming, forms: int) -> Iterable[int]:
        """Those whose form is one of these."""
        flags = self._forms.flags(forms)
        theirs = set(naming.forms)
        good = {one for one in theirs if flags[one >> 3] >> (one & 7) & 1}
        if len(good) == len(theirs):
            return naming.places
        return compress(naming.places, map(good.__contains__, naming.forms)) if good else ()


def _bits(number: int) -> Iterator[int]:
    """Which bits of a number are set, in order."""
    words = array(_WORDS, number.to_bytes((number.bit_length() // _WORD + 1) * 8, byteorder))
    if byteorder == "big":
        words.reverse()
    for place, word in enumerate(words):
        left = word
        while left:
            lowest = left & -left
            yield place * _WORD + lowest.bit_length() - 1
            left ^= lowest
