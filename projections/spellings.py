"""The words of many names, and which of them another word may be a misspelling of.

A word is found within some edits by its parts: of a word cut into one part more than there are
edits, one part at least stands unchanged, and nearly where it was (Li, Deng, Wang, Feng, Pass-Join,
PVLDB 5(3), 2011). Two letters that changed places count as one edit. A whole name is found within
one edit, wherever that is: also in a number, a short word or a legal form.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from rapidfuzz.distance import OSA

from projections.names import sound

SOUNDS_ALIKE: Final = 0.97
"""How like words are that differ only in how another script was written in Latin letters."""
_SHORTEST: Final = 4
"""Letters: shorter words are as they are, or another. VTB and VEB are two banks."""
_LONG: Final = 9
_KEPT: Final = 50_000

Near = tuple[tuple[int, float], ...]
"""Words by number, and how like each is: 1 is the word itself."""


def edits(length: int) -> int:
    """How many letters of a word may be wrong."""
    if length < _SHORTEST:
        return 0
    return 1 if length < _LONG else 2


class Spellings:
    """Words by number, to be found by what somebody may have written for them."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers: dict[str, int] = {}
        self._sounds: dict[str, list[int]] = {}
        self._parts: dict[tuple[int, int, str], list[int]] = {}
        self._found: dict[tuple[str, bool], Near] = {}

    def add(self, word: str) -> int:
        """The number of a word, which it keeps."""
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = len(self.words)
            self.words.append(word)
            if _spelt(word):
                self._sounds.setdefault(sound(word), []).append(number)
                for part, (begin, end) in enumerate(_cuts(len(word))):
                    self._parts.setdefault((len(word), part, word[begin:end]), []).append(number)
            self._found.clear()
        return number

    def near(self, word: str, *, spelt: bool = True) -> Near:
        """The words that `word` is, or may be a misspelling of. Where it is not `spelt`, only
        itself."""
        key = word, spelt
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _KEPT:
                self._found.clear()
            found = self._found[key] = tuple(self._near(word, spelt=spelt).items())
        return found

    def _near(self, word: str, *, spelt: bool) -> dict[int, float]:
        found: dict[int, float] = {}
        if spelt and _spelt(word):
            for number in self._likely(word):
                other = self.words[number]
                most = edits(min(len(word), len(other)))
                distance = OSA.distance(word, other, score_cutoff=most)
                if distance <= most:
                    found[number] = 1 - distance / max(len(word), len(other))
            for number in self._sounds.get(sound(word), ()):
                found[number] = max(SOUNDS_ALIKE, found.get(number, 0))
        if (itself := self._numbers.get(word)) is not None:
            found[itself] = 1.0
        return found

    def _likely(self, word: str) -> set[int]:
        """Every word that is within the edits, and some that are not."""
        size = len(word)
        found = {
            number
            for swapped in _swapped(word)
            if (number := self._numbers.get(swapped)) is not None
        }
        for length in range(max(_SHORTEST, size - 2), size + 3):
            most = edits(min(length, size))
            if abs(length - size) > most:
                continue
            for part, (begin, end) in enumerate(_cuts(length)):
                for at in range(max(0, begin - most), min(begin + most, size - end + begin) + 1):
                    found.update(self._parts.get((length, part, word[at : at + end - begin]), ()))
        return found


class Wholes:
    """Names by number, each written as one word, to be found by what is one edit away from them."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[int, None]] = {}
        self._ends: dict[tuple[int, bool, str], list[str]] = {}

    def add(self, text: str, number: int) -> None:
        """Make a name known."""
        if text not in self._numbers:
            self._numbers[text] = {}
            for end in _ends(text, len(text)):
                self._ends.setdefault(end, []).append(text)
        self._numbers[text][number] = None

    def drop(self, text: str, number: int) -> None:
        """Forget a name, which was added as `text`."""
        del self._numbers[text][number]

    def near(self, text: str) -> Iterator[int]:
        """The names that are this one, or are it but for one edit. None where one of the two is as
        short as a word that cannot be misspelt."""
        size = len(text)
        if size >= _SHORTEST:
            lengths = range(max(_SHORTEST, size - 1), size + 2)
            ends = [end for length in lengths for end in _ends(text, length)]
            for known in {one for end in ends for one in self._ends.get(end, ())}:
                if OSA.distance(text, known, score_cutoff=1) <= 1:
                    yield from self._numbers[known]


def _ends(text: str, length: int) -> tuple[tuple[int, bool, str], tuple[int, bool, str]]:
    """How a text of that `length` begins and how it ends, all but a letter between the two, if this
    is that text but for one edit: it leaves one of them as it was. For that letter's sake, also
    where neighbours changed places."""
    half = (length - 1) // 2
    rest = length - 1 - half
    return (length, False, text[:half]), (length, True, text[len(text) - rest :])


def _spelt(word: str) -> bool:
    """Whether a word can be misspelt: another number is another number."""
    return len(word) >= _SHORTEST and word.isalpha()


def _swapped(word: str) -> Iterator[str]:
    """The word with each two neighbours changed: that may leave no part as it was."""
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _cuts(length: int) -> list[tuple[int, int]]:
    """Where a word is cut into its parts."""
    count = edits(length) + 1
    places = [length * part // count for part in range(count + 1)]
    return list(pairwise(places))
