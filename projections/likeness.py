"""How like two names are, among all names that are known: a number from 0 to 1.

It is the share of their words that they have in common (Dice's coefficient), in any order, each
word counting by how rare it is: of "Bank Melli" and "Bank Mellat", "bank" says next to nothing. A
word that is misspelt counts in part. Names that are the same but for where words are parted are
the same; a name and its initials are only possibly so, and names that are the same but for one
letter or digit anywhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from math import log
from typing import Final, NamedTuple

from projections.names import Name, read
from projections.spellings import Near, Spellings, Wholes

STRONG: Final = 0.90
"""From here on names are as good as the same, if each word of one has its like in the other."""
POSSIBLE: Final = 0.70
"""From here on somebody should look."""
LEAST: Final = 0.50
"""Below this nothing is looked for: half of what the names say is not the same."""
_LOOKED_AT: Final = 0.75
"""Initials, and the same but for one letter anywhere: never as good as the same."""

Found = tuple[float, bool]
_NOT: Final[Found] = (0.0, False)


class Alike(NamedTuple):
    """A known name that is like the one that was asked for."""

    number: int
    score: float
    whole: bool
    """Whether each word of one has its like in the other."""
    same_form: bool
    """Whether the legal form is said to be the same: this only breaks ties."""


class Names:
    """Names by number, to be found by what is like them. A number is not used again."""

    def __init__(self) -> None:
        self._spellings = Spellings()
        self._words: list[tuple[int, ...]] = []
        self._forms: list[str] = []
        self._having: list[dict[int, None]] = []
        """Of each word, the names that have it."""
        self._joined: dict[str, dict[int, None]] = {}
        self._initials: dict[str, dict[int, None]] = {}
        self._wholes = Wholes()
        self._weights: list[float] | None = []
        self._totals: list[float] = []
        self._count = 0

    def add(self, text: str) -> int:
        """Make a name known."""
        name, number = read(text), len(self._words)
        words = tuple(map(self._spellings.add, name.words))
        self._having += [{} for _ in range(len(self._spellings.words) - len(self._having))]
        self._words.append(words)
        self._forms.append(name.form)
        for word in words:
            self._having[word][number] = None
        self._joined.setdefault(name.joined, {})[number] = None
        for one in name.initials:
            self._initials.setdefault(one, {})[number] = None
        self._wholes.add(name.written, number)
        self._weights = None
        self._count += 1
        return number

    def drop(self, number: int, text: str) -> None:
        """Forget a name, which was added as `text`."""
        name = read(text)
        for word in self._words[number]:
            del self._having[word][number]
        del self._joined[name.joined][number]
        for one in name.initials:
            del self._initials[one][number]
        self._wholes.drop(name.written, number)
        self._weights = None
        self._count -= 1

    def like(self, text: str, least: float = POSSIBLE) -> list[Alike]:
        """The names that are at least so like, the likest first."""
        name = read(text)
        if not name.words:
            return []
        self._settle()
        asked = _Asked(self, name)
        found = asked.by_words(max(least, LEAST))
        for number in self._joined.get(name.joined, ()):
            found[number] = (1.0, True)
        if least <= _LOOKED_AT:
            for number in chain(self._shortened(name), self._nearly(name, found)):
                if found.get(number, _NOT)[0] < _LOOKED_AT:
                    found[number] = (_LOOKED_AT, False)
        alike = (
            Alike(number, round(score, 4), whole, self._forms[number] == name.form)
            for number, (score, whole) in found.items()
        )
        return sorted(alike, key=lambda one: (-one.score, not one.same_form, one.number))

    def _shortened(self, name: Name) -> Iterable[int]:
        """The names of which this has the initials, or that have its."""
        if len(name.words) == 1 and name.spelt:
            yield from self._initials.get(name.joined, ())
        for one in name.initials:
            known = self._joined.get(one, ())
            yield from (number for number in known if len(self._words[number]) == 1)

    def _nearly(self, name: Name, found: Mapping[int, Found]) -> Iterable[int]:
        """The names that this is but for one letter or digit, wherever it is: in a number, a short
        word, a legal form or between words. Looked for where nothing is as good as the same: a
        number is another number, and VTB is not VEB."""
        if any(whole and score >= STRONG for score, whole in found.values()):
            return ()
        return self._wholes.near(name.written)

    # --- how much a word counts --------------------------------------------------------------

    def _settle(self) -> None:
        """The rarer a word, the more it counts (the inverse document frequency)."""
        if self._weights is None:
            weights = [log(1 + self._count / max(1, len(names))) for names in self._having]
            self._totals = [sum(weights[word] for word in words) for words in self._words]
            self._weights = weights

    def near(self, word: str, *, spelt: bool) -> Near:
        """The words that one may be meant for."""
        return self._spellings.near(word, spelt=spelt)

    def weight(self, near: Near) -> float:
        """How much a word that was asked for counts: as the likest that is known, or as a name of
        its own where none is."""
        best = max(near, key=lambda one: one[1], default=None)
        return log(1 + self._count) if best is None else self.weights[best[0]]

    @property
    def weights(self) -> list[float]:
        """By word."""
        return self._weights or []

    def total(self, number: int) -> float:
        """How much all words of a name count."""
        return self._totals[number]

    def words(self, number: int) -> tuple[int, ...]:
        """The words of a name."""
        return self._words[number]

    def having(self, word: int) -> Mapping[int, None]:
        """The names that have a word."""
        return self._having[word]


class _Asked:
    """A name that is looked for."""

    def __init__(self, names: Names, name: Name) -> None:
        self._names = names
        self._near = [names.near(word, spelt=name.spelt) for word in name.words]
        self._weights = [names.weight(near) for near in self._near]
        self._total = sum(self._weights)
        self._likes: dict[int, list[tuple[float, int]]] = {}
        for place, near in enumerate(self._near):
            for word, like in near:
                self._likes.setdefault(word, []).append((like, place))

    def by_words(self, least: float) -> dict[int, Found]:
        """The names that have enough of the words."""
        names = self._names
        widest = self._total * (2 - least) / least
        found: dict[int, Found] = {}
        seen: set[int] = set()
        for number in self._candidates(least):
            if number not in seen:
                seen.add(number)
                if names.total(number) <= widest:
                    score, whole = self._score(number)
                    if score >= least:
                        found[number] = score, whole
        return found

    def _candidates(self, least: float) -> Iterator[int]:
        """The names that have one of the words without which nothing can be like enough. The
        rarest words first: a name that has none of those cannot make up for them."""
        needed = self._total * least / (2 - least)
        left = self._total
        for place in sorted(range(len(self._near)), key=self._weights.__getitem__, reverse=True):
            if left < needed - 1e-9:
                return
            for word, _ in self._near[place]:
                yield from self._names.having(word)
            left -= self._weights[place]

    def _score(self, number: int) -> Found:
        """Each word is paired at most once, the likest first."""
        weights = self._names.weights
        words = self._names.words(number)
        pairs = [
            (like, place, word)
            for word in words
            if word in self._likes
            for like, place in self._likes[word]
        ]
        if len(pairs) > 1:
            pairs.sort(reverse=True)
        places: set[int] = set()
        taken: set[int] = set()
        common = said = 0.0
        for like, place, word in pairs:
            if place not in places and word not in taken:
                places.add(place)
                taken.add(word)
                common += like * weights[word]
                said += weights[word]
        asked = said + sum(
            weight for place, weight in enumerate(self._weights) if place not in places
        )
        whole = len(places) == len(self._weights) and len(taken) == len(words)
        return 2 * common / (asked + self._names.total(number)), whole
