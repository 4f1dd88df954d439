"""How pages say what answers say in the field's terms: dates, statuses, restrictions, events."""

import unicodedata
from datetime import datetime, time
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from alerts import words
from alerts.words import EVENT, HOW, RESTRICTION

__all__ = ["HOW", "RESTRICTION", "STATUS", "link", "when"]

STATUS: Final = {
    "designated": ("Designated", "It stands on the list, and the list's restrictions apply."),
    "enjoined": ("Enjoined", "It is listed, but a court or the agency keeps that from applying."),
    "scheduled": ("Scheduled", "A designation is announced and not in effect yet."),
    "removed": ("Removed", "It was on the list and is no longer."),
    "not_listed": ("Not listed", "No designation of it counts at that moment."),
}
REASON: Final = {
    "announced": "Announced, and not in effect yet.",
    "opened": "The designation takes effect: it opens a listing, and with it an episode.",
    "opened_again": "A later designation opens another episode. Nothing of the earlier one carries "
    "over.",
    "added": "Another listing opens beside the one that stands.",
    "renewed": "A listing that is open is designated once more: it is renewed, and reported.",
    "amended": "From here on the open listing has other terms.",
    "enjoined": "An injunction over everything: it stays listed, and nothing of it applies.",
    "covered": "An injunction over some restrictions: those do not apply.",
    "waits": "An injunction before the listing has effect waits for it.",
    "ended": "An injunction ends.",
    "order_ran_out": "An injunction runs out.",
    "closed": "The last open listing is removed: the episode ends, and its injunctions with it.",
    "closed_one": "One listing is removed; another stays open.",
    "ran_out": "The last open listing runs out: the episode ends, and its injunctions with it.",
    "ran_out_one": "One listing runs out; another stays open.",
    "withdrawn": "Nothing is open: what was announced, and had no effect yet, is withdrawn.",
    "never_began": "Withdrawn before it took effect: it never begins.",
    "removed": "A removal with no designation known: it still reads as removed, and is reported.",
    "agreed": "A removal is agreed or promised. It has no legal effect yet.",
    "fits_nowhere": "It fits nowhere: it is kept, reported, and changes nothing.",
}
"""What an event did to a standing: `projections.reasons` has the words for programs."""

ROLE: Final = {
    "read": "look at everything but review, and subscribe",
    "record": "also record events, and decide what waits in review",
    "admin": "do everything, also with what is others'",
}
"""What one may with a role."""

RULES: Final = (
    "Before any designation has effect: not listed; scheduled, once one has been announced.",
    "A designation opens a listing, and the first an episode; the same one again renews it.",
    "An injunction over everything makes it enjoined, until it ends or runs out.",
    "What closes the last listing, a removal or its term, ends the episode: removed.",
    "A later designation opens the next episode, and nothing carries over.",
    "A removal that is only announced changes no status.",
    "What fits nowhere is kept and reported, and counts as soon as a later event makes it fit.",
)
"""The rules of a status, in short."""

_LONG: Final = 200
_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"
_SCRIPTS: Final = {
    "ARABIC": "und-Arab",
    "ARMENIAN": "und-Armn",
    "BENGALI": "und-Beng",
    "CJK": "und-Hani",
    "CYRILLIC": "und-Cyrl",
    "DEVANAGARI": "und-Deva",
    "GEORGIAN": "und-Geor",
    "GREEK": "und-Grek",
    "HANGUL": "und-Kore",
    "HEBREW": "und-Hebr",
    "HIRAGANA": "und-Jpan",
    "KATAKANA": "und-Jpan",
    "THAI": "und-Thai",
}
"""By the first word of a letter's name in Unicode."""


when = lru_cache(maxsize=8_192)(words.when)
"""A moment as people write it. The same ones stand on many pages, and often on one."""
link = lru_cache(maxsize=8_192)(words.link)
"""An address to click on; None for what is no web address. Official sources are named often."""


def event(event_type: str) -> str:
    """An event type in words; one of a later version as it is."""
    return EVENT.get(event_type, event_type)


@lru_cache(maxsize=8_192)
def theirs(text: str, zone: ZoneInfo | None) -> str:
    """A moment of the list's as the reader's clock showed it; empty where that is the same, is not
    known, or only a day was meant."""
    if zone is None or "T" not in text:
        return ""
    moment = datetime.fromisoformat(text)
    if moment.time() in (time.min, time.max):
        return ""
    there = moment.astimezone(zone)
    if there.utcoffset() == moment.utcoffset():
        return ""
    day = f" on {there.day} {there:%b}" if there.date() != moment.date() else ""
    return f"{there:%H:%M}{day} your time"


def day(text: str | None) -> str:
    """A date as it was written in an event, which may be a month or a year alone."""
    if not text or "T" in text:
        return when(text)
    year, *rest = text.split("-")
    if not rest:
        return year
    at = 3 * int(rest[0])
    month = _MONTHS[at - 3 : at]
    return f"{int(rest[1])} {month} {year}" if len(rest) > 1 else f"{month} {year}"


def at(text: str) -> str:
    """A moment within a sentence."""
    told = when(text)
    return f"the {told}" if told.startswith("end of ") else told


def tongue(text: str | None) -> str:
    """The language tag of a name whose first letter outside Latin belongs to another script, for
    the font and for being read aloud: of its script, as nobody says its language. Else empty."""
    if not text or text.isascii():
        return ""
    for letter in text:
        if letter > "\u02ff" and letter.isalpha():
            script = unicodedata.name(letter, "").split(" ")[0]
            return _SCRIPTS.get(script, "")
    return ""


def plain(text: str) -> str:
    """A text for where nothing keeps its direction apart, such as a title: without marks that turn
    what stands beside them, and not too long."""
    kept = "".join(one for one in text if unicodedata.category(one) not in ("Cf", "Cc"))
    return kept if len(kept) <= _LONG else f"{kept[:_LONG]}…"
